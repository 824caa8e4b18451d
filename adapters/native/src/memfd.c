/*
 * The backend without any module: each device buffer is a memfd, so that the host kernel's own mmap, copy-on-write and
 * signals are exercised.
 */
#include "memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "descriptors.h"
#include "maps.h"
#include "memory.h"
#include "observe.h"
#include "settings.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Pages; a page of an aliased buffer costs a mapping each. */
#define MAP_PAGES 64

/* The buffer of a contract whose buffer belongs to the device. */
static int shared_buffer = -1;

static bool initialise(const struct contract *contract, int fd, bool fresh)
{
	off_t length = (off_t)(contract->pages * memory.page);
	ssize_t initial = (ssize_t)contract->initial_length;

	/* Shrunk to nothing first, which makes every byte zero again. */
	return (fresh || ftruncate(fd, 0) == 0) && ftruncate(fd, length) == 0 &&
	       pwrite(fd, contract->initial, contract->initial_length, 0) == initial;
}

/* A new buffer, under a high number. */
static int create_buffer(const struct contract *contract)
{
	descriptors_raise_limit(true);

	int low = memfd_create("device", MFD_CLOEXEC | MFD_EXEC);

	/* Kernels before 6.3 do not know the flag and need none. */
	if (low < 0 && errno == EINVAL)
		low = memfd_create("device", MFD_CLOEXEC);

	int fd = descriptors_adopt(low);
	int saved = errno;

	descriptors_raise_limit(false);
	if (fd >= 0 && !initialise(contract, fd, true)) {
		saved = errno;
		close(fd);
		fd = -1;
	}
	errno = saved;
	return fd;
}

/*
 * Buffers of descriptions that are made again for each program instead of anew for each open: they are initial when a program
 * begins, and every process of it knows them by the same numbers. A program that opens more often has others made.
 */
#define SPARE_MAX 8

static int spare[SPARE_MAX];
static size_t spare_count;

/* A buffer that no description of the program has yet. */
static int take_buffer(const struct contract *contract)
{
	size_t taken = control->buffers_taken++;

	return taken < spare_count ? spare[taken] : create_buffer(contract);
}

static void release_buffer(int buffer)
{
	for (size_t i = 0; i < spare_count; i++)
		if (spare[i] == buffer)
			return;
	close(buffer);
}

static void drop_spare_buffers(void)
{
	while (spare_count > 0)
		close(spare[--spare_count]);
	control->buffers_taken = 0;
}

/* Makes those initial that the last program took, and one more if it took more than there are. */
static bool renew_spare_buffers(const struct contract *contract)
{
	size_t taken = control->buffers_taken;

	control->buffers_taken = 0;
	for (size_t i = 0; i < taken && i < spare_count; i++)
		if (!initialise(contract, spare[i], false))
			return false;
	if (taken > spare_count && spare_count < SPARE_MAX) {
		spare[spare_count] = create_buffer(contract);
		if (spare[spare_count] < 0)
			return false;
		spare_count++;
	}
	return true;
}

/* Opens the buffer anew, as an open of the device would: lowest number, its own position, its own access mode. */
static int reopen(int buffer, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", buffer);
	/* A device has no content to truncate, and these drivers heed neither O_APPEND nor O_SYNC. */
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags & ~(O_TRUNC | O_APPEND | O_SYNC | O_DIRECT), 0);
}

/* What a user who neither owns the node nor has privileges is told, or 0. */
static int refuse_nobody(const struct contract *contract, int flags)
{
	static const unsigned wanted[] = { [O_RDONLY] = 04, [O_WRONLY] = 02, [O_RDWR] = 06, [O_ACCMODE] = 06 };
	unsigned missing = (wanted[flags & O_ACCMODE] | (flags & O_TRUNC ? 02 : 0)) & ~contract->mode;

	if (missing)
		return EACCES;
	return flags & O_NOATIME ? EPERM : 0;
}

