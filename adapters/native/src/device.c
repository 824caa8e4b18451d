/* The backend for real device nodes: every call is the system call. */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "faults.h"
#include "memory.h"
#include "names.h"
#include "observe.h"
#include "privileges.h"
#include "settings.h"

static int device_open(const struct contract *contract, int flags, bool nobody)
{
	/* The C library's open would look at the flags. */
	if (!nobody)
		return (int)syscall(SYS_openat, AT_FDCWD, contract->path, flags, 0);
	privileges_be_nobody();

	int fd = (int)syscall(SYS_openat, AT_FDCWD, contract->path, flags, 0);
	int saved = errno;

	/* Nothing that this process did from here on would be what it is taken for. */
	if (!privileges_be_oneself())
		abort();
	errno = saved;
	return fd;
}

static ssize_t device_read(const struct contract *contract, int fd, void *to, size_t length)
{
	(void)contract;
	return syscall(SYS_read, fd, to, length);
}

static ssize_t device_pread(const struct contract *contract, int fd, void *to, size_t length, int64_t offset)
{
	(void)contract;
	return syscall(SYS_pread64, fd, to, length, offset);
}

static ssize_t device_write(const struct contract *contract, int fd, const void *from, size_t length)
{
	(void)contract;
	return syscall(SYS_write, fd, from, length);
}

static ssize_t device_pwrite(const struct contract *contract, int fd, const void *from, size_t length, int64_t offset)
{
	(void)contract;
	return syscall(SYS_pwrite64, fd, from, length, offset);
}

static ssize_t device_readv(const struct contract *contract, const struct transfer *transfer)
{
	(void)contract;
	return syscall(SYS_readv, transfer->fd, transfer->vector, transfer->count);
}

/* The kernel takes the offset in two halves, of which the first is everything on 64-bit machines. */
static ssize_t device_preadv2(const struct contract *contract, const struct transfer *transfer)
{
	(void)contract;
	return syscall(SYS_preadv2, transfer->fd, transfer->vector, transfer->count, transfer->offset, 0,
		       transfer->flags);
}

static ssize_t device_writev(const struct contract *contract, const struct transfer *transfer)
{
	(void)contract;
	return syscall(SYS_writev, transfer->fd, transfer->vector, transfer->count);
}

static ssize_t device_pwritev2(const struct contract *contract, const struct transfer *transfer)
{
	(void)contract;
	return syscall(SYS_pwritev2, transfer->fd, transfer->vector, transfer->count, transfer->offset, 0,
		       transfer->flags);
}

static int64_t device_lseek(const struct contract *contract, int fd, int64_t offset, int whence)
{
	(void)contract;
	return syscall(SYS_lseek, fd, offset, whence);
}

static int64_t device_mmap(const struct contract *contract, uintptr_t at, uint64_t length, int prot, int flags, int fd,
			   uint64_t offset, struct outcome *outcome)
{
	(void)contract;
	(void)outcome;
	return syscall(SYS_mmap, at, length, prot, flags, fd, offset);
}

static bool explain_open(const char *path, int error, char *message, size_t size)
{
	const char *hint = "see open(2)";

	if (error == ENOENT || error == ENXIO || error == ENODEV)
		hint = "load the module that creates it (insmod), and check `node.path` of the contract";
	else if (error == EACCES || error == EPERM)
		hint = "run the helper as root, or grant access to the node";
	snprintf(message, size, "cannot open %s: %s (%s); %s", path, strerror(error), errno_name(error), hint);
	return false;
}

static bool device_configure(const struct contract *contract, struct node_facts *facts, char *message, size_t size)
{
	int fd = descriptors_open(contract->path, O_RDWR);

	if (fd < 0)
		return explain_open(contract->path, errno, message, size);

	/*
	 * Away from the arena; only the right to map is tried, no page is touched. All of the buffer, shared, is what no driver
	 * refuses.
	 */
	void *got = mmap(memory.scratch, contract->pages * memory.page, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED,
			 fd, 0);

	facts->noexec = got == MAP_FAILED && errno == EPERM;
	facts->regular = descriptors_regular(fd);

	/* Also when the driver has refused: what was there is gone then, and would be a gap. */
	memory_release_scratch();
	close(fd);
	return true;
}

