#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "descriptors.h"
#include "memory.h"
#include "names.h"
#include "output.h"

/* Bits of a pagemap entry, from the kernel's documentation. */
#define PRESENT ((uint64_t)1 << 63)
#define FILE_OR_SHARED ((uint64_t)1 << 61)
/* A page that no access may reach (since 6.15; the bit is zero before). */
#define GUARD ((uint64_t)1 << 58)
#define EXCLUSIVE ((uint64_t)1 << 56)
#define SOFT_DIRTY ((uint64_t)1 << 55)
#define FRAME_MASK (((uint64_t)1 << 55) - 1)

struct sample {
	int slot;
	uint64_t pages[ARENA_PAGES];
};

/* The samples of all live processes in order of creation, as read now and the last time. */
static struct sample *now;
static struct sample *last;
static int last_count;
/* Characters that a page takes at most: a space, its number, a colon, the number of its frame and the flags. */
#define PAGE_TEXT 16
/*
 * The text of the last observation. It has room for the longest, because while a program is under way its limits may
 * keep the heap from growing.
 */
static char *last_text;
static size_t last_length;

/* By slot: the descriptor of /proc/PID/pagemap plus one, or 0. */
static int *pagemaps;
/* The frames that have a number. */
static uint64_t *seen;

void frames_setup(void)
{
	now = memory_keep(SLOT_COUNT * sizeof(*now));
	last = memory_keep(SLOT_COUNT * sizeof(*last));
	last_text = memory_keep(SLOT_COUNT * (ARENA_PAGES + 1) * PAGE_TEXT);
	pagemaps = memory_keep(SLOT_COUNT * sizeof(*pagemaps));
	seen = memory_keep(SLOT_COUNT * ARENA_PAGES * sizeof(*seen));
}

void frames_begin(void)
{
	last_count = -1;
	last_length = 0;
}

static int pagemap_of(int slot)
{
	char path[64];

	if (pagemaps[slot] == 0) {
		snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)control->actors[slot].pid);
		pagemaps[slot] = descriptors_open(path, O_RDONLY) + 1;
	}
	return pagemaps[slot] - 1;
}

void frames_actor_created(int slot)
{
	pagemap_of(slot);
}

void frames_actor_ended(int slot)
{
	if (pagemaps[slot] > 0)
		close(pagemaps[slot] - 1);
	pagemaps[slot] = 0;
}

static int sample_all(void)
{
	off_t offset = (off_t)(memory.arena / memory.page * sizeof(uint64_t));
	int count = 0;

	for (int i = 0; i < control->created_count; i++) {
		int slot = control->created[i];

		if (!control->actors[slot].alive)
			continue;
		now[count].slot = slot;

		int fd = pagemap_of(slot);

		if (fd < 0 || pread(fd, now[count].pages, sizeof(now[count].pages), offset) !=
				      (ssize_t)sizeof(now[count].pages))
			return -1;
		count++;
	}
	return count;
}

/* The number of a frame in order of first appearance. */
static int number_frame(uint64_t frame, int *seen_count)
{
	for (int i = 0; i < *seen_count; i++)
		if (seen[i] == frame)
			return i;
	seen[*seen_count] = frame;
	return (*seen_count)++;
}

static void append_text(int count)
{
	int seen_count = 0;
	bool some_actor = false;

	output_char('{');
	for (int i = 0; i < count; i++) {
		bool some_page = false;

		for (int page = 0; page < ARENA_PAGES; page++) {
			uint64_t entry = now[i].pages[page];
			char name[8];

			if (!(entry & (PRESENT | GUARD)))
				continue;
			if (!some_page) {
				slot_name(now[i].slot, name, sizeof(name));
				output_text(some_actor ? ",\"p" : "\"p");
				output_text(name);
				output_text("\":\"");
			} else {
				output_char(' ');
			}
			some_page = some_actor = true;
			output_integer(page);
			output_char(':');
			if (!(entry & PRESENT)) {
				output_char('G');
				continue;
			}
			output_integer(number_frame(entry & FRAME_MASK, &seen_count));
			if (entry & FILE_OR_SHARED)
				output_char('F');
			if (entry & EXCLUSIVE)
				output_char('X');
			if (entry & SOFT_DIRTY)
				output_char('D');
		}
		if (some_page)
			output_char('"');
	}
	output_char('}');
}

bool frames_observe(char *message, size_t size)
{
	int count = sample_all();

	if (count < 0) {
		snprintf(message, size, "cannot read the pagemap of a process: %s", strerror(errno));
		return false;
	}
	if (count == last_count && memcmp(now, last, (size_t)count * sizeof(now[0])) == 0)
		return true;
	memcpy(last, now, (size_t)count * sizeof(now[0]));
	last_count = count;

	size_t before = output_mark();

	output_text(",\"frames\":");

	size_t start = output_mark();

	append_text(count);

	size_t length = output_mark() - start;
	const char *text = output_at(start);
	/* A program starts with nothing present. */
	bool same = last_length == 0 ? length == 2 : length == last_length && memcmp(text, last_text, length) == 0;

	if (output_overflowed())
		return true;
	if (same) {
		output_rewind(before);
	} else {
		memcpy(last_text, text, length);
		last_length = length;
	}
	return true;
}
