#ifndef PROGRAM_H
#define PROGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct operation;

struct address {
	/* The slot of a mapping variable, or -1: relative to the arena. */
	int mapping;
	int64_t offset;
};

/* One operation of a program; only the fields that its kind names are set. */
struct op {
	const struct operation *operation;
	int actor;
	/* The slot of the descriptor variable that is read, and of the variable of any kind that is bound. */
	int fd;
	int to;
	struct address at;
	bool has_place;
	uint64_t length;
	uint64_t offset;
	/* Flags of open or mmap, and the value of whence. */
	int flags;
	int prot;
	const char *text;
	size_t text_length;
};

/* Which fields an operation has; the comment says where they end up in struct op. */
enum field {
	FIELD_FD = 1 << 0,
	FIELD_TO_DESCRIPTOR = 1 << 1,
	FIELD_TO_MAPPING = 1 << 2,
	FIELD_TO_ACTOR = 1 << 3,
	/* `access` and `flags` of open: flags. */
	FIELD_OPEN = 1 << 4,
	/* An unbounded length, or one of at most DATA_MAX. */
	FIELD_LENGTH = 1 << 5,
	FIELD_COUNT = 1 << 6,
	FIELD_OFFSET = 1 << 7,
	/* `data`: text, text_length, length. */
	FIELD_DATA = 1 << 8,
	/* flags */
	FIELD_WHENCE = 1 << 9,
	FIELD_PROT = 1 << 10,
	/* `type`, `flags` and `place` of mmap: flags, has_place, at. */
	FIELD_MAP = 1 << 11,
	FIELD_AT = 1 << 12,
};

struct program {
	struct op *ops;
	size_t count;
};

/*
 * Reads a program from its tree, whose strings have to outlive it. The result is valid until the next call. False with
 * a sentence.
 */
bool program_read(json_t *tree, struct program *program, char *message, size_t size);

/* The name of the variable in the slot, without its letter. */
void slot_name(int slot, char *text, size_t size);

#endif
