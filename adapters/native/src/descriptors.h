#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stdbool.h>

/*
 * The helper's own descriptors lie high, out of the way of those of programs, which get the lowest free numbers and
 * are refused (EMFILE) at HELPER_DESCRIPTOR, or at the limit that a program sets.
 */

/* Closes what was inherited and sets the limit. */
bool descriptors_setup(void);

/* Opens a file for the helper itself, close-on-exec. -1 with errno on failure. */
int descriptors_open(const char *path, int flags);
/* Moves a descriptor that the helper just opened; the low number is free again, whatever the result. */
int descriptors_adopt(int low);
/* Whether it is a regular file; false if that cannot be found out. */
bool descriptors_regular(int fd);
/* From how many on a program is refused descriptors; for this process and those that it forks. */
void descriptors_limit_program(int limit);
/* While raised, the helper can open even when a program has used up its descriptors. */
void descriptors_raise_limit(bool raised);

#endif
