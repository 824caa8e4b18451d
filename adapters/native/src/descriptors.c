#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bounds.h"

/* Two for each process of a program, and a few. */
#define HELPER_LIMIT 4096

static rlim_t helper_limit;
/* What no limit may exceed; nobody changes it. */
static rlim_t hard_limit;
static rlim_t program_limit = HELPER_DESCRIPTOR;

bool descriptors_setup(void)
{
	struct rlimit limit;

	for (int fd = 0; fd < FIRST_DESCRIPTOR; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	if (syscall(SYS_close_range, FIRST_DESCRIPTOR, ~0U, 0) != 0)
		for (int fd = FIRST_DESCRIPTOR; fd < HELPER_LIMIT; fd++)
			close(fd);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return false;
	hard_limit = limit.rlim_max;
	helper_limit = limit.rlim_max < HELPER_LIMIT ? limit.rlim_max : HELPER_LIMIT;
	if (helper_limit <= HELPER_DESCRIPTOR + 8) {
		errno = EMFILE;
		return false;
	}
	descriptors_raise_limit(false);
	return true;
}

void descriptors_raise_limit(bool raised)
{
	struct rlimit limit = { .rlim_cur = raised ? helper_limit : program_limit, .rlim_max = hard_limit };

	setrlimit(RLIMIT_NOFILE, &limit);
}

void descriptors_limit_program(int limit)
{
	program_limit = (rlim_t)limit;
	descriptors_raise_limit(false);
}

int descriptors_adopt(int low)
{
	int high;

	if (low < 0)
		return -1;
	high = fcntl(low, F_DUPFD_CLOEXEC, HELPER_DESCRIPTOR);

	int saved = errno;

	close(low);
	errno = saved;
	return high;
}

int descriptors_open(const char *path, int flags)
{
	descriptors_raise_limit(true);

	int fd = descriptors_adopt(open(path, flags | O_CLOEXEC));
	int saved = errno;

	descriptors_raise_limit(false);
	errno = saved;
	return fd;
}

bool descriptors_regular(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}
