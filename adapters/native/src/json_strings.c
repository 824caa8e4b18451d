#include "json_reader.h"

#include <stdint.h>

#include "json.h"

/* Bytes of the UTF-8 sequence that begins here, or 0 if it is none: neither too long a form nor half of a pair. */
static size_t utf8_length(const char *text, size_t room)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

	if (length == 0 || length > room)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind `\u`. */
static bool read_unit(struct reader *reader, uint32_t *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++) {
		int digit = reader->at < reader->end ? hex_value(*reader->at) : -1;

		if (digit < 0)
			return reader_fail(reader, "invalid escape");
		*unit = *unit << 4 | (uint32_t)digit;
		reader->at++;
	}
	return true;
}

static char *append_utf8(char *to, uint32_t point)
{
	if (point < 0x80) {
		*to++ = (char)point;
		return to;
	}
	if (point < 0x800) {
		*to++ = (char)(0xc0 | point >> 6);
	} else {
		if (point < 0x10000) {
			*to++ = (char)(0xe0 | point >> 12);
		} else {
			*to++ = (char)(0xf0 | point >> 18);
			*to++ = (char)(0x80 | (point >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (point >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (point & 0x3f));
	return to;
}

/* What stands behind a backslash; what it yields is never longer. */
static bool read_escape(struct reader *reader, char **to)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	uint32_t point, low;

	if (!reader_take(reader, 'u')) {
		const char *found = reader->at < reader->end && *reader->at ? strchr(letters, *reader->at) : NULL;

		if (!found)
			return reader_fail(reader, "invalid escape");
		*(*to)++ = meanings[found - letters];
		reader->at++;
		return true;
	}
	if (!read_unit(reader, &point))
		return false;
	if (point >= 0xd800 && point < 0xdc00) {
		if (!reader_take(reader, '\\') || !reader_take(reader, 'u') || !read_unit(reader, &low) || low < 0xdc00 || low > 0xdfff)
			return reader_fail(reader, "invalid Unicode");
		point = 0x10000 + ((point - 0xd800) << 10 | (low - 0xdc00));
	} else if (point >= 0xdc00 && point < 0xe000) {
		return reader_fail(reader, "invalid Unicode");
	}
	if (point == 0)
		return reader_fail(reader, "\\u0000 is not allowed");
	*to = append_utf8(*to, point);
	return true;
}

/* Finds the end of a string, whose opening quote is behind; whether it can stay as it is. */
static bool find_end(struct reader *reader, const char **end, bool *plain)
{
	*plain = true;
	for (const char *at = reader->at; at < reader->end; at++) {
		if (*at == '"') {
			*end = at;
			return true;
		}
		if (*at == '\\') {
			*plain = false;
			if (++at == reader->end)
				break;
		}
		if ((unsigned char)*at < 0x20) {
			reader->at = at;
			return reader_fail(reader, "control character in a string");
		}
		if ((unsigned char)*at >= 0x80) {
			size_t length = utf8_length(at, (size_t)(reader->end - at));

			if (length == 0) {
				reader->at = at;
				return reader_fail(reader, "unable to decode a byte as UTF-8");
			}
			at += length - 1;
		}
	}
	reader->at = reader->end;
	return reader_fail(reader, "premature end of input");
}

bool json_read_string(struct reader *reader, struct span *string)
{
	const char *end;
	bool plain;

	if (!reader_take(reader, '"'))
		return reader_fail(reader, "string or '}' expected");
	if (!find_end(reader, &end, &plain))
		return false;
	*string = (struct span){ reader->at, (size_t)(end - reader->at) };
	if (plain) {
		reader->at = end + 1;
		return true;
	}

	char *copy = json_take(string->length);
	char *to = copy;

	if (!copy)
		return reader_fail(reader, "out of memory");
	while (reader->at < end) {
		if (!reader_take(reader, '\\'))
			*to++ = *reader->at++;
		else if (!read_escape(reader, &to))
			return false;
	}
	*string = (struct span){ copy, (size_t)(to - copy) };
	reader->at = end + 1;
	return true;
}
