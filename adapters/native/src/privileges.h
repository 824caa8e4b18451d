#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <stdbool.h>

#include "control.h"

/* What this process may do, for a while; raw system calls, because a library would change all threads or link in more. */

/* Once in each worker: nothing that a user without privileges would be granted may come from a group. */
void privileges_setup(void);

/* Drops a capability from the effective set; `dropped` says whether it was there. False with errno: it may still be. */
bool privileges_drop(int capability, bool *dropped);
/* Takes it back from the permitted set. False with errno. */
bool privileges_raise(int capability);
/* The outcome for when one of them failed. */
void privileges_lost(struct outcome *outcome);

/* Accesses to files are those of a user without privileges from here on. */
void privileges_be_nobody(void);
/* And no longer. False with errno. */
bool privileges_be_oneself(void);

#endif
