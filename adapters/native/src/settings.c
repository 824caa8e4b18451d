#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/capability.h>

#include "backend.h"
#include "bounds.h"
#include "control.h"
#include "descriptors.h"
#include "json.h"
#include "maps.h"
#include "memory.h"
#include "privileges.h"

#define AREAS_LIMIT "/proc/sys/vm/max_map_count"

/* What a limit was before, to lift it. */
static rlim_t address_space_before;
static rlim_t locked_before;
static bool capability_dropped;

/* Bits of enum setting_kind. */
static unsigned in_force;
static unsigned supported;

/* Reads a number at the start of a file of /proc. */
static bool read_number(const char *path, uint64_t *number)
{
	char text[128];
	int fd = descriptors_open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	if (n <= 0)
		return false;
	text[n] = '\0';
	*number = strtoull(text, NULL, 10);
	return true;
}

static bool write_number(const char *path, uint64_t number)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	int fd = descriptors_open(path, O_WRONLY);
	bool written = fd >= 0 && write(fd, text, (size_t)length) == length;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return written;
}

static void count_area(uintptr_t start, uintptr_t end, void *count)
{
	(void)start;
	(void)end;
	(*(uint64_t *)count)++;
}

/* Lowers or sets back a soft limit; the hard one stays. */
static bool set_soft(__rlimit_resource_t resource, rlim_t value, rlim_t *before)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		return false;
	if (before)
		*before = limit.rlim_cur;
	limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
	return setrlimit(resource, &limit) == 0;
}

static bool apply_address_space(uint64_t pages)
{
	uint64_t mapped;

	return read_number("/proc/self/statm", &mapped) &&
	       set_soft(RLIMIT_AS, (mapped + pages) * memory.page, &address_space_before);
}

static bool lift_address_space(void)
{
	return set_soft(RLIMIT_AS, address_space_before, NULL);
}

static bool apply_descriptors(uint64_t count)
{
	descriptors_limit_program(FIRST_DESCRIPTOR + (int)count);
	return true;
}

static bool lift_descriptors(void)
{
	descriptors_limit_program(HELPER_DESCRIPTOR);
	return true;
}

static bool apply_locked(uint64_t pages)
{
	if (!set_soft(RLIMIT_MEMLOCK, pages * memory.page, &locked_before))
		return false;
	return privileges_drop(CAP_IPC_LOCK, &capability_dropped);
}

static bool lift_locked(void)
{
	bool lifted = set_soft(RLIMIT_MEMLOCK, locked_before, NULL);

	return (!capability_dropped || privileges_raise(CAP_IPC_LOCK)) && lifted;
}

static bool apply_areas(uint64_t count)
{
	uint64_t before;
	uint64_t areas = 0;

	if (!read_number(AREAS_LIMIT, &before) || !maps_visit(count_area, &areas))
		return false;
	/* It is known to the supervisor before anything is changed. */
	control->areas_limit = before;
	return write_number(AREAS_LIMIT, areas + count);
}

static bool lift_areas(void)
{
	if (!write_number(AREAS_LIMIT, control->areas_limit))
		return false;
	control->areas_limit = 0;
	return true;
}

/* Whether the limit may be written; where the backend does not ask for it, it is not even opened. */
static bool areas_supported(void)
{
	int fd = backend->settings & 1U << SETTING_AREAS ? descriptors_open(AREAS_LIMIT, O_WRONLY) : -1;

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static const struct {
	uint64_t max;
	bool (*apply)(uint64_t value);
	bool (*lift)(void);
} kinds[SETTING_COUNT] = {
	[SETTING_ADDRESS_SPACE] = { 1024, apply_address_space, lift_address_space },
	[SETTING_DESCRIPTORS] = { 64, apply_descriptors, lift_descriptors },
	[SETTING_LOCKED] = { 1024, apply_locked, lift_locked },
	[SETTING_AREAS] = { 64, apply_areas, lift_areas },
};

/* In this order, because opening the files above must not meet a limit, and counting must not see one. */
static const enum setting_kind apply_order[] = { SETTING_AREAS, SETTING_ADDRESS_SPACE, SETTING_LOCKED,
						 SETTING_DESCRIPTORS };

const char *const setting_names[SETTING_COUNT] = {
	[SETTING_ADDRESS_SPACE] = "addressSpace",
	[SETTING_DESCRIPTORS] = "descriptors",
	[SETTING_LOCKED] = "locked",
	[SETTING_AREAS] = "areas",
};

void settings_setup(void)
{
	supported = backend->settings;
	if (!areas_supported())
		supported &= ~(1U << SETTING_AREAS);
}

bool settings_supported(enum setting_kind kind)
{
	return supported & 1U << kind;
}

bool settings_support(const struct setting *setting, char *message, size_t size)
{
	for (int kind = 0; kind < SETTING_COUNT; kind++)
		if (setting->present & ~supported & 1U << kind) {
			snprintf(message, size, "the setting `%s` does not work here, as `started` said",
				 setting_names[kind]);
			return false;
		}
	return true;
}

const char *settings_read(const struct json *tree, struct setting *setting)
{
	setting->present = 0;
	if (!tree)
		return NULL;
	if (!json_is(tree, JSON_OBJECT))
		return "it is no object";
	JSON_FOR_EACH(value, tree) {
		int kind = 0;

		while (kind < SETTING_COUNT && !span_is(value->name, setting_names[kind]))
			kind++;
		if (kind == SETTING_COUNT)
			return "a limit of it is not known";
		if (!json_natural(value, &setting->values[kind]) || setting->values[kind] > kinds[kind].max)
			return setting_names[kind];
		setting->present |= 1U << kind;
	}
	return NULL;
}

bool settings_apply(const struct setting *setting, char *message, size_t size)
{
	for (size_t i = 0; i < sizeof(apply_order) / sizeof(apply_order[0]); i++) {
		enum setting_kind kind = apply_order[i];

		if (!(setting->present & 1U << kind))
			continue;
		if (!kinds[kind].apply(setting->values[kind])) {
			snprintf(message, size, "the setting `%s` cannot be put into force: %s", setting_names[kind],
				 strerror(errno));
			return false;
		}
		in_force |= 1U << kind;
	}
	return true;
}

bool settings_lift(char *message, size_t size)
{
	for (size_t i = sizeof(apply_order) / sizeof(apply_order[0]); i-- > 0;) {
		enum setting_kind kind = apply_order[i];

		if (!settings_in_force(kind))
			continue;
		in_force &= ~(1U << kind);
		if (!kinds[kind].lift()) {
			snprintf(message, size, "the setting `%s` cannot be lifted: %s", setting_names[kind],
				 strerror(errno));
			return false;
		}
	}
	return true;
}

bool settings_in_force(enum setting_kind kind)
{
	return in_force & 1U << kind;
}

void settings_recover(void)
{
	if (control->areas_limit != 0)
		lift_areas();
}
