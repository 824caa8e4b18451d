#include "memory.h"

#include <errno.h>
#include <stdio.h>
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

/* 36 operations that each lock a mapping of 33 pages, the longest of the modest ones. */
#define LOCKED_PAGES ((size_t)36 * 33)

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

/* A buffer of the helper; they are made first, so that they lie above all else. */
static bool make_buffer(void **buffer, size_t length, int prot, int sharing)
{
	*buffer = raw_mmap(0, length, prot, sharing | MAP_ANONYMOUS | MAP_NORESERVE);
	return *buffer != MAP_FAILED;
}

static bool make_buffers(void)
{
	const int prot = PROT_READ | PROT_WRITE;
	void *shared, *input, *output, *json;

	if (!make_buffer(&shared, sizeof(struct control), prot, MAP_SHARED) ||
	    !make_buffer(&input, INPUT_MAX, prot, MAP_SHARED) || !make_buffer(&output, OUTPUT_MAX, prot, MAP_SHARED) ||
	    !make_buffer(&json, JSON_MAX, prot, MAP_SHARED) ||
	    !make_buffer(&memory.scratch, SCRATCH_MAX, PROT_NONE, MAP_PRIVATE))
		return false;
	control = shared;
	memory.input = input;
	memory.output = output;
	memory.json = json;
	return true;
}

static uintptr_t lowest_buffer(void)
{
	const uintptr_t buffers[] = { (uintptr_t)control, (uintptr_t)memory.input, (uintptr_t)memory.output,
				      (uintptr_t)memory.json, (uintptr_t)memory.scratch };
	uintptr_t lowest = UINTPTR_MAX;

	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		if (buffers[i] < lowest)
			lowest = buffers[i];
	return lowest;
}

void memory_release_scratch(void)
{
	raw_mmap((uintptr_t)memory.scratch, SCRATCH_MAX, PROT_NONE, RESERVE | MAP_FIXED);
}

/* Takes every gap that the kernel would prefer to the ones below `limit`, the largest first. */
static bool fill_above(uintptr_t limit)
{
	for (size_t length = (size_t)1 << 40; length >= memory.page;) {
		void *got = raw_mmap(0, length, PROT_NONE, RESERVE);

		if (got == MAP_FAILED) {
			/* A size that fits nowhere; a single page always fits, or memory is short indeed. */
			if (length == memory.page)
				return false;
			length /= 2;
		} else if ((uintptr_t)got < limit) {
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

/* A free gap that is being measured. */
struct gap {
	uintptr_t start;
	uintptr_t end;
};

static void shorten_gap(uintptr_t start, uintptr_t end, void *context)
{
	struct gap *gap = context;

	if (start < gap->end && end > gap->start)
		gap->start = end < gap->end ? end : gap->end;
}

/* Measures the free gap that ends where the lower guard starts, in pages. */
static bool measure_zone(uintptr_t guard)
{
	struct gap gap = { .start = 0, .end = guard };

	if (!maps_visit(shorten_gap, &gap))
		return false;
	memory.zone_pages = (gap.end - gap.start) / memory.page;
	if (ZONE_RESERVED > 0 && memory.zone_pages > ZONE_RESERVED)
		memory.zone_pages = ZONE_RESERVED;
	return true;
}

bool memory_setup(char *message, size_t size)
{
	memory.page = (size_t)sysconf(_SC_PAGESIZE);
	if (!make_buffers()) {
		snprintf(message, size, "the helper cannot reserve its buffers (%s); give it more address space (ulimit -v)",
			 strerror(errno));
		return false;
	}

	size_t guard = GUARD_PAGES * memory.page;
	size_t arena = ARENA_PAGES * memory.page;
	void *upper = raw_mmap(0, memory.page, PROT_NONE, RESERVE);
	void *lower = raw_mmap(0, memory.page, PROT_NONE, RESERVE);

	if (upper == MAP_FAILED || lower == MAP_FAILED || lower > upper) {
		snprintf(message, size,
			 "this kernel does not map from the top of the address space down, which the arena relies on; "
			 "lift `ulimit -s unlimited` and legacy layouts (vm.legacy_va_layout, setarch -L)");
		return false;
	}
	raw_munmap(upper, memory.page);
	raw_munmap(lower, memory.page);

	/* Large mappings are aligned, which leaves gaps between the buffers; the arena must not end up in one of them. */
	if (!fill_above(lowest_buffer())) {
		snprintf(message, size, "the helper cannot reserve its address space: %s", strerror(errno));
		return false;
	}

	size_t zone = ZONE_RESERVED * memory.page;
	size_t needed = zone + arena + 2 * guard;
	void *reserved = raw_mmap(0, needed + ALIGNMENT, PROT_NONE, RESERVE);

	if (reserved == MAP_FAILED || !fill_above((uintptr_t)reserved)) {
		snprintf(message, size, "the helper cannot reserve the arena: %s", strerror(errno));
		return false;
	}
	/* What is left above the upper guard stays reserved; below the lower one the zone begins. */
	memory.arena = ((uintptr_t)reserved + zone + guard + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

	uintptr_t lower_guard = memory.arena - guard;

	raw_munmap((void *)memory.arena, arena);
	if (lower_guard > (uintptr_t)reserved)
		raw_munmap(reserved, lower_guard - (uintptr_t)reserved);
	if (!fence_heap()) {
		snprintf(message, size, "the helper cannot fence its heap: %s", strerror(errno));
		return false;
	}
	if (!measure_zone(lower_guard)) {
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
	return -(int64_t)((GUARD_PAGES + memory.zone_pages) * memory.page);
}

int64_t memory_zone_end(void)
{
	return -(int64_t)(GUARD_PAGES * memory.page);
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
	wide start = (wide)at - (at % page + page) % page;
	wide end = (wide)at + length;

	end += (page - (end % page + page) % page) % page;
	if (length == 0)
		return memory_contains((int64_t)start);
	if (start >= 0)
		return end <= memory_arena_end();
	return start >= memory_zone_start() && end <= memory_zone_end();
}

bool memory_may_lock(void)
{
	void *got = raw_mmap((uintptr_t)memory.scratch, LOCKED_PAGES * memory.page, PROT_NONE,
			     RESERVE | MAP_FIXED | MAP_LOCKED);

	memory_release_scratch();
	return got != MAP_FAILED;
}

/* Whether this process has asked for all its memory to be locked. */
static bool locked_all;

int memory_lock_all(int flags)
{
	locked_all = true;
	return (int)syscall(SYS_mlockall, flags);
}

bool memory_clean(void)
{
	uintptr_t zone = memory.arena - (GUARD_PAGES + memory.zone_pages) * memory.page;

	if (locked_all && syscall(SYS_munlockall) != 0)
		return false;
	locked_all = false;
	if (memory.zone_pages > 0 && raw_munmap((void *)zone, memory.zone_pages * memory.page) != 0)
		return false;
	return raw_munmap((void *)memory.arena, ARENA_PAGES * memory.page) == 0;
}

#ifdef __SANITIZE_ADDRESS__
static uintptr_t zone_address(void)
{
	return memory.arena - (GUARD_PAGES + memory.zone_pages) * memory.page;
}

void memory_occupy(void)
{
	raw_mmap(memory.arena, ARENA_PAGES * memory.page, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE);
	raw_mmap(zone_address(), memory.zone_pages * memory.page, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE);
}

void memory_vacate(void)
{
	raw_munmap((void *)memory.arena, ARENA_PAGES * memory.page);
	raw_munmap((void *)zone_address(), memory.zone_pages * memory.page);
}
#else
void memory_occupy(void)
{
}

void memory_vacate(void)
{
}
#endif
