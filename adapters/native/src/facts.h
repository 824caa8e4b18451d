#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>

/* Appends the `kernel` and `facts` members of the `started` event. */
void facts_append(void);

/* Whether pagemap names physical frames to this process. */
bool facts_frames_visible(void);

#endif
