#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The answer under construction: one JSON line in memory, written in one piece. Only the worker and, after its
 * death, the supervisor use it.
 */

/* Forgets what was built. */
void output_reset(void);

void output_text(const char *text);
void output_bytes(const char *text, size_t length);
void output_char(char c);
void output_integer(int64_t value);
void output_unsigned(uint64_t value);
/* A JSON string with its quotes; bytes outside printable ASCII are escaped as Latin-1. */
void output_string(const char *text, size_t length);
/* A JSON string in the run-length hex form of EncodedBytes, with its quotes. */
void output_encoded(const uint8_t *bytes, size_t length);

/* Whether the line no longer fits; what was built is then useless. */
bool output_overflowed(void);

/* The position to which output_rewind can return. */
size_t output_mark(void);
void output_rewind(size_t mark);
const char *output_at(size_t mark);

/* Ends the line and writes it to standard output. False when nobody reads any more. */
bool output_send(void);

/* The answer to a command that cannot be carried out. False when nobody reads any more. */
bool output_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
