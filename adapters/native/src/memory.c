#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "maps.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Bytes that the heap may grow by; far more than it ever needs, and little of the address space. */
#define HEAP_ROOM ((uintptr_t)4 << 30)

/* Bytes; the kernel's own figure is 256 pages, unless its command line says otherwise. */
#define STACK_GAP ((uintptr_t)1 << 20)

/* 36 operations that each lock a mapping of 33 pages, the longest of the modest ones. */
#define LOCKED_PAGES ((size_t)36 * 33)

/* What one entry of the highest page table maps with four levels, in pages. */
#define TOP_ENTRY_PAGES ((uint64_t)1 << 27)

#define RESERVE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/*
 * In the sanitizer build the runtime maps where it likes, so a zone of some size is kept free for programs; else the
 * zone is the whole gap.
 */
#ifdef __SANITIZE_ADDRESS__
#define ZONE_RESERVED ((size_t)1 << 18)
#else
#define ZONE_RESERVED ((size_t)0)
#endif

/* Some kernels align huge lengths, so where the arena lies in such a unit must not differ between targets. */
#define ALIGNMENT ((uintptr_t)2 << 20)

/* Bytes; what is touched first brings in the rest of what lies in the same unit (fault_around_bytes). */
#define WINDOW ((uintptr_t)64 << 10)

/* Bytes for what workers keep. */
#define STATE_MAX ((size_t)16 << 20)
#define CONTROL_ROOM ((sizeof(struct control) + WINDOW - 1) & ~(WINDOW - 1))
#define SHARED_MAX (OUTPUT_MAX + INPUT_MAX + STATE_MAX + CONTROL_ROOM + JSON_MAX + WINDOW)

struct memory memory;
struct control *control;

/* Raw system calls, because a sanitizer's wrappers would keep books about these mappings. */
static void *raw_mmap(uintptr_t at, size_t length, int prot, int flags)
{
	return (void *)syscall(SYS_mmap, at, length, prot, flags, -1, 0L);
}

static int raw_munmap(void *at, size_t length)
{
	return (int)syscall(SYS_munmap, at, length);
}

/* Where the memory begins that all processes share. */
static uintptr_t lowest_shared;

/* Where the next buffer ends, if the helper places them itself. */
static uintptr_t buffers_end;

/*
 * A buffer of the helper; they are made first, so that they lie above all else. A kernel that searches from the bottom up
 * has to be told.
 */
static bool make_buffer(void **buffer, size_t length, int prot, int sharing)
{
	const int flags = sharing | MAP_ANONYMOUS | MAP_NORESERVE;

	if (!memory.upward) {
		*buffer = raw_mmap(0, length, prot, flags);
		return *buffer != MAP_FAILED;
	}
	buffers_end -= (length + memory.page - 1) / memory.page * memory.page;
	*buffer = raw_mmap(buffers_end, length, prot, flags | MAP_FIXED_NOREPLACE);
	return *buffer == (void *)buffers_end;
}

/* The parts of what all processes share, and where each begins. */
static void divide_shared(uintptr_t start)
{
	start = (start + WINDOW - 1) & ~(WINDOW - 1);
	memory.output = (char *)start;
	start += OUTPUT_MAX;
	memory.input = (char *)start;
	start += INPUT_MAX;
	memory.state = (char *)start;
	start += STATE_MAX;
	control = (struct control *)start;
	start += CONTROL_ROOM;
	memory.json = (char *)start;
}

static bool make_buffers(void)
{
	const int prot = PROT_READ | PROT_WRITE;
	void *shared;

	/* The scratch range comes first: what cannot be accessed does not keep a stack from growing towards it. */
	if (!make_buffer(&memory.scratch, SCRATCH_MAX, PROT_NONE, MAP_PRIVATE) ||
	    !make_buffer(&memory.ledger, memory.page, PROT_NONE, MAP_PRIVATE) ||
	    !make_buffer(&shared, SHARED_MAX, prot, MAP_SHARED))
		return false;
	lowest_shared = (uintptr_t)shared;
	divide_shared(lowest_shared);
	return true;
}