/* What an open that finds the node is told, or 0; the kernel checks in this order. */
static int refuse_open(const struct contract *contract, int flags, bool nobody)
{
	int error = nobody ? refuse_nobody(contract, flags) : 0;

	/* A path is neither permitted nor opened, only found. */
	if (flags & O_PATH)
		return 0;
	/* No driver of this kind transfers without copying. */
	return error || !(flags & O_DIRECT) ? error : EINVAL;
}

static int memfd_open(const struct contract *contract, int flags, bool nobody)
{
	int buffer = contract->owner_is_device ? shared_buffer : take_buffer(contract);

	if (buffer < 0)
		return -1;

	int fd = reopen(buffer, flags);
	int error = fd < 0 ? errno : refuse_open(contract, flags, nobody);

	if (fd >= 0 && error != 0) {
		close(fd);
		fd = -1;
	}
	if (!contract->owner_is_device)
		release_buffer(buffer);
	errno = error;
	return fd;
}

static bool memfd_configure(const struct contract *contract, struct node_facts *facts, char *message, size_t size)
{
	size_t length = contract->pages * memory.page;

	if (contract->read_size > length || contract->write_size > length || contract->initial_length > length) {
		snprintf(message, size, "`read.size`, `write.size` and `buffer.initial` have to fit into the %zu bytes of "
					"`buffer.pages`, for a memfd is the whole device here", length);
		return false;
	}
	if (!contract->faults || !contract->maps_everything || !contract->readable || !contract->writable) {
		snprintf(message, size,
			 "a memfd cannot play a device that puts its pages in place in mmap, refuses mappings for another "
			 "reason than where they lie, or cannot be read or written");
		return false;
	}
	drop_spare_buffers();
	if (shared_buffer >= 0)
		close(shared_buffer);
	shared_buffer = create_buffer(contract);
	if (shared_buffer < 0) {
		snprintf(message, size, "cannot create a memfd: %s; the kernel needs CONFIG_MEMFD_CREATE",
			 strerror(errno));
		return false;
	}

	void *got = mmap(memory.scratch, memory.page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
			 shared_buffer, 0);

	facts->noexec = got == MAP_FAILED && errno == EPERM;
	facts->regular = descriptors_regular(shared_buffer);
	if (got != MAP_FAILED)
		memory_release_scratch();
	return true;
}

static bool memfd_prepare(const struct contract *contract, bool changed, char *message, size_t size)
{
	bool initial = contract->owner_is_device ? !changed || initialise(contract, shared_buffer, false) :
						   renew_spare_buffers(contract);

	if (initial)
		return true;
	snprintf(message, size, "cannot reset the memfd: %s", strerror(errno));
	return false;
}

/* A mapping, and the area that it lies in. */
struct whereabouts {
	uintptr_t at;
	uintptr_t start;
	uintptr_t end;
};

static void find_area(uintptr_t start, uintptr_t end, void *context)
{
	struct whereabouts *where = context;

	if (start <= where->at && where->at < end) {
		where->start = start;
		where->end = end;
	}
}

/* Whether the mapping became part of a larger one, in which case a driver would not have been asked. */
static bool was_merged(uintptr_t at, uintptr_t end)
{
	struct whereabouts where = { .at = at, .start = at, .end = end };

	return maps_visit(find_area, &where) && (where.start < at || where.end > end);
}

/* Every page of the mapping shows the first page of the buffer. */
static bool alias(uintptr_t at, uintptr_t end, int prot, int flags, int fd)
{
	for (uintptr_t page = at; page < end; page += memory.page)
		if (syscall(SYS_mmap, page, memory.page, prot, (flags & ~MAP_FIXED_NOREPLACE) | MAP_FIXED, fd, 0) == -1)
			return false;
	return true;
}

