#ifndef REPEAT_H
#define REPEAT_H

#include <stdint.h>

/* Runs before the first measurement, so that what the kernel caches does not count as lost. */
#define REPEAT_WARM_UP 3

/*
 * What caches take does not grow with the repetitions, and what a program loses does. So a loss that may be either, from half
 * a page to two for each repetition, is looked at again after so many times as many.
 */
#define REPEAT_IN_DOUBT 5

/* Free pages of the system, as exactly as the kernel tells. */
int64_t repeat_free_pages(void);

#endif
