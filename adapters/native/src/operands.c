#include "operands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "actors.h"
#include "memory.h"

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

void outcome_of_data(struct outcome *outcome, int64_t result)
{
	outcome_of(outcome, result);
	outcome->has_data = result >= 0;
	outcome->data_length = result < 0 ? 0 : result > DATA_MAX ? DATA_MAX : (size_t)result;
}

int operand_descriptor(int slot)
{
	return control->descriptors[slot];
}

void operand_bind_descriptor(int slot, int fd, struct outcome *outcome)
{
	outcome_of(outcome, fd);
	if (fd >= 0)
		outcome->ret = fd - FIRST_DESCRIPTOR;
	control->descriptors[slot] = fd;
	actors_note_descriptor(fd, true);
}

void operand_bind_mapping(int slot, int64_t result, struct outcome *outcome)
{
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
	control->mappings[slot] = (uint64_t)result;
	control->mapping_bound[slot] = true;
	/* Exact, because the kernel maps whole pages only. */
	outcome->ret = relative / (int64_t)memory.page;
}

bool operand_find(const struct address *address, struct outcome *outcome, int64_t *at)
{
	*at = address->offset;
	if (address->base != BASE_MAPPING)
		return true;
	if (!control->mapping_bound[address->mapping]) {
		outcome->kind = OUTCOME_UNBOUND;
		return false;
	}
	*at += (int64_t)(control->mappings[address->mapping] - memory.arena);
	return true;
}

bool operand_check(int64_t at, uint64_t length, bool harmless, struct outcome *outcome)
{
	if (memory_inside(at, length) || (harmless && memory_contains(at)))
		return true;
	outcome->kind = OUTCOME_UNSAFE;
	return false;
}

bool operand_range(const struct address *address, uint64_t length, bool harmless, struct outcome *outcome,
		   uintptr_t *found)
{
	int64_t at;

	if (!operand_find(address, outcome, &at) || !operand_check(at, length, harmless, outcome))
		return false;
	*found = memory.arena + (uintptr_t)at;
	return true;
}

bool operand_pointer(const struct address *address, uint64_t length, struct outcome *outcome, uintptr_t *found)
{
	if (address->base != BASE_WILD)
		return operand_range(address, length, false, outcome, found);
	*found = (uintptr_t)address->offset;
	return true;
}

bool operand_wraps(uint64_t length)
{
	return length > -(uint64_t)memory.page;
}

/*
 * With five-level page tables 2^47 is not absurd. Lengths beyond are refused for the same reason on every machine, so
 * one stands for the other.
 */
uint64_t operand_absurd(uint64_t length)
{
	return memory.five_level && length >= ABSURD_LENGTH ? length | ((uint64_t)1 << 62) : length;
}

const uint8_t *operand_fill(const struct op *op)
{
	uint8_t *to = control->data;

	for (size_t i = 0; i < op->segment_count; i++) {
		const struct data *segment = &op->segments[i];

		for (size_t k = 0; k < segment->length; k += segment->text_length) {
			size_t left = segment->length - k;
			size_t length = left < segment->text_length ? left : segment->text_length;

			memcpy(to, segment->text, length);
			to += length;
		}
	}
	return control->data;
}

/*
 * Touches the buffer first, for a fork does not copy page table entries of shared memory, and a copy by the kernel
 * should find it present.
 */
void *operand_buffer(size_t length)
{
	volatile uint8_t *data = control->data;

	for (size_t i = 0; i < length; i += 4096)
		data[i] = 0;
	return control->data;
}

void operand_vector(const struct op *op, struct iovec vector[static SEGMENTS_MAX])
{
	uint8_t *at = control->data;

	for (size_t i = 0; i < op->segment_count; i++) {
		vector[i] = (struct iovec){ .iov_base = at, .iov_len = op->segments[i].length };
		at += op->segments[i].length;
	}
}
