#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "contract.h"
#include "control.h"

/* What `configured` says of the node. */
struct node_facts {
	/* Mapping it executable is refused. */
	bool noexec;
	/* A regular file, as fstat has it. */
	bool regular;
};

/* The offset of a transfer at the position of the description. */
#define TRANSFER_HERE (-1)

/* A transfer of several segments, all of them in the shared buffer. */
struct transfer {
	int fd;
	const struct iovec *vector;
	size_t count;
	int64_t offset;
	/* RWF_… */
	int flags;
};

/*
 * What stands behind a descriptor of a program: a real device node, or a memfd that plays one. The calls return what
 * the system call would, with errno; they run in the acting process.
 */
struct backend {
	const char *name;
	/* Bits of enum level that this backend can be observed on, at most. */
	unsigned levels;
	bool repeat;
	/* The operations that it plays as a driver does, ending with NULL; NULL: all. */
	const char *const *operations;
	/* Bits of enum setting_kind: those that have the same effects as with a driver. */
	unsigned settings;
	/*
	 * Whether a transfer is one copy by the kernel between buffer and memory, as a driver does it, which shows where both
	 * are views of one page.
	 */
	bool copies_directly;
	/*
	 * Whether a driver is asked, which sees the order in which processes exit, and has to stand it that they are on
	 * several processors; it is faster when they stay on one.
	 */
	bool has_driver;
	/* The longest mapping in pages, or 0: as the kernel allows. */
	uint64_t map_pages;

	/* Opens the device once and probes it. False with a sentence. */
	bool (*configure)(const struct contract *contract, struct node_facts *facts, char *message, size_t size);
	/* Puts the device into its initial state, if it may have left it. False with a sentence. */
	bool (*prepare)(const struct contract *contract, bool changed, char *message, size_t size);

	/* Whether it opens as another user without the privilege to become one. */
	bool any_user;
	/* As a user without privileges if `nobody`. */
	int (*open)(const struct contract *contract, int flags, bool nobody);
	/* The memory may be that of a program, or none at all. */
	ssize_t (*read)(const struct contract *contract, int fd, void *to, size_t length);
	ssize_t (*pread)(const struct contract *contract, int fd, void *to, size_t length, int64_t offset);
	ssize_t (*write)(const struct contract *contract, int fd, const void *from, size_t length);
	ssize_t (*pwrite)(const struct contract *contract, int fd, const void *from, size_t length, int64_t offset);
	ssize_t (*readv)(const struct contract *contract, const struct transfer *transfer);
	ssize_t (*preadv2)(const struct contract *contract, const struct transfer *transfer);
	ssize_t (*writev)(const struct contract *contract, const struct transfer *transfer);
	ssize_t (*pwritev2)(const struct contract *contract, const struct transfer *transfer);
	int64_t (*lseek)(const struct contract *contract, int fd, int64_t offset, int whence);
	/* May end the program through outcome->verdict. */
	int64_t (*mmap)(const struct contract *contract, uintptr_t at, uint64_t length, int prot, int flags, int fd,
			uint64_t offset, struct outcome *outcome);
};

extern const struct backend device_backend;
extern const struct backend memfd_backend;

/* The one in use, and the contract in force. */
extern const struct backend *backend;
extern struct contract *device_contract;
/* Once in each worker. */
void backend_setup(void);

#endif
