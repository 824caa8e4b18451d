#ifndef FIELDS_H
#define FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "program.h"

/* A word of the protocol and the number that it stands for. */
struct word {
	const char *name;
	int value;
};

enum field_kind {
	/* Ends a table. */
	FIELD_END,
	/* Variables; the slot. */
	FIELD_DESCRIPTOR,
	FIELD_MAPPING,
	FIELD_ACTOR,
	/* Any 64-bit integer, and one that is at most `limit`. */
	FIELD_INT64,
	FIELD_COUNT,
	FIELD_ADDRESS,
	/* An address or a wild pointer. */
	FIELD_POINTER,
	/* `how`, one of `words`, which is added to the flags, and `at`, an address. */
	FIELD_PLACE,
	FIELD_PROTECTION,
	/* One of `words`, and an array of them; their numbers are combined with what the member has. */
	FIELD_WORD,
	FIELD_WORDS,
	/* One segment, several, and several of which only the lengths are given. */
	FIELD_DATA,
	FIELD_SEGMENTS,
	FIELD_LENGTHS,
	/* What is to fail. */
	FIELD_FAILURE,
};

/* One field of an operation: its key, what it looks like, and where in struct op it ends up. */
struct field {
	const char *key;
	enum field_kind kind;
	size_t member;
	/* The member that says whether the field is there; 0: it has to be. */
	size_t present;
	const struct word *words;
	uint64_t limit;
};

/* Tables as the operations name them. */
#define WORDS(...) ((const struct word[]){ __VA_ARGS__, { NULL, 0 } })
#define FIELDS(...) ((const struct field[]){ __VA_ARGS__, { .kind = FIELD_END } })
#define FIELDS_NONE ((const struct field[]){ { .kind = FIELD_END } })
#define MEMBER(name, field_kind, place) .key = (name), .kind = (field_kind), .member = offsetof(struct op, place)
#define PRESENT(place) .present = offsetof(struct op, place)

/* Fields that several operations have. */
#define FD { MEMBER("fd", FIELD_DESCRIPTOR, fd) }
#define ONTO { MEMBER("onto", FIELD_DESCRIPTOR, onto) }
#define TO_DESCRIPTOR { MEMBER("to", FIELD_DESCRIPTOR, to) }
#define TO_MAPPING { MEMBER("to", FIELD_MAPPING, to) }
#define TO_ACTOR { MEMBER("to", FIELD_ACTOR, to) }
#define OF { MEMBER("of", FIELD_ACTOR, of) }
#define AT { MEMBER("at", FIELD_ADDRESS, at) }
#define POINTER { MEMBER("at", FIELD_POINTER, at) }
#define LENGTH { MEMBER("length", FIELD_INT64, length) }
#define COUNT { MEMBER("length", FIELD_COUNT, length), .limit = DATA_MAX }
#define OFFSET { MEMBER("offset", FIELD_INT64, offset) }
#define OPTIONAL_OFFSET { MEMBER("offset", FIELD_INT64, offset), PRESENT(has_offset) }
#define PROTECTION { MEMBER("prot", FIELD_PROTECTION, prot) }
#define DATA { MEMBER("data", FIELD_DATA, segments) }
#define SEGMENTS { MEMBER("segments", FIELD_SEGMENTS, segments) }
#define LENGTHS { MEMBER("lengths", FIELD_LENGTHS, segments) }
#define FAIL { MEMBER("fail", FIELD_FAILURE, failure), PRESENT(has_failure) }
#define FLAGS(...) { MEMBER("flags", FIELD_WORDS, flags), PRESENT(has_flags), .words = WORDS(__VA_ARGS__) }
#define CHOICE(name, ...) { MEMBER(name, FIELD_WORD, choice), .words = WORDS(__VA_ARGS__) }

/* Reads the actor and the fields of an operation. The key of the first that is missing or wrong, or NULL. */
const char *fields_read(const struct json *tree, const struct field *fields, struct op *op);

#endif
