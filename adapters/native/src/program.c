#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "json.h"
#include "operations.h"

#define PROGRAM_VERSION 2

static bool reserve(struct program *program, size_t count)
{
	static struct op *ops;
	static size_t capacity;

	if (count > capacity) {
		struct op *grown = realloc(ops, count * sizeof(*ops));

		if (!grown)
			return false;
		ops = grown;
		capacity = count;
	}
	program->ops = ops;
	return true;
}

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

bool program_read(json_t *tree, struct program *program, char *message, size_t size)
{
	static bool created[SLOT_COUNT];
	json_t *ops = json_object_get(tree, "ops");
	const char *wrong;
	uint64_t version;
	size_t i;
	json_t *item;

	if (!json_natural(json_object_get(tree, "version"), &version) || version != PROGRAM_VERSION ||
	    !json_is_array(ops)) {
		snprintf(message, size, "this is not a program of version %d, the only one that this helper performs",
			 PROGRAM_VERSION);
		return false;
	}
	wrong = settings_read(json_object_get(tree, "setting"), &program->setting);
	if (wrong) {
		snprintf(message, size, "bad setting: %s", wrong);
		return false;
	}
	program->count = json_array_size(ops);
	if (!reserve(program, program->count)) {
		snprintf(message, size, "out of memory for a program of %zu operations", program->count);
		return false;
	}
	memset(created, 0, sizeof(created));
	created[FIRST_ACTOR] = true;
	json_array_foreach(ops, i, item) {
		struct op *op = &program->ops[i];
		const char *name = json_string_value(json_object_get(item, "op"));

		memset(op, 0, sizeof(*op));
		op->operation = name ? operation_find(name) : NULL;
		if (!op->operation) {
			snprintf(message, size, "operation %zu: this helper does not know the operation \"%.32s\"", i,
				 name ? name : "");
			return false;
		}
		wrong = fields_read(item, op->operation->fields, op);
		if (!wrong)
			wrong = check_processes(op, created);
		if (wrong) {
			snprintf(message, size, "operation %zu (%s): bad %s", i, name, wrong);
			return false;
		}
	}
	return true;
}
