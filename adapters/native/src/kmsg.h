#ifndef KMSG_H
#define KMSG_H

#include <stdbool.h>
#include <stddef.h>

/* The kernel log: where drivers report their callbacks, and the kernel its complaints. */

/* Opens it at its end. False when this process may not. */
bool kmsg_open(void);

/* Sets the prefix of the driver's lines. */
void kmsg_set_prefix(const char *prefix);

/*
 * Reads all new records and keeps callbacks and complaints until kmsg_take. False with a sentence when records were
 * lost.
 */
bool kmsg_read(char *message, size_t size);
/* Drops the callbacks that were kept (they belong to no program) but not the complaints. */
void kmsg_drop_callbacks(void);
/* Moves to the end without reading. */
void kmsg_skip(void);
/* Appends `,"callbacks":[…]` and `,"reports":[…]` to the output, as far as there are any, and forgets them. */
void kmsg_take(void);

/* The first complaint that is kept, or NULL. */
const char *kmsg_complaint(void);
/* For the supervisor: the first complaint after the record with that number. False when there is none. */
bool kmsg_find_complaint(unsigned long long after, char *text, size_t size);

#endif
