#include "fields.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "failures.h"
#include "json.h"

/* Half of the address space is the kernel's; the other pointer is no address even with five levels of page tables. */
#define KERNEL_POINTER 0xffff800000000000
#define NONCANONICAL_POINTER 0x8000000000000000

static const struct {
	const char *name;
	uint64_t pointer;
} wild_pointers[] = {
	{ "null", 0 },
	{ "kernel", KERNEL_POINTER },
	{ "noncanonical", NONCANONICAL_POINTER },
};

static bool look_up(const struct word *words, const json_t *value, int *combined)
{
	const char *name = json_string_value(value);

	for (; name && words->name; words++)
		if (strcmp(words->name, name) == 0) {
			*combined |= words->value;
			return true;
		}
	return false;
}

static bool look_up_all(const struct word *words, const json_t *array, int *combined)
{
	size_t i;
	json_t *item;

	if (!json_is_array(array))
		return false;
	json_array_foreach((json_t *)array, i, item)
		if (!look_up(words, item, combined))
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

static bool read_address(const json_t *value, struct address *address)
{
	const json_t *offset = json_object_get(value, "arena");

	address->base = BASE_ARENA;
	if (!offset && read_slot(json_object_get(value, "map"), 'm', &address->mapping)) {
		address->base = BASE_MAPPING;
		offset = json_object_get(value, "offset");
	}
	if (!json_is_integer(offset))
		return false;
	address->offset = json_integer_value(offset);
	return true;
}

static bool read_pointer(const json_t *value, struct address *address)
{
	const char *wild = json_string_value(json_object_get(value, "wild"));

	for (size_t i = 0; wild && i < sizeof(wild_pointers) / sizeof(wild_pointers[0]); i++)
		if (strcmp(wild_pointers[i].name, wild) == 0) {
			address->base = BASE_WILD;
			address->offset = (int64_t)wild_pointers[i].pointer;
			return true;
		}
	return read_address(value, address);
}

static bool read_protection(const json_t *value, int *prot)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != 3 || !strchr("r-", text[0]) || !strchr("w-", text[1]) || !strchr("x-", text[2]))
		return false;
	*prot = (text[0] == 'r' ? PROT_READ : 0) | (text[1] == 'w' ? PROT_WRITE : 0) | (text[2] == 'x' ? PROT_EXEC : 0);
	return true;
}

static bool read_count(const json_t *value, uint64_t limit, uint64_t *count)
{
	return json_natural(value, count) && *count <= limit;
}

static bool read_data(const json_t *value, struct data *data)
{
	const json_t *text = json_object_get(value, "text");

	data->text = json_string_value(text);
	data->text_length = json_string_length(text);
	return data->text && data->text_length > 0 && read_count(json_object_get(value, "length"), DATA_MAX, &data->length);
}

/* All segments together hold at most what one transfer may move. */
static bool read_segments(const json_t *array, bool only_lengths, struct op *op)
{
	uint64_t sum = 0;

	if (!json_is_array(array) || json_array_size(array) > SEGMENTS_MAX)
		return false;
	op->segment_count = json_array_size(array);
	for (size_t i = 0; i < op->segment_count; i++) {
		const json_t *item = json_array_get(array, i);
		struct data *segment = &op->segments[i];

		if (!(only_lengths ? read_count(item, DATA_MAX, &segment->length) : read_data(item, segment)))
			return false;
		sum += segment->length;
	}
	op->length = sum;
	return sum <= DATA_MAX;
}

static bool read_failure(const json_t *value, struct op *op)
{
	const char *what = json_string_value(json_object_get(value, "what"));

	for (int failure = FAILURE_ALLOCATION; what && failure_names[failure]; failure++)
		if (strcmp(failure_names[failure], what) == 0)
			op->failure = failure;
	return op->failure != FAILURE_NONE && read_count(json_object_get(value, "nth"), FAILURE_NTH_MAX, &op->nth) &&
	       op->nth > 0;
}

static bool read_one(const json_t *value, const struct field *field, struct op *op)
{
	void *member = (char *)op + field->member;

	switch (field->kind) {
	case FIELD_END:
		break;
	case FIELD_DESCRIPTOR:
		return read_slot(value, 'd', member);
	case FIELD_MAPPING:
		return read_slot(value, 'm', member);
	case FIELD_ACTOR:
		return read_slot(value, 'p', member);
	case FIELD_INT64:
		return json_int64(value, member);
	case FIELD_COUNT:
		return read_count(value, field->limit, member);
	case FIELD_ADDRESS:
		return read_address(value, member);
	case FIELD_POINTER:
		return read_pointer(value, member);
	case FIELD_PLACE:
		return look_up(field->words, json_object_get(value, "how"), &op->flags) &&
		       read_address(json_object_get(value, "at"), member);
	case FIELD_PROTECTION:
		return read_protection(value, member);
	case FIELD_WORD:
		return look_up(field->words, value, member);
	case FIELD_WORDS:
		return look_up_all(field->words, value, member);
	case FIELD_DATA:
		op->segment_count = 1;
		if (!read_data(value, member))
			return false;
		op->length = op->segments[0].length;
		return true;
	case FIELD_SEGMENTS:
		return read_segments(value, false, op);
	case FIELD_LENGTHS:
		return read_segments(value, true, op);
	case FIELD_FAILURE:
		return read_failure(value, op);
	}
	return false;
}

const char *fields_read(const json_t *tree, const struct field *fields, struct op *op)
{
	if (!read_slot(json_object_get(tree, "actor"), 'p', &op->actor))
		return "actor";
	for (; fields->kind != FIELD_END; fields++) {
		const json_t *value = json_object_get(tree, fields->key);

		if (fields->present > 0) {
			if (!value)
				continue;
			*(bool *)((char *)op + fields->present) = true;
		}
		if (!read_one(value, fields, op))
			return fields->key;
	}
	return NULL;
}
