#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Performs what is left of the `run` command in the control block and answers for each program. False when this worker
 * cannot go on and has to be replaced; the answer for the program that caused it has then been given.
 */
bool run_programs(void);

/* The answer for a program that could not be performed; the step is left out when negative. False when nobody reads. */
bool run_answer_errored(const char *message, int64_t step);

/* A new contract is in force: the state of the device is unknown. */
void run_forget_device(void);

#endif
