#ifndef COUNTERPARTS_H
#define COUNTERPARTS_H

#include <stdbool.h>

/* What a description is connected with by calls that move bytes inside the kernel. */
struct counterparts {
	/* The two ends of an empty pipe: into it, and out of it. */
	int pipe_in;
	int pipe_out;
	/* A regular file, read from its start. */
	int file;
};

/* Once, before the first fork. */
void counterparts_setup(void);
/* Whether this kernel has them. */
bool counterparts_exist(void);
/* Brings them into their initial state. */
const struct counterparts *counterparts_ready(void);

#endif
