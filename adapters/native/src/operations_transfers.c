/* Operations that move bytes between a description and memory. */
#include "operations.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/falloc.h>

#include "backend.h"
#include "counterparts.h"
#include "operands.h"

#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif
#define SEEK_BAD 5

/* Flags of preadv2 and pwritev2, for older headers lack some; the last is one that no kernel defines. */
enum { HIPRI = 0x01, DSYNC = 0x02, SYNC = 0x04, NOWAIT = 0x08, APPEND = 0x10, UNKNOWN_TRANSFER = 0x40000000 };

/* A mode of fallocate that no kernel defines. */
#define UNKNOWN_MODE 0x4000

/* An advice of posix_fadvise that no kernel defines. */
#define UNKNOWN_ADVICE 42

enum direction { DIRECTION_FROM, DIRECTION_TO };

static void perform_read(const struct op *op, struct outcome *outcome)
{
	void *data = operand_buffer(op->length);

	outcome_of_data(outcome, backend->read(device_contract, operand_descriptor(op->fd), data, op->length));
}

static void perform_pread(const struct op *op, struct outcome *outcome)
{
	void *data = operand_buffer(op->length);
	int fd = operand_descriptor(op->fd);

	outcome_of_data(outcome, backend->pread(device_contract, fd, data, op->length, (int64_t)op->offset));
}

static void perform_readv(const struct op *op, struct outcome *outcome)
{
	struct iovec vector[SEGMENTS_MAX];
	struct transfer transfer = { operand_descriptor(op->fd), vector, op->segment_count, TRANSFER_HERE, 0 };

	operand_buffer(op->length);
	operand_vector(op, vector);
	outcome_of_data(outcome, backend->readv(device_contract, &transfer));
}

static void perform_preadv2(const struct op *op, struct outcome *outcome)
{
	struct iovec vector[SEGMENTS_MAX];
	struct transfer transfer = { operand_descriptor(op->fd), vector, op->segment_count, (int64_t)op->offset,
				     op->flags };

	operand_buffer(op->length);
	operand_vector(op, vector);
	outcome_of_data(outcome, backend->preadv2(device_contract, &transfer));
}

static void perform_write(const struct op *op, struct outcome *outcome)
{
	const void *data = operand_fill(op);

	outcome_of(outcome, backend->write(device_contract, operand_descriptor(op->fd), data, op->length));
}

static void perform_pwrite(const struct op *op, struct outcome *outcome)
{
	const void *data = operand_fill(op);
	int fd = operand_descriptor(op->fd);

	outcome_of(outcome, backend->pwrite(device_contract, fd, data, op->length, (int64_t)op->offset));
}

static void perform_writev(const struct op *op, struct outcome *outcome)
{
	struct iovec vector[SEGMENTS_MAX];
	struct transfer transfer = { operand_descriptor(op->fd), vector, op->segment_count, TRANSFER_HERE, 0 };

	operand_fill(op);
	operand_vector(op, vector);
	outcome_of(outcome, backend->writev(device_contract, &transfer));
}

static void perform_pwritev2(const struct op *op, struct outcome *outcome)
{
	struct iovec vector[SEGMENTS_MAX];
	struct transfer transfer = { operand_descriptor(op->fd), vector, op->segment_count, (int64_t)op->offset,
				     op->flags };

	operand_fill(op);
	operand_vector(op, vector);
	outcome_of(outcome, backend->pwritev2(device_contract, &transfer));
}

static void perform_read_into(const struct op *op, struct outcome *outcome)
{
	uintptr_t at;
	int fd = operand_descriptor(op->fd);
	int64_t offset = (int64_t)op->offset;

	if (!operand_pointer(&op->at, op->length, outcome, &at))
		return;
	if (op->has_offset)
		outcome_of(outcome, backend->pread(device_contract, fd, (void *)at, op->length, offset));
	else
		outcome_of(outcome, backend->read(device_contract, fd, (void *)at, op->length));
}

static void perform_write_from(const struct op *op, struct outcome *outcome)
{
	uintptr_t at;
	int fd = operand_descriptor(op->fd);
	int64_t offset = (int64_t)op->offset;

	if (!operand_pointer(&op->at, op->length, outcome, &at))
		return;
	if (op->has_offset)
		outcome_of(outcome, backend->pwrite(device_contract, fd, (const void *)at, op->length, offset));
	else
		outcome_of(outcome, backend->write(device_contract, fd, (const void *)at, op->length));
}

static void perform_lseek(const struct op *op, struct outcome *outcome)
{
	int fd = operand_descriptor(op->fd);

	outcome_of(outcome, backend->lseek(device_contract, fd, (int64_t)op->offset, op->choice));
}

static void perform_ftruncate(const struct op *op, struct outcome *outcome)
{
	outcome_of(outcome, syscall(SYS_ftruncate, operand_descriptor(op->fd), op->length));
}

