#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>

/* Symbolic names as the protocol spells them. The text lives in static storage until the next call. */
const char *errno_name(int error);
const char *signal_name(int number);
const char *signal_code_name(int number, int code);

/* The name of the variable in the slot, without its letter. */
void slot_name(int slot, char *text, size_t size);

#endif
