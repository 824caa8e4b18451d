#include "json.h"

#include <stdio.h>
#include <sys/mman.h>

#include "bounds.h"
#include "memory.h"

/* Memory that was touched beyond this is given back after the tree is released. */
#define KEEP_MAX ((size_t)1 << 20)

/* Values in values: far more than any command has, and little of the stack. */
#define DEPTH_MAX 256

static size_t used;

void *json_take(size_t size)
{
	size_t aligned = (size + 15) & ~(size_t)15;

	if (aligned < size || aligned > JSON_MAX - used)
		return NULL;

	void *block = memory.json + used;

	used += aligned;
	return block;
}

void json_release(void)
{
	if (used > KEEP_MAX)
		madvise(memory.json + KEEP_MAX, used - KEEP_MAX, MADV_REMOVE);
	used = 0;
}

struct reader {
	const char *at;
	const char *end;
	const char *problem;
};

static bool fail(struct reader *reader, const char *problem)
{
	if (!reader->problem)
		reader->problem = problem;
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* Takes a character if it is the next. */
static bool take(struct reader *reader, char c)
{
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static bool read_literal(struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
		return fail(reader, "invalid token");
	reader->at += length;
	return true;
}

static bool take_digits(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && is_digit(*reader->at))
		reader->at++;
	return reader->at > start;
}

static bool read_number(struct reader *reader, struct json *value)
{
	bool negative = take(reader, '-');
	const char *digits = reader->at;
	uint64_t sum = 0;

	if (!take_digits(reader) || (*digits == '0' && reader->at > digits + 1))
		return fail(reader, "invalid number");
	value->kind = JSON_INTEGER;

	const char *behind = reader->at;

	if (take(reader, '.')) {
		value->kind = JSON_REAL;
		if (!take_digits(reader))
			return fail(reader, "invalid number");
	}
	if (take(reader, 'e') || take(reader, 'E')) {
		value->kind = JSON_REAL;
		if (!take(reader, '+'))
			take(reader, '-');
		if (!take_digits(reader))
			return fail(reader, "invalid number");
	}
	if (value->kind == JSON_REAL)
		return true;
	for (const char *at = digits; at < behind; at++) {
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
			return fail(reader, "too big integer");
	}
	if (sum > (uint64_t)INT64_MAX + negative)
		return fail(reader, "too big integer");
	value->integer = (int64_t)(negative ? -sum : sum);
	return true;
}

/* Bytes of the UTF-8 sequence that begins here, or 0 if it is none: neither too long a form nor half of a pair. */
static size_t utf8_length(const char *text, size_t room)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

	if (length == 0 || length > room)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind `\u`. */
static bool read_unit(struct reader *reader, uint32_t *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++) {
		int digit = reader->at < reader->end ? hex_value(*reader->at) : -1;

		if (digit < 0)
			return fail(reader, "invalid escape");
		*unit = *unit << 4 | (uint32_t)digit;
		reader->at++;
	}
	return true;
}