static int64_t memfd_mmap(const struct contract *contract, uintptr_t at, uint64_t length, int prot, int flags, int fd,
			  uint64_t offset, struct outcome *outcome)
{
	/* An area with flags of a driver is not locked, only brought in, whatever MAP_NONBLOCK says. */
	if (contract->special && flags & MAP_LOCKED)
		flags = (flags & ~(MAP_LOCKED | MAP_NONBLOCK)) | MAP_POPULATE;

	int64_t got = syscall(SYS_mmap, at, length, prot, flags, fd, offset);

	if (got == -1)
		return -1;

	uintptr_t start = (uintptr_t)got;
	/* No overflow: the kernel accepted it. */
	uint64_t pages = (length + memory.page - 1) / memory.page;
	uintptr_t end = start + pages * memory.page;
	uint64_t first = offset / memory.page;

	if (pages > MAP_PAGES && !(contract->range_checked && first + pages > contract->pages)) {
		syscall(SYS_munmap, start, end - start);
		outcome->verdict = VERDICT_SKIPPED;
		snprintf(outcome->message, sizeof(outcome->message),
			 "a memfd can play mappings of at most %d pages, and this one has %" PRIu64, MAP_PAGES, pages);
		return -1;
	}
	/* A driver that refuses in its mmap leaves nothing behind, and has lost what was mapped there before. */
	if (contract->range_checked && first + pages > contract->pages &&
	    !(contract->mergeable && was_merged(start, end))) {
		syscall(SYS_munmap, start, end - start);
		errno = EINVAL;
		return -1;
	}
	if (contract->fault_first && !alias(start, end, prot, flags, fd)) {
		outcome->verdict = VERDICT_ERRORED;
		snprintf(outcome->message, sizeof(outcome->message), "cannot alias the first page: %s", strerror(errno));
		return -1;
	}
	return got;
}

/*
 * What is missing works on a file of its own kind, not on what the contract says, and the difference shows in an
 * outcome: a memfd can be truncated, allocated, synchronised, spliced and copied from, and has requests of its own
 * (ftruncate, fallocate, fsync, splice, sendfile, copy_file_range, ioctl). Its mappings can be grown and moved whatever
 * flags a driver would have set, and one that shows its first page on every page consists of many areas (mremap). Advice,
 * locks and residence are those of the page cache: its pages are present before they are touched, and can be removed,
 * written back and locked (madvise, msync, mlock, munlock, mlockall, munlockall, mincore). There is no frame to look at
 * (clear_refs) and no module to load again (reload).
 */
static const char *const played[] = {
	"open",	   "close",	 "dup",	      "dup2",	 "send",       "receive",    "poll",	 "read",    "pread",
	"readv",   "preadv2",	 "write",     "pwrite",	 "writev",     "pwritev2",   "read_into", "write_from",
	"lseek",   "mmap",	 "munmap",    "mprotect", "load",      "store",	     "vm_read",	 "vm_write",
	"mem_read", "mem_write", "fork",      "exit",	 "checkpoint", NULL,
};

const struct backend memfd_backend = {
	.name = "memfd",
	.levels = LEVEL_OUTCOME,
	.repeat = false,
	.operations = played,
	.settings = 1U << SETTING_ADDRESS_SPACE | 1U << SETTING_DESCRIPTORS,
	/* All bytes are loaded before any is stored (memfd_transfers.c), and the kernel itself copies a file page by page. */
	.copies_directly = false,
	.map_pages = MAP_PAGES,
	.any_user = true,
	.configure = memfd_configure,
	.prepare = memfd_prepare,
	.open = memfd_open,
	.read = memfd_read,
	.pread = memfd_pread,
	.write = memfd_write,
	.pwrite = memfd_pwrite,
	.readv = memfd_readv,
	.preadv2 = memfd_readv,
	.writev = memfd_writev,
	.pwritev2 = memfd_writev,
	.lseek = memfd_lseek,
	.mmap = memfd_mmap,
};
