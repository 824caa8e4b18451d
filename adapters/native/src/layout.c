#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "descriptors.h"
#include "memory.h"
#include "names.h"
#include "output.h"

/* By slot: the descriptor of /proc/PID/smaps plus one, or 0. */
static int *smaps;

/*
 * Bytes of one read, less than one mapping takes: the kernel prints mappings until a read is full, however many follow
 * the arena, and each costs more than a system call.
 */
#define READ_MAX ((size_t)512)

/* Reads a file line by line without the C library's buffering, which would map memory. */
struct reader {
	int fd;
	size_t start;
	size_t end;
	/* No line is nearly as long as what is left when a read is asked for. */
	char text[8192];
};

static struct reader *reader;

void layout_setup(void)
{
	smaps = memory_keep(SLOT_COUNT * sizeof(*smaps));
	reader = memory_keep(sizeof(*reader));
}

void layout_actor_ended(int slot)
{
	if (smaps[slot] > 0)
		close(smaps[slot] - 1);
	smaps[slot] = 0;
}

static bool reader_open(int slot)
{
	char path[64];

	if (smaps[slot] == 0) {
		snprintf(path, sizeof(path), "/proc/%d/smaps", (int)control->actors[slot].pid);
		smaps[slot] = descriptors_open(path, O_RDONLY) + 1;
	}
	reader->fd = smaps[slot] - 1;
	reader->start = reader->end = 0;
	return reader->fd >= 0 && lseek(reader->fd, 0, SEEK_SET) == 0;
}

/* The next line without its newline, or NULL at the end. */
static char *next_line(void)
{
	for (;;) {
		char *newline = memchr(reader->text + reader->start, '\n', reader->end - reader->start);

		if (newline) {
			char *line = reader->text + reader->start;

			*newline = '\0';
			reader->start = (size_t)(newline - reader->text) + 1;
			return line;
		}
		memmove(reader->text, reader->text + reader->start, reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;

		size_t room = sizeof(reader->text) - reader->end;
		ssize_t n = read(reader->fd, reader->text + reader->end, room < READ_MAX ? room : READ_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		reader->end += (size_t)n;
	}
}

static void append_mapping(uintptr_t start, uintptr_t end, const char *perms, uint64_t offset, const char *flags)
{
	char head[128];
	int64_t page = (int64_t)memory.page;

	snprintf(head, sizeof(head), "%" PRId64 "+%" PRIu64 " %s %" PRIu64, (int64_t)(start - memory.arena) / page,
		 (uint64_t)(end - start) / memory.page, perms, offset / memory.page);
	output_char('"');
	output_text(head);
	/* `VmFlags: rd wr sh ` has a space behind each flag. */
	for (flags += strspn(flags, " "); *flags != '\0'; flags += strspn(flags, " ")) {
		size_t length = strcspn(flags, " ");

		output_char(' ');
		output_bytes(flags, length);
		flags += length;
	}
	output_char('"');
}

/* Takes `START-END PERMS OFFSET …` apart; sscanf takes several times as long, and half of an observation is parsing. */
static bool read_head(const char *line, uintptr_t *start, uintptr_t *end, char perms[static 5], uint64_t *offset)
{
	char *at;

	*start = strtoul(line, &at, 16);
	if (*at != '-')
		return false;
	*end = strtoul(at + 1, &at, 16);
	if (*at != ' ' || strcspn(at + 1, " ") != 4)
		return false;
	memcpy(perms, at + 1, 4);
	perms[4] = '\0';
	*offset = strtoull(at + 5, &at, 16);
	return *at == ' ';
}

/* Appends the mappings of one process, with its name before the first. False when they cannot be read. */
static bool append_actor(int slot, bool *some_actor)
{
	char name[8];
	char perms[5] = "";
	bool some = false;
	bool in_range = false;
	uintptr_t start = 0, end = 0;
	uint64_t offset = 0;

	if (!reader_open(slot))
		return false;
	for (char *line = next_line(); line; line = next_line()) {
		/* Attribute lines start with a capital letter, mappings with a hexadecimal digit in lower case. */
		if (line[0] < 'A' || line[0] > 'Z') {
			if (!read_head(line, &start, &end, perms, &offset))
				return false;

			int64_t at = (int64_t)(start - memory.arena);

			if (at >= memory_end())
				break;
			in_range = memory_contains(at);
		} else if (in_range && strncmp(line, "VmFlags:", 8) == 0) {
			if (!some) {
				slot_name(slot, name, sizeof(name));
				output_text(*some_actor ? ",\"p" : "\"p");
				output_text(name);
				output_text("\":[");
			} else {
				output_char(',');
			}
			some = *some_actor = true;
			append_mapping(start, end, perms, offset, line + 8);
		}
	}
	if (some)
		output_char(']');
	return true;
}

bool layout_observe(char *message, size_t size)
{
	bool some_actor = false;

	output_text(",\"layout\":{");
	for (int i = 0; i < control->created_count; i++) {
		int slot = control->created[i];

		if (control->actors[slot].alive && !append_actor(slot, &some_actor)) {
			snprintf(message, size, "cannot read the smaps of a process: %s", strerror(errno));
			return false;
		}
	}
	output_char('}');
	return true;
}
