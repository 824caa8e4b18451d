#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>

/*
 * A socket through which the processes of a program hand descriptors to each other, first in, first out. One pair
 * serves all programs, for it is made before the first process is.
 */

/* Once, before the first fork. False with errno. */
bool exchange_setup(void);

/* -1 with errno on failure. */
int exchange_send(int fd);
/* The descriptor that was sent first. -1 with errno: EAGAIN when there is none, EMFILE when there is no number for it. */
int exchange_receive(void);
/* Drops what nobody took, in order. */
void exchange_drain(void);

#endif
