/* Operations that make, copy, pass on and close descriptors. */
#include "operations.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/termbits.h>
#include <linux/fs.h>

#include "actors.h"
#include "backend.h"
#include "exchange.h"
#include "operands.h"

/* A request that no driver knows. */
#define UNKNOWN_REQUEST 0x1234

enum user { USER_SELF, USER_NOBODY };
enum dup_call { CALL_DUP2, CALL_DUP3 };
enum sync_call { CALL_FSYNC, CALL_FDATASYNC };

static void perform_open(const struct op *op, struct outcome *outcome)
{
	int fd = backend->open(device_contract, op->flags, op->choice == USER_NOBODY);

	operand_bind_descriptor(op->to, fd, outcome);
}

static bool can_open(const struct op *op, char *message, size_t size)
{
	if (op->choice != USER_NOBODY || backend->any_user || geteuid() == 0)
		return true;
	snprintf(message, size, "only root can open as another user; run the helper as root");
	return false;
}

static void perform_close(const struct op *op, struct outcome *outcome)
{
	int fd = operand_descriptor(op->fd);

	outcome_of(outcome, syscall(SYS_close, fd));
	if (outcome->kind == OUTCOME_RET)
		actors_note_descriptor(fd, false);
}

static void perform_dup(const struct op *op, struct outcome *outcome)
{
	operand_bind_descriptor(op->to, (int)syscall(SYS_dup, operand_descriptor(op->fd)), outcome);
}

static void perform_dup2(const struct op *op, struct outcome *outcome)
{
	int fd = operand_descriptor(op->fd);
	int onto = operand_descriptor(op->onto);
	long got = op->choice == CALL_DUP3 ? syscall(SYS_dup3, fd, onto, 0) : syscall(SYS_dup2, fd, onto);

	operand_bind_descriptor(op->to, (int)got, outcome);
}

static void perform_send(const struct op *op, struct outcome *outcome)
{
	outcome_of(outcome, exchange_send(operand_descriptor(op->fd)));
}

static void perform_receive(const struct op *op, struct outcome *outcome)
{
	operand_bind_descriptor(op->to, exchange_receive(), outcome);
}

static void perform_poll(const struct op *op, struct outcome *outcome)
{
	struct pollfd poll = { .fd = operand_descriptor(op->fd), .events = POLLIN | POLLPRI | POLLOUT };

	outcome_of(outcome, syscall(SYS_poll, &poll, 1, 0));
	if (outcome->kind == OUTCOME_RET)
		outcome->ret = poll.revents;
}

static void perform_ioctl(const struct op *op, struct outcome *outcome)
{
	/* Room for whatever a request returns; those that take a number find a 1. */
	int64_t argument[16] = { 1 };

	outcome_of(outcome, syscall(SYS_ioctl, operand_descriptor(op->fd), op->choice, argument));
}

static void perform_fsync(const struct op *op, struct outcome *outcome)
{
	int fd = operand_descriptor(op->fd);

	outcome_of(outcome, syscall(op->choice == CALL_FDATASYNC ? SYS_fdatasync : SYS_fsync, fd));
}

/* Access 3 allows neither reading nor writing, and takes the right to both. */
#define ACCESS \
	{ MEMBER("access", FIELD_WORD, flags), \
	  .words = WORDS({ "ro", O_RDONLY }, { "wo", O_WRONLY }, { "rw", O_RDWR }, { "neither", O_ACCMODE }) }
#define OPEN_FLAGS \
	FLAGS({ "append", O_APPEND }, { "cloexec", O_CLOEXEC }, { "creat", O_CREAT }, { "direct", O_DIRECT }, \
	      { "directory", O_DIRECTORY }, { "excl", O_EXCL }, { "noatime", O_NOATIME }, \
	      { "nonblock", O_NONBLOCK }, { "path", O_PATH }, { "sync", O_SYNC }, { "trunc", O_TRUNC })
#define USER { MEMBER("user", FIELD_WORD, choice), PRESENT(has_user), .words = WORDS({ "nobody", USER_NOBODY }) }
#define REQUEST \
	CHOICE("request", { "TCGETS", TCGETS }, { "FIONREAD", FIONREAD }, { "FIONBIO", FIONBIO }, \
	       { "FIOASYNC", FIOASYNC }, { "FIOQSIZE", FIOQSIZE }, { "FIGETBSZ", FIGETBSZ }, \
	       { "unknown", UNKNOWN_REQUEST })

const struct operation operations_descriptors[] = {
	OPERATION(open, FIELDS(TO_DESCRIPTOR, ACCESS, OPEN_FLAGS, USER, FAIL), .applicable = can_open),
	OPERATION(close, FIELDS(FD)),
	OPERATION(dup, FIELDS(FD, TO_DESCRIPTOR)),
	OPERATION(dup2, FIELDS(FD, ONTO, TO_DESCRIPTOR, CHOICE("call", { "dup2", CALL_DUP2 }, { "dup3", CALL_DUP3 }))),
	OPERATION(send, FIELDS(FD)),
	OPERATION(receive, FIELDS(TO_DESCRIPTOR)),
	OPERATION(poll, FIELDS(FD)),
	OPERATION(ioctl, FIELDS(FD, REQUEST)),
	OPERATION(fsync, FIELDS(FD, CHOICE("call", { "fsync", CALL_FSYNC }, { "fdatasync", CALL_FDATASYNC }))),
	{ .name = NULL },
};
