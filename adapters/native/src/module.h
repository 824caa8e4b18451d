#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "control.h"

/* The kernel module that drives the device; a guest has it in /modules with a list of what was loaded and how. */

/* Whether modules can be loaded again here. */
bool module_reloadable(void);
/* Whether the contract's is one of them, else false with a sentence. */
bool module_listed(char *message, size_t size);
/*
 * Unloads it and, if the kernel let it go, loads it again; the outcome is that of the unloading. If loading may fail and
 * does, that is the outcome, and it is loaded once more.
 */
void module_reload(struct outcome *outcome, bool may_fail);

#endif
