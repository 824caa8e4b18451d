#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend.h"
#include "descriptors.h"
#include "operands.h"

#define LIST "/modules/list"
#define LIST_MAX 8192

bool module_reloadable(void)
{
	return backend == &device_backend && access(LIST, R_OK) == 0;
}

/* Finds the line of the contract's module and copies what is behind its name. False when there is none. */
static bool find_parameters(char *parameters, size_t size)
{
	char list[LIST_MAX];
	int fd = descriptors_open(LIST, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
	size_t length = strlen(device_contract->name);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	list[n] = '\0';
	for (char *line = list; *line != '\0';) {
		size_t end = strcspn(line, "\n");
		bool last = line[end] == '\0';

		line[end] = '\0';
		if (strncmp(line, device_contract->name, length) == 0 && (line[length] == '\0' || line[length] == ' ')) {
			const char *rest = line + length + (line[length] == ' ');

			return (size_t)snprintf(parameters, size, "%s", rest) < size;
		}
		line += last ? end : end + 1;
	}
	return false;
}

bool module_listed(char *message, size_t size)
{
	/* The contract is the same for many programs. */
	static char looked_up[sizeof(device_contract->name)];
	static bool listed;
	char ignored[LIST_MAX];

	if (strcmp(looked_up, device_contract->name) != 0) {
		memcpy(looked_up, device_contract->name, sizeof(looked_up));
		listed = find_parameters(ignored, sizeof(ignored));
	}
	if (!listed)
		snprintf(message, size, "there is no module \"%s\" in %s to load again", device_contract->name, LIST);
	return listed;
}

/* False with errno. */
static bool load(const char *parameters)
{
	char path[sizeof(device_contract->name) + 16];

	snprintf(path, sizeof(path), "/modules/%s.ko", device_contract->name);

	int fd = descriptors_open(path, O_RDONLY);

	if (fd < 0)
		return false;

	bool loaded = syscall(SYS_finit_module, fd, parameters, 0) == 0;
	int saved = errno;

	close(fd);
	errno = saved;
	return loaded;
}

void module_reload(struct outcome *outcome, bool may_fail)
{
	char parameters[LIST_MAX];

	if (!find_parameters(parameters, sizeof(parameters))) {
		outcome->verdict = VERDICT_ERRORED;
		snprintf(outcome->message, sizeof(outcome->message), "the list of modules cannot be read again");
		return;
	}
	outcome_of(outcome, syscall(SYS_delete_module, device_contract->name, O_NONBLOCK));
	if (outcome->kind != OUTCOME_RET || load(parameters))
		return;
	if (may_fail) {
		outcome_of(outcome, -1);
		if (load(parameters))
			return;
	}
	outcome->verdict = VERDICT_ERRORED;
	snprintf(outcome->message, sizeof(outcome->message), "the module was unloaded, but cannot be loaded again: %s",
		 strerror(errno));
}
