#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bounds.h"
#include "control.h"
#include "memory.h"

/* A run of this many equal bytes is written as one piece with a count. */
#define RUN_MIN 4
/* Buffers that grew beyond this are given back, so that one long answer does not cost memory for ever. */
#define KEEP_MAX ((size_t)4 << 20)

void output_reset(void)
{
	control->output.used = 0;
	control->output.overflowed = false;
}

void output_bytes(const char *text, size_t length)
{
	/* One byte stays free for the newline of output_send. */
	if (control->output.overflowed || length >= OUTPUT_MAX - control->output.used) {
		control->output.overflowed = true;
		return;
	}
	memcpy(memory.output + control->output.used, text, length);
	control->output.used += length;
}

void output_text(const char *text)
{
	output_bytes(text, strlen(text));
}

void output_char(char c)
{
	output_bytes(&c, 1);
}

void output_unsigned(uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	output_bytes(digits + at, sizeof(digits) - at);
}

void output_integer(int64_t value)
{
	if (value < 0) {
		output_char('-');
		output_unsigned(-(uint64_t)value);
	} else {
		output_unsigned((uint64_t)value);
	}
}

static const char hex[] = "0123456789abcdef";

void output_string(const char *text, size_t length)
{
	output_char('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			char escape[2] = { '\\', (char)c };

			output_bytes(escape, sizeof(escape));
		} else if (c < 0x20 || c > 0x7e) {
			char escape[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

			output_bytes(escape, sizeof(escape));
		} else {
			output_char((char)c);
		}
	}
	output_char('"');
}

static void output_hex(uint8_t byte)
{
	char pair[2] = { hex[byte >> 4], hex[byte & 15] };

	output_bytes(pair, sizeof(pair));
}

void output_encoded(const uint8_t *bytes, size_t length)
{
	bool piece_open = false;
	bool first = true;

	output_char('"');
	for (size_t i = 0; i < length;) {
		size_t end = i + 1;

		while (end < length && bytes[end] == bytes[i])
			end++;
		if (end - i >= RUN_MIN) {
			if (!first)
				output_char(',');
			output_hex(bytes[i]);
			output_char('*');
			output_unsigned(end - i);
			piece_open = false;
		} else {
			if (!piece_open && !first)
				output_char(',');
			for (size_t k = i; k < end; k++)
				output_hex(bytes[k]);
			piece_open = true;
		}
		first = false;
		i = end;
	}
	output_char('"');
}

bool output_overflowed(void)
{
	return control->output.overflowed;
}

size_t output_mark(void)
{
	return control->output.used;
}

void output_rewind(size_t mark)
{
	control->output.used = mark;
	control->output.overflowed = false;
}

const char *output_at(size_t mark)
{
	return memory.output + mark;
}

bool output_send(void)
{
	size_t done = 0;

	memory.output[control->output.used++] = '\n';
	while (done < control->output.used) {
		ssize_t n = write(STDOUT_FILENO, memory.output + done, control->output.used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	if (control->output.used > KEEP_MAX)
		madvise(memory.output + KEEP_MAX, OUTPUT_MAX - KEEP_MAX, MADV_REMOVE);
	control->output.used = 0;
	return true;
}

bool output_refuse(const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	output_reset();
	output_text("{\"event\":\"refused\",\"message\":");
	output_string(message, strlen(message));
	output_char('}');
	return output_send();
}
