#ifndef MAPS_H
#define MAPS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Visits the areas of this process in ascending order, without asking for memory. What every process sees in the
 * kernel's half is none of them. False with errno when they cannot be read.
 */
bool maps_visit(void (*visit)(uintptr_t start, uintptr_t end, void *context), void *context);

#endif
