/* Operations that access memory: by the processor, or by the kernel on behalf of a process. */
#include "operations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "descriptors.h"
#include "faults.h"
#include "operands.h"

static void finish_access(struct outcome *outcome, struct access_result result, uintptr_t address)
{
	if (result.signal == 0) {
		outcome->ret = (int64_t)result.progress;
		return;
	}
	outcome->kind = OUTCOME_SIGNAL;
	outcome->signal = result.signal;
	outcome->code = result.code;
	outcome->fault = (int64_t)(result.address - address);
}

static void perform_load(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;

	if (!operand_range(&op->at, op->length, false, outcome, &address))
		return;

	struct access_result result = faults_load(address, operand_buffer(op->length), op->length);

	finish_access(outcome, result, address);
	outcome->has_data = true;
	outcome->data_length = result.progress;
}

static void perform_store(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;

	if (operand_range(&op->at, op->length, false, outcome, &address))
		finish_access(outcome, faults_store(address, operand_fill(op), op->length), address);
}

/* The process whose memory is accessed and the address in it. False when there is no such process, or it is unsafe. */
static bool find_other(const struct op *op, struct outcome *outcome, pid_t *pid, uintptr_t *address)
{
	if (!control->actors[op->of].alive) {
		outcome->kind = OUTCOME_UNBOUND;
		return false;
	}
	*pid = control->actors[op->of].pid;
	return operand_range(&op->at, op->length, false, outcome, address);
}

static void perform_vm_read(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;
	pid_t pid;

	if (!find_other(op, outcome, &pid, &address))
		return;

	struct iovec here = { .iov_base = operand_buffer(op->length), .iov_len = op->length };
	struct iovec there = { .iov_base = (void *)address, .iov_len = op->length };

	outcome_of_data(outcome, syscall(SYS_process_vm_readv, pid, &here, 1, &there, 1, 0));
}

static void perform_vm_write(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;
	pid_t pid;

	if (!find_other(op, outcome, &pid, &address))
		return;
	operand_fill(op);

	struct iovec here = { .iov_base = control->data, .iov_len = op->length };
	struct iovec there = { .iov_base = (void *)address, .iov_len = op->length };

	outcome_of(outcome, syscall(SYS_process_vm_writev, pid, &here, 1, &there, 1, 0));
}

/* Opened each time, because it is seldom and the process may be another one the next time. */
static int open_memory(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	return descriptors_open(path, O_RDWR);
}

static void close_memory(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

static void perform_mem_read(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;
	pid_t pid;

	if (!find_other(op, outcome, &pid, &address))
		return;

	int fd = open_memory(pid);
	int64_t result = -1;

	if (fd >= 0)
		result = syscall(SYS_pread64, fd, operand_buffer(op->length), op->length, address);
	close_memory(fd);
	outcome_of_data(outcome, result);
}

static void perform_mem_write(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;
	pid_t pid;

	if (!find_other(op, outcome, &pid, &address))
		return;

	int fd = open_memory(pid);
	int64_t result = -1;

	if (fd >= 0)
		result = syscall(SYS_pwrite64, fd, operand_fill(op), op->length, address);
	close_memory(fd);
	outcome_of(outcome, result);
}

const struct operation operations_access[] = {
	OPERATION(load, FIELDS(AT, COUNT)),
	OPERATION(store, FIELDS(AT, DATA), .changes_device = true),
	OPERATION(vm_read, FIELDS(OF, AT, COUNT)),
	OPERATION(vm_write, FIELDS(OF, AT, DATA), .changes_device = true),
	OPERATION(mem_read, FIELDS(OF, AT, COUNT)),
	OPERATION(mem_write, FIELDS(OF, AT, DATA), .changes_device = true),
	{ .name = NULL },
};
