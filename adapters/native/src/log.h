#ifndef LOG_H
#define LOG_H

/* Prints one line to standard error, the only place where the helper logs. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
