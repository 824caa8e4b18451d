#ifndef REPEAT_H
#define REPEAT_H

#include <stdint.h>

/* Runs before the first measurement, so that what the kernel caches does not count as lost. */
#define REPEAT_WARM_UP 3

/* Free pages of the system, as exactly as the kernel tells. */
int64_t repeat_free_pages(void);

#endif
