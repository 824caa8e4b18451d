#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>

/*
 * What the kernel counts in a driver that was built for it (GCOV_PROFILE): how often each line and branch was reached, since
 * the kernel started, whoever reached it. The data are those that gcov reads, one file for each source file; what the
 * numbers in them mean, only gcov with the compiler's notes can tell.
 */

/* Once in each worker. */
void counters_setup(void);

/* Whether the kernel counts anything. */
bool counters_available(void);

/* Looks for the files, once for each contract. Nothing of them was sent. */
void counters_find(void);

/* Appends the member `counters` with the files that have changed since they were appended, if there are any. */
void counters_append(void);

#endif
