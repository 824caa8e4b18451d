#ifndef SCAN_H
#define SCAN_H

#include "span.h"

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
/* Moves to the next element of an array, which begins at `at` then. */
enum scanned scan_to_element(struct scanner *scanner);
/* Moves behind the element that was reached. */
enum scanned scan_element(struct scanner *scanner, struct span *value);

#endif
