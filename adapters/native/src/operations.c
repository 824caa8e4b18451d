#include "operations.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "failures.h"
#include "memory.h"

/* More than twice as many as there are operations, so that a look-up seldom looks at two. */
#define BUCKETS 256

static const struct operation *const families[] = {
	operations_descriptors, operations_transfers, operations_mappings,
	operations_advice,	operations_access,    operations_processes,
};

struct entry {
	const struct operation *operation;
	bool supported;
};

/* In the order of the tables, and by a hash of the name. */
static struct entry *entries;
static size_t entry_count;
static struct entry **buckets;

static struct entry **bucket_of(struct span name)
{
	size_t hash = 0;

	for (size_t i = 0; i < name.length; i++)
		hash = hash * 31 + (unsigned char)name.text[i];
	for (;; hash++) {
		struct entry **bucket = &buckets[hash % BUCKETS];

		if (!*bucket || span_is(name, (*bucket)->operation->name))
			return bucket;
	}
}

static struct entry **bucket_of_operation(const struct operation *operation)
{
	return bucket_of((struct span){ operation->name, strlen(operation->name) });
}

static bool backend_plays(const char *name)
{
	if (!backend->operations)
		return true;
	for (size_t i = 0; backend->operations[i]; i++)
		if (strcmp(backend->operations[i], name) == 0)
			return true;
	return false;
}

void operations_setup(void)
{
	map_flags_setup();
	entries = memory_keep(BUCKETS / 2 * sizeof(*entries));
	buckets = memory_keep(BUCKETS * sizeof(*buckets));
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct operation *operation = families[i]; operation->name; operation++) {
			struct entry *entry = &entries[entry_count++];

			entry->operation = operation;
			entry->supported = backend_plays(operation->name) &&
					   (!operation->available || operation->available());
			*bucket_of_operation(operation) = entry;
		}
}

const struct operation *operation_find(struct span name)
{
	const struct entry *entry = name.text ? *bucket_of(name) : NULL;

	return entry ? entry->operation : NULL;
}

bool operation_supported(const struct operation *operation)
{
	return (*bucket_of_operation(operation))->supported;
}

const struct operation *operation_at(size_t index)
{
	return index < entry_count ? entries[index].operation : NULL;
}

bool operations_support(const struct program *program, char *message, size_t size)
{
	for (size_t i = 0; i < program->count; i++) {
		const struct operation *operation = program->ops[i].operation;

		if (!operation_supported(operation)) {
			snprintf(message, size, "%s is not performed here, as `started` said", operation->name);
			return false;
		}
		enum failure failure = program->ops[i].failure;

		if (failure != FAILURE_NONE && !failures_supported(failure)) {
			snprintf(message, size, "nothing (no %s) can be made to fail here, as `started` said",
				 failure_names[failure]);
			return false;
		}
		if (operation->applicable && !operation->applicable(&program->ops[i], message, size))
			return false;
	}
	return true;
}
