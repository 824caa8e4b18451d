#ifndef FAILURES_H
#define FAILURES_H

#include <stdbool.h>
#include <stddef.h>

#include "control.h"
#include "program.h"

/*
 * Allocations and copies that fail on demand: the n-th that the driver makes during an operation, by the kernel's fault
 * injection (Documentation/fault-injection). What the kernel allocates for itself around the driver never fails.
 */

/* What can be made to fail here, one of the names of failure_names; NULL behind the last. */
extern const char *const failure_names[];
bool failures_supported(enum failure failure);

/* Performs the operation in the process that calls; notes in the outcome whether the failure that it asks for took place. */
void failures_perform(const struct op *op, struct outcome *outcome);

#endif
