// SPDX-License-Identifier: MIT
/*
 * The first process of a guest: it mounts what the helper needs, loads the
 * modules, connects the helper to the port to the host and ends the guest with
 * it. The port is a virtio port in QEMU, a device of uml_port in User Mode
 * Linux.
 *
 * Lines that begin with MARK are read by the host; their words are part of the
 * interface with guest.ts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARK "mmap-conformance: "
#define PORT_NAME "mmap-conformance.0"
#define PORTS_DIR "/sys/class/virtio-ports"
#define MAX_PORTS 8
#define PORT_WAIT_MS 10000
#define UML_PORT "/dev/uml_port"

/*
 * Ends the guest. QEMU runs with -no-reboot, so that this makes it exit, and
 * would not know how to switch itself off; User Mode Linux would start again.
 */
static _Noreturn void end_guest(void)
{
	sync();
	reboot(access(UML_PORT, F_OK) == 0 ? RB_POWER_OFF : RB_AUTOBOOT);
	for (;;)
		pause();
}

static _Noreturn void fail(const char *what, const char *name)
{
	printf(MARK "init failed: %s %s: %s\n", what, name, strerror(errno));
	end_guest();
}

static void mount_at(const char *type, const char *dir, unsigned long flags,
		     const char *data)
{
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		fail("mkdir", dir);
	/* The kernel may have mounted devtmpfs already, which is as good. */
	if (mount(type, dir, type, flags, data) != 0 && errno != EBUSY)
		fail("mount", dir);
}

/* Not every kernel has it, and nothing that is needed depends on it. */
static void mount_debugfs(void)
{
	if (access("/sys/kernel/debug", F_OK) == 0)
		mount_at("debugfs", "/sys/kernel/debug", 0, NULL);
}

/* Writes a setting; one that this kernel does not have is no loss. */
static void set_optional(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		printf("cannot set %s: %s\n", path, strerror(errno));
	close(fd);
}

static void load_module(const char *name, const char *params)
{
	char path[256];
	int fd;

	if (snprintf(path, sizeof(path), "/modules/%s.ko", name) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		fail("load", name);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("open", path);
	if (syscall(SYS_finit_module, fd, params, 0) != 0)
		fail("load", name);
	close(fd);
}

/* Each line of the list is a name, optionally followed by parameters. */
static void load_modules(const char *list)
{
	FILE *file = fopen(list, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		fail("open", list);
	while (getline(&line, &size, file) > 0) {
		char *params;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		params = strchr(line, ' ');
		if (params)
			*params++ = '\0';
		load_module(line, params ? params : "");
	}
	free(line);
	fclose(file);
}

/*
 * The number of a driver that has no class, and so no node: the kernel lists
 * it under the name that it was registered with.
 */
static int find_major(const char *name)
{
	FILE *file = fopen("/proc/devices", "re");
	char found[128];
	int result = -1;
	char line[256];
	int major;

	if (!file)
		return -1;
	while (result < 0 && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Block", 5) == 0)
			break;
		if (sscanf(line, "%d %127s", &major, found) == 2 &&
		    strcmp(found, name) == 0)
			result = major;
	}
	fclose(file);
	return result;
}

/* The file has one line: the path of the node that must be there, its mode. */
static void ensure_node(const char *list)
{
	FILE *file = fopen(list, "re");
	char path[4096];
	unsigned int mode;
	int major;

	if (!file)
		return;
	if (fscanf(file, "%4095s %o", path, &mode) != 2) {
		errno = EINVAL;
		fail("read", list);
	}
	fclose(file);
	if (access(path, F_OK) == 0)
		return;
	major = find_major(strrchr(path, '/') + 1);
	if (major < 0) {
		errno = ENOENT;
		fail("find node", path);
	}
	umask(0);
	if (mknod(path, S_IFCHR | mode, makedev((unsigned int)major, 0)) != 0)
		fail("find node", path);
	umask(022);
}

static bool port_has_name(const char *port, const char *name)
{
	char path[128];
	char found[128];
	bool same = false;
	FILE *file;

	snprintf(path, sizeof(path), PORTS_DIR "/%s/name", port);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(found, sizeof(found), file)) {
		found[strcspn(found, "\n")] = '\0';
		same = strcmp(found, name) == 0;
	}
	fclose(file);
	return same;
}

/*
 * The host announces the port and its name by messages that arrive some time
 * after the driver has started.
 */
static int open_virtio_port(const char *name)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };

	for (int waited_ms = 0; waited_ms < PORT_WAIT_MS; waited_ms++) {
		for (int i = 0; i < MAX_PORTS; i++) {
			char path[64];
			char port[32];
			int fd;

			snprintf(port, sizeof(port), "vport0p%d", i);
			if (!port_has_name(port, name))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", port);
			fd = open(path, O_RDWR | O_CLOEXEC);
			if (fd >= 0)
				return fd;
			if (errno != ENOENT && errno != ENODEV)
				fail("open", path);
		}
		nanosleep(&pause, NULL);
	}
	errno = ETIMEDOUT;
	fail("find port", name);
}

static int open_port(void)
{
	int fd = open(UML_PORT, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		fail("open", UML_PORT);
	return fd >= 0 ? fd : open_virtio_port(PORT_NAME);
}

static _Noreturn void run_helper(int port)
{
	static char *argv[] = { "/helper", NULL };
	static char *envp[] = { "PATH=/", "HOME=/", "LANG=C", NULL };

	/* A session of its own, so that it can use process groups. */
	setsid();
	if (dup2(port, STDIN_FILENO) < 0 || dup2(port, STDOUT_FILENO) < 0)
		fail("connect", "port");
	execve(argv[0], argv, envp);

	/* stdout is the port now, and the host looks at the console. */
	dprintf(STDERR_FILENO, MARK "init failed: run /helper: %s\n",
		strerror(errno));
	_exit(127);
}

/* Also collects orphans, which all become children of this process. */
static int wait_for(pid_t helper)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, 0);
		if (pid == helper)
			return status;
		if (pid < 0 && errno != EINTR)
			fail("wait for", "/helper");
	}
}

int main(void)
{
	int status;
	pid_t helper;
	int port;

	setvbuf(stdout, NULL, _IOLBF, 0);

	mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
	mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_debugfs();

	/* Only warnings and worse: the serial console is very slow. */
	set_optional("/proc/sys/kernel/printk", "5 4 1 7\n");
	set_optional("/proc/sys/kernel/printk_devkmsg", "on\n");
	/* The helper dies of signals on purpose; none of that is news. */
	set_optional("/proc/sys/debug/exception-trace", "0\n");
	/* Unloading a module waits for grace periods, of several ticks each. */
	set_optional("/sys/kernel/rcu_expedited", "1\n");

	load_modules("/modules/list");
	ensure_node("/modules/node");
	port = open_port();

	printf(MARK "helper starts\n");
	fflush(stdout);
	helper = fork();
	if (helper < 0)
		fail("fork", "/helper");
	if (helper == 0)
		run_helper(port);
	close(port);

	status = wait_for(helper);
	if (WIFSIGNALED(status))
		printf(MARK "helper ended: signal %d\n", WTERMSIG(status));
	else
		printf(MARK "helper ended: status %d\n", WEXITSTATUS(status));
	end_guest();
}
