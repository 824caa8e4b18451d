#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* The layout level: the mappings in arena and zone with their flags. */

/* Once in each worker. */
void layout_setup(void);
void layout_actor_ended(int slot);
/* Appends `,"layout":{…}`. False with a sentence. */
bool layout_observe(char *message, size_t size);

#endif
