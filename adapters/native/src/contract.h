#ifndef CONTRACT_H
#define CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

/* What the helper needs to know of a device; see spec/contract.ts for the meaning of each field. */
struct contract {
	char name[64];
	bool is_proc;
	char path[4096];
	/* Permissions of the node. */
	unsigned mode;
	bool owner_is_device;
	size_t pages;
	uint8_t initial[256];
	size_t initial_length;
	bool fault_first;
	bool range_checked;
	/* Whether the driver sets a flag that exempts its mappings from locks (VM_DONTEXPAND). */
	bool special;
	/* Whether the kernel may merge two mappings of the device: no close callback and no special flag. */
	bool mergeable;
	/* Whether pages come by faults, and are not put in place by the driver's mmap. */
	bool faults;
	/* Whether the driver refuses no mapping but for what lies outside the buffer. */
	bool maps_everything;
	/* Whether the driver has `read` and `write` at all. */
	bool readable;
	bool writable;
	size_t read_size;
	size_t write_size;
	bool write_honours_position;
	bool write_returns_length;
	bool write_ends_with_enospc;
	bool positioned;
	/* Empty for a driver that logs nothing. */
	char log_prefix[128];
};

/* Reads the JSON text of a contract; no tree that was read before outlives this. False with a sentence. */
bool contract_parse(struct span text, struct contract *contract, char *message, size_t size);

#endif
