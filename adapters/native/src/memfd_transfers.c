/* How a memfd that plays a device is read and written: as the contract says, at the real position of the description. */
#include "memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "faults.h"

#ifndef RWF_HIPRI
#define RWF_HIPRI 0x01
#endif

static ssize_t fail(int error)
{
	errno = error;
	return -1;
}

/* Whether the number stands for something that the device opened; else errno is set. */
static bool is_open(int fd, int *flags)
{
	*flags = fcntl(fd, F_GETFL);
	if (*flags < 0)
		return false;
	errno = EBADF;
	return !(*flags & O_PATH);
}

/* Whether the description may be accessed so (O_RDONLY or O_WRONLY); else errno is set. */
static bool may(int fd, int access)
{
	int flags;

	if (!is_open(fd, &flags))
		return false;
	flags &= O_ACCMODE;
	errno = EBADF;
	return flags == access || flags == O_RDWR;
}

/* Whether a transfer may be at that offset at all; else errno is set. */
static bool may_be_at(const struct contract *contract, int fd, int64_t offset)
{
	int flags;

	if (offset < 0) {
		errno = EINVAL;
		return false;
	}
	if (!is_open(fd, &flags))
		return false;
	errno = ESPIPE;
	return contract->positioned;
}

/* Whether the pointer is one of user space, which the kernel looks at before it asks the driver. */
static bool is_user_pointer(const void *pointer)
{
	errno = EFAULT;
	return (intptr_t)pointer >= 0;
}

static bool fits(int64_t position, size_t length)
{
	errno = EINVAL;
	return (uint64_t)position + length <= (uint64_t)INT64_MAX;
}

static size_t shorten(size_t length, int64_t position, size_t size)
{
	if (position < 0 || (uint64_t)position >= size)
		return 0;
	return length < size - (size_t)position ? length : size - (size_t)position;
}

/* What the driver's `read` does; moves the position that it is given. */
static ssize_t drive_read(const struct contract *contract, int fd, void *to, size_t length, int64_t *position)
{
	length = shorten(length, *position, contract->read_size);
	if (length == 0)
		return 0;
	if (pread(fd, control->passing, length, *position) != (ssize_t)length)
		return -1;
	if (faults_store((uintptr_t)to, control->passing, length).progress < length)
		return fail(EFAULT);
	*position += (int64_t)length;
	return (ssize_t)length;
}

/* What the driver's `write` does; moves the position that it is given if the driver honours it. */
static ssize_t drive_write(const struct contract *contract, int fd, void *from, size_t length, int64_t *position)
{
	int64_t at = contract->write_honours_position ? *position : 0;

	if (contract->write_honours_position && (uint64_t)at >= contract->write_size)
		return contract->write_ends_with_enospc ? fail(ENOSPC) : 0;

	size_t fitting = shorten(length, at, contract->write_size);
	size_t copied = faults_load((uintptr_t)from, control->passing, fitting).progress;

	/* The kernel leaves zeros where it could not copy, and the driver does not look before it copies. */
	memset(control->passing + copied, 0, fitting - copied);
	if (fitting > 0 && pwrite(fd, control->passing, fitting, at) != (ssize_t)fitting)
		return -1;
	if (copied < fitting)
		return fail(EFAULT);
	if (contract->write_honours_position)
		*position += (int64_t)fitting;
	return (ssize_t)(contract->write_returns_length ? length : fitting);
}

typedef ssize_t driver_call(const struct contract *contract, int fd, void *bytes, size_t length, int64_t *position);

/* Lets the driver transfer at the position of the description. */
static ssize_t at_position(const struct contract *contract, driver_call *call, int fd, void *bytes, size_t length)
{
	int64_t before = lseek(fd, 0, SEEK_CUR);
	int64_t position = before;

	if (!fits(position, length))
		return -1;

	ssize_t n = call(contract, fd, bytes, length, &position);

	if (position != before) {
		int saved = errno;

		lseek(fd, position, SEEK_SET);
		errno = saved;
	}
	return n;
}

ssize_t memfd_read(const struct contract *contract, int fd, void *to, size_t length)
{
	return may(fd, O_RDONLY) && is_user_pointer(to) ? at_position(contract, drive_read, fd, to, length) : -1;
}

ssize_t memfd_pread(const struct contract *contract, int fd, void *to, size_t length, int64_t offset)
{
	return may_be_at(contract, fd, offset) && may(fd, O_RDONLY) && is_user_pointer(to) && fits(offset, length) ?
		       drive_read(contract, fd, to, length, &offset) :
		       -1;
}

ssize_t memfd_write(const struct contract *contract, int fd, const void *from, size_t length)
{
	return may(fd, O_WRONLY) && is_user_pointer(from) ?
		       at_position(contract, drive_write, fd, (void *)from, length) :
		       -1;
}

ssize_t memfd_pwrite(const struct contract *contract, int fd, const void *from, size_t length, int64_t offset)
{
	return may_be_at(contract, fd, offset) && may(fd, O_WRONLY) && is_user_pointer(from) && fits(offset, length) ?
		       drive_write(contract, fd, (void *)from, length, &offset) :
		       -1;
}

/* The kernel calls such a driver for one segment after the other, until one is transferred only in part. */
static ssize_t each_segment(const struct contract *contract, driver_call *call, const struct transfer *transfer,
			    int64_t *position)
{
	ssize_t sum = 0;

	for (size_t i = 0; i < transfer->count; i++) {
		size_t length = transfer->vector[i].iov_len;
		ssize_t n = call(contract, transfer->fd, transfer->vector[i].iov_base, length, position);

		if (n < 0)
			return sum > 0 ? sum : n;
		sum += n;
		if ((size_t)n != length)
			break;
	}
	return sum;
}

static ssize_t transfer_vector(const struct contract *contract, driver_call *call, int access,
			       const struct transfer *transfer)
{
	bool here = transfer->offset == TRANSFER_HERE;
	size_t total = 0;

	for (size_t i = 0; i < transfer->count; i++)
		total += transfer->vector[i].iov_len;
	if ((!here && !may_be_at(contract, transfer->fd, transfer->offset)) || !may(transfer->fd, access))
		return -1;
	/* This does not even reach the driver. */
	if (total == 0)
		return 0;

	int64_t before = here ? lseek(transfer->fd, 0, SEEK_CUR) : transfer->offset;
	int64_t position = before;

	if (!fits(position, total))
		return -1;
	/* The others are for files that the kernel reads and writes itself. */
	if (transfer->flags & ~RWF_HIPRI)
		return fail(EOPNOTSUPP);

	ssize_t n = each_segment(contract, call, transfer, &position);

	if (here && position != before) {
		int saved = errno;

		lseek(transfer->fd, position, SEEK_SET);
		errno = saved;
	}
	return n;
}

/* With no offset and no flags, the calls with both are those without. */
ssize_t memfd_readv(const struct contract *contract, const struct transfer *transfer)
{
	return transfer_vector(contract, drive_read, O_RDONLY, transfer);
}

ssize_t memfd_writev(const struct contract *contract, const struct transfer *transfer)
{
	return transfer_vector(contract, drive_write, O_WRONLY, transfer);
}

int64_t memfd_lseek(const struct contract *contract, int fd, int64_t offset, int whence)
{
	(void)contract;
	(void)offset;

	int flags;

	if (!is_open(fd, &flags))
		return -1;
	/* Neither a character device without a seek nor a proc file of a current kernel has a position to set. */
	return fail(whence < 0 || whence > SEEK_HOLE ? EINVAL : ESPIPE);
}
