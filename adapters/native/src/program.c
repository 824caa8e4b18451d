#include "program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "json.h"
#include "bounds.h"
#include "operations.h"

#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
/* All type bits, which is no type, and a flag that no kernel defines. */
#define MAP_TYPE_BITS 0x0f
#define MAP_UNKNOWN 0x200

#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif
#define SEEK_BAD 5

struct word {
	const char *name;
	int value;
};

static const struct word accesses[] = { { "ro", O_RDONLY }, { "wo", O_WRONLY }, { "rw", O_RDWR }, { NULL, 0 } };
static const struct word open_flags[] = { { "append", O_APPEND }, { "cloexec", O_CLOEXEC }, { "nonblock", O_NONBLOCK },
					  { "sync", O_SYNC },	  { "trunc", O_TRUNC },	    { NULL, 0 } };
static const struct word whences[] = { { "set", SEEK_SET },   { "cur", SEEK_CUR },   { "end", SEEK_END },
				       { "data", SEEK_DATA }, { "hole", SEEK_HOLE }, { "bad", SEEK_BAD },
				       { NULL, 0 } };
static const struct word map_types[] = { { "none", 0 },
					 { "private", MAP_PRIVATE },
					 { "shared", MAP_SHARED },
					 { "validate", MAP_SHARED_VALIDATE },
					 { "both-bits-and-more", MAP_TYPE_BITS },
					 { NULL, 0 } };
static const struct word map_flags[] = { { "noreserve", MAP_NORESERVE }, { "unknown", MAP_UNKNOWN }, { NULL, 0 } };
static const struct word places[] = { { "hint", 0 },
				      { "fixed", MAP_FIXED },
				      { "noreplace", MAP_FIXED_NOREPLACE },
				      { NULL, 0 } };

static bool look_up(const struct word *words, const char *name, int *value)
{
	for (; name && words->name; words++)
		if (strcmp(words->name, name) == 0) {
			*value |= words->value;
			return true;
		}
	return false;
}

static bool look_up_all(const struct word *words, const json_t *array, int *value)
{
	size_t i;
	json_t *item;

	if (!array)
		return true;
	if (!json_is_array(array))
		return false;
	json_array_foreach((json_t *)array, i, item)
		if (!look_up(words, json_string_value(item), value))
			return false;
	return true;
}

static bool read_slot(const json_t *value, char letter, int *slot)
{
	static const int first_slot[] = { 0, 0, 10, 110 };
	const char *name = json_string_value(value);

	if (!name || name[0] != letter)
		return false;

	size_t digits = strspn(name + 1, "0123456789");

	if (digits < 1 || digits > 3 || name[1 + digits] != '\0')
		return false;
	*slot = first_slot[digits] + atoi(name + 1);
	return true;
}

void slot_name(int slot, char *text, size_t size)
{
	if (slot < 10)
		snprintf(text, size, "%d", slot);
	else if (slot < 110)
		snprintf(text, size, "%02d", slot - 10);
	else
		snprintf(text, size, "%03d", slot - 110);
}

static bool read_address(const json_t *value, struct address *address)
{
	const json_t *offset = json_object_get(value, "arena");

	if (offset)
		address->mapping = -1;
	else if (read_slot(json_object_get(value, "map"), 'm', &address->mapping))
		offset = json_object_get(value, "offset");
	if (!json_is_integer(offset))
		return false;
	address->offset = json_integer_value(offset);
	return true;
}

static bool read_protection(const json_t *value, int *prot)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != 3 || !strchr("r-", text[0]) || !strchr("w-", text[1]) || !strchr("x-", text[2]))
		return false;
	*prot = (text[0] == 'r' ? PROT_READ : 0) | (text[1] == 'w' ? PROT_WRITE : 0) | (text[2] == 'x' ? PROT_EXEC : 0);
	return true;
}

static bool read_data(const json_t *value, struct op *op)
{
	op->text = json_string_value(json_object_get(value, "text"));
	op->text_length = json_string_length(json_object_get(value, "text"));
	return op->text && op->text_length > 0 && json_natural(json_object_get(value, "length"), &op->length) &&
	       op->length <= DATA_MAX;
}

