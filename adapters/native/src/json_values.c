#include "json_reader.h"

#include <stdio.h>

#include "json.h"

/* Values in values: far more than any command has, and little of the stack. */
#define DEPTH_MAX 256

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end &&
	       (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
		reader->at++;
}

static bool read_literal(struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
		return reader_fail(reader, "invalid token");
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
	bool negative = reader_take(reader, '-');
	const char *digits = reader->at;
	uint64_t sum = 0;

	if (!take_digits(reader) || (*digits == '0' && reader->at > digits + 1))
		return reader_fail(reader, "invalid number");
	value->kind = JSON_INTEGER;

	const char *behind = reader->at;

	if (reader_take(reader, '.')) {
		value->kind = JSON_REAL;
		if (!take_digits(reader))
			return reader_fail(reader, "invalid number");
	}
	if (reader_take(reader, 'e') || reader_take(reader, 'E')) {
		value->kind = JSON_REAL;
		if (!reader_take(reader, '+'))
			reader_take(reader, '-');
		if (!take_digits(reader))
			return reader_fail(reader, "invalid number");
	}
	if (value->kind == JSON_REAL)
		return true;
	for (const char *at = digits; at < behind; at++) {
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
			return reader_fail(reader, "too big integer");
	}
	if (sum > (uint64_t)INT64_MAX + negative)
		return reader_fail(reader, "too big integer");
	value->integer = (int64_t)(negative ? -sum : sum);
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
	if (!json_read_string(reader, name))
		return false;
	if (has_name(others, *name))
		return reader_fail(reader, "duplicate object key");
	skip_space(reader);
	if (!reader_take(reader, ':'))
		return reader_fail(reader, "':' expected");
	skip_space(reader);
	return true;
}

/* Reads what an array or an object holds, and the bracket behind it. */
static bool read_items(struct reader *reader, struct json *value, char closing, int depth)
{
	const struct json **link = &value->items.first;

	value->items.first = NULL;
	value->items.count = 0;
	skip_space(reader);
	if (reader_take(reader, closing))
		return true;
	do {
		struct span name = { NULL, 0 };

		skip_space(reader);
		if (value->kind == JSON_OBJECT && !read_name(reader, value->items.first, &name))
			return false;

		struct json *item = read_value(reader, depth);

		if (!item)
			return false;
		item->name = name;
		*link = item;
		link = &item->next;
		value->items.count++;
		skip_space(reader);
	} while (reader_take(reader, ','));
	return reader_take(reader, closing) || reader_fail(reader, closing == '}' ? "'}' expected" : "']' expected");
}

static struct json *read_value(struct reader *reader, int depth)
{
	struct json *value = json_take(sizeof(*value));
	bool read;

	if (!value || depth == DEPTH_MAX || reader->at == reader->end) {
		reader_fail(reader, !value ? "out of memory" : depth == DEPTH_MAX ? "too deep" : "premature end of input");
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
		read = json_read_string(reader, &value->string);
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

	skip_space(&reader);

	const struct json *tree = read_value(&reader, 0);

	if (tree) {
		skip_space(&reader);
		if (reader.at < reader.end)
			reader_fail(&reader, "end of input expected");
	}
	if (!reader.problem)
		return tree;
	snprintf(message, size, "%s near byte %zu", reader.problem, (size_t)(reader.at - text.text));
	return NULL;
}