static char *append_utf8(char *to, uint32_t point)
{
	if (point < 0x80) {
		*to++ = (char)point;
		return to;
	}
	if (point < 0x800) {
		*to++ = (char)(0xc0 | point >> 6);
	} else {
		if (point < 0x10000) {
			*to++ = (char)(0xe0 | point >> 12);
		} else {
			*to++ = (char)(0xf0 | point >> 18);
			*to++ = (char)(0x80 | (point >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (point >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (point & 0x3f));
	return to;
}

/* What stands behind a backslash; what it yields is never longer. */
static bool read_escape(struct reader *reader, char **to)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	uint32_t point, low;

	if (!take(reader, 'u')) {
		const char *found = reader->at < reader->end && *reader->at ? strchr(letters, *reader->at) : NULL;

		if (!found)
			return fail(reader, "invalid escape");
		*(*to)++ = meanings[found - letters];
		reader->at++;
		return true;
	}
	if (!read_unit(reader, &point))
		return false;
	if (point >= 0xd800 && point < 0xdc00) {
		if (!take(reader, '\\') || !take(reader, 'u') || !read_unit(reader, &low) || low < 0xdc00 || low > 0xdfff)
			return fail(reader, "invalid Unicode");
		point = 0x10000 + ((point - 0xd800) << 10 | (low - 0xdc00));
	} else if (point >= 0xdc00 && point < 0xe000) {
		return fail(reader, "invalid Unicode");
	}
	if (point == 0)
		return fail(reader, "\\u0000 is not allowed");
	*to = append_utf8(*to, point);
	return true;
}

/* Finds the end of a string, whose opening quote is behind; whether it can stay as it is. */
static bool find_end(struct reader *reader, const char **end, bool *plain)
{
	*plain = true;
	for (const char *at = reader->at; at < reader->end; at++) {
		if (*at == '"') {
			*end = at;
			return true;
		}
		if (*at == '\\') {
			*plain = false;
			if (++at == reader->end)
				break;
		}
		if ((unsigned char)*at < 0x20) {
			reader->at = at;
			return fail(reader, "control character in a string");
		}
		if ((unsigned char)*at >= 0x80) {
			size_t length = utf8_length(at, (size_t)(reader->end - at));

			if (length == 0) {
				reader->at = at;
				return fail(reader, "unable to decode a byte as UTF-8");
			}
			at += length - 1;
		}
	}
	reader->at = reader->end;
	return fail(reader, "premature end of input");
}

/* Reads a string; `at` is at its opening quote. */
static bool read_string(struct reader *reader, struct span *string)
{
	const char *end;
	bool plain;

	if (!take(reader, '"'))
		return fail(reader, "string or '}' expected");
	if (!find_end(reader, &end, &plain))
		return false;
	*string = (struct span){ reader->at, (size_t)(end - reader->at) };
	if (plain) {
		reader->at = end + 1;
		return true;
	}

	char *copy = json_take(string->length);
	char *to = copy;

	if (!copy)
		return fail(reader, "out of memory");
	while (reader->at < end) {
		if (!take(reader, '\\'))
			*to++ = *reader->at++;
		else if (!read_escape(reader, &to))
			return false;
	}
	*string = (struct span){ copy, (size_t)(to - copy) };
	reader->at = end + 1;
	return true;
}

static bool has_name(const struct json *first, struct span name)
{
	for (; first; first = first->next)
		if (first->name.length == name.length && memcmp(first->name.text, name.text, name.length) == 0)
			return true;
	return false;
}

static struct json *read_value(struct reader *reader, int depth);

/* Reads `"name":`. */
static bool read_name(struct reader *reader, const struct json *others, struct span *name)
{
	if (!read_string(reader, name))
		return false;
	if (has_name(others, *name))
		return fail(reader, "duplicate object key");
	reader->at = skip_space(reader->at, reader->end);
	if (!take(reader, ':'))
		return fail(reader, "':' expected");
	reader->at = skip_space(reader->at, reader->end);
	return true;
}

/* Reads what an array or an object holds, and the bracket behind it. */
static bool read_items(struct reader *reader, struct json *value, char closing, int depth)
{
	const struct json **link = &value->items.first;

	value->items.first = NULL;
	value->items.count = 0;
	reader->at = skip_space(reader->at, reader->end);
	if (take(reader, closing))
		return true;
	do {
		struct span name = { NULL, 0 };

		reader->at = skip_space(reader->at, reader->end);
		if (value->kind == JSON_OBJECT && !read_name(reader, value->items.first, &name))
			return false;

		struct json *item = read_value(reader, depth);

		if (!item)
			return false;
		item->name = name;
		*link = item;
		link = &item->next;
		value->items.count++;
		reader->at = skip_space(reader->at, reader->end);
	} while (take(reader, ','));
	return take(reader, closing) || fail(reader, closing == '}' ? "'}' expected" : "']' expected");
}

static struct json *read_value(struct reader *reader, int depth)
{
	struct json *value = json_take(sizeof(*value));
	bool read;

	if (!value || depth == DEPTH_MAX || reader->at == reader->end) {
		fail(reader, !value ? "out of memory" : depth == DEPTH_MAX ? "too deep" : "premature end of input");
		return NULL;
	}
	value->next = NULL;
	switch (*reader->at) {
	case '{':
		value->kind = JSON_OBJECT;
		reader->at++;
		read = read_items(reader, value, '}', depth + 1);
		break;
	case '[':
		value->kind = JSON_ARRAY;
		reader->at++;
		read = read_items(reader, value, ']', depth + 1);
		break;
	case '"':
		value->kind = JSON_STRING;
		read = read_string(reader, &value->string);
		break;
	case 't':
		value->kind = JSON_TRUE;
		read = read_literal(reader, "true");
		break;
	case 'f':
		value->kind = JSON_FALSE;
		read = read_literal(reader, "false");
		break;
	case 'n':
		value->kind = JSON_NULL;
		read = read_literal(reader, "null");
		break;
	default:
		read = read_number(reader, value);
	}
	return read ? value : NULL;
}

const struct json *json_parse_value(struct span text, const char **behind)
{
	struct reader reader = { .at = text.text, .end = text.text + text.length };
	const struct json *tree = read_value(&reader, 0);

	*behind = reader.at;
	return tree;
}

const struct json *json_parse(struct span text, char *message, size_t size)
{
	struct reader reader = { .at = text.text, .end = text.text + text.length };

	reader.at = skip_space(reader.at, reader.end);

	const struct json *tree = read_value(&reader, 0);

	if (tree) {
		reader.at = skip_space(reader.at, reader.end);
		if (reader.at < reader.end)
			fail(&reader, "end of input expected");
	}
	if (!reader.problem)
		return tree;
	snprintf(message, size, "%s near byte %zu", reader.problem, (size_t)(reader.at - text.text));
	return NULL;
}

const struct json *json_first(const struct json *value)
{
	return json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT) ? value->items.first : NULL;
}

size_t json_count(const struct json *value)
{
	return json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT) ? value->items.count : 0;
}

const struct json *json_get(const struct json *object, const char *name)
{
	size_t length = strlen(name);

	if (!json_is(object, JSON_OBJECT))
		return NULL;
	for (const struct json *item = object->items.first; item; item = item->next)
		if (item->name.length == length && memcmp(item->name.text, name, length) == 0)
			return item;
	return NULL;
}

struct span json_text(const struct json *value)
{
	return json_is(value, JSON_STRING) ? value->string : (struct span){ NULL, 0 };
}

bool json_int64(const struct json *value, uint64_t *result)
{
	if (json_is(value, JSON_INTEGER)) {
		*result = (uint64_t)value->integer;
		return true;
	}

	struct span text = json_text(value);
	bool negative = text.length > 0 && text.text[0] == '-';
	size_t digits = text.length - negative;
	uint64_t sum = 0;

	if (text.length == 0 || digits == 0 || digits > 20)
		return false;
	for (size_t i = negative; i < text.length; i++) {
		if (!is_digit(text.text[i]))
			return false;
		sum = sum * 10 + (uint64_t)(text.text[i] - '0');
	}
	*result = negative ? -sum : sum;
	return true;
}

bool json_natural(const struct json *value, uint64_t *result)
{
	if (!json_is(value, JSON_INTEGER) || value->integer < 0)
		return false;
	*result = (uint64_t)value->integer;
	return true;
}
