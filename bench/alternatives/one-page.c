/*
 * One page of a memfd, driven over standard input and output: what a user would write to test it with fast-check.
 * Each request of 20 bytes is one of six system calls or accesses, and is answered by 20 bytes; `reset` makes the page
 * as it was at the start. Numbers are as this machine has them: whoever asks runs on it too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define DATA_MAX 16

enum call { CALL_RESET, CALL_MMAP, CALL_MUNMAP, CALL_LOAD, CALL_STORE, CALL_READ, CALL_WRITE };

struct request {
	uint8_t call;
	uint8_t length;
	uint16_t offset;
	uint8_t data[DATA_MAX];
};

struct answer {
	/* What the call returned, or -errno. */
	int32_t result;
	uint8_t data[DATA_MAX];
};

static int fd;
static char *page;

static int32_t unmap(void)
{
	if (page && munmap(page, PAGE))
		return -errno;
	page = NULL;
	return 0;
}

static int32_t reset(void)
{
	unmap();
	/* An empty file loses its page; the next one is zeroed. */
	if (ftruncate(fd, 0) || ftruncate(fd, PAGE))
		return -errno;
	return 0;
}

static int32_t map(void)
{
	void *mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED)
		return -errno;
	page = mapped;
	return 0;
}

static int32_t perform(const struct request *request, uint8_t *data)
{
	uint8_t length = request->length;
	ssize_t n;

	if (length > DATA_MAX || request->offset > PAGE - length)
		return -EINVAL;
	switch (request->call) {
	case CALL_RESET:
		return reset();
	case CALL_MMAP:
		return map();
	case CALL_MUNMAP:
		return unmap();
	case CALL_LOAD:
		memcpy(data, page + request->offset, length);
		return length;
	case CALL_STORE:
		memcpy(page + request->offset, request->data, length);
		return length;
	case CALL_READ:
		n = pread(fd, data, length, request->offset);
		return n < 0 ? -errno : (int32_t)n;
	case CALL_WRITE:
		n = pwrite(fd, request->data, length, request->offset);
		return n < 0 ? -errno : (int32_t)n;
	}
	return -ENOSYS;
}

/* All of a request, or false at the end of input. */
static bool receive(struct request *request)
{
	size_t have = 0;

	while (have < sizeof(*request)) {
		ssize_t n = read(STDIN_FILENO, (char *)request + have, sizeof(*request) - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

int main(void)
{
	struct request request;

	fd = memfd_create("one-page", 0);
	if (fd < 0 || reset()) {
		perror("one-page");
		return EXIT_FAILURE;
	}
	while (receive(&request)) {
		struct answer answer = { 0 };

		answer.result = perform(&request, answer.data);
		/* A pipe takes so few bytes as a whole. */
		if (write(STDOUT_FILENO, &answer, sizeof(answer)) != sizeof(answer))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
