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

enum order { ORDER_PERFORM, ORDER_EXIT };

struct actor {
	bool alive;
	pid_t pid;
	/* Events: it has begun to run, and an order waits for it. */
	uint32_t begun;
	uint32_t wake;
	enum order order;
	/* The index of the operation to perform. */
	int64_t argument;
};

struct control {
	/*
	 * First what the processes of a program read and write, so that it lies on a few pages that follow each other: a new
	 * process has to be given each page anew. Of the long tables most programs only use the beginning.
	 */

	/* One operation at a time: what came of it, and the event that it is there. */
	uint32_t done;
	struct outcome outcome;
	/* How many buffers of descriptions the program has taken, where a memfd plays the device. */
	size_t buffers_taken;
	/* Whether a process has to let others access its memory (the security module Yama). */
	bool memory_guarded;
	/* Whether descriptors may be on their way from one process to another. */
	bool in_flight;
	pid_t worker;
	pid_t supervisor;
	int descriptors[SLOT_COUNT];
	/* Addresses; meaningful when bound. */
	uint64_t mappings[SLOT_COUNT];
	bool mapping_bound[SLOT_COUNT];
	/* The slots of all processes of the program, in order of creation. */
	int created_count;
	int created[SLOT_COUNT];
	struct actor actors[SLOT_COUNT];

	/* What is transferred from or to the memory of this process. */
	uint8_t data[DATA_MAX] __attribute__((aligned(4096)));
	/*
	 * On its way between memory and a memfd that plays a device: a driver copies all or nothing, which a memfd does not.
	 * Where both are views of one page, a driver would load what it has stored, which does not happen here
	 * (`copies_directly`).
	 */
	uint8_t passing[DATA_MAX];
	/* Signals of faults are handled on this stack, by the one process that acts. */
	uint8_t handler_stack[64 * 1024];

	/* The answer under construction. */
	struct {
		size_t used;
		bool overflowed;
	} output;

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
};

extern struct control *control;

#endif
