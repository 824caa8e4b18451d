#include "operations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actors.h"
#include "backend.h"
#include "faults.h"
#include "memory.h"

/* Lengths from here on are refused by the kernel, whatever else is wrong. */
#define ABSURD_LENGTH ((uint64_t)1 << 47)

void outcome_of(struct outcome *outcome, int64_t result)
{
	if (result == -1) {
		outcome->kind = OUTCOME_ERRNO;
		outcome->error = errno;
	} else {
		outcome->kind = OUTCOME_RET;
		outcome->ret = result;
	}
}

static void bind_descriptor(const struct op *op, struct outcome *outcome, int fd)
{
	outcome_of(outcome, fd);
	if (fd >= 0)
		outcome->ret = fd - FIRST_DESCRIPTOR;
	control->descriptors[op->to] = fd;
	actors_note_descriptor(fd, true);
}

static int descriptor(const struct op *op)
{
	return control->descriptors[op->fd];
}

/* Finds the address relative to the arena, in bytes. False when its variable is unbound. */
static bool resolve(const struct address *address, struct outcome *outcome, int64_t *at)
{
	*at = address->offset;
	if (address->mapping < 0)
		return true;
	if (!control->mapping_bound[address->mapping]) {
		outcome->kind = OUTCOME_UNBOUND;
		return false;
	}
	*at += (int64_t)(control->mappings[address->mapping] - memory.arena);
	return true;
}

/* Resolves an address for an operation that is performed only when `harmless` or inside arena or zone. */
static bool resolve_safely(const struct op *op, bool harmless, struct outcome *outcome, int64_t *at)
{
	if (!resolve(&op->at, outcome, at))
		return false;
	if (memory_inside(*at, op->length) || (harmless && memory_contains(*at)))
		return true;
	outcome->kind = OUTCOME_UNSAFE;
	return false;
}

/*
 * With five-level page tables 2^47 is not absurd. Lengths beyond are refused for the same reason on every machine, so
 * one stands for the other.
 */
static uint64_t absurd(uint64_t length)
{
	return memory.five_level && length >= ABSURD_LENGTH ? length | ((uint64_t)1 << 62) : length;
}

/* Repeats the text of the operation in the shared buffer. */
static const uint8_t *fill_data(const struct op *op)
{
	for (size_t i = 0; i < op->length; i++)
		control->data[i] = (uint8_t)op->text[i % op->text_length];
	return control->data;
}

/*
 * Touches the buffer first, for a fork does not copy page table entries of shared memory, and a copy by the kernel
 * should find it present.
 */
static void *prefault_data(size_t length)
{
	volatile uint8_t *data = control->data;

	for (size_t i = 0; i < length; i += 4096)
		data[i] = 0;
	return control->data;
}

static void return_data(struct outcome *outcome, int64_t result)
{
	outcome_of(outcome, result);
	outcome->has_data = result >= 0;
	outcome->data_length = result < 0 ? 0 : result > DATA_MAX ? DATA_MAX : (size_t)result;
}

static void perform_open(const struct op *op, struct outcome *outcome)
{
	bind_descriptor(op, outcome, backend->open(&device_contract, op->flags));
}

static void perform_close(const struct op *op, struct outcome *outcome)
{
	int fd = descriptor(op);

	outcome_of(outcome, syscall(SYS_close, fd));
	if (outcome->kind == OUTCOME_RET)
		actors_note_descriptor(fd, false);
}

static void perform_dup(const struct op *op, struct outcome *outcome)
{
	bind_descriptor(op, outcome, (int)syscall(SYS_dup, descriptor(op)));
}

static void perform_read(const struct op *op, struct outcome *outcome)
{
	return_data(outcome, backend->read(&device_contract, descriptor(op), prefault_data(op->length), op->length));
}

static void perform_pread(const struct op *op, struct outcome *outcome)
{
	void *data = prefault_data(op->length);

	return_data(outcome, backend->pread(&device_contract, descriptor(op), data, op->length, (int64_t)op->offset));
}

static void perform_write(const struct op *op, struct outcome *outcome)
{
	outcome_of(outcome, backend->write(&device_contract, descriptor(op), fill_data(op), op->length));
}

static void perform_pwrite(const struct op *op, struct outcome *outcome)
{
	const void *data = fill_data(op);

	outcome_of(outcome, backend->pwrite(&device_contract, descriptor(op), data, op->length, (int64_t)op->offset));
}

static void perform_lseek(const struct op *op, struct outcome *outcome)
{
	outcome_of(outcome, backend->lseek(&device_contract, descriptor(op), (int64_t)op->offset, op->flags));
}

