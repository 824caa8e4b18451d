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

/* No function lies there. */
#define NOWHERE "1"

const char *const failure_names[] = { [FAILURE_NONE] = "", "allocation", "copy", NULL };

/* The kernel's ways to fail, and which of ours they belong to. */
static const struct capability {
	const char *name;
	enum failure failure;
} capabilities[] = {
	{ "failslab", FAILURE_ALLOCATION },
	{ "fail_page_alloc", FAILURE_ALLOCATION },
	{ "fail_usercopy", FAILURE_COPY },
};

#define CAPABILITY_COUNT (sizeof(capabilities) / sizeof(capabilities[0]))

bool failures_supported(enum failure failure)
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

/* Where modules begin; the kernel itself lies below them. */
static uint64_t first_module(void)
{
	char line[512];
	uint64_t lowest = UINT64_MAX;
	int fd = descriptors_open("/proc/modules", O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	while (file && fgets(line, sizeof(line), file)) {
		const char *address = strstr(line, " 0x");
		uint64_t start = address ? strtoull(address, NULL, 16) : 0;

		if (start > 0 && start < lowest)
			lowest = start;
	}
	if (file)
		fclose(file);
	return lowest;
}

/*
 * The function in which sanitizers keep stack traces: it allocates when it likes, with the driver on its stack. Both ends
 * are 0 in a kernel without.
 */
static void find_bookkeeping(uint64_t *start, uint64_t *end)
{
	char line[256];
	uint64_t found = 0, next = UINT64_MAX;
	int fd = descriptors_open("/proc/kallsyms", O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	while (file && fgets(line, sizeof(line), file)) {
		char name[128];
		uint64_t address;

		if (sscanf(line, "%" SCNx64 " %*c %127s", &address, name) != 2)
			continue;
		/* Since 6.9 the other. */
		if (strcmp(name, "__stack_depot_save") == 0 || strcmp(name, "stack_depot_save_flags") == 0)
			found = address;
	}
	if (file)
		rewind(file);
	while (file && found > 0 && fgets(line, sizeof(line), file)) {
		uint64_t address = strtoull(line, NULL, 16);

		if (address > found && address < next)
			next = address;
	}
	if (file)
		fclose(file);
	*start = found;
	*end = found > 0 ? next : 0;
}

/* Settles once what is counted: what has a module among its callers, and is not a sanitizer's. */
static void set_up(void)
{
	uint64_t start, end;

	find_bookkeeping(&start, &end);
	control->failures.modules = first_module();
	for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
		const char *name = capabilities[i].name;

		set(name, "verbose", "0");
		set(name, "stacktrace-depth", DEPTH);
		set(name, "ignore-gfp-wait", "N");
		set(name, "ignore-gfp-highmem", "N");
		set(name, "min-order", "0");
		set_address(name, "reject-start", start);
		set_address(name, "reject-end", end);
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
