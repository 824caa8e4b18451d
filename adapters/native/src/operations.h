#ifndef OPERATIONS_H
#define OPERATIONS_H

#include <stdbool.h>

#include "control.h"
#include "program.h"

/*
 * Everything that the helper knows of one kind of operation. To add one: an entry in the table of operations.c and the
 * function that performs it.
 */
struct operation {
	const char *name;
	/* Bits of enum field. */
	unsigned fields;
	/* Runs in the acting process; fills in the outcome, whose default is { ret: 0 }. */
	void (*perform)(const struct op *op, struct outcome *outcome);
	/* Whether the contents of the device may have changed. */
	bool changes_device;
};

/* Those that are more than a system call of the acting process. */
extern const struct operation operation_fork;
extern const struct operation operation_exit;
extern const struct operation operation_checkpoint;

/* NULL for an unknown name. */
const struct operation *operation_find(const char *name);

/* All operations in the order of the protocol page; ends with NULL. */
extern const struct operation *const operations[];

/* Fills in an outcome from the result of a system call: -1 takes errno. */
void outcome_of(struct outcome *outcome, int64_t result);

#endif
