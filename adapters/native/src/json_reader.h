#ifndef JSON_READER_H
#define JSON_READER_H

#include <stdbool.h>

#include "span.h"

/* Where the reading of a JSON text is, for the files json_*.c. */
struct reader {
	const char *at;
	const char *end;
	/* What is wrong, once something is. */
	const char *problem;
};

/* Notes the first problem; always false. */
static inline bool reader_fail(struct reader *reader, const char *problem)
{
	if (!reader->problem)
		reader->problem = problem;
	return false;
}

/* Takes a character if it is the next. */
static inline bool reader_take(struct reader *reader, char c)
{
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

/* Reads a string; `at` is at its opening quote. */
bool json_read_string(struct reader *reader, struct span *string);

#endif
