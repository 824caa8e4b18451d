/* Operations that say how memory will be used, pin it, or ask about it. */
#include "operations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "descriptors.h"
#include "memory.h"
#include "operands.h"
#include "privileges.h"
#include "settings.h"

/* The advices, for older headers lack some; 6 is none. */
enum advice {
	ADVICE_NORMAL = 0,
	ADVICE_RANDOM = 1,
	ADVICE_SEQUENTIAL = 2,
	ADVICE_WILLNEED = 3,
	ADVICE_DONTNEED = 4,
	ADVICE_UNKNOWN = 6,
	ADVICE_FREE = 8,
	ADVICE_REMOVE = 9,
	ADVICE_DONTFORK = 10,
	ADVICE_DOFORK = 11,
	ADVICE_MERGEABLE = 12,
	ADVICE_UNMERGEABLE = 13,
	ADVICE_HUGEPAGE = 14,
	ADVICE_NOHUGEPAGE = 15,
	ADVICE_DONTDUMP = 16,
	ADVICE_DODUMP = 17,
	ADVICE_WIPEONFORK = 18,
	ADVICE_KEEPONFORK = 19,
	ADVICE_COLD = 20,
	ADVICE_PAGEOUT = 21,
	ADVICE_POPULATE_READ = 22,
	ADVICE_POPULATE_WRITE = 23,
	ADVICE_DONTNEED_LOCKED = 24,
	ADVICE_COLLAPSE = 25,
	ADVICE_HWPOISON = 100,
	ADVICE_SOFT_OFFLINE = 101,
	ADVICE_GUARD_INSTALL = 102,
	ADVICE_GUARD_REMOVE = 103,
};

#define MSYNC_UNKNOWN 8
#define MLOCK_ONFAULT_FLAG 1
#define MLOCK_UNKNOWN 2
#define MLOCKALL_ONFAULT 4
#define MLOCKALL_UNKNOWN 8

/* Bytes that mincore is asked about at most: it writes a byte for each page. */
#define MINCORE_MAX ((uint64_t)256 * 4096)

static void perform_madvise(const struct op *op, struct outcome *outcome)
{
	/* These break memory for good where they are permitted. */
	bool breaks = op->choice == ADVICE_HWPOISON || op->choice == ADVICE_SOFT_OFFLINE;
	bool dropped = false;
	uintptr_t address;

	if (!operand_range(&op->at, op->length, operand_wraps(op->length), outcome, &address))
		return;
	if (breaks && !privileges_drop(CAP_SYS_ADMIN, &dropped)) {
		privileges_lost(outcome);
		return;
	}
	outcome_of(outcome, syscall(SYS_madvise, address, op->length, op->choice));
	if (dropped && !privileges_raise(CAP_SYS_ADMIN))
		privileges_lost(outcome);
}

static void perform_msync(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;

	if (operand_range(&op->at, op->length, operand_wraps(op->length), outcome, &address))
		outcome_of(outcome, syscall(SYS_msync, address, op->length, op->flags));
}

static void perform_mlock(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;

	if (!operand_range(&op->at, op->length, operand_wraps(op->length), outcome, &address))
		return;
	if (op->has_flags)
		outcome_of(outcome, syscall(SYS_mlock2, address, op->length, op->flags));
	else
		outcome_of(outcome, syscall(SYS_mlock, address, op->length));
}

static void perform_munlock(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;

	if (operand_range(&op->at, op->length, operand_wraps(op->length), outcome, &address))
		outcome_of(outcome, syscall(SYS_munlock, address, op->length));
}

/*
 * All memory of this process would be brought in, gigabytes of buffers included, unless it fails: for an unknown flag,
 * or because a limit is far below what is mapped.
 */
static bool brings_in_everything(int flags)
{
	return (flags & MCL_CURRENT) && !(flags & (MLOCKALL_ONFAULT | MLOCKALL_UNKNOWN)) &&
	       !settings_in_force(SETTING_LOCKED);
}

static void perform_mlockall(const struct op *op, struct outcome *outcome)
{
	if (brings_in_everything(op->flags)) {
		outcome->kind = OUTCOME_UNSAFE;
		return;
	}
	outcome_of(outcome, memory_lock_all(op->flags));
}

static void perform_munlockall(const struct op *op, struct outcome *outcome)
{
	(void)op;
	outcome_of(outcome, syscall(SYS_munlockall));
}

