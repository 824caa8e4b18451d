#include "program.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "json.h"
#include "operations.h"

#define PROGRAM_VERSION 2

/* What is wrong with the processes that an operation names, or NULL. */
static const char *check_processes(const struct op *op, bool *created)
{
	if (op->operation->role == ROLE_EXIT && op->actor == FIRST_ACTOR)
		return "actor (p0 cannot exit)";
	if (op->operation->role == ROLE_FORK) {
		if (created[op->to])
			return "to (a process is created twice)";
		created[op->to] = true;
	}
	return NULL;
}

bool program_read(const struct json *tree, struct program *program, char *message, size_t size)
{
	bool *created = json_take(SLOT_COUNT);
	const struct json *ops = json_get(tree, "ops");
	const char *wrong;
	uint64_t version;

	if (!json_natural(json_get(tree, "version"), &version) || version != PROGRAM_VERSION ||
	    !json_is(ops, JSON_ARRAY)) {
		snprintf(message, size, "this is not a program of version %d, the only one that this helper performs",
			 PROGRAM_VERSION);
		return false;
	}
	wrong = settings_read(json_get(tree, "setting"), &program->setting);
	if (wrong) {
		snprintf(message, size, "bad setting: %s", wrong);
		return false;
	}
	program->ops = json_take(json_count(ops) * sizeof(*program->ops));
	program->count = 0;
	if (!program->ops || !created) {
		snprintf(message, size, "out of memory for a program of %zu operations", json_count(ops));
		return false;
	}
	memset(created, 0, SLOT_COUNT);
	created[FIRST_ACTOR] = true;
	JSON_FOR_EACH(item, ops) {
		struct op *op = &program->ops[program->count];
		struct span name = json_text(json_get(item, "op"));

		memset(op, 0, sizeof(*op));
		op->operation = operation_find(name);
		if (!op->operation) {
			snprintf(message, size, "operation %zu: this helper does not know the operation \"%.*s\"",
				 program->count, (int)(name.length < 32 ? name.length : 32), name.text ? name.text : "");
			return false;
		}
		wrong = fields_read(item, op->operation->fields, op);
		if (!wrong)
			wrong = check_processes(op, created);
		if (wrong) {
			snprintf(message, size, "operation %zu (%s): bad %s", program->count, op->operation->name, wrong);
			return false;
		}
		program->count++;
	}
	return true;
}
