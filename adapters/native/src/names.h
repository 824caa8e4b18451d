#ifndef NAMES_H
#define NAMES_H

/* Symbolic names as the protocol spells them. The text lives in static storage until the next call. */
const char *errno_name(int error);
const char *signal_name(int number);
const char *signal_code_name(int number, int code);

#endif