static bool is_initial(const struct contract *contract, const uint8_t *bytes, size_t length)
{
	size_t head = contract->initial_length < length ? contract->initial_length : length;

	if (memcmp(bytes, contract->initial, head) != 0)
		return false;
	/* All that follows is zero if the first byte is and each is like the one before. */
	return head == length || (bytes[head] == 0 && memcmp(bytes + head, bytes + head + 1, length - head - 1) == 0);
}

static uint8_t *device_content;

/* Whether a fresh description reads the initial content; only a buffer that `read` reaches as a whole can be told. */
static bool reads_initial(const struct contract *contract, size_t length)
{
	int fd = descriptors_open(contract->path, O_RDONLY);
	size_t done = 0;

	if (fd < 0)
		return false;
	while (done < length) {
		ssize_t n = read(fd, device_content + done, length - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	close(fd);
	return done == length && is_initial(contract, device_content, length);
}

static void write_initial(const struct contract *contract, int fd, size_t length)
{
	memset(device_content, 0, length);
	memcpy(device_content, contract->initial, contract->initial_length);
	/* A driver under test may refuse or cut this; the mapping below is the judge. */
	for (size_t done = 0; done < length;) {
		ssize_t n = write(fd, device_content + done, length - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
}

static bool map_initial(const struct contract *contract, int fd, size_t length)
{
	uint8_t *mapped = mmap(memory.scratch, length, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED, fd, 0);

	if (mapped == MAP_FAILED) {
		memory_release_scratch();
		return false;
	}
	/* Guarded, because a driver under test may fail to deliver its pages. */
	faults_load((uintptr_t)mapped, device_content, length);
	if (!is_initial(contract, device_content, length)) {
		memset(device_content, 0, length);
		memcpy(device_content, contract->initial, contract->initial_length);
		faults_store((uintptr_t)mapped, device_content, length);
		/* Anything but the initial content, so that a fault leaves no false answer behind. */
		memset(device_content, 0xff, length);
	}

	bool initial = faults_load((uintptr_t)mapped, device_content, length).progress == length &&
		       is_initial(contract, device_content, length);

	memory_release_scratch();
	return initial;
}

static bool device_prepare(const struct contract *contract, bool changed, char *message, size_t size)
{
	size_t length = contract->pages * memory.page;

	/* A buffer that an open creates is new for every program. */
	if (!changed || !contract->owner_is_device)
		return true;
	if (!device_content)
		device_content = malloc(1024 * memory.page);
	if (!device_content) {
		snprintf(message, size, "out of memory");
		return false;
	}

	bool readable = contract->read_size >= length;

	if (readable && reads_initial(contract, length))
		return true;

	int fd = descriptors_open(contract->path, O_RDWR);

	if (fd < 0)
		return explain_open(contract->path, errno, message, size);
	if (contract->write_honours_position && contract->write_size >= length)
		write_initial(contract, fd, length);

	bool initial = (readable && reads_initial(contract, length)) || map_initial(contract, fd, length);

	close(fd);
	if (!initial)
		snprintf(message, size,
			 "the device could not be brought back to its initial content, neither by write nor through a mapping");
	return initial;
}

const struct backend device_backend = {
	.name = "native helper",
	.has_driver = true,
	.levels = LEVEL_OUTCOME | LEVEL_LAYOUT | LEVEL_FRAMES | LEVEL_CALLBACKS | LEVEL_HEALTH,
	.repeat = true,
	.settings = (1U << SETTING_COUNT) - 1,
	.copies_directly = true,
	.configure = device_configure,
	.prepare = device_prepare,
	.open = device_open,
	.read = device_read,
	.pread = device_pread,
	.write = device_write,
	.pwrite = device_pwrite,
	.readv = device_readv,
	.preadv2 = device_preadv2,
	.writev = device_writev,
	.pwritev2 = device_pwritev2,
	.lseek = device_lseek,
	.mmap = device_mmap,
};
