#include "json.h"

#include <sys/mman.h>

#include "bounds.h"
#include "memory.h"

/* Memory that was touched beyond this is given back after the tree is released. */
#define KEEP_MAX ((size_t)1 << 20)

static size_t used;

void *json_take(size_t size)
{
	size_t aligned = (size + 15) & ~(size_t)15;

	if (aligned < size || aligned > JSON_MAX - used)
		return NULL;

	void *block = memory.json + used;

	used += aligned;
	return block;
}

void json_release(void)
{
	if (used > KEEP_MAX)
		madvise(memory.json + KEEP_MAX, used - KEEP_MAX, MADV_REMOVE);
	used = 0;
}

const struct json *json_first(const struct json *value)
{
	return json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT) ? value->items.first : NULL;
}

size_t json_count(const struct json *value)
{
	return json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT) ? value->items.count : 0;
}

const struct json *json_get(const struct json *object, const char *name)
{
	size_t length = strlen(name);

	if (!json_is(object, JSON_OBJECT))
		return NULL;
	for (const struct json *item = object->items.first; item; item = item->next)
		if (item->name.length == length && memcmp(item->name.text, name, length) == 0)
			return item;
	return NULL;
}

struct span json_text(const struct json *value)
{
	return json_is(value, JSON_STRING) ? value->string : (struct span){ NULL, 0 };
}

bool json_int64(const struct json *value, uint64_t *result)
{
	if (json_is(value, JSON_INTEGER)) {
		*result = (uint64_t)value->integer;
		return true;
	}

	struct span text = json_text(value);
	bool negative = text.length > 0 && text.text[0] == '-';
	size_t digits = text.length - negative;
	uint64_t sum = 0;

	if (text.length == 0 || digits == 0 || digits > 20)
		return false;
	for (size_t i = negative; i < text.length; i++) {
		if (text.text[i] < '0' || text.text[i] > '9')
			return false;
		sum = sum * 10 + (uint64_t)(text.text[i] - '0');
	}
	*result = negative ? -sum : sum;
	return true;
}

bool json_natural(const struct json *value, uint64_t *result)
{
	if (!json_is(value, JSON_INTEGER) || value->integer < 0)
		return false;
	*result = (uint64_t)value->integer;
	return true;
}
