/* What the target says of itself; everything is measured here and now, nothing is concluded from a version. */
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "backend.h"
#include "descriptors.h"
#include "faults.h"
#include "memory.h"
#include "output.h"
#include "privileges.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void *fresh_page(int prot)
{
	return mmap(memory.scratch, memory.page, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0);
}

static bool execute_only(void)
{
	void *page = fresh_page(PROT_EXEC);
	uint8_t byte;

	if (page == MAP_FAILED)
		return false;

	bool refused = faults_load((uintptr_t)page, &byte, 1).signal != 0;

	memory_release_scratch();
	return refused;
}

/* Whether a page that can only be written cannot be read any more when its accessed bit is gone. */
static bool old_pages_fault(void)
{
	void *page = fresh_page(PROT_READ | PROT_WRITE);
	uint8_t byte;

	if (page == MAP_FAILED)
		return false;
	*(volatile char *)page = 1;

	bool faults = mprotect(page, memory.page, PROT_WRITE) == 0 && madvise(page, memory.page, MADV_COLD) == 0 &&
		      faults_load((uintptr_t)page, &byte, 1).signal != 0;

	memory_release_scratch();
	return faults;
}

/* Whether moving a locked page away, but not its area, unlocks the page behind it, too. */
static bool moves_locked_page(void)
{
	char *pages = mmap(memory.scratch, 2 * memory.page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	char *target = (char *)memory.scratch + 4 * memory.page;

	if (pages == MAP_FAILED)
		return false;

	/* MS_INVALIDATE is refused where something is locked, and does nothing elsewhere. */
	return mlock(pages, 2 * memory.page) == 0 &&
	       mremap(pages, memory.page, memory.page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, target) ==
		       target &&
	       msync(pages + memory.page, memory.page, MS_INVALIDATE) == 0;
}

/* What a forked process finds out for its parent; its exit status. */
enum {
	CHILD_ACCESSES_KEPT_PAGE = 1,
	CHILD_UNLOCKS_WHOLE_AREA = 2,
};

/*
 * One process for both, since a fork is what costs most: whether it can access a page that its parent has kept for itself,
 * and how it moves a locked page, which leaves it with a wrong count of locked pages where it is so.
 */
static unsigned measure_in_child(void)
{
	volatile char *page = fresh_page(PROT_READ | PROT_WRITE);
	uint8_t byte;
	int status = 0;
	pid_t pid = -1;

	if (page == MAP_FAILED)
		return 0;
	*page = 1;
	if (madvise((void *)page, memory.page, MADV_DONTFORK) == 0)
		pid = fork();
	if (pid == 0) {
		int found = faults_load((uintptr_t)page, &byte, 1).signal == 0 ? CHILD_ACCESSES_KEPT_PAGE : 0;

		_exit(found | (moves_locked_page() ? CHILD_UNLOCKS_WHOLE_AREA : 0));
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			pid = -1;
	memory_release_scratch();
	return pid > 0 && WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 0;
}

/* The pagemap entry of a page that was just written, or 0. */
static uint64_t written_entry(void)
{
	void *page = fresh_page(PROT_READ | PROT_WRITE);
	uint64_t entry = 0;

	if (page == MAP_FAILED)
		return 0;
	*(volatile char *)page = 1;

	int fd = descriptors_open("/proc/self/pagemap", O_RDONLY);

	if (fd >= 0) {
		off_t offset = (off_t)((uintptr_t)page / memory.page * sizeof(entry));

		if (pread(fd, &entry, sizeof(entry), offset) != (ssize_t)sizeof(entry))
			entry = 0;
		close(fd);
	}
	memory_release_scratch();
	return entry;
}

/* Whether the kernel knows an advice at all; it looks at that before anything else. */
static bool knows_advice(int advice)
{
	void *page = fresh_page(PROT_READ | PROT_WRITE);

	if (page == MAP_FAILED)
		return false;

	/* Some advices break memory where they are permitted. */
	bool dropped;
	bool known = privileges_drop(CAP_SYS_ADMIN, &dropped) &&
		     (madvise(page, memory.page, advice) == 0 || errno != EINVAL);

	if (dropped)
		privileges_raise(CAP_SYS_ADMIN);
	memory_release_scratch();
	return known;
}

/* Whether a page that its process may only read can be written through the process's memory file. */
static bool memory_forced(void)
{
	void *page = fresh_page(PROT_READ);
	char byte = 1;

	if (page == MAP_FAILED)
		return false;

	int fd = descriptors_open("/proc/self/mem", O_RDWR);
	bool forced = fd >= 0 && pwrite(fd, &byte, 1, (off_t)(uintptr_t)page) == 1;

	if (fd >= 0)
		close(fd);
	memory_release_scratch();
	return forced;
}

static bool soft_dirty(void)
{
	return written_entry() >> 55 & 1;
}

bool facts_frames_visible(void)
{
	return (written_entry() & (((uint64_t)1 << 55) - 1)) != 0;
}

/* Finds a line of /proc/cpuinfo and returns what is behind its colon. */
static char *cpuinfo(const char *name, char *line, size_t size)
{
	size_t length = strlen(name);
	char *value = NULL;
	FILE *file = fopen("/proc/cpuinfo", "re");

	if (!file)
		return NULL;
	while (!value && fgets(line, (int)size, file))
		if (strncmp(line, name, length) == 0 && strchr(" \t:", line[length]))
			value = strchr(line, ':');
	fclose(file);
	return value ? value + 1 : NULL;
}

/* Whether /proc/cpuinfo names this feature of the processor. */
static bool has_feature(const char *name)
{
	char line[4096];
	char *rest = cpuinfo("flags", line, sizeof(line));

	if (!rest)
		return false;
	for (char *word = strtok_r(rest, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
		if (strcmp(word, name) == 0)
			return true;
	return false;
}

/*
 * User Mode Linux is an architecture of its own, but says that the machine is the processor that it runs on.
 */
static bool is_user_mode_linux(void)
{
	char line[256];
	const char *vendor = cpuinfo("vendor_id", line, sizeof(line));

	return vendor && strstr(vendor, "User Mode Linux");
}

static bool user_mode_linux;

void facts_setup(void)
{
	user_mode_linux = is_user_mode_linux();
}

bool facts_user_mode_linux(void)
{
	return user_mode_linux;
}

/* Which copies the kernel makes with one string instruction, which decides where in them a fault may come. */
static const char *fast_strings(void)
{
	if (has_feature("fsrm"))
		return "all";
	return has_feature("erms") ? "long" : NULL;
}

#ifdef __x86_64__
static void string_bytes(uint8_t *to, const uint8_t *from, size_t length)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static void string_words(uint8_t *to, const uint8_t *from, size_t length)
{
	size_t words = length / sizeof(uint64_t);

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static void fill_ascending(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
}

/* Whether a string instruction that copies upwards by `shift` bytes leaves what `width` bytes at a time would. */
static bool copies_in_steps(uint8_t *view, uint8_t *other, size_t length, size_t shift, size_t width)
{
	uint8_t expected[4096];
	size_t whole = shift + length;

	fill_ascending(expected, whole);
	for (size_t i = 0; i + width <= length; i += width) {
		uint64_t step = 0;

		memcpy(&step, expected + i, width);
		memcpy(expected + shift + i, &step, width);
	}
	fill_ascending(view, whole);
	if (width == 1)
		string_bytes(other + shift, view, length);
	else
		string_words(other + shift, view, length);
	return memcmp(view, expected, whole) == 0;
}

/*
 * Whether string instructions, with which the kernel copies to and from user memory, load what they have stored also where
 * source and destination are two views of one page. By their addresses such views do not overlap, and processors with fast
 * strings then load ahead.
 */
static bool copies_stepwise(void)
{
	static const size_t lengths[] = { 8, 16, 64, 104, 1000, 2000 };
	static const size_t shifts[] = { 1, 3, 8, 17, 33, 64, 100 };
	uint8_t *view = mmap(memory.scratch, memory.page, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	bool stepwise = true;

	if (view == MAP_FAILED)
		return false;

	/* The old length 0 makes a second view of a shared mapping. */
	uint8_t *other = mremap(view, 0, memory.page, MREMAP_MAYMOVE | MREMAP_FIXED, view + memory.page);

	for (size_t i = 0; other != MAP_FAILED && i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t k = 0; stepwise && k < sizeof(shifts) / sizeof(shifts[0]); k++)
			stepwise = copies_in_steps(view, other, lengths[i], shifts[k], 1) &&
				   copies_in_steps(view, other, lengths[i], shifts[k], sizeof(uint64_t));
	memory_release_scratch();
	return stepwise && other != MAP_FAILED;
}
#else
/* How other processors copy was not looked at. */
static bool copies_stepwise(void)
{
	return false;
}
#endif

static void append_fact(const char *name, uint64_t value)
{
	output_text(name);
	output_unsigned(value);
}

static void append_truth(const char *name, bool value)
{
	output_text(name);
	output_text(value ? "true" : "false");
}

void facts_append(void)
{
	struct utsname names;
	struct sysinfo info;

	uname(&names);
	sysinfo(&info);

	unsigned child = measure_in_child();
	const char *machine = user_mode_linux ? "um" : names.machine;

	output_text("\"kernel\":{\"release\":");
	output_string(names.release, strlen(names.release));
	output_text(",\"machine\":");
	output_string(machine, strlen(machine));
	append_fact("},\"facts\":{\"pageSize\":", memory.page);
	append_fact(",\"arenaPages\":", ARENA_PAGES);
	append_fact(",\"guardPages\":", GUARD_PAGES);
	append_fact(",\"zonePages\":", memory.zone_pages);
	append_fact(",\"memoryPages\":", ((uint64_t)info.totalram + info.totalswap) * info.mem_unit / memory.page);
	append_fact(",\"taskPages\":", memory.task_pages);
	if (memory.upward) {
		append_truth(",\"searchesUpward\":", true);
		append_fact(",\"arenaStart\":", memory.arena / memory.page);
	}
	append_truth(",\"executeOnly\":", execute_only());
	if (old_pages_fault())
		append_truth(",\"oldPagesFault\":", true);
	if (child & CHILD_ACCESSES_KEPT_PAGE)
		append_truth(",\"forkLeavesPages\":", true);
	if (child & CHILD_UNLOCKS_WHOLE_AREA)
		append_truth(",\"unlocksWholeArea\":", true);
	append_truth(",\"softDirty\":", soft_dirty());
	append_truth(",\"memForce\":", memory_forced());
	append_truth(",\"memoryFailure\":", knows_advice(MADV_HWPOISON));
	append_truth(",\"samePageMerging\":", knows_advice(MADV_UNMERGEABLE));
	append_truth(",\"hugePages\":", knows_advice(MADV_NOHUGEPAGE));
	append_truth(",\"stepwiseCopies\":", backend->copies_directly && copies_stepwise());
	if (backend->map_pages > 0)
		append_fact(",\"mapPages\":", backend->map_pages);

	const char *strings = fast_strings();

	if (strings) {
		output_text(",\"fastStrings\":");
		output_string(strings, strlen(strings));
	}
	output_char('}');
}