static uintptr_t lowest_buffer(void)
{
	const uintptr_t buffers[] = { lowest_shared, (uintptr_t)memory.scratch, (uintptr_t)memory.ledger };
	uintptr_t lowest = UINTPTR_MAX;

	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		if (buffers[i] < lowest)
			lowest = buffers[i];
	return lowest;
}

static size_t state_used;

void memory_renew_state(void)
{
	/* What a worker left that died. */
	if (madvise(memory.state, STATE_MAX, MADV_REMOVE) != 0)
		memset(memory.state, 0, STATE_MAX);
}

void *memory_keep(size_t size)
{
	size_t aligned = (size + 63) & ~(size_t)63;

	/* All of it is asked for when a worker starts, and the same by each. */
	if (aligned > STATE_MAX - state_used)
		abort();

	void *kept = memory.state + state_used;

	state_used += aligned;
	return kept;
}

void memory_release_scratch(void)
{
	raw_mmap((uintptr_t)memory.scratch, SCRATCH_MAX, PROT_NONE, RESERVE | MAP_FIXED);
}

/* Takes every gap that the kernel would prefer to the one at `limit`, the largest first. */
static bool fill_before(uintptr_t limit)
{
	for (size_t length = (size_t)1 << 40; length >= memory.page;) {
		void *got = raw_mmap(0, length, PROT_NONE, RESERVE);

		if (got == MAP_FAILED) {
			/* A size that fits nowhere; a single page always fits, or memory is short indeed. */
			if (length == memory.page)
				return false;
			length /= 2;
		} else if (memory.upward ? (uintptr_t)got > limit : (uintptr_t)got < limit) {
			raw_munmap(got, length);
			length /= 2;
		}
	}
	return true;
}

/*
 * Ends the zone well above the heap, which must be able to grow: what lies in the zone is unmapped after every program.
 */
static bool fence_heap(void)
{
	uintptr_t fence = ((uintptr_t)sbrk(0) + HEAP_ROOM) & ~(uintptr_t)(memory.page - 1);

	void *got = raw_mmap(fence, memory.page, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE);

	/* Whatever is there already, such as the shadow memory of the address sanitizer, fences as well. */
	return got == (void *)fence || (got == MAP_FAILED && errno == EEXIST);
}

/* The free gap around an address. */
struct gap {
	uintptr_t start;
	uintptr_t inside;
	uintptr_t end;
};

static void shorten_gap(uintptr_t start, uintptr_t end, void *context)
{
	struct gap *gap = context;

	if (end <= gap->inside && end > gap->start)
		gap->start = end;
	if (start > gap->inside && start < gap->end)
		gap->end = start;
}

/* Measures the free gap around an address of the zone, in pages. */
static bool measure_zone(uintptr_t inside)
{
	struct gap gap = { .start = 0, .inside = inside, .end = UINTPTR_MAX };

	if (!maps_visit(shorten_gap, &gap))
		return false;
	memory.zone_pages = (gap.end - gap.start) / memory.page;
	if (ZONE_RESERVED > 0 && memory.zone_pages > ZONE_RESERVED)
		memory.zone_pages = ZONE_RESERVED;
	return true;
}

/* Finds out from which end the kernel searches. */
static bool measure_direction(void)
{
	void *first = raw_mmap(0, memory.page, PROT_NONE, RESERVE);
	void *second = raw_mmap(0, memory.page, PROT_NONE, RESERVE);

	if (first == MAP_FAILED || second == MAP_FAILED)
		return false;
	memory.upward = second > first;
	raw_munmap(first, memory.page);
	raw_munmap(second, memory.page);
	return true;
}

/* Whether the kernel maps something at this page, whoever asks. */
static bool within_task(uint64_t page)
{
	uintptr_t wanted = page * memory.page;
	void *got = raw_mmap(wanted, memory.page, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE);

	if (got != MAP_FAILED)
		raw_munmap(got, memory.page);
	return got == (void *)wanted || (got == MAP_FAILED && errno == EEXIST);
}

