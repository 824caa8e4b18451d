#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A part of a text, which no zero byte ends. */
struct span {
	const char *text;
	size_t length;
};

static inline bool span_is(struct span span, const char *text)
{
	return span.text && strncmp(span.text, text, span.length) == 0 && text[span.length] == '\0';
}

#endif
