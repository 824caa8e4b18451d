#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is(const json_t *object, const char *key, const char *expected)
{
	return strcmp(text_of(object, key), expected) == 0;
}

static bool size_of(const json_t *object, const char *key, size_t *result)
{
	uint64_t value;

	if (!json_natural(json_object_get(object, key), &value))
		return false;
	*result = value;
	return true;
}

/* Latin-1: each code point up to U+00FF is one byte, and arrives as one or two bytes of UTF-8. */
static bool latin1(const json_t *value, uint8_t *to, size_t size, size_t *length)
{
	const char *text = json_string_value(value);
	size_t bytes = json_string_length(value);

	*length = 0;
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 && (c > 0xc3 || i + 1 == bytes))
			return false;
		if (*length == size)
			return false;
		if (c >= 0x80)
			c = (unsigned char)((c << 6) | ((unsigned char)text[++i] & 0x3f));
		to[(*length)++] = c;
	}
	return text != NULL;
}

static bool names(const json_t *array, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)array, i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
			return true;
	return false;
}

static const char *fill(const json_t *tree, struct contract *contract)
{
	const json_t *node = json_object_get(tree, "node");
	const json_t *buffer = json_object_get(tree, "buffer");
	const json_t *mmap = json_object_get(tree, "mmap");
	const json_t *write = json_object_get(tree, "write");
	const char *path = text_of(node, "path");
	const char *name = text_of(tree, "name");
	const char *mode = text_of(node, "mode");
	const json_t *log = json_object_get(tree, "log");
	const char *prefix = text_of(log, "prefix");
	const char *pages = text_of(mmap, "pages");

	memset(contract, 0, sizeof(*contract));
	if (path[0] != '/' || strlen(path) >= sizeof(contract->path))
		return "`node.path` has to be an absolute path";
	strcpy(contract->path, path);
	if (name[0] == '\0' || strlen(name) >= sizeof(contract->name))
		return "`name` has to be a text of 1 to 63 characters";
	strcpy(contract->name, name);
	contract->mode = mode[0] == '\0' ? 0666 : (unsigned)strtoul(mode, NULL, 8);
	if ((log && prefix[0] == '\0') || strlen(prefix) >= sizeof(contract->log_prefix))
		return "`log.prefix` has to be a text of 1 to 127 characters";
	strcpy(contract->log_prefix, prefix);
	contract->is_proc = is(node, "kind", "proc");
	contract->owner_is_device = is(buffer, "owner", "device");
	if (!size_of(buffer, "pages", &contract->pages) || contract->pages < 1 || contract->pages > 1024)
		return "`buffer.pages` has to be 1 to 1024";
	if (!latin1(json_object_get(buffer, "initial"), contract->initial, sizeof(contract->initial),
		    &contract->initial_length))
		return "`buffer.initial` has to be a Latin-1 text of at most 256 characters";
	contract->fault_first = is(tree, "fault", "first");
	contract->range_checked = is(mmap, "range", "buffer");
	contract->special = names(json_object_get(mmap, "flags"), "dontexpand");
	contract->mergeable = json_array_size(json_object_get(mmap, "flags")) == 0 &&
			      !json_is_true(json_object_get(json_object_get(tree, "vmOperations"), "close"));
	contract->faults = pages[0] == '\0' || strcmp(pages, "fault") == 0;
	contract->maps_everything = !is(mmap, "private", "refused") && !is(mmap, "range", "whole");
	contract->readable = json_object_get(tree, "read") != NULL;
	contract->writable = write != NULL;
	if (contract->readable && !size_of(json_object_get(tree, "read"), "size", &contract->read_size))
		return "`read.size` has to be a number of bytes";
	if (contract->writable && !size_of(write, "size", &contract->write_size))
		return "`write.size` has to be a number of bytes";
	contract->write_honours_position = is(write, "position", "honoured");
	contract->write_returns_length = is(write, "returns", "length");
	contract->write_ends_with_enospc = is(write, "atEnd", "ENOSPC");
	contract->positioned = json_is_true(json_object_get(tree, "positioned"));
	return NULL;
}

bool contract_parse(const char *text, size_t length, struct contract *contract, char *message, size_t size)
{
	char reason[256];
	json_t *tree = json_parse(text, length, reason, sizeof(reason));
	const char *problem = reason;

	if (tree) {
		uint64_t version;

		if (!json_natural(json_object_get(tree, "version"), &version) || (version != 1 && version != 2))
			problem = "this helper reads contracts of versions 1 and 2 only; use the helper that belongs to your harness";
		else
			problem = fill(tree, contract);
	}
	if (problem)
		snprintf(message, size, "the contract cannot be used: %s", problem);
	json_release(tree);
	return problem == NULL;
}
