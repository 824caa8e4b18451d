/*
 * The backend without any module: each device buffer is a memfd, so that the host kernel's own mmap, copy-on-write and
 * signals are exercised. Reading and writing follow the contract; the file position is the real one of the description.
 */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "memory.h"
#include "observe.h"

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

static bool initialise(const struct contract *contract, int fd)
{
	off_t length = (off_t)(contract->pages * memory.page);
	ssize_t initial = (ssize_t)contract->initial_length;

	/* Shrunk to nothing first, which makes every byte zero again. */
	return ftruncate(fd, 0) == 0 && ftruncate(fd, length) == 0 &&
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
	if (fd >= 0 && !initialise(contract, fd)) {
		saved = errno;
		close(fd);
		fd = -1;
	}
	errno = saved;
	return fd;
}

/* Opens the buffer anew, as an open of the device would: lowest number, its own position, its own access mode. */
static int reopen(int buffer, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", buffer);
	/* A device has no content to truncate, and these drivers heed neither O_APPEND nor O_SYNC. */
	return open(path, flags & ~(O_TRUNC | O_APPEND | O_SYNC));
}

static int memfd_open(const struct contract *contract, int flags)
{
	if (contract->owner_is_device)
		return reopen(shared_buffer, flags);

	int buffer = create_buffer(contract);

	if (buffer < 0)
		return -1;

	int fd = reopen(buffer, flags);
	int saved = errno;

	close(buffer);
	errno = saved;
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
	if (!changed || !contract->owner_is_device || initialise(contract, shared_buffer))
		return true;
	snprintf(message, size, "cannot reset the memfd: %s", strerror(errno));
	return false;
}

static ssize_t fail(int error)
{
	errno = error;
	return -1;
}

/* Whether the description may be accessed so; else errno is set. */
static bool may(int fd, int refused_mode)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return false;
	errno = EBADF;
	return (flags & O_ACCMODE) != refused_mode;
}

/* The checks of the kernel for a transfer at a given offset, in its order. */
static bool may_at(const struct contract *contract, int fd, int refused_mode, size_t length, int64_t offset)
{
	if (offset < 0) {
		errno = EINVAL;
		return false;
	}
	if (fcntl(fd, F_GETFD) < 0)
		return false;
	if (!contract->positioned) {
		errno = ESPIPE;
		return false;
	}
	if (!may(fd, refused_mode))
		return false;
	errno = EINVAL;
	return (uint64_t)offset + length <= (uint64_t)INT64_MAX;
}

static size_t shorten(size_t length, int64_t position, size_t size)
{
	if (position < 0 || (uint64_t)position >= size)
		return 0;
	return length < size - (size_t)position ? length : size - (size_t)position;
}

static ssize_t read_at(const struct contract *contract, int fd, void *to, size_t length, int64_t position)
{
	length = shorten(length, position, contract->read_size);
	return length == 0 ? 0 : pread(fd, to, length, position);
}

/* `copied` is by how much an honoured position moves on. */
static ssize_t write_at(const struct contract *contract, int fd, const void *from, size_t length, int64_t position,
			size_t *copied)
{
	*copied = 0;
	if (!contract->write_honours_position)
		position = 0;
	else if ((uint64_t)position >= contract->write_size)
		return contract->write_ends_with_enospc ? fail(ENOSPC) : 0;

	size_t fitting = shorten(length, position, contract->write_size);

	if (fitting > 0 && pwrite(fd, from, fitting, position) != (ssize_t)fitting)
		return -1;
	*copied = fitting;
	return (ssize_t)(contract->write_returns_length ? length : fitting);
}

static ssize_t memfd_read(const struct contract *contract, int fd, void *to, size_t length)
{
	if (!may(fd, O_WRONLY))
		return -1;

	off_t position = lseek(fd, 0, SEEK_CUR);
	ssize_t n = read_at(contract, fd, to, length, position);

	if (n > 0)
		lseek(fd, position + n, SEEK_SET);
	return n;
}

static ssize_t memfd_pread(const struct contract *contract, int fd, void *to, size_t length, int64_t offset)
{
	return may_at(contract, fd, O_WRONLY, length, offset) ? read_at(contract, fd, to, length, offset) : -1;
}

static ssize_t memfd_write(const struct contract *contract, int fd, const void *from, size_t length)
{
	size_t copied;

	if (!may(fd, O_RDONLY))
		return -1;

	off_t position = lseek(fd, 0, SEEK_CUR);
	ssize_t n = write_at(contract, fd, from, length, position, &copied);

	if (n >= 0 && contract->write_honours_position)
		lseek(fd, position + (off_t)copied, SEEK_SET);
	return n;
}

static ssize_t memfd_pwrite(const struct contract *contract, int fd, const void *from, size_t length, int64_t offset)
{
	size_t copied;

	return may_at(contract, fd, O_RDONLY, length, offset) ? write_at(contract, fd, from, length, offset, &copied) :
								-1;
}

static int64_t memfd_lseek(const struct contract *contract, int fd, int64_t offset, int whence)
{
	(void)contract;
	(void)offset;
	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	/* Neither a character device without a seek nor a proc file of a current kernel has a position to set. */
	return fail(whence < 0 || whence > SEEK_HOLE ? EINVAL : ESPIPE);
}

/* Whether the mapping became part of a larger one, in which case a driver would not have been asked. */
static bool was_merged(uintptr_t at, uintptr_t end)
{
	char line[512];
	bool merged = false;
	uintptr_t first, last;

	/* The program may have used up its descriptors. */
	descriptors_raise_limit(true);

	FILE *maps = fopen("/proc/self/maps", "re");

	descriptors_raise_limit(false);
	if (!maps)
		return false;
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &first, &last) == 2 && first <= at && at < last)
			merged = first < at || last > end;
	fclose(maps);
	return merged;
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
		return fail(EINVAL);
	}
	if (contract->fault_first && !alias(start, end, prot, flags, fd)) {
		outcome->verdict = VERDICT_ERRORED;
		snprintf(outcome->message, sizeof(outcome->message), "cannot alias the first page: %s", strerror(errno));
		return -1;
	}
	return got;
}

const struct backend memfd_backend = {
	.name = "memfd",
	.levels = LEVEL_OUTCOME,
	.repeat = false,
	.map_pages = MAP_PAGES,
	.configure = memfd_configure,
	.prepare = memfd_prepare,
	.open = memfd_open,
	.read = memfd_read,
	.pread = memfd_pread,
	.write = memfd_write,
	.pwrite = memfd_pwrite,
	.lseek = memfd_lseek,
	.mmap = memfd_mmap,
};
