#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

/* A text may be left out, and is empty then. */
static struct span text_of(const struct json *object, const char *key)
{
	return json_text(json_get(object, key));
}

static bool is(const struct json *object, const char *key, const char *expected)
{
	return span_is(text_of(object, key), expected);
}

/* Copies a text and ends it by a zero byte. False when it does not fit. */
static bool copy_text(struct span text, char *to, size_t size)
{
	if (text.length >= size)
		return false;
	if (text.length > 0)
		memcpy(to, text.text, text.length);
	to[text.length] = '\0';
	return true;
}

static bool size_of(const struct json *object, const char *key, size_t *result)
{
	uint64_t value;

	if (!json_natural(json_get(object, key), &value))
		return false;
	*result = value;
	return true;
}

/* Permissions in octal digits. */
static unsigned mode_of(struct span text)
{
	unsigned mode = 0;

	for (size_t i = 0; i < text.length && text.text[i] >= '0' && text.text[i] <= '7'; i++)
		mode = mode << 3 | (unsigned)(text.text[i] - '0');
	return mode;
}

/* Latin-1: each code point up to U+00FF is one byte, and arrives as one or two bytes of UTF-8. */
static bool latin1(const struct json *value, uint8_t *to, size_t size, size_t *length)
{
	struct span text = json_text(value);

	*length = 0;
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.text[i];

		if (c >= 0x80 && (c > 0xc3 || i + 1 == text.length))
			return false;
		if (*length == size)
			return false;
		if (c >= 0x80)
			c = (unsigned char)((c << 6) | ((unsigned char)text.text[++i] & 0x3f));
		to[(*length)++] = c;
	}
	return text.text != NULL;
}

static bool names(const struct json *array, const char *name)
{
	JSON_FOR_EACH(item, array)
		if (span_is(json_text(item), name))
			return true;
	return false;
}

static const char *fill(const struct json *tree, struct contract *contract)
{
	const struct json *node = json_get(tree, "node");
	const struct json *buffer = json_get(tree, "buffer");
	const struct json *mmap = json_get(tree, "mmap");
	const struct json *write = json_get(tree, "write");
	const struct json *log = json_get(tree, "log");
	struct span path = text_of(node, "path");
	struct span name = text_of(tree, "name");
	struct span mode = text_of(node, "mode");
	struct span prefix = text_of(log, "prefix");
	struct span pages = text_of(mmap, "pages");

	memset(contract, 0, sizeof(*contract));
	if (path.length == 0 || path.text[0] != '/' || !copy_text(path, contract->path, sizeof(contract->path)))
		return "`node.path` has to be an absolute path";
	if (name.length == 0 || !copy_text(name, contract->name, sizeof(contract->name)))
		return "`name` has to be a text of 1 to 63 characters";
	contract->mode = mode.length == 0 ? 0666 : mode_of(mode);
	if ((log && prefix.length == 0) || !copy_text(prefix, contract->log_prefix, sizeof(contract->log_prefix)))
		return "`log.prefix` has to be a text of 1 to 127 characters";
	contract->is_proc = is(node, "kind", "proc");
	contract->owner_is_device = is(buffer, "owner", "device");
	if (!size_of(buffer, "pages", &contract->pages) || contract->pages < 1 || contract->pages > 1024)
		return "`buffer.pages` has to be 1 to 1024";
	if (!latin1(json_get(buffer, "initial"), contract->initial, sizeof(contract->initial),
		    &contract->initial_length))
		return "`buffer.initial` has to be a Latin-1 text of at most 256 characters";
	contract->fault_first = is(tree, "fault", "first");
	contract->range_checked = is(mmap, "range", "buffer");
	contract->special = names(json_get(mmap, "flags"), "dontexpand");
	contract->mergeable = json_count(json_get(mmap, "flags")) == 0 &&
			      !json_is(json_get(json_get(tree, "vmOperations"), "close"), JSON_TRUE);
	contract->faults = pages.length == 0 || span_is(pages, "fault");
	contract->maps_everything = !is(mmap, "private", "refused") && !is(mmap, "range", "whole");
	contract->readable = json_get(tree, "read") != NULL;
	contract->writable = write != NULL;
	if (contract->readable && !size_of(json_get(tree, "read"), "size", &contract->read_size))
		return "`read.size` has to be a number of bytes";
	if (contract->writable && !size_of(write, "size", &contract->write_size))
		return "`write.size` has to be a number of bytes";
	contract->write_honours_position = is(write, "position", "honoured");
	contract->write_returns_length = is(write, "returns", "length");
	contract->write_ends_with_enospc = is(write, "atEnd", "ENOSPC");
	contract->positioned = json_is(json_get(tree, "positioned"), JSON_TRUE);
	return NULL;
}

bool contract_parse(struct span text, struct contract *contract, char *message, size_t size)
{
	char reason[256];
	const struct json *tree = json_parse(text, reason, sizeof(reason));
	const char *problem = reason;

	if (tree) {
		uint64_t version;

		if (!json_natural(json_get(tree, "version"), &version) || (version != 1 && version != 2))
			problem = "this helper reads contracts of versions 1 and 2 only; use the helper that belongs to your harness";
		else
			problem = fill(tree, contract);
	}
	if (problem)
		snprintf(message, size, "the contract cannot be used: %s", problem);
	json_release();
	return problem == NULL;
}
