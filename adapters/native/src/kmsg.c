#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "descriptors.h"
#include "memory.h"
#include "output.h"

/* Larger than any record that the kernel hands out. */
#define RECORD_MAX 16384
/* One operation can hardly log more; what is beyond is reported as lost. */
#define KEPT_MAX ((size_t)1 << 20)

static const char *const complaints[] = { "BUG:",
					  "WARNING:",
					  "Oops",
					  "general protection",
					  "kernel BUG",
					  "refcount_t",
					  "Bad page",
					  "pagealloc:",
					  "page_poison",
					  "list_add corruption",
					  "list_del corruption",
					  "INFO: task",
					  "divide error",
					  "unable to handle",
					  "UBSAN:",
					  "INFO: trying to register non-static key",
					  "Kernel panic" };

/* What begins a report of the slab allocator about itself; the name of a cache follows. */
#define SLAB_COMPLAINT "BUG "

/* Lines, each ended by a zero byte. */
struct lines {
	char text[KEPT_MAX];
	size_t used;
};

static int log_fd = -1;
static char prefix[160];
static size_t prefix_length;
static struct lines *callbacks;
static struct lines *reports;
/* The record under way, and what is kept of it; on the stack they would be copied after each fork. */
static char *record_read;
static char *kept_text;
/* Whether the trace behind the last report has not named a function of a module yet. */
static bool nameless;

bool kmsg_open(void)
{
	callbacks = memory_keep(sizeof(*callbacks));
	reports = memory_keep(sizeof(*reports));
	record_read = memory_keep(RECORD_MAX + 1);
	kept_text = memory_keep(RECORD_MAX + 1);
	if (log_fd < 0)
		log_fd = descriptors_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	return log_fd >= 0 && lseek(log_fd, 0, SEEK_END) >= 0;
}

void kmsg_set_prefix(const char *text)
{
	/* Without a prefix no line is a callback. */
	prefix_length = text[0] == '\0' ? 0 : (size_t)snprintf(prefix, sizeof(prefix), "%s: ", text);
}

static bool is_complaint(const char *text)
{
	if (strncmp(text, SLAB_COMPLAINT, strlen(SLAB_COMPLAINT)) == 0)
		return true;
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
		if (strstr(text, complaints[i]))
			return true;
	return false;
}

static bool keep(struct lines *lines, const char *text, size_t length)
{
	if (length >= KEPT_MAX - lines->used)
		return false;
	memcpy(lines->text + lines->used, text, length);
	lines->text[lines->used + length] = '\0';
	lines->used += length + 1;
	return true;
}

/* Keeps a callback line without its addresses, tokens of the form key=0x…, which differ from run to run. */
static bool keep_callback(const char *text)
{
	size_t used = 0;

	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		const char *value = memchr(text, '=', length);
		bool address = value && (size_t)(value - text) + 3 <= length && value[1] == '0' && value[2] == 'x';

		if (!address && length > 0) {
			if (used > 0)
				kept_text[used++] = ' ';
			memcpy(kept_text + used, text, length);
			used += length;
		}
		text += length;
		text += strspn(text, " ");
	}
	return keep(callbacks, kept_text, used);
}

/* Splits `priority,sequence,time,flags;TEXT\n…` and returns the text, ended at its first line. */
static char *parse_record(char *record, size_t length, unsigned long long *sequence)
{
	record[length] = '\0';

	char *comma = strchr(record, ',');
	char *text = strchr(record, ';');

	if (!comma || !text)
		return NULL;
	*sequence = strtoull(comma + 1, NULL, 10);
	text++;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/*
 * Looks in a line of a trace, ` [<address>] ? FUNCTION+0xOFFSET/0xSIZE [MODULE]`, for a function of a module, and adds it to
 * the report that the trace belongs to. With a question mark it may be a leftover on the stack.
 */
static void name_function(const char *text)
{
	const char *offset = strstr(text, "+0x");
	const char *module = offset ? strstr(offset, " [") : NULL;
	const char *start = offset;

	if (!module || strstr(text, "? "))
		return;
	while (start > text && start[-1] != ' ' && start[-1] != ':')
		start--;

	char words[160];
	int length = snprintf(words, sizeof(words), ", in %.*s%.*s", (int)(offset - start), start,
			      (int)strcspn(module, "]") + 1, module);

	if (length <= 0 || (size_t)length >= sizeof(words) || (size_t)length >= KEPT_MAX - reports->used)
		return;
	/* The report is the last of those that are kept. */
	memcpy(reports->text + reports->used - 1, words, (size_t)length + 1);
	reports->used += (size_t)length;
	nameless = false;
}

/* Keeps a line if it is a complaint, or says more of the one before. */
static void read_report(const char *text)
{
	if (is_complaint(text)) {
		nameless = keep(reports, text, strlen(text)) && !strchr(text, ']');
		/* A mark in brackets is no module. */
		nameless |= strncmp(text, "[ ", 2) == 0;
	} else if (nameless) {
		name_function(text);
	}
}

bool kmsg_read(char *message, size_t size)
{
	bool fits = true;

	for (;;) {
		ssize_t n = read(log_fd, record_read, RECORD_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) {
			lseek(log_fd, 0, SEEK_END);
			snprintf(message, size,
				 "the kernel log overflowed before it was read; give it more room (log_buf_len=4M on the "
				 "kernel's command line) or let the driver log less");
			return false;
		}
		if (n <= 0)
			break;

		unsigned long long sequence;
		char *text = parse_record(record_read, (size_t)n, &sequence);

		if (!text)
			continue;
		control->kmsg_seq = sequence;
		if (prefix_length > 0 && strncmp(text, prefix, prefix_length) == 0)
			fits &= keep_callback(text + prefix_length);
		else
			read_report(text);
	}
	if (!fits)
		snprintf(message, size, "one operation caused more than %zu bytes of callbacks", KEPT_MAX);
	return fits;
}

void kmsg_drop_callbacks(void)
{
	callbacks->used = 0;
}

void kmsg_skip(void)
{
	if (log_fd >= 0)
		lseek(log_fd, 0, SEEK_END);
}

static void take(const char *key, struct lines *lines)
{
	if (lines->used == 0)
		return;
	output_text(key);
	for (size_t at = 0; at < lines->used;) {
		size_t length = strlen(lines->text + at);

		if (at > 0)
			output_char(',');
		output_string(lines->text + at, length);
		at += length + 1;
	}
	output_char(']');
	lines->used = 0;
}

void kmsg_take(void)
{
	take(",\"callbacks\":[", callbacks);
	take(",\"reports\":[", reports);
	nameless = false;
}

const char *kmsg_complaint(void)
{
	return reports && reports->used > 0 ? reports->text : NULL;
}

bool kmsg_find_complaint(unsigned long long after, char *found, size_t size)
{
	char record[RECORD_MAX + 1];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool done = false;

	if (fd < 0)
		return false;
	while (!done) {
		ssize_t n = read(fd, record, RECORD_MAX);

		/* Records that were overwritten meanwhile are skipped; the next read continues with the oldest. */
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n <= 0)
			break;

		unsigned long long sequence;
		const char *text = parse_record(record, (size_t)n, &sequence);

		if (text && sequence > after && is_complaint(text)) {
			snprintf(found, size, "%s", text);
			done = true;
		}
	}
	close(fd);
	return done;
}
