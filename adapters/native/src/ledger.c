#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"
#include "descriptors.h"
#include "memory.h"
#include "output.h"

#define LEDGER "/proc/ledger"

/*
 * Long enough for what the kernel frees after a grace period, which is short here; only a program that loses something
 * waits for it. The lists of pages that a processor keeps for itself are empty: areas were just unmapped.
 */
#define PATIENCE 10
#define PAUSE_US 3000

/* Different functions that allocate, and the operations of one program that something can remain of. */
#define GROUPS_MAX 64
#define FUNCTION_MAX 96

/* As the module has it. */
struct ledger_page {
	uint64_t step;
	uint64_t live;
	uint64_t lost;
};

/* What one function has allocated; those of a program are told by operation. */
struct group {
	char what[8];
	char function[FUNCTION_MAX];
	uint64_t step;
	uint64_t count;
};

struct groups {
	struct group items[GROUPS_MAX];
	size_t count;
};

static volatile struct ledger_page *page;
/* Numbers the programs, so that entries tell which of them made them; the operation is in the lower half. */
static uint64_t program;
/* What lived when the program began; kept as long as nobody changes it. */
static struct groups *before;
static struct groups *now;
static uint64_t live_before = UINT64_MAX;

bool ledger_open(void)
{
	int fd = descriptors_open(LEDGER, O_RDWR);

	if (fd < 0)
		return false;

	void *got = mmap(memory.ledger, memory.page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);

	close(fd);
	if (got == MAP_FAILED)
		return false;
	page = got;
	return true;
}

void ledger_setup(void)
{
	before = memory_keep(sizeof(*before));
	now = memory_keep(sizeof(*now));
}

bool ledger_is_open(void)
{
	return page != NULL;
}

void ledger_step(uint64_t step)
{
	page->step = program << 16 | step;
}

static bool add(struct groups *groups, const struct group *group)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct group *known = &groups->items[i];

		if (known->step == group->step && strcmp(known->what, group->what) == 0 &&
		    strcmp(known->function, group->function) == 0) {
			known->count++;
			return true;
		}
	}
	if (groups->count == GROUPS_MAX)
		return false;
	groups->items[groups->count++] = *group;
	return true;
}

static bool complain(char *message, size_t size, const char *what)
{
	snprintf(message, size, "%s cannot be read: %s", LEDGER, what);
	return false;
}

/* Reads what lives: of the program under way by operation, all else by function only. */
static bool read_groups(struct groups *groups, char *message, size_t size)
{
	char line[FUNCTION_MAX + 64];
	int fd = descriptors_open(LEDGER, O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	bool fits = true;

	if (!file)
		return complain(message, size, strerror(errno));
	groups->count = 0;
	while (fits && fgets(line, sizeof(line), file)) {
		struct group group = { .count = 1 };
		uint64_t step;

		if (sscanf(line, "%7s %" SCNu64 " %95s", group.what, &step, group.function) != 3)
			continue;
		group.step = step >> 16 == program ? step & 0xffff : UINT64_MAX;
		fits = add(groups, &group);
	}
	fclose(file);
	return fits || complain(message, size, "it names too many functions");
}

/* Waits for what is freed late. Whether no more lives than before-> */
static bool settle(void)
{
	/*
	 * The entry of a proc file that is gone lives as long as its name is remembered, which is until somebody asks for it.
	 */
	if (access(device_contract->path, F_OK) != 0 && errno != ENOENT)
		errno = 0;
	for (int i = 0; i < PATIENCE; i++) {
		if (page->live <= live_before)
			return true;
		usleep(PAUSE_US);
	}
	return page->live <= live_before;
}

bool ledger_begin(char *message, size_t size)
{
	program++;
	ledger_step(0);
	if (page->lost > 0) {
		snprintf(message, size, "the driver allocates more than %s has room for (8,192 pages and objects); load it with smaller parameters", LEDGER);
		return false;
	}
	if (page->live == live_before)
		return true;
	live_before = page->live;
	return read_groups(before, message, size);
}

/* How many more than before a function has, taken from what it has of this program. */
static uint64_t surplus(const struct group *group)
{
	uint64_t lived = 0, lives = 0;

	for (size_t i = 0; i < before->count; i++)
		if (strcmp(before->items[i].what, group->what) == 0 &&
		    strcmp(before->items[i].function, group->function) == 0)
			lived += before->items[i].count;
	for (size_t i = 0; i < now->count; i++)
		if (strcmp(now->items[i].what, group->what) == 0 && strcmp(now->items[i].function, group->function) == 0)
			lives += now->items[i].count;

	uint64_t more = lives > lived ? lives - lived : 0;

	return more < group->count ? more : group->count;
}

bool ledger_end(char *message, size_t size)
{
	bool some = false;

	if (page->live == live_before || settle())
		return true;
	if (!read_groups(now, message, size))
		return false;
	for (size_t i = 0; i < now->count; i++) {
		const struct group *group = &now->items[i];
		uint64_t count = group->step == UINT64_MAX ? 0 : surplus(group);

		if (count == 0)
			continue;
		output_text(some ? "," : ",\"remains\":[");
		output_text("{\"what\":\"");
		output_text(group->what);
		output_text("\",\"count\":");
		output_unsigned(count);
		output_text(",\"function\":");
		output_string(group->function, strlen(group->function));
		output_text(",\"step\":");
		output_unsigned(group->step);
		output_char('}');
		some = true;
	}
	if (some)
		output_char(']');
	return true;
}
