#ifndef OPERATIONS_H
#define OPERATIONS_H

#include <stdbool.h>

#include "control.h"
#include "fields.h"
#include "program.h"

/* What an operation is to those who keep account of a program. */
enum role {
	/* A system call of the acting process and nothing more. */
	ROLE_NONE,
	ROLE_FORK,
	ROLE_EXIT,
	ROLE_CHECKPOINT,
};

/*
 * Everything that the helper knows of one kind of operation. To add one: an entry in the table of its family, which is
 * one of the files operations_*.c, and the function that performs it.
 */
struct operation {
	const char *name;
	/* Those that it has besides its actor. */
	const struct field *fields;
	/* Runs in the acting process; fills in the outcome, whose default is { ret: 0 }. */
	void (*perform)(const struct op *op, struct outcome *outcome);
	/* Whether the contents of the device may have changed. */
	bool changes_device;
	enum role role;
	/* Whether this machine can perform it at all; NULL: always. */
	bool (*available)(void);
	/* Whether it can be performed for the contract in force, else false with a sentence; NULL: always. */
	bool (*applicable)(const struct op *op, char *message, size_t size);
};

/* An entry of a family's table; an entry without a name ends it. */
#define OPERATION(operation, field_table, ...) \
	{ .name = #operation, .fields = (field_table), .perform = perform_##operation, __VA_ARGS__ }

/* The families, in the order of the protocol page. */
extern const struct operation operations_descriptors[];
extern const struct operation operations_transfers[];
extern const struct operation operations_mappings[];
extern const struct operation operations_advice[];
extern const struct operation operations_access[];
extern const struct operation operations_processes[];

/* The flags of mmap, in the order of the protocol page; the last has no name. */
extern const struct word map_flags[];
void map_flags_setup(void);
/* Whether programs may give it here. */
bool map_flag_supported(const struct word *flag);

/* Finds out what can be performed here; once in each worker. */
void operations_setup(void);

/* NULL for an unknown name. */
const struct operation *operation_find(struct span name);
/* Whether this target performs it. */
bool operation_supported(const struct operation *operation);
/* All operations in the order of the protocol page; NULL behind the last. */
const struct operation *operation_at(size_t index);

/* Whether all operations of the program can be performed, else false with a sentence. */
bool operations_support(const struct program *program, char *message, size_t size);

#endif
