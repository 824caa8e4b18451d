#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The frames level: which pages of the arena are present, and which of them share a physical page. */

/* Once in each worker. */
void frames_setup(void);
void frames_begin(void);
void frames_actor_created(int slot);
void frames_actor_ended(int slot);
/* Appends `,"frames":{…}` when it differs from the last time. False with a sentence. */
bool frames_observe(char *message, size_t size);

#endif
