/* Operations that change which areas an address space has. */
#include "operations.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend.h"
#include "memory.h"
#include "operands.h"

/* Older headers lack some. */
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
/* All type bits, which is no type, and flags that no kernel defines. */
#define MAP_TYPE_BITS 0x0f
#define MAP_UNKNOWN 0x200
#define MREMAP_UNKNOWN 8

const struct word map_flags[] = {
	{ "growsdown", MAP_GROWSDOWN },	  { "hugetlb", MAP_HUGETLB },	{ "locked", MAP_LOCKED },
	{ "nonblock", MAP_NONBLOCK },	  { "noreserve", MAP_NORESERVE }, { "populate", MAP_POPULATE },
	{ "sync", MAP_SYNC },		  { "unknown", MAP_UNKNOWN },	{ NULL, 0 },
};

static bool may_lock;

void map_flags_setup(void)
{
	may_lock = memory_may_lock();
}

bool map_flag_supported(const struct word *flag)
{
	return flag->value != MAP_LOCKED || may_lock;
}

static bool flags_supported(const struct op *op, char *message, size_t size)
{
	for (const struct word *flag = map_flags; flag->name; flag++)
		if (op->flags & flag->value && !map_flag_supported(flag)) {
			snprintf(message, size, "the flag `%s` of mmap does not work here, as `started` said",
				 flag->name);
			return false;
		}
	return true;
}

static void perform_mmap(const struct op *op, struct outcome *outcome)
{
	uintptr_t address = 0;

	if (op->has_place && !operand_range(&op->place, op->length, op->length >= ABSURD_LENGTH, outcome, &address))
		return;

	int64_t result = backend->mmap(device_contract, address, operand_absurd(op->length), op->prot, op->flags,
				       operand_descriptor(op->fd), op->offset, outcome);

	if (outcome->verdict == VERDICT_OK)
		operand_bind_mapping(op->to, result, outcome);
}

static void perform_munmap(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;

	if (operand_range(&op->at, op->length, op->length >= ABSURD_LENGTH, outcome, &address))
		outcome_of(outcome, syscall(SYS_munmap, address, operand_absurd(op->length)));
}

static void perform_mprotect(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;

	if (operand_range(&op->at, op->length, operand_wraps(op->length), outcome, &address))
		outcome_of(outcome, syscall(SYS_mprotect, address, op->length, op->prot));
}

/* The old range has to be safe, and so has the new one when it is named. */
static bool check_remap(const struct op *op, int64_t at, int64_t place, struct outcome *outcome)
{
	uint64_t old = operand_wraps(op->length) ? 0 : op->length;

	if (!operand_check(at, old, false, outcome))
		return false;
	if (op->has_place)
		return operand_check(place, op->new_length >= ABSURD_LENGTH ? 0 : op->new_length, false, outcome);
	if (op->flags & MREMAP_FIXED)
		outcome->kind = OUTCOME_UNSAFE;
	return !(op->flags & MREMAP_FIXED);
}

static void perform_mremap(const struct op *op, struct outcome *outcome)
{
	int64_t at;
	int64_t place = 0;

	if (!operand_find(&op->at, outcome, &at) || (op->has_place && !operand_find(&op->place, outcome, &place)) ||
	    !check_remap(op, at, place, outcome))
		return;

	uintptr_t to = op->has_place ? memory.arena + (uintptr_t)place : 0;

	if (op->flags & MREMAP_DONTUNMAP)
		memory_may_miscount_locks();
	operand_bind_mapping(op->to,
			     syscall(SYS_mremap, memory.arena + (uintptr_t)at, op->length, operand_absurd(op->new_length),
				     op->flags, to),
			     outcome);
}

#define MAP_TYPE_FIELD \
	{ MEMBER("type", FIELD_WORD, flags), \
	  .words = WORDS({ "none", 0 }, { "private", MAP_PRIVATE }, { "shared", MAP_SHARED }, \
			 { "validate", MAP_SHARED_VALIDATE }, { "both-bits-and-more", MAP_TYPE_BITS }) }
#define MAP_FLAGS { MEMBER("flags", FIELD_WORDS, flags), PRESENT(has_flags), .words = map_flags }
#define MAP_PLACE \
	{ MEMBER("place", FIELD_PLACE, place), PRESENT(has_place), \
	  .words = WORDS({ "hint", 0 }, { "fixed", MAP_FIXED }, { "noreplace", MAP_FIXED_NOREPLACE }) }
#define OLD_LENGTH { MEMBER("oldLength", FIELD_INT64, length) }
#define NEW_LENGTH { MEMBER("newLength", FIELD_INT64, new_length) }
#define REMAP_FLAGS \
	FLAGS({ "maymove", MREMAP_MAYMOVE }, { "fixed", MREMAP_FIXED }, { "dontunmap", MREMAP_DONTUNMAP }, \
	      { "unknown", MREMAP_UNKNOWN })
#define REMAP_PLACE { MEMBER("place", FIELD_ADDRESS, place), PRESENT(has_place) }

const struct operation operations_mappings[] = {
	OPERATION(mmap, FIELDS(FD, TO_MAPPING, LENGTH, OFFSET, PROTECTION, MAP_TYPE_FIELD, MAP_FLAGS, MAP_PLACE),
		  .applicable = flags_supported),
	OPERATION(munmap, FIELDS(AT, LENGTH)),
	OPERATION(mprotect, FIELDS(AT, LENGTH, PROTECTION)),
	OPERATION(mremap, FIELDS(AT, OLD_LENGTH, NEW_LENGTH, REMAP_FLAGS, REMAP_PLACE, TO_MAPPING)),
	{ .name = NULL },
};
