#include "fields.h"

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

static bool look_up(const struct word *words, const struct json *value, int *combined)
{
	struct span name = json_text(value);

	for (; words->name; words++)
		if (span_is(name, words->name)) {
			*combined |= words->value;
			return true;
		}
	return false;
}

static bool look_up_all(const struct word *words, const struct json *array, int *combined)
{
	if (!json_is(array, JSON_ARRAY))
		return false;
	JSON_FOR_EACH(item, array)
		if (!look_up(words, item, combined))
			return false;
	return true;
}

static bool read_slot(const struct json *value, char letter, int *slot)
{
	static const int first_slot[] = { 0, 0, 10, 110 };
	struct span name = json_text(value);
	int number = 0;

	if (name.length < 2 || name.length > 4 || name.text[0] != letter)
		return false;
	for (size_t i = 1; i < name.length; i++) {
		if (name.text[i] < '0' || name.text[i] > '9')
			return false;
		number = number * 10 + (name.text[i] - '0');
	}
	*slot = first_slot[name.length - 1] + number;
	return true;
}

static bool read_address(const struct json *value, struct address *address)
{
	const struct json *offset = json_get(value, "arena");

	address->base = BASE_ARENA;
	if (!offset && read_slot(json_get(value, "map"), 'm', &address->mapping)) {
		address->base = BASE_MAPPING;
		offset = json_get(value, "offset");
	}
	if (!json_is(offset, JSON_INTEGER))
		return false;
	address->offset = offset->integer;
	return true;
}

static bool read_pointer(const struct json *value, struct address *address)
{
	struct span wild = json_text(json_get(value, "wild"));

	for (size_t i = 0; i < sizeof(wild_pointers) / sizeof(wild_pointers[0]); i++)
		if (span_is(wild, wild_pointers[i].name)) {
			address->base = BASE_WILD;
			address->offset = (int64_t)wild_pointers[i].pointer;
			return true;
		}
	return read_address(value, address);
}

static bool read_protection(const struct json *value, int *prot)
{
	struct span text = json_text(value);

	if (text.length != 3 || !strchr("r-", text.text[0]) || !strchr("w-", text.text[1]) ||
	    !strchr("x-", text.text[2]))
		return false;
	*prot = (text.text[0] == 'r' ? PROT_READ : 0) | (text.text[1] == 'w' ? PROT_WRITE : 0) |
		(text.text[2] == 'x' ? PROT_EXEC : 0);
	return true;
}

static bool read_count(const struct json *value, uint64_t limit, uint64_t *count)
{
	return json_natural(value, count) && *count <= limit;
}

/* The text is copied to where the operations are: the process that needs it may be a new one, to which each page costs a fault. */
static bool read_data(const struct json *value, struct data *data)
{
	struct span text = json_text(json_get(value, "text"));
	char *copy = text.length > 0 ? json_take(text.length) : NULL;

	if (!copy || !read_count(json_get(value, "length"), DATA_MAX, &data->length))
		return false;
	memcpy(copy, text.text, text.length);
	data->text = copy;
	data->text_length = text.length;
	return true;
}

/* All segments together hold at most what one transfer may move. */
static bool read_segments(const struct json *array, bool only_lengths, struct op *op)
{
	uint64_t sum = 0;

	if (!json_is(array, JSON_ARRAY) || json_count(array) > SEGMENTS_MAX)
		return false;
	op->segment_count = 0;
	JSON_FOR_EACH(item, array) {
		struct data *segment = &op->segments[op->segment_count++];

		if (!(only_lengths ? read_count(item, DATA_MAX, &segment->length) : read_data(item, segment)))
			return false;
		sum += segment->length;
	}
	op->length = sum;
	return sum <= DATA_MAX;
}

static bool read_failure(const struct json *value, struct op *op)
{
	struct span what = json_text(json_get(value, "what"));

	for (int failure = FAILURE_ALLOCATION; failure_names[failure]; failure++)
		if (span_is(what, failure_names[failure]))
			op->failure = failure;
	return op->failure != FAILURE_NONE && read_count(json_get(value, "nth"), FAILURE_NTH_MAX, &op->nth) &&
	       op->nth > 0;
}

static bool read_one(const struct json *value, const struct field *field, struct op *op)
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
		return look_up(field->words, json_get(value, "how"), &op->flags) &&
		       read_address(json_get(value, "at"), member);
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

const char *fields_read(const struct json *tree, const struct field *fields, struct op *op)
{
	if (!read_slot(json_get(tree, "actor"), 'p', &op->actor))
		return "actor";
	for (; fields->kind != FIELD_END; fields++) {
		const struct json *value = json_get(tree, fields->key);

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
