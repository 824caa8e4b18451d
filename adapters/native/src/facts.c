/* What the target says of itself; everything is measured here and now, nothing is concluded from a version. */
#include "facts.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backend.h"
#include "descriptors.h"
#include "faults.h"
#include "memory.h"
#include "output.h"

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

static bool soft_dirty(void)
{
	return written_entry() >> 55 & 1;
}

bool facts_frames_visible(void)
{
	return (written_entry() & (((uint64_t)1 << 55) - 1)) != 0;
}

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
	output_text("\"kernel\":{\"release\":");
	output_string(names.release, strlen(names.release));
	output_text(",\"machine\":");
	output_string(names.machine, strlen(names.machine));
	append_fact("},\"facts\":{\"pageSize\":", memory.page);
	append_fact(",\"arenaPages\":", ARENA_PAGES);
	append_fact(",\"guardPages\":", GUARD_PAGES);
	append_fact(",\"zonePages\":", memory.zone_pages);
	append_fact(",\"memoryPages\":", ((uint64_t)info.totalram + info.totalswap) * info.mem_unit / memory.page);
	append_truth(",\"executeOnly\":", execute_only());
	append_truth(",\"softDirty\":", soft_dirty());
	if (backend->map_pages > 0)
		append_fact(",\"mapPages\":", backend->map_pages);
	output_char('}');
}
