#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bounds.h"
#include "memory.h"

#ifndef __SANITIZE_ADDRESS__
/* Memory that was touched beyond this is given back after the tree is released. */
#define KEEP_MAX ((size_t)1 << 20)

static size_t used;

/*
 * Trees are short-lived and freed as a whole, so that allocation only moves a mark. This also keeps the heap small and
 * tidy, which makes forks cheap. The sanitizer build uses the ordinary allocator to find mistakes.
 */
static void *take(size_t size)
{
	size_t aligned = (size + 15) & ~(size_t)15;

	if (aligned < size || aligned > JSON_MAX - used)
		return NULL;

	void *block = memory.json + used;

	used += aligned;
	return block;
}

static void give(void *block)
{
	(void)block;
}
#endif

void json_setup(void)
{
#ifndef __SANITIZE_ADDRESS__
	json_set_alloc_funcs(take, give);
#endif
	/* The seed of the hash tables; a fixed one saves reading random bytes, which an early guest may not have. */
	json_object_seed(1);
}

json_t *json_parse(const char *text, size_t length, char *message, size_t size)
{
	json_error_t error;
	json_t *tree = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

	if (!tree)
		snprintf(message, size, "%s near byte %d", error.text, error.position);
	return tree;
}

void json_release(json_t *tree)
{
#ifdef __SANITIZE_ADDRESS__
	json_decref(tree);
#else
	(void)tree;
	if (used > KEEP_MAX)
		madvise(memory.json + KEEP_MAX, used - KEEP_MAX, MADV_REMOVE);
	used = 0;
#endif
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct scanner *scanner)
{
	while (scanner->at < scanner->end && is_space(*scanner->at))
		scanner->at++;
}

/* Moves behind a string; `at` is behind its opening quote. */
static bool skip_string(struct scanner *scanner)
{
	while (scanner->at < scanner->end) {
		char c = *scanner->at++;

		if (c == '"')
			return true;
		if (c == '\\' && scanner->at < scanner->end)
			scanner->at++;
	}
	return false;
}

/* Moves behind a value of any kind; only brackets and strings are looked at. */
static bool skip_value(struct scanner *scanner)
{
	size_t depth = 0;
	const char *start = scanner->at;

	while (scanner->at < scanner->end) {
		char c = *scanner->at;

		if (depth == 0 && scanner->at > start && (c == ',' || c == '}' || c == ']' || is_space(c)))
			return true;
		scanner->at++;
		if (c == '"') {
			if (!skip_string(scanner))
				return false;
			if (depth == 0)
				return true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return false;
			if (--depth == 0)
				return true;
		}
	}
	return false;
}

bool scan_open(struct scanner *scanner, struct span text, char bracket)
{
	*scanner = (struct scanner){ .at = text.text, .end = text.text + text.length, .first = true };
	skip_space(scanner);
	if (scanner->at == scanner->end || *scanner->at != bracket)
		return false;
	scanner->at++;
	return true;
}

/* Moves to the next item, over the comma, or behind the end. */
static enum scanned next_item(struct scanner *scanner, char closing)
{
	skip_space(scanner);
	if (scanner->at == scanner->end)
		return SCANNED_BAD;
	if (*scanner->at == closing) {
		scanner->at++;
		skip_space(scanner);
		return scanner->at == scanner->end ? SCANNED_END : SCANNED_BAD;
	}
	if (!scanner->first) {
		if (*scanner->at++ != ',')
			return SCANNED_BAD;
		skip_space(scanner);
	}
	scanner->first = false;
	return scanner->at < scanner->end ? SCANNED_ITEM : SCANNED_BAD;
}

static enum scanned take_value(struct scanner *scanner, struct span *value)
{
	skip_space(scanner);
	value->text = scanner->at;
	if (scanner->at == scanner->end || strchr(",:]}", *scanner->at) || !skip_value(scanner))
		return SCANNED_BAD;
	value->length = (size_t)(scanner->at - value->text);
	return SCANNED_ITEM;
}

enum scanned scan_member(struct scanner *scanner, struct span *key, struct span *value)
{
	enum scanned next = next_item(scanner, '}');

	if (next != SCANNED_ITEM)
		return next;
	if (*scanner->at++ != '"')
		return SCANNED_BAD;
	key->text = scanner->at;
	if (!skip_string(scanner))
		return SCANNED_BAD;
	key->length = (size_t)(scanner->at - key->text) - 1;
	skip_space(scanner);
	if (scanner->at == scanner->end || *scanner->at++ != ':')
		return SCANNED_BAD;
	return take_value(scanner, value);
}

enum scanned scan_element(struct scanner *scanner, struct span *value)
{
	enum scanned next = next_item(scanner, ']');

	return next == SCANNED_ITEM ? take_value(scanner, value) : next;
}

bool json_int64(const json_t *value, uint64_t *result)
{
	if (json_is_integer(value)) {
		*result = (uint64_t)json_integer_value(value);
		return true;
	}

	const char *text = json_string_value(value);

	if (!text)
		return false;

	bool negative = *text == '-';
	uint64_t sum = 0;
	size_t digits = 0;

	for (text += negative; *text >= '0' && *text <= '9'; text++, digits++)
		sum = sum * 10 + (uint64_t)(*text - '0');
	if (*text != '\0' || digits == 0 || digits > 20)
		return false;
	*result = negative ? -sum : sum;
	return true;
}

bool json_natural(const json_t *value, uint64_t *result)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*result = (uint64_t)json_integer_value(value);
	return true;
}
