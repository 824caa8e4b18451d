#include "repeat.h"

#include <fcntl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "descriptors.h"
#include "memory.h"

int64_t repeat_free_pages(void)
{
	struct sysinfo info;
	char byte;

	/* Reading this folds the counters that each processor keeps for itself; without the right to, it fails. */
	int fd = descriptors_open("/proc/sys/vm/stat_refresh", O_RDONLY);

	if (fd >= 0) {
		if (read(fd, &byte, 1) < 0)
			byte = 0;
		close(fd);
	}
	/* A grace period has to pass before what was freed through RCU is free. */
	usleep(20000);
	sysinfo(&info);
	return (int64_t)(((uint64_t)info.freeram + info.bufferram) * info.mem_unit / memory.page);
}
