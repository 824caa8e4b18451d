#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * JSON texts become trees one at a time; each tree lives until json_release. A batch of programs is never a tree as a
 * whole: its parts are found by scanning, so that memory does not grow with the batch (every fork copies page tables).
 */

/* Installs the allocator; once. */
void json_setup(void);
/* NULL with a sentence when the text is not JSON. */
json_t *json_parse(const char *text, size_t length, char *message, size_t size);
void json_release(json_t *tree);

/* A part of a text. */
struct span {
	const char *text;
	size_t length;
};

/* Walks the members of an object or the elements of an array without building anything. */
struct scanner {
	const char *at;
	const char *end;
	bool first;
};

enum scanned { SCANNED_ITEM, SCANNED_END, SCANNED_BAD };

/* False when the text does not start with the bracket. */
bool scan_open(struct scanner *scanner, struct span text, char bracket);
/* `key` comes without its quotes; keys with escapes are not recognised. Nothing may follow the closing bracket. */
enum scanned scan_member(struct scanner *scanner, struct span *key, struct span *value);
enum scanned scan_element(struct scanner *scanner, struct span *value);

/* A 64-bit integer of the protocol, modulo 2^64: a number, or a decimal string. */
bool json_int64(const json_t *value, uint64_t *result);
/* A number that is not negative. */
bool json_natural(const json_t *value, uint64_t *result);

#endif
