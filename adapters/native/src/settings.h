#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

/* The limits that a program runs under, in the order of the protocol page. */
enum setting_kind {
	SETTING_ADDRESS_SPACE,
	SETTING_DESCRIPTORS,
	SETTING_LOCKED,
	SETTING_AREAS,
	SETTING_COUNT,
};

/* Those of a program, each counted from what the process has when the program starts. */
struct setting {
	/* Bits of enum setting_kind. */
	unsigned present;
	uint64_t values[SETTING_COUNT];
};

/* In the order of the enum. */
extern const char *const setting_names[SETTING_COUNT];

/* Finds out which work here; once in each worker. */
void settings_setup(void);
bool settings_supported(enum setting_kind kind);
/* Whether all of them do, else false with a sentence. */
bool settings_support(const struct setting *setting, char *message, size_t size);

/* Reads the setting of a program, or none. What is wrong with it, or NULL. */
const char *settings_read(const struct json *tree, struct setting *setting);

/* Puts the limits into force for this process and those that it will fork. False with a sentence. */
bool settings_apply(const struct setting *setting, char *message, size_t size);
/* Lifts those that are in force. False with a sentence. */
bool settings_lift(char *message, size_t size);
/* Whether the limit is in force for this process. */
bool settings_in_force(enum setting_kind kind);

/* For the supervisor: lifts the limit of the whole system that a worker left when it died. */
void settings_recover(void);

#endif
