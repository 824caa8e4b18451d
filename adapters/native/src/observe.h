#ifndef OBSERVE_H
#define OBSERVE_H

#include <stdbool.h>
#include <stddef.h>

/* The levels of observation, as bits. */
enum level { LEVEL_OUTCOME = 1, LEVEL_LAYOUT = 2, LEVEL_FRAMES = 4, LEVEL_CALLBACKS = 8, LEVEL_HEALTH = 16 };

/* In the order of the bits; ends with NULL. */
extern const char *const level_names[];

/* Once in each worker. */
void observe_setup(void);

/* Starts the observation of a program: nothing has been seen of it. */
void observe_begin(unsigned levels);
/* A process of the program was created or has ended. */
void observe_actor_created(int slot);
void observe_actor_ended(int slot);
/* Forgets all processes but the first. */
void observe_end(void);

/*
 * Appends one observation to the output: the outcome in the control block and what else there is. False with a sentence
 * when something could not be observed.
 */
bool observe_step(bool layout, char *message, size_t size);
/* The same around the cleaning of a program, which `clean` carries out. */
bool observe_cleaning(bool (*clean)(char *message, size_t size), char *message, size_t size);

#endif
