#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"

/*
 * The address space of every process of the helper, from low to high, where the kernel searches it from the top down:
 * the binary and its heap, a fence, the zone (free), a guard, the arena (free), a guard, the helper's own buffers, and
 * nothing free at all up to the end of the range in which the kernel maps. So the kernel's own choice of an address lands
 * in the arena when it fits there, and else at the upper end of the zone.
 *
 * Where it searches from the bottom up: the binary and its heap, nothing free at all from where the kernel begins to map,
 * a guard, the arena, a guard, the zone, the helper's own buffers and the stack. The choice lands in the arena or at the
 * lower end of the zone.
 *
 * The buffers lie above in either case, because /proc/PID/smaps is read from below and only as far as it must be.
 */
struct memory {
	size_t page;
	/* Whether the kernel searches for free addresses from the bottom up. */
	bool upward;
	/* Start of the arena, a multiple of 2 MiB. */
	uintptr_t arena;
	/*
	 * INPUT_MAX, OUTPUT_MAX and JSON_MAX bytes, shared between all processes: a fork then copies no page table entries of
	 * theirs, and the worker writes on without copying pages. They are one mapping, for each costs at every fork. What a
	 * new process needs, the control block and the program, lies side by side.
	 */
	char *input;
	char *output;
	char *json;
	/* What memory_keep gives. */
	char *state;
	/* SCRATCH_MAX bytes where the helper maps something for itself, with MAP_FIXED and between programs only. */
	void *scratch;
	/* A page for what the ledger shares. */
	void *ledger;
	uint64_t zone_pages;
	/* Pages of the address space of a process (TASK_SIZE). */
	uint64_t task_pages;
	/* Whether the processor has five-level page tables, where lengths from 2^47 on are not absurd. */
	bool five_level;
};

extern struct memory memory;

/* Sets everything up, once, before the first fork. False with a sentence in `message`. */
bool memory_setup(char *message, size_t size);

/* Bytes of arena and zone relative to the arena: [0, arena_end) and [zone_start, zone_end). */
int64_t memory_arena_end(void);
int64_t memory_zone_start(void);
int64_t memory_zone_end(void);
/* The start of arena or zone, whichever lies below, and the end of the one above. */
int64_t memory_start(void);
int64_t memory_end(void);

/*
 * Kernels that do not divide a locked area before MREMAP_DONTUNMAP moves a part of it go on counting pages as locked that are
 * not, for as long as the process lives. Whoever has used the flag says so, and is asked between programs.
 */
void memory_may_miscount_locks(void);
bool memory_miscounts_locks(void);

/* Whether the byte lies in arena or zone. */
bool memory_contains(int64_t at);
/* Whether the pages that the range touches lie entirely in the arena or entirely in the zone. */
bool memory_inside(int64_t at, uint64_t length);

/*
 * Memory for what only one process uses at a time, zeroed, as long as the worker lives: like a static variable, but a fork
 * does not copy it. For the start of a worker only, which begins with memory_renew_state.
 */
void memory_renew_state(void);
void *memory_keep(size_t size);

/* Gives the scratch range back; unmapping it would leave a gap that the kernel prefers to the arena. */
void memory_release_scratch(void);

/* Whether processes may lock as much memory as any generated program does. */
bool memory_may_lock(void);
/* mlockall, to be undone by the next memory_clean. -1 with errno on failure. */
int memory_lock_all(int flags);

/* Unlocks everything, unmaps zone and arena, the lower one first. False with errno when the kernel refuses. */
bool memory_clean(void);

/*
 * Only for the sanitizer build, whose runtime maps memory when it likes: keeps it out of arena and zone between
 * programs. Both do nothing in the normal build.
 */
void memory_occupy(void);
void memory_vacate(void);

#endif
