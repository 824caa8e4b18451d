#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	char perms[4];
};

/* Reads a file line by line without the C library's buffering, which would map memory. */
struct reader {
	int fd;
	/* Bytes read so far. */
	size_t position;
	/* Bytes that told of the helper's own mappings below arena and zone the last time: they can be read at once. */
	size_t below;
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
	reader->position = reader->start = reader->end = 0;
	return reader->fd >= 0;
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
		size_t wanted = reader->position == 0 && reader->below > READ_MAX ? reader->below : READ_MAX;
		ssize_t n = pread(reader->fd, reader->text + reader->end, room < wanted ? room : wanted,
				  (off_t)reader->position);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		reader->end += (size_t)n;
		reader->position += (size_t)n;
	}
}

/* How it appears: `PAGE+PAGES PERMS OFFSET FLAGS`. */
static void append_mapping(const struct mapping *mapping, const char *flags)
{
	int64_t page = (int64_t)memory.page;

	output_char('"');
	output_integer((int64_t)(mapping->start - memory.arena) / page);
	output_char('+');
	output_unsigned((mapping->end - mapping->start) / memory.page);
	output_char(' ');
	output_bytes(mapping->perms, sizeof(mapping->perms));
	output_char(' ');
	output_unsigned(mapping->offset / memory.page);
	/* `VmFlags: rd wr sh ` has a space behind each flag. */
	for (flags += strspn(flags, " "); *flags != '\0'; flags += strspn(flags, " ")) {
		size_t length = strcspn(flags, " ");

		output_char(' ');
		output_bytes(flags, length);
		flags += length;
	}
	output_char('"');
}

/* Reads a number in hexadecimal digits and what has to follow it. */
static bool take_hex(const char **at, char behind, uint64_t *number)
{
	*number = 0;
	for (;; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			*number = *number << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*number = *number << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	return *(*at)++ == behind;
}

/* Takes `START-END PERMS OFFSET …` apart; sscanf takes many times as long, and half of an observation is parsing. */
static bool read_head(const char *line, struct mapping *mapping)
{
	if (!take_hex(&line, '-', &mapping->start) || !take_hex(&line, ' ', &mapping->end) || strcspn(line, " ") != 4)
		return false;
	memcpy(mapping->perms, line, sizeof(mapping->perms));
	line += 5;
	return take_hex(&line, ' ', &mapping->offset);
}

/* Appends the mappings of one process, with its name before the first. False when they cannot be read. */
static bool append_actor(int slot, bool *some_actor)
{
	char name[8];
	struct mapping mapping;
	bool some = false;
	bool in_range = false;
	bool passed_helper = false;

	if (!reader_open(slot))
		return false;
	for (char *line = next_line(); line; line = next_line()) {
		/* Attribute lines start with a capital letter, mappings with a hexadecimal digit in lower case. */
		if (line[0] < 'A' || line[0] > 'Z') {
			if (!read_head(line, &mapping))
				return false;

			int64_t at = (int64_t)(mapping.start - memory.arena);

			if (!passed_helper && at >= memory_start()) {
				passed_helper = true;
				/* Where this line begins. */
				reader->below = reader->position - (reader->end - reader->start) - strlen(line) - 1;
			}
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
			append_mapping(&mapping, line + 8);
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
