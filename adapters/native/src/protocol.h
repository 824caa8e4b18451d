#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "backend.h"
#include "json.h"

/* The commands of spec/protocol.ts and their answers. */

enum handled {
	HANDLED,
	HANDLED_STOP,
	/* The worker has to be replaced. */
	HANDLED_REPLACE,
	/* Nobody reads the answers. */
	HANDLED_UNREAD,
};

/* Finds out what can be observed; once in each worker. */
void protocol_setup(void);

enum handled protocol_handle(struct span line);
void protocol_stopped(void);

/* Puts the contract of the control block into force. `facts` may be NULL. False with a sentence. */
bool protocol_apply_contract(struct node_facts *facts, char *message, size_t size);

/* The negative answer to the `configure` command under way. False when nobody reads. */
bool protocol_not_configured(const char *message);

#endif
