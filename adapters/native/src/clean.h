#ifndef CLEAN_H
#define CLEAN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Lifts the limits of a program and takes away what it left: its processes in order of creation, then the mappings of
 * the first process, then its descriptors, then those that nobody received. False with a sentence when something stayed,
 * and the worker has to be replaced.
 */
bool clean_orderly(char *message, size_t size);
/* The same for a program that broke: its processes are killed. */
bool clean_by_force(char *message, size_t size);

#endif
