#include "failures.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "descriptors.h"
#include "operations.h"

#define DEBUGFS "/sys/kernel/debug"
#define NTH "/proc/thread-self/fail-nth"

/* The kernel walks no further up the stack. */
#define DEPTH "32"
/*
 * A driver that asks for pages is near. Further up it may have asked for an object, for which the allocator takes pages, and
 * does without those that it does not get.
 */
#define PAGE_DEPTH "7"

/* No function lies there. */
#define NOWHERE "1"

const char *const failure_names[] = { [FAILURE_NONE] = "", "allocation", "copy", NULL };

/* The kernel's ways to fail, and which of ours they belong to. */
static const struct capability {
	const char *name;
	enum failure failure;
	const char *depth;
} capabilities[] = {
	{ "failslab", FAILURE_ALLOCATION, DEPTH },
	{ "fail_page_alloc", FAILURE_ALLOCATION, PAGE_DEPTH },
	{ "fail_usercopy", FAILURE_COPY, DEPTH },
};

#define CAPABILITY_COUNT (sizeof(capabilities) / sizeof(capabilities[0]))

static bool find_support(enum failure failure)
{
	char path[96];

	if (backend != &device_backend || access(NTH, W_OK) != 0)
		return false;
	for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
		/* Without the filter, what the kernel does around the driver would fail. */
		snprintf(path, sizeof(path), DEBUGFS "/%s/require-start", capabilities[i].name);
		if (capabilities[i].failure == failure && access(path, W_OK) != 0)
			return false;
	}
	return true;
}

bool failures_supported(enum failure failure)
{
	/* The same for all programs, and asked for each operation. */
	static enum { UNKNOWN, NO, YES } known[FAILURE_COPY + 1];

	if (known[failure] == UNKNOWN)
		known[failure] = find_support(failure) ? YES : NO;
	return known[failure] == YES;
}

/* A setting that a kernel does not have is no loss. */
static void set(const char *capability, const char *name, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", capability, name);

	int fd = descriptors_open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		control->failures.broken = true;
	close(fd);
}

static void set_address(const char *capability, const char *name, uint64_t address)
{
	char value[24];

	snprintf(value, sizeof(value), "0x%" PRIx64, address);
	set(capability, name, value);
}

/* What of the kernel's own functions decides what is counted. */
struct layout_of_text {
	/*
	 * The function in which sanitizers keep stack traces: it allocates when it likes, with the driver on its stack. Both
	 * ends are 0 in a kernel without.
	 */
	uint64_t bookkeeping_start, bookkeeping_end;
	/* Where the last of them begins; modules lie above, also that part of theirs which only runs when they are loaded. */
	uint64_t last;
};

static bool keeps_books(const char *name)
{
	/* Since 6.9 the other. */
	return strcmp(name, "__stack_depot_save") == 0 || strcmp(name, "stack_depot_save_flags") == 0;
}

static struct layout_of_text read_symbols(void)
{
	struct layout_of_text text = { .last = 0 };
	char line[256];
	int fd = descriptors_open("/proc/kallsyms", O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	while (file && fgets(line, sizeof(line), file)) {
		char name[128];
		char type;
		uint64_t address;

		/* Symbols of modules have the name of theirs behind them. */
		if (strchr(line, '[') || sscanf(line, "%" SCNx64 " %c %127s", &address, &type, name) != 3 ||
		    (type != 't' && type != 'T'))
			continue;
		if (keeps_books(name))
			text.bookkeeping_start = address;
		if (address > text.last)
			text.last = address;
	}
	text.bookkeeping_end = text.bookkeeping_start > 0 ? text.last : 0;
	if (file)
		rewind(file);
	while (file && text.bookkeeping_start > 0 && fgets(line, sizeof(line), file)) {
		uint64_t address = strtoull(line, NULL, 16);

		if (address > text.bookkeeping_start && address < text.bookkeeping_end)
			text.bookkeeping_end = address;
	}
	if (file)
		fclose(file);
	return text;
}

/* Settles once what is counted: what has a module among its callers, and is not a sanitizer's. */
static void set_up(void)
{
	struct layout_of_text text = read_symbols();

	control->failures.modules = text.last + 1;
	for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
		const char *name = capabilities[i].name;

		set(name, "verbose", "0");
		set(name, "stacktrace-depth", capabilities[i].depth);
		set(name, "ignore-gfp-wait", "N");
		set(name, "ignore-gfp-highmem", "N");
		set(name, "min-order", "0");
		set_address(name, "reject-start", text.bookkeeping_start);
		set_address(name, "reject-end", text.bookkeeping_end);
		set_address(name, "require-end", UINT64_MAX - 1);
	}
	control->failures.ready = true;
}

/* From here on only this counts; one counter serves all of the kernel's ways to fail. */
static void choose(enum failure failure)
{
	if (!control->failures.ready)
		set_up();
	if (control->failures.chosen == failure)
		return;
	for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
		const char *name = capabilities[i].name;
		bool wanted = capabilities[i].failure == failure;

		set_address(name, "require-start", wanted ? control->failures.modules : UINT64_MAX - 1);
	}
	control->failures.chosen = failure;
}

static bool write_nth(int fd, uint64_t nth)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%" PRIu64, nth);

	return pwrite(fd, text, (size_t)length, 0) == length;
}

/* How many more would have to be made, or -1. */
static int64_t read_nth(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}

void failures_perform(const struct op *op, struct outcome *outcome)
{
	if (op->failure == FAILURE_NONE) {
		op->operation->perform(op, outcome);
		return;
	}
	choose(op->failure);
	/* The program may have used up its descriptors. */
	descriptors_raise_limit(true);

	int fd = descriptors_open(NTH, O_RDWR);

	descriptors_raise_limit(false);

	bool armed = !control->failures.broken && fd >= 0 && write_nth(fd, op->nth);

	if (armed)
		op->operation->perform(op, outcome);

	int64_t left = armed ? read_nth(fd) : -1;

	if (left > 0)
		armed = write_nth(fd, 0);
	if (fd >= 0)
		close(fd);
	if (!armed || left < 0) {
		outcome->verdict = VERDICT_ERRORED;
		snprintf(outcome->message, sizeof(outcome->message),
			 "the kernel cannot be told to let something fail (%s): %s", NTH, strerror(errno));
		return;
	}
	outcome->failed = left == 0;
}
