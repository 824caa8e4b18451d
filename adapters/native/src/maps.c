#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "descriptors.h"

/* Where in a line `START-END PERMS …` the reader is. */
enum part { PART_START, PART_END, PART_REST };

struct line {
	enum part part;
	uintptr_t start;
	uintptr_t end;
};

static uintptr_t add_digit(uintptr_t number, char digit)
{
	return number << 4 | (uintptr_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* Takes the next character; whether it ends the line. */
static bool take(struct line *line, char c)
{
	if (c == '\n')
		return true;
	switch (line->part) {
	case PART_START:
		if (c == '-')
			line->part = PART_END;
		else
			line->start = add_digit(line->start, c);
		break;
	case PART_END:
		if (c == ' ')
			line->part = PART_REST;
		else
			line->end = add_digit(line->end, c);
		break;
	case PART_REST:
		break;
	}
	return false;
}

bool maps_visit(void (*visit)(uintptr_t start, uintptr_t end, void *context), void *context)
{
	/* The kernel hands out no more at a time. */
	char text[4096];
	struct line line = { .part = PART_START };
	int fd = descriptors_open("/proc/self/maps", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (take(&line, text[i])) {
				if ((intptr_t)line.start >= 0)
					visit(line.start, line.end, context);
				line = (struct line){ .part = PART_START };
			}

	int saved = errno;

	close(fd);
	errno = saved;
	return n == 0;
}