static bool read_map(const json_t *tree, struct op *op)
{
	const json_t *place = json_object_get(tree, "place");

	op->flags = 0;
	if (!look_up(map_types, json_string_value(json_object_get(tree, "type")), &op->flags) ||
	    !look_up_all(map_flags, json_object_get(tree, "flags"), &op->flags))
		return false;
	op->has_place = place != NULL;
	return !place || (look_up(places, json_string_value(json_object_get(place, "how")), &op->flags) &&
			  read_address(json_object_get(place, "at"), &op->at));
}

static bool read_open(const json_t *tree, struct op *op)
{
	op->flags = 0;
	return look_up(accesses, json_string_value(json_object_get(tree, "access")), &op->flags) &&
	       look_up_all(open_flags, json_object_get(tree, "flags"), &op->flags);
}

/* The name of the first field that is missing or wrong, or NULL. */
static const char *read_fields(const json_t *tree, unsigned fields, struct op *op)
{
	const json_t *to = json_object_get(tree, "to");

	if (!read_slot(json_object_get(tree, "actor"), 'p', &op->actor))
		return "actor";
	if ((fields & FIELD_FD) && !read_slot(json_object_get(tree, "fd"), 'd', &op->fd))
		return "fd";
	if (((fields & FIELD_TO_DESCRIPTOR) && !read_slot(to, 'd', &op->to)) ||
	    ((fields & FIELD_TO_MAPPING) && !read_slot(to, 'm', &op->to)) ||
	    ((fields & FIELD_TO_ACTOR) && !read_slot(to, 'p', &op->to)))
		return "to";
	if ((fields & FIELD_OPEN) && !read_open(tree, op))
		return "access or flags";
	if ((fields & (FIELD_LENGTH | FIELD_COUNT)) && !json_int64(json_object_get(tree, "length"), &op->length))
		return "length";
	if ((fields & FIELD_COUNT) && op->length > DATA_MAX)
		return "length";
	if ((fields & FIELD_OFFSET) && !json_int64(json_object_get(tree, "offset"), &op->offset))
		return "offset";
	if ((fields & FIELD_DATA) && !read_data(json_object_get(tree, "data"), op))
		return "data";
	if ((fields & FIELD_WHENCE) && !look_up(whences, json_string_value(json_object_get(tree, "whence")), &op->flags))
		return "whence";
	if ((fields & FIELD_PROT) && !read_protection(json_object_get(tree, "prot"), &op->prot))
		return "prot";
	if ((fields & FIELD_MAP) && !read_map(tree, op))
		return "type, flags or place";
	if ((fields & FIELD_AT) && !read_address(json_object_get(tree, "at"), &op->at))
		return "at";
	return NULL;
}

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

bool program_read(json_t *tree, struct program *program, char *message, size_t size)
{
	static bool created[SLOT_COUNT];
	json_t *ops = json_object_get(tree, "ops");
	uint64_t version;
	size_t i;
	json_t *item;

	if (!json_natural(json_object_get(tree, "version"), &version) || version != 1 || !json_is_array(ops)) {
		snprintf(message, size, "this is not a program of version 1, the only one that this helper performs");
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
		const char *wrong = NULL;

		memset(op, 0, sizeof(*op));
		op->operation = name ? operation_find(name) : NULL;
		if (!op->operation) {
			snprintf(message, size, "operation %zu: this helper does not know the operation \"%.32s\"", i,
				 name ? name : "");
			return false;
		}
		wrong = read_fields(item, op->operation->fields, op);
		if (!wrong && op->operation == &operation_exit && op->actor == FIRST_ACTOR)
			wrong = "actor (p0 cannot exit)";
		if (!wrong && op->operation == &operation_fork) {
			if (created[op->to])
				wrong = "to (a process is created twice)";
			created[op->to] = true;
		}
		if (wrong) {
			snprintf(message, size, "operation %zu (%s): bad %s", i, name, wrong);
			return false;
		}
	}
	return true;
}
