#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the driver has allocated and not freed yet, as the module `ledger` tells (adapters/uml/ledger). Where it is not
 * loaded, ledger_open says so and the other functions must not be called.
 */

/* Maps what the module shares, once, before the first fork. Whether it is there. */
bool ledger_open(void);
bool ledger_is_open(void);
/* Once in each worker. */
void ledger_setup(void);

/* A program begins: what lives now is the device's. False with a sentence. */
bool ledger_begin(char *message, size_t size);
/* Allocations from here on belong to this operation of it. */
void ledger_step(uint64_t step);

/*
 * The program is over: appends `,"remains":[…]` to the output if more lives than when it began. False with a sentence
 * when that cannot be told.
 */
bool ledger_end(char *message, size_t size);

#endif