static void perform_fallocate(const struct op *op, struct outcome *outcome)
{
	outcome_of(outcome,
		   syscall(SYS_fallocate, operand_descriptor(op->fd), op->choice, op->offset, op->length));
}

static void perform_fadvise(const struct op *op, struct outcome *outcome)
{
	outcome_of(outcome,
		   syscall(SYS_fadvise64, operand_descriptor(op->fd), op->offset, op->length, op->choice));
}

static void perform_splice(const struct op *op, struct outcome *outcome)
{
	const struct counterparts *with = counterparts_ready();
	int fd = operand_descriptor(op->fd);
	bool from = op->choice == DIRECTION_FROM;

	outcome_of(outcome, syscall(SYS_splice, from ? fd : with->pipe_out, NULL, from ? with->pipe_in : fd, NULL,
				    op->length, SPLICE_F_NONBLOCK));
}

static void perform_sendfile(const struct op *op, struct outcome *outcome)
{
	const struct counterparts *with = counterparts_ready();
	int fd = operand_descriptor(op->fd);
	bool from = op->choice == DIRECTION_FROM;

	outcome_of(outcome,
		   syscall(SYS_sendfile, from ? with->pipe_in : fd, from ? fd : with->file, NULL, op->length));
}

static void perform_copy_file_range(const struct op *op, struct outcome *outcome)
{
	int fd = operand_descriptor(op->fd);
	int onto = operand_descriptor(op->onto);

	outcome_of(outcome, syscall(SYS_copy_file_range, fd, NULL, onto, NULL, op->length, 0));
}

#define TRANSFER_FLAGS \
	FLAGS({ "hipri", HIPRI }, { "dsync", DSYNC }, { "sync", SYNC }, { "nowait", NOWAIT }, { "append", APPEND }, \
	      { "unknown", UNKNOWN_TRANSFER })
#define WHENCE \
	CHOICE("whence", { "set", SEEK_SET }, { "cur", SEEK_CUR }, { "end", SEEK_END }, { "data", SEEK_DATA }, \
	       { "hole", SEEK_HOLE }, { "bad", SEEK_BAD })
#define MODE \
	CHOICE("mode", { "allocate", 0 }, { "keep-size", FALLOC_FL_KEEP_SIZE }, \
	       { "punch-hole", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE }, { "zero-range", FALLOC_FL_ZERO_RANGE }, \
	       { "unknown", UNKNOWN_MODE })
#define FILE_ADVICE \
	CHOICE("advice", { "normal", POSIX_FADV_NORMAL }, { "sequential", POSIX_FADV_SEQUENTIAL }, \
	       { "random", POSIX_FADV_RANDOM }, { "willneed", POSIX_FADV_WILLNEED }, \
	       { "dontneed", POSIX_FADV_DONTNEED }, { "noreuse", POSIX_FADV_NOREUSE }, { "unknown", UNKNOWN_ADVICE })
#define DIRECTION CHOICE("direction", { "from", DIRECTION_FROM }, { "to", DIRECTION_TO })

const struct operation operations_transfers[] = {
	OPERATION(read, FIELDS(FD, COUNT, FAIL)),
	OPERATION(pread, FIELDS(FD, COUNT, OFFSET, FAIL)),
	OPERATION(readv, FIELDS(FD, LENGTHS, FAIL)),
	OPERATION(preadv2, FIELDS(FD, LENGTHS, OFFSET, TRANSFER_FLAGS, FAIL)),
	OPERATION(write, FIELDS(FD, DATA, FAIL), .changes_device = true),
	OPERATION(pwrite, FIELDS(FD, DATA, OFFSET, FAIL), .changes_device = true),
	OPERATION(writev, FIELDS(FD, SEGMENTS, FAIL), .changes_device = true),
	OPERATION(pwritev2, FIELDS(FD, SEGMENTS, OFFSET, TRANSFER_FLAGS, FAIL), .changes_device = true),
	/* The memory may be a mapping of the device. */
	OPERATION(read_into, FIELDS(FD, POINTER, COUNT, OPTIONAL_OFFSET, FAIL), .changes_device = true),
	OPERATION(write_from, FIELDS(FD, POINTER, COUNT, OPTIONAL_OFFSET, FAIL), .changes_device = true),
	OPERATION(lseek, FIELDS(FD, OFFSET, WHENCE)),
	OPERATION(ftruncate, FIELDS(FD, LENGTH), .changes_device = true),
	OPERATION(fallocate, FIELDS(FD, MODE, OFFSET, LENGTH), .changes_device = true),
	OPERATION(fadvise, FIELDS(FD, FILE_ADVICE, OFFSET, LENGTH)),
	OPERATION(splice, FIELDS(FD, DIRECTION, COUNT), .changes_device = true, .available = counterparts_exist),
	OPERATION(sendfile, FIELDS(FD, DIRECTION, COUNT), .changes_device = true, .available = counterparts_exist),
	OPERATION(copy_file_range, FIELDS(FD, ONTO, COUNT), .changes_device = true),
	{ .name = NULL },
};
