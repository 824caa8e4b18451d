#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>

/* Once in each worker. */
void facts_setup(void);
/* Whether the kernel is User Mode Linux. */
bool facts_user_mode_linux(void);

/* Appends the `kernel` and `facts` members of the `started` event. */
void facts_append(void);

/* Whether pagemap names physical frames to this process. */
bool facts_frames_visible(void);

#endif
