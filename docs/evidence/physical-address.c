/*
 * Runs in a guest whose lkmc_mmap is built with print-three-addresses.patch. After one line on standard input it opens
 * the device three times and prints, for each: what the driver logged, the pagemap entry of the page that it mapped,
 * and the physical address that follows from it. Then it looks which bit follows the soft-dirty state.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODE "/proc/lkmc_mmap"
#define PREFIX "lkmc_mmap: open "
#define OPENS 3
#define ORDINARY_USER 1000

/* Documentation/admin-guide/mm/pagemap.rst */
#define FRAME_BITS 55
#define SOFT_DIRTY_BIT 55

static size_t page_size;

static void fail(const char *what)
{
	printf("failed: %s: %m\n", what);
	exit(1);
}

static uint64_t entry_of(const volatile char *address)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)address / page_size * sizeof(entry))) !=
			      sizeof(entry))
		fail("pagemap");
	close(fd);
	return entry;
}

static uint64_t low_bits(uint64_t entry, int count)
{
	return entry & (((uint64_t)1 << count) - 1);
}

static int bit(uint64_t entry, int number)
{
	return (int)(entry >> number & 1);
}

/* Copies the last line that the driver logged when it was opened. */
static void read_log(int log, char *line, size_t size)
{
	char record[8192];
	ssize_t n;

	line[0] = '\0';
	while ((n = read(log, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';

		char *text = strchr(record, ';');

		if (text && strncmp(text + 1, PREFIX, strlen(PREFIX)) == 0) {
			text += 1 + strlen(PREFIX);
			text[strcspn(text, "\n")] = '\0';
			snprintf(line, size, "%s", text);
		}
	}
}

static char *map_page(int *fd)
{
	*fd = open(NODE, O_RDWR);
	if (*fd < 0)
		fail(NODE);

	char *page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);

	if (page == MAP_FAILED)
		fail("mmap");
	return page;
}

static void compare_addresses(int number, int log)
{
	char line[256];
	uint64_t of_struct, of_member, of_page;
	int fd;
	volatile char *page = map_page(&fd);

	(void)*page;
	read_log(log, line, sizeof(line));
	if (sscanf(line, "struct=%" SCNx64 " member=%" SCNx64 " page=%" SCNx64, &of_struct, &of_member, &of_page) != 3)
		fail("the driver's line");

	uint64_t entry = entry_of(page);
	uint64_t physical = low_bits(entry, FRAME_BITS) * page_size + (uintptr_t)page % page_size;

	printf("open %d, the driver:  %s\n", number, line);
	printf("open %d, user space:  entry=0x%016" PRIx64 " physical=0x%" PRIx64 " is %s\n", number, entry, physical,
	       physical == of_page ? "page" : physical == of_struct ? "struct" : "neither");
	printf("open %d, frame number: bits 0-53 0x%" PRIx64 ", bits 0-54 0x%" PRIx64 "\n", number, low_bits(entry, 54),
	       low_bits(entry, 55));
}

static void show_bits(const char *when, const volatile char *page)
{
	uint64_t entry = entry_of(page);

	printf("%-30s entry=0x%016" PRIx64 " bit 54: %d, bit 55: %d\n", when, entry, bit(entry, 54),
	       bit(entry, SOFT_DIRTY_BIT));
}

static void watch_soft_dirty(void)
{
	int fd;
	volatile char *page = map_page(&fd);
	int clear = open("/proc/self/clear_refs", O_WRONLY);

	*page = 'x';
	show_bits("after a store", page);
	if (clear < 0 || write(clear, "4", 1) != 1)
		fail("clear_refs");
	(void)*page;
	show_bits("after clearing and a load", page);
	*page = 'y';
	show_bits("after another store", page);
}

static void look_as_ordinary_user(void)
{
	int fd;
	volatile char *page = map_page(&fd);
	int status;

	(void)*page;
	fflush(stdout);
	if (fork() == 0) {
		if (setuid(ORDINARY_USER) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0)
			fail("setuid");
		(void)*page;
		printf("%-30s entry=0x%016" PRIx64 "\n", "without CAP_SYS_ADMIN", entry_of(page));
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
}

int main(void)
{
	struct utsname system;
	char go;
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (log < 0 || uname(&system) != 0 || read(STDIN_FILENO, &go, 1) != 1)
		fail("start");
	printf("Linux %s\n", system.release);
	for (int i = 1; i <= OPENS; i++)
		compare_addresses(i, log);
	watch_soft_dirty();
	look_as_ordinary_user();
	printf("done\n");
	fflush(stdout);
	pause();
}
