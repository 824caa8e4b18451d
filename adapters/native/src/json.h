#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/*
 * JSON texts become trees one at a time; each tree lives until json_release. A batch of programs is never a tree as a
 * whole: its parts are found by scanning, so that memory does not grow with the batch.
 *
 * The reader is the helper's own. Trees lie in memory that forks do not copy, building one takes no system call, and names
 * and texts stay where they were received; it is a good part of what a short program costs, above all in an emulated guest.
 */

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INTEGER, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A value. Names and texts may lie in the text that was read, which must stay as long as the tree does. */
struct json {
	enum json_kind kind;
	/* Of a member of an object. */
	struct span name;
	/* The one behind it in its array or object, or NULL. */
	const struct json *next;
	union {
		/* What a real number amounts to is not kept. */
		int64_t integer;
		/* Not ended by a zero byte. */
		struct span string;
		struct {
			const struct json *first;
			size_t count;
		} items;
	};
};

/* NULL with a sentence when the text is not JSON. Names that come twice in an object count as a mistake. */
const struct json *json_parse(struct span text, char *message, size_t size);
/* Reads the value that a text begins with, and finds what is behind it; NULL when it is none. */
const struct json *json_parse_value(struct span text, const char **behind);
/* Gives back the memory of all trees, and what json_take gave. */
void json_release(void);
/* Memory for what lives as long as the tree, or NULL. */
void *json_take(size_t size);

/* All of these take NULL, or a value of another kind, for a value that has not what is asked for. */

/* The member of an object with this name, or NULL. */
const struct json *json_get(const struct json *object, const char *name);
/* The items of an array or an object. */
#define JSON_FOR_EACH(item, value) \
	for (const struct json *item = json_first(value); item; item = item->next)
const struct json *json_first(const struct json *value);
size_t json_count(const struct json *value);
static inline bool json_is(const struct json *value, enum json_kind kind)
{
	return value && value->kind == kind;
}
/* A text, which is empty if it is none; `text` is NULL then. */
struct span json_text(const struct json *value);
/* A 64-bit integer of the protocol, modulo 2^64: a number, or a decimal string. */
bool json_int64(const struct json *value, uint64_t *result);
/* A number that is not negative. */
bool json_natural(const struct json *value, uint64_t *result);

#endif
