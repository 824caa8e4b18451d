#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "control.h"
#include "json.h"
#include "settings.h"

struct operation;

enum address_base { BASE_ARENA, BASE_MAPPING, BASE_WILD };

struct address {
	enum address_base base;
	/* The slot of the mapping variable, for BASE_MAPPING. */
	int mapping;
	/* Bytes from the base; for BASE_WILD the pointer itself. */
	int64_t offset;
};

/* Bytes that are written: the text repeated up to the length. */
struct data {
	const char *text;
	size_t text_length;
	uint64_t length;
};

/* One operation of a program; only the members that its fields name are set, all others are zero. */
struct op {
	const struct operation *operation;
	int actor;
	/* Slots of variables: the descriptors that are read, the process whose memory is accessed, the variable bound. */
	int fd;
	int onto;
	int of;
	int to;
	struct address at;
	struct address place;
	bool has_place;
	bool has_offset;
	bool has_flags;
	bool has_user;
	bool has_failure;
	/* Of what is transferred, mapped or advised; a single `data` sets it, too. */
	uint64_t length;
	uint64_t new_length;
	uint64_t offset;
	/* What named words stand for: flags, and the word that chooses between calls, advices, requests and the like. */
	int flags;
	int choice;
	int prot;
	/* The segments of a vector; a single `data` is one segment. */
	struct data segments[SEGMENTS_MAX];
	size_t segment_count;
	/* What is to fail, and at which time that the driver does it, from 1. */
	enum failure failure;
	uint64_t nth;
};

struct program {
	struct setting setting;
	struct op *ops;
	size_t count;
};

/*
 * Reads a program from its tree, with which its memory is given back. False with a sentence.
 */
bool program_read(const struct json *tree, struct program *program, char *message, size_t size);

#endif