/*
 * Finds the first page that the kernel maps nothing at. It begins an entry of the highest page table, or lies a few pages
 * before one; a plain binary search takes three times as many system calls.
 */
static void measure_task(void)
{
	uint64_t low = 0;
	uint64_t high = ((uint64_t)1 << 47) / memory.page / TOP_ENTRY_PAGES;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (within_task(middle * TOP_ENTRY_PAGES))
			low = middle;
		else
			high = middle;
	}
	low *= TOP_ENTRY_PAGES;
	high *= TOP_ENTRY_PAGES;
	for (uint64_t distance = 1; high - low > distance; distance *= 2) {
		if (within_task(high - distance)) {
			low = high - distance;
			break;
		}
		high -= distance;
	}
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (within_task(middle))
			low = middle;
		else
			high = middle;
	}
	memory.task_pages = high;
}

/* The start of the mapping that an address lies in. */
struct containing {
	uintptr_t inside;
	uintptr_t start;
};

static void note_containing(uintptr_t start, uintptr_t end, void *context)
{
	struct containing *found = context;

	if (start <= found->inside && end > found->inside)
		found->start = start;
}

/*
 * Decides where the buffers lie if the kernel would put them below the arena: right under the stack, where nothing is left
 * for anything else. The kernel keeps everything as far from the stack as it may still grow (`stack_guard_gap`).
 */
static bool place_buffers(void)
{
	char here;
	struct containing stack = { .inside = (uintptr_t)&here };

	if (!maps_visit(note_containing, &stack) || stack.start == 0)
		return false;
	buffers_end = stack.start - STACK_GAP;
	return true;
}