static void perform_mmap(const struct op *op, struct outcome *outcome)
{
	int64_t at = 0;

	if (op->has_place &&
	    !resolve_safely(op, op->length == 0 || op->length >= ABSURD_LENGTH, outcome, &at))
		return;

	uintptr_t address = op->has_place ? memory.arena + (uintptr_t)at : 0;
	int64_t result = backend->mmap(&device_contract, address, absurd(op->length), op->prot, op->flags, descriptor(op),
				       op->offset, outcome);

	if (outcome->verdict != VERDICT_OK)
		return;
	outcome_of(outcome, result);
	if (outcome->kind != OUTCOME_RET)
		return;

	int64_t relative = result - (int64_t)memory.arena;

	if (!memory_contains(relative)) {
		outcome->verdict = VERDICT_ERRORED;
		snprintf(outcome->message, sizeof(outcome->message),
			 "the kernel mapped at %#llx, outside arena and zone, although nothing is free there",
			 (unsigned long long)result);
		return;
	}
	control->mappings[op->to] = (uint64_t)result;
	control->mapping_bound[op->to] = true;
	/* Exact, because the kernel maps whole pages only. */
	outcome->ret = relative / (int64_t)memory.page;
}

static void perform_munmap(const struct op *op, struct outcome *outcome)
{
	int64_t at;

	if (resolve_safely(op, op->length == 0 || op->length >= ABSURD_LENGTH, outcome, &at))
		outcome_of(outcome, syscall(SYS_munmap, memory.arena + (uintptr_t)at, absurd(op->length)));
}

static void perform_mprotect(const struct op *op, struct outcome *outcome)
{
	int64_t at;

	/* Rounded up to pages, a length beyond the last page is 2^64 and wraps to nothing. */
	if (resolve_safely(op, op->length == 0 || op->length > -(uint64_t)memory.page, outcome, &at))
		outcome_of(outcome, syscall(SYS_mprotect, memory.arena + (uintptr_t)at, op->length, op->prot));
}

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
	int64_t at;

	if (!resolve_safely(op, false, outcome, &at))
		return;

	uintptr_t address = memory.arena + (uintptr_t)at;
	struct access_result result = faults_load(address, prefault_data(op->length), op->length);

	finish_access(outcome, result, address);
	outcome->has_data = true;
	outcome->data_length = result.progress;
}

static void perform_store(const struct op *op, struct outcome *outcome)
{
	int64_t at;

	if (!resolve_safely(op, false, outcome, &at))
		return;

	uintptr_t address = memory.arena + (uintptr_t)at;

	finish_access(outcome, faults_store(address, fill_data(op), op->length), address);
}

static void perform_fork(const struct op *op, struct outcome *outcome)
{
	outcome->pid = actors_fork(op->to);
	outcome_of(outcome, outcome->pid < 0 ? -1 : 0);
}

/* An exit is carried out by the code that keeps account of processes, and a checkpoint by the observer. */
static void perform_nothing(const struct op *op, struct outcome *outcome)
{
	(void)op;
	outcome_of(outcome, 0);
}

#define OPERATION(operation, field_bits, ...) \
	{ .name = #operation, .fields = (field_bits), .perform = perform_##operation, __VA_ARGS__ }

static const struct operation operation_open = OPERATION(open, FIELD_TO_DESCRIPTOR | FIELD_OPEN);
static const struct operation operation_close = OPERATION(close, FIELD_FD);
static const struct operation operation_dup = OPERATION(dup, FIELD_FD | FIELD_TO_DESCRIPTOR);
static const struct operation operation_read = OPERATION(read, FIELD_FD | FIELD_COUNT);
static const struct operation operation_pread = OPERATION(pread, FIELD_FD | FIELD_COUNT | FIELD_OFFSET);
static const struct operation operation_write = OPERATION(write, FIELD_FD | FIELD_DATA, .changes_device = true);
static const struct operation operation_pwrite =
	OPERATION(pwrite, FIELD_FD | FIELD_DATA | FIELD_OFFSET, .changes_device = true);
static const struct operation operation_lseek = OPERATION(lseek, FIELD_FD | FIELD_OFFSET | FIELD_WHENCE);
static const struct operation operation_mmap =
	OPERATION(mmap, FIELD_FD | FIELD_TO_MAPPING | FIELD_LENGTH | FIELD_OFFSET | FIELD_PROT | FIELD_MAP);
static const struct operation operation_munmap = OPERATION(munmap, FIELD_AT | FIELD_LENGTH);
static const struct operation operation_mprotect = OPERATION(mprotect, FIELD_AT | FIELD_LENGTH | FIELD_PROT);
static const struct operation operation_load = OPERATION(load, FIELD_AT | FIELD_COUNT);
static const struct operation operation_store = OPERATION(store, FIELD_AT | FIELD_DATA, .changes_device = true);
const struct operation operation_fork = OPERATION(fork, FIELD_TO_ACTOR);
const struct operation operation_exit = { .name = "exit", .perform = perform_nothing };
const struct operation operation_checkpoint = { .name = "checkpoint", .perform = perform_nothing };

const struct operation *const operations[] = {
	&operation_open,     &operation_close, &operation_dup,	  &operation_read, &operation_pread,
	&operation_write,    &operation_pwrite, &operation_lseek, &operation_mmap, &operation_munmap,
	&operation_mprotect, &operation_load,	&operation_store, &operation_fork, &operation_exit,
	&operation_checkpoint, NULL,
};

const struct operation *operation_find(const char *name)
{
	for (size_t i = 0; operations[i]; i++)
		if (strcmp(operations[i]->name, name) == 0)
			return operations[i];
	return NULL;
}
