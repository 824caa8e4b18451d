#include "privileges.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#define NOBODY 65534
/* No id: the call only answers what the present one is. */
#define NO_ID (-1)

/* Of this process when it was itself. */
static int own_user = -1;
static int own_group = -1;
static int death_signal;

void privileges_setup(void)
{
	syscall(SYS_setgroups, 0, NULL);
}

static bool change(int capability, bool present, bool *changed)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	unsigned bit = 1U << capability % 32;
	unsigned *word = &sets[capability / 32].effective;

	*changed = false;
	if (syscall(SYS_capget, &header, sets) != 0)
		return false;
	if (((*word & bit) != 0) == present)
		return true;
	*word ^= bit;
	*changed = true;
	return syscall(SYS_capset, &header, sets) == 0;
}

bool privileges_drop(int capability, bool *dropped)
{
	return change(capability, false, dropped);
}

bool privileges_raise(int capability)
{
	bool raised;

	return change(capability, true, &raised);
}

void privileges_lost(struct outcome *outcome)
{
	outcome->verdict = VERDICT_ERRORED;
	snprintf(outcome->message, sizeof(outcome->message), "the helper cannot change its privileges: %s",
		 strerror(errno));
}

void privileges_be_nobody(void)
{
	/* The kernel forgets the signal when the user changes. */
	prctl(PR_GET_PDEATHSIG, &death_signal);
	own_group = (int)syscall(SYS_setfsgid, NOBODY);
	/* This also takes the capabilities that concern files, and gives them back. */
	own_user = (int)syscall(SYS_setfsuid, NOBODY);
}

bool privileges_be_oneself(void)
{
	syscall(SYS_setfsuid, own_user);
	syscall(SYS_setfsgid, own_group);
	prctl(PR_SET_PDEATHSIG, death_signal);
	/* Else its files in /proc would belong to somebody else. */
	prctl(PR_SET_DUMPABLE, 1);
	return (int)syscall(SYS_setfsuid, NO_ID) == own_user && (int)syscall(SYS_setfsgid, NO_ID) == own_group;
}
