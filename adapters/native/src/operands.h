#ifndef OPERANDS_H
#define OPERANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "control.h"
#include "program.h"

/* What the functions that perform operations make of their operands, and of the results of system calls. */

/* Lengths from here on are refused by the kernel, whatever else is wrong. */
#define ABSURD_LENGTH ((uint64_t)1 << 47)

/* Fills in an outcome from the result of a system call: -1 takes errno. */
void outcome_of(struct outcome *outcome, int64_t result);
/* The same for a call that put bytes into the shared buffer. */
void outcome_of_data(struct outcome *outcome, int64_t result);

/* The number that the descriptor variable in the slot has. */
int operand_descriptor(int slot);
/* Binds the variable to a new descriptor, or to -1. */
void operand_bind_descriptor(int slot, int fd, struct outcome *outcome);
/* Binds the variable to an address that a system call returned, or fails. */
void operand_bind_mapping(int slot, int64_t result, struct outcome *outcome);

/*
 * Finds an address relative to the arena, in bytes. False when its variable is unbound; the outcome then says so, as it
 * does in all functions that follow.
 */
bool operand_find(const struct address *address, struct outcome *outcome, int64_t *at);
/* Whether the range lies in arena or zone, or is harmless and starts there. */
bool operand_check(int64_t at, uint64_t length, bool harmless, struct outcome *outcome);
/* The two above; gives the real address. */
bool operand_range(const struct address *address, uint64_t length, bool harmless, struct outcome *outcome,
		   uintptr_t *found);
/* The same for a pointer that may be wild. */
bool operand_pointer(const struct address *address, uint64_t length, struct outcome *outcome, uintptr_t *found);

/* Whether a length, rounded up to pages, is 2^64 and wraps to nothing. */
bool operand_wraps(uint64_t length);
/* The length to pass to the kernel for one that it refuses anyway. */
uint64_t operand_absurd(uint64_t length);

/* Repeats the texts of all segments in the shared buffer, one behind the other. */
const uint8_t *operand_fill(const struct op *op);
/* The first `length` bytes of the shared buffer, ready to be written to. */
void *operand_buffer(size_t length);
/* The segments as parts of the shared buffer. */
void operand_vector(const struct op *op, struct iovec vector[static SEGMENTS_MAX]);

#endif
