#ifndef ACTORS_H
#define ACTORS_H

#include <stdbool.h>
#include <sys/types.h>

#include "control.h"
#include "program.h"

/*
 * The processes of a program. The worker is the first of them; the others are real children (or grandchildren), each
 * waiting for its turn. Only one of them acts at any time.
 */

/* Forgets the processes and variables of the previous program. */
void actors_begin(const struct program *program);

/* All processes but the first are gone. */
void actors_end(void);

/* Performs an operation in the process that it names, and waits for it. For the worker only. */
void actors_perform(size_t index);

/* Lets a process exit, and reaps it. For the worker only. */
void actors_exit(int slot);
/* The same for all that are left, in order of creation; tells of each. */
void actors_exit_all(void (*ended)(int slot));

/* Kills what is left and reaps it; whether nothing is left. For the worker only. */
bool actors_kill_all(void);

/* Creates a process; runs in the acting process. The child never returns. -1 with errno on failure. */
pid_t actors_fork(int slot);

/* Keeps account of the open descriptors of the first process. */
void actors_note_descriptor(int fd, bool open);
/* Closes those, ascending. False when one could not be closed. */
bool actors_close_descriptors(void);

#endif
