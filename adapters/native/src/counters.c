#include "counters.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "descriptors.h"
#include "log.h"
#include "memory.h"
#include "output.h"

#define DIRECTORY "/sys/kernel/debug/gcov"
#define ENDING ".gcda"

#define FILES_MAX 64
#define PATH_SIZE 512
/* Bytes of one file; that of a driver of a thousand lines has some thousand. */
#define FILE_MAX ((size_t)1 << 20)

struct file {
	char path[PATH_SIZE];
	/* Of what was sent last, or 0. */
	uint64_t hash;
};

static struct file *files;
static int count;

static uint8_t *data;

void counters_setup(void)
{
	files = memory_keep(FILES_MAX * sizeof(*files));
	data = memory_keep(FILE_MAX);
}

bool counters_available(void)
{
	return backend == &device_backend && access(DIRECTORY, R_OK) == 0;
}

static bool ends_with(const char *text, const char *ending)
{
	size_t length = strlen(text);
	size_t tail = strlen(ending);

	return length >= tail && strcmp(text + length - tail, ending) == 0;
}

static void find_in(const char *directory)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream)) != NULL) {
		char path[PATH_SIZE];

		if (entry->d_name[0] == '.' ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >= sizeof(path))
			continue;
		if (entry->d_type == DT_DIR)
			find_in(path);
		else if (entry->d_type == DT_REG && ends_with(path, ENDING) && count < FILES_MAX)
			memcpy(files[count++].path, path, sizeof(path));
	}
	closedir(stream);
}

void counters_find(void)
{
	count = 0;
	memset(files, 0, FILES_MAX * sizeof(*files));
	if (counters_available())
		find_in(DIRECTORY);
}

/* Reads a file as a whole. Its length, or 0. */
static size_t read_file(const char *path)
{
	size_t length = 0;
	ssize_t n = 0;
	int fd = descriptors_open(path, O_RDONLY);

	if (fd < 0) {
		log_line("cannot open %s: %s", path, strerror(errno));
		return 0;
	}
	while (length < FILE_MAX && (n = read(fd, data + length, FILE_MAX - length)) > 0)
		length += (size_t)n;
	close(fd);
	if (n == 0)
		return length;
	log_line("cannot read %s as a whole", path);
	return 0;
}

/* FNV-1a. */
static uint64_t hash_of(size_t length)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ data[i]) * 0x100000001b3;
	return hash;
}

void counters_append(void)
{
	size_t mark = output_mark();
	bool some = false;

	for (int i = 0; i < count; i++) {
		const char *name = files[i].path + sizeof(DIRECTORY) - 1;
		size_t length = read_file(files[i].path);
		uint64_t hash = hash_of(length);

		if (length == 0 || hash == files[i].hash)
			continue;
		files[i].hash = hash;
		output_text(some ? "," : ",\"counters\":{");
		output_string(name, strlen(name));
		output_char(':');
		output_encoded(data, length);
		some = true;
	}
	if (some)
		output_char('}');
	/* Rather an answer without them than none. */
	if (output_overflowed())
		output_rewind(mark);
}
