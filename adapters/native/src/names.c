#include "names.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#define NAMED(name) { name, #name }

/* A table of our own: older C libraries cannot name an error number, and the helper has to build with them. */
static const struct {
	int number;
	const char *name;
} errors[] = {
	NAMED(EPERM), NAMED(ENOENT), NAMED(ESRCH), NAMED(EINTR), NAMED(EIO), NAMED(ENXIO), NAMED(E2BIG),
	NAMED(ENOEXEC), NAMED(EBADF), NAMED(ECHILD), NAMED(EAGAIN), NAMED(ENOMEM), NAMED(EACCES), NAMED(EFAULT),
	NAMED(ENOTBLK), NAMED(EBUSY), NAMED(EEXIST), NAMED(EXDEV), NAMED(ENODEV), NAMED(ENOTDIR), NAMED(EISDIR),
	NAMED(EINVAL), NAMED(ENFILE), NAMED(EMFILE), NAMED(ENOTTY), NAMED(ETXTBSY), NAMED(EFBIG), NAMED(ENOSPC),
	NAMED(ESPIPE), NAMED(EROFS), NAMED(EMLINK), NAMED(EPIPE), NAMED(EDOM), NAMED(ERANGE), NAMED(EDEADLK),
	NAMED(ENAMETOOLONG), NAMED(ENOLCK), NAMED(ENOSYS), NAMED(ENOTEMPTY), NAMED(ELOOP), NAMED(EBADFD),
	NAMED(EOVERFLOW), NAMED(EILSEQ), NAMED(EUSERS), NAMED(EOPNOTSUPP), NAMED(ENOBUFS), NAMED(ETIMEDOUT),
	NAMED(EALREADY), NAMED(EINPROGRESS), NAMED(ESTALE), NAMED(EDQUOT), NAMED(ECANCELED), NAMED(EREMOTEIO),
	NAMED(EHWPOISON), NAMED(ENODATA), NAMED(EPROTO), NAMED(EBADMSG),
};

static const struct {
	int number;
	const char *name;
} signals[] = {
	NAMED(SIGSEGV), NAMED(SIGBUS), NAMED(SIGKILL), NAMED(SIGABRT), NAMED(SIGTERM), NAMED(SIGILL), NAMED(SIGFPE),
	NAMED(SIGTRAP), NAMED(SIGSYS), NAMED(SIGINT), NAMED(SIGHUP), NAMED(SIGQUIT), NAMED(SIGXCPU),
};

/* Indexed by si_code; the numbers are kernel ABI and the same on every architecture. */
static const char *const segv_codes[] = { NULL, "MAPERR", "ACCERR", "BNDERR", "PKUERR", "ACCADI", "ADIDERR", "ADIPERR",
					  "MTEAERR", "MTESERR", "CPERR" };
static const char *const bus_codes[] = { NULL, "ADRALN", "ADRERR", "OBJERR", "MCEERR_AR", "MCEERR_AO" };

const char *errno_name(int error)
{
	static char unknown[24];

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].number == error)
			return errors[i].name;
	snprintf(unknown, sizeof(unknown), "E%d", error);
	return unknown;
}

const char *signal_name(int number)
{
	static char unknown[24];

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i].number == number)
			return signals[i].name;
	snprintf(unknown, sizeof(unknown), "SIG%d", number);
	return unknown;
}

const char *signal_code_name(int number, int code)
{
	static char unknown[24];

	if (number == SIGSEGV && code > 0 && code < (int)(sizeof(segv_codes) / sizeof(segv_codes[0])))
		return segv_codes[code];
	if (number == SIGBUS && code > 0 && code < (int)(sizeof(bus_codes) / sizeof(bus_codes[0])))
		return bus_codes[code];
	if (code == SI_KERNEL)
		return "KERNEL";
	if (code == SI_USER)
		return "USER";
	snprintf(unknown, sizeof(unknown), "%d", code);
	return unknown;
}

void slot_name(int slot, char *text, size_t size)
{
	if (slot < 10)
		snprintf(text, size, "%d", slot);
	else if (slot < 110)
		snprintf(text, size, "%02d", slot - 10);
	else
		snprintf(text, size, "%03d", slot - 110);
}