bool memory_setup(char *message, size_t size)
{
	memory.page = (size_t)sysconf(_SC_PAGESIZE);
	if (!measure_direction()) {
		snprintf(message, size, "the helper cannot map a page: %s", strerror(errno));
		return false;
	}
	measure_task();
	if (memory.upward && !place_buffers()) {
		snprintf(message, size, "the helper cannot find its stack in /proc/self/maps; mount /proc");
		return false;
	}
	if (!make_buffers()) {
		snprintf(message, size, "the helper cannot reserve its buffers (%s); give it more address space (ulimit -v)",
			 strerror(errno));
		return false;
	}

	size_t guard = GUARD_PAGES * memory.page;
	size_t arena = ARENA_PAGES * memory.page;
	size_t zone = ZONE_RESERVED * memory.page;

	/* Large mappings are aligned, which leaves gaps between the buffers; the arena must not end up in one of them. */
	if (!memory.upward && !fill_before(lowest_buffer())) {
		snprintf(message, size, "the helper cannot reserve its address space: %s", strerror(errno));
		return false;
	}

	size_t needed = zone + arena + 2 * guard;
	void *reserved = raw_mmap(0, needed + ALIGNMENT, PROT_NONE, RESERVE);

	if (reserved == MAP_FAILED || !fill_before((uintptr_t)reserved)) {
		snprintf(message, size, "the helper cannot reserve the arena: %s", strerror(errno));
		return false;
	}
	/* What is left on the side that the kernel searches first stays reserved; on the other one the zone begins. */
	uintptr_t lowest = (uintptr_t)reserved + (memory.upward ? 0 : zone) + guard;

	memory.arena = (lowest + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

	uintptr_t below = memory.arena - guard;
	uintptr_t above = memory.arena + arena + guard;
	uintptr_t end = (uintptr_t)reserved + needed + ALIGNMENT;

	raw_munmap((void *)memory.arena, arena);
	if (memory.upward && above < end)
		raw_munmap((void *)above, end - above);
	if (!memory.upward && (uintptr_t)reserved < below)
		raw_munmap(reserved, below - (uintptr_t)reserved);
	if (!memory.upward && !fence_heap()) {
		snprintf(message, size, "the helper cannot fence its heap: %s", strerror(errno));
		return false;
	}
	if (!measure_zone(memory.upward ? above : below - 1)) {
		snprintf(message, size, "the helper cannot read /proc/self/maps: %s; mount /proc", strerror(errno));
		return false;
	}

	void *high = raw_mmap((uintptr_t)1 << 48, memory.page, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE);

	memory.five_level = high == (void *)((uintptr_t)1 << 48);
	if (high != MAP_FAILED)
		raw_munmap(high, memory.page);
	memory_occupy();
	return true;
}

int64_t memory_arena_end(void)
{
	return (int64_t)(ARENA_PAGES * memory.page);
}

int64_t memory_zone_start(void)
{
	int64_t guard = (int64_t)(GUARD_PAGES * memory.page);

	return memory.upward ? memory_arena_end() + guard : -guard - (int64_t)(memory.zone_pages * memory.page);
}

int64_t memory_zone_end(void)
{
	return memory_zone_start() + (int64_t)(memory.zone_pages * memory.page);
}

int64_t memory_start(void)
{
	return memory.upward ? 0 : memory_zone_start();
}

int64_t memory_end(void)
{
	return memory.upward ? memory_zone_end() : memory_arena_end();
}

bool memory_contains(int64_t at)
{
	return (at >= 0 && at < memory_arena_end()) || (at >= memory_zone_start() && at < memory_zone_end());
}

bool memory_inside(int64_t at, uint64_t length)
{
	/* 128 bits, because any length up to 2^64 - 1 may be asked for. */
	__extension__ typedef __int128 wide;
	wide page = (wide)memory.page;
	wide start = (wide)at & -page;
	wide end = ((wide)at + length + page - 1) & -page;

	if (length == 0)
		return memory_contains((int64_t)start);
	return (start >= 0 && end <= memory_arena_end()) || (start >= memory_zone_start() && end <= memory_zone_end());
}

bool memory_may_lock(void)
{
	void *got = raw_mmap((uintptr_t)memory.scratch, LOCKED_PAGES * memory.page, PROT_NONE,
			     RESERVE | MAP_FIXED | MAP_LOCKED);

	memory_release_scratch();
	return got != MAP_FAILED;
}

static bool may_miscount;

void memory_may_miscount_locks(void)
{
	may_miscount = true;
}

bool memory_miscounts_locks(void)
{
	char line[256];
	unsigned long locked = 0;

	if (!may_miscount)
		return false;

	FILE *file = fopen("/proc/self/status", "re");

	if (!file)
		return true;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmLck: %lu", &locked) == 1)
			break;
	fclose(file);
	may_miscount = false;
	return locked > 0;
}

/* Whether this process has asked for all its memory to be locked. */
static bool locked_all;

int memory_lock_all(int flags)
{
	locked_all = true;
	return (int)syscall(SYS_mlockall, flags);
}

static void *zone_address(void)
{
	return (void *)(memory.arena + (uintptr_t)memory_zone_start());
}

static bool unmap_zone(void)
{
	return memory.zone_pages == 0 || raw_munmap(zone_address(), memory.zone_pages * memory.page) == 0;
}

static bool unmap_arena(void)
{
	return raw_munmap((void *)memory.arena, ARENA_PAGES * memory.page) == 0;
}

bool memory_clean(void)
{
	if (locked_all && syscall(SYS_munlockall) != 0)
		return false;
	locked_all = false;
	return memory.upward ? unmap_arena() && unmap_zone() : unmap_zone() && unmap_arena();
}

#ifdef __SANITIZE_ADDRESS__
void memory_occupy(void)
{
	raw_mmap(memory.arena, ARENA_PAGES * memory.page, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE);
	raw_mmap((uintptr_t)zone_address(), memory.zone_pages * memory.page, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE);
}

void memory_vacate(void)
{
	raw_munmap((void *)memory.arena, ARENA_PAGES * memory.page);
	raw_munmap(zone_address(), memory.zone_pages * memory.page);
}
#else
void memory_occupy(void)
{
}

void memory_vacate(void)
{
}
#endif
