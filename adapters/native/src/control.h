#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bounds.h"
#include "memory.h"

/*
 * The memory that all processes of the helper share: the supervisor, the worker (which is also the first process of
 * every program) and the processes that programs fork. Whatever must survive the death of a worker lives here.
 */

/* What the worker was doing, so that the supervisor can answer for it. */
enum phase {
	PHASE_IDLE,
	PHASE_CONFIGURE,
	PHASE_PROGRAM,
	/* An answer is being written; dying now would leave half a line, so nothing can be mended. */
	PHASE_ANSWER,
};

/* The `run` command under way. Offsets count from the start of the input buffer. */
struct run {
	bool active;
	bool layout_every;
	uint64_t repeat;
	uint64_t seq;
	uint64_t index;
	/* The operation under way, or -1. */
	int64_t step;
	/* Where the rest of the programs starts, and where they end. */
	size_t cursor;
	size_t end;
};

struct input {
	/* Received bytes lie in [start, end); the line under way in [start, line_end). */
	size_t start;
	size_t line_end;
	size_t end;
};

enum outcome_kind { OUTCOME_RET, OUTCOME_ERRNO, OUTCOME_SIGNAL, OUTCOME_UNBOUND, OUTCOME_UNSAFE };

/* What an operation may ask to fail. */
enum failure { FAILURE_NONE, FAILURE_ALLOCATION, FAILURE_COPY };

/* Why a program cannot go on. */
enum verdict { VERDICT_OK, VERDICT_SKIPPED, VERDICT_ERRORED };

struct outcome {
	enum outcome_kind kind;
	enum verdict verdict;
	int64_t ret;
	int error;
	int signal;
	int code;
	/* The fault address minus the address that the operation named. */
	int64_t fault;
	/* The process that a fork created. */
	pid_t pid;
	/* Whether the failure that the operation asks for took place. */
	bool failed;
	/* Whether `data` of the control block belongs to the outcome, and how much of it. */
	bool has_data;
	size_t data_length;
	char message[MESSAGE_MAX];
};

enum order { ORDER_PERFORM, ORDER_EXIT, ORDER_REAP };

struct actor {
	bool alive;
	pid_t pid;
	/* The slot of the process that forked it. */
	int parent;
	/* A futex word: set when it has begun to run. */
	uint32_t begun;
	/* A futex word: set when an order waits for this process. */
	uint32_t wake;
	/* Each process has its own order: one that exits may read it when its parent has already been told to reap it. */
	enum order order;
	/* The index of the operation to perform, or the process to reap. */
	int64_t argument;
};

struct control {
	enum phase phase;
	/* Of the `configure` command under way. */
	uint64_t configure_seq;
	bool started;
	/* A line is being handled; a new worker does not handle it again. */
	bool line_taken;
	struct input input;
	struct run run;

	/* The contract in force, as it was received, so that a new worker can read it again. */
	size_t contract_length;
	unsigned levels;
	char contract[CONTRACT_MAX];

	/* Sequence number of the last kernel log record that was read, so that the supervisor can tell new ones. */
	uint64_t kmsg_seq;

	/* Whether descriptors may be on their way from one process to another. */
	bool in_flight;
	/* The number of areas that the system allowed before a program changed that, or 0. */
	uint64_t areas_limit;

	/* What the kernel's fault injection has been told. */
	struct {
		bool ready;
		bool broken;
		enum failure chosen;
		/* Where modules begin. */
		uint64_t modules;
	} failures;

	pid_t worker;
	pid_t supervisor;

	/* One operation at a time: what came of it. */
	/* A futex word: set when the outcome is there. */
	uint32_t done;
	struct outcome outcome;

	int descriptors[SLOT_COUNT];
	/* Addresses; meaningful when bound. */
	uint64_t mappings[SLOT_COUNT];
	bool mapping_bound[SLOT_COUNT];
	struct actor actors[SLOT_COUNT];
	/* The slots of all processes of the program, in order of creation. */
	int created[SLOT_COUNT];
	int created_count;

	uint8_t data[DATA_MAX] __attribute__((aligned(4096)));
};

extern struct control *control;

#endif