static void perform_mincore(const struct op *op, struct outcome *outcome)
{
	uintptr_t address;
	size_t pages = (op->length + memory.page - 1) / memory.page;

	if (!operand_range(&op->at, op->length, false, outcome, &address))
		return;

	uint8_t *vector = operand_buffer(pages);

	outcome_of(outcome, syscall(SYS_mincore, address, op->length, vector));
	if (outcome->kind != OUTCOME_RET)
		return;
	/* All other bits are reserved. */
	for (size_t i = 0; i < pages; i++)
		vector[i] &= 1;
	outcome->has_data = true;
	outcome->data_length = pages;
}

static void perform_clear_refs(const struct op *op, struct outcome *outcome)
{
	/* Opened each time: a child would inherit one that stands for its parent. */
	int fd = descriptors_open("/proc/self/clear_refs", O_WRONLY);
	ssize_t written = fd < 0 ? -1 : write(fd, "4", 1);
	int saved = errno;

	(void)op;
	if (fd >= 0)
		close(fd);
	errno = saved;
	outcome_of(outcome, written < 0 ? -1 : 0);
}

#define ADVICE \
	CHOICE("advice", { "normal", ADVICE_NORMAL }, { "random", ADVICE_RANDOM }, \
	       { "sequential", ADVICE_SEQUENTIAL }, { "willneed", ADVICE_WILLNEED }, \
	       { "dontneed", ADVICE_DONTNEED }, { "free", ADVICE_FREE }, { "remove", ADVICE_REMOVE }, \
	       { "dontfork", ADVICE_DONTFORK }, { "dofork", ADVICE_DOFORK }, { "mergeable", ADVICE_MERGEABLE }, \
	       { "unmergeable", ADVICE_UNMERGEABLE }, { "hugepage", ADVICE_HUGEPAGE }, \
	       { "nohugepage", ADVICE_NOHUGEPAGE }, { "dontdump", ADVICE_DONTDUMP }, \
	       { "dodump", ADVICE_DODUMP }, { "wipeonfork", ADVICE_WIPEONFORK }, \
	       { "keeponfork", ADVICE_KEEPONFORK }, { "cold", ADVICE_COLD }, { "pageout", ADVICE_PAGEOUT }, \
	       { "populate_read", ADVICE_POPULATE_READ }, { "populate_write", ADVICE_POPULATE_WRITE }, \
	       { "dontneed_locked", ADVICE_DONTNEED_LOCKED }, { "collapse", ADVICE_COLLAPSE }, \
	       { "hwpoison", ADVICE_HWPOISON }, { "soft_offline", ADVICE_SOFT_OFFLINE }, \
	       { "guard_install", ADVICE_GUARD_INSTALL }, { "guard_remove", ADVICE_GUARD_REMOVE }, \
	       { "unknown", ADVICE_UNKNOWN })
#define MSYNC_FLAGS \
	FLAGS({ "async", MS_ASYNC }, { "sync", MS_SYNC }, { "invalidate", MS_INVALIDATE }, \
	      { "unknown", MSYNC_UNKNOWN })
#define MLOCK_FLAGS FLAGS({ "onfault", MLOCK_ONFAULT_FLAG }, { "unknown", MLOCK_UNKNOWN })
#define MLOCKALL_FLAGS \
	FLAGS({ "current", MCL_CURRENT }, { "future", MCL_FUTURE }, { "onfault", MLOCKALL_ONFAULT }, \
	      { "unknown", MLOCKALL_UNKNOWN })
#define MINCORE_LENGTH { MEMBER("length", FIELD_COUNT, length), .limit = MINCORE_MAX }

const struct operation operations_advice[] = {
	OPERATION(madvise, FIELDS(AT, LENGTH, ADVICE)),
	OPERATION(msync, FIELDS(AT, LENGTH, MSYNC_FLAGS)),
	OPERATION(mlock, FIELDS(AT, LENGTH, MLOCK_FLAGS)),
	OPERATION(munlock, FIELDS(AT, LENGTH)),
	OPERATION(mlockall, FIELDS(MLOCKALL_FLAGS)),
	OPERATION(munlockall, FIELDS_NONE),
	OPERATION(mincore, FIELDS(AT, MINCORE_LENGTH)),
	OPERATION(clear_refs, FIELDS_NONE),
	{ .name = NULL },
};
