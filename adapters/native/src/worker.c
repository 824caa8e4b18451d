#include "worker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend.h"
#include "control.h"
#include "faults.h"
#include "kmsg.h"
#include "log.h"
#include "memory.h"
#include "observe.h"
#include "output.h"
#include "privileges.h"
#include "protocol.h"
#include "run.h"

/* Bytes of the input buffer beyond this are given back after a long line. */
#define KEEP_MAX ((size_t)4 << 20)

/* Bytes of one read: a file on standard input must not fill the whole buffer, for present pages cost at every smaps. */
#define READ_MAX ((size_t)256 << 10)

/* What the C library registered with; a kernel that is told otherwise changes nothing. */
#define RSEQ_LENGTH 32
#define RSEQ_UNREGISTER 1
#define RSEQ_SIGNATURE 0x53053053

enum received { RECEIVED_LINE, RECEIVED_TOO_LONG, RECEIVED_END };

/* Makes room behind the received bytes. False when a single line fills the buffer. */
static bool make_room(struct input *input)
{
	if (input->start > 0) {
		memmove(memory.input, memory.input + input->start, input->end - input->start);
		input->end -= input->start;
		input->start = 0;
	}
	return input->end < INPUT_MAX;
}

static enum received receive_line(struct input *input)
{
	size_t searched = input->start;
	bool too_long = false;

	for (;;) {
		char *newline = memchr(memory.input + searched, '\n', input->end - searched);

		if (newline) {
			input->line_end = (size_t)(newline - memory.input);
			return too_long ? RECEIVED_TOO_LONG : RECEIVED_LINE;
		}
		if (!make_room(input)) {
			/* Nothing of such a line is of use, but its end has to be found. */
			too_long = true;
			input->end = 0;
		}
		searched = input->end;

		size_t room = INPUT_MAX - input->end;
		ssize_t n = read(STDIN_FILENO, memory.input + input->end, room < READ_MAX ? room : READ_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return RECEIVED_END;
		input->end += (size_t)n;
	}
}

static void finish_line(struct input *input)
{
	input->start = input->line_end + 1;
	if (input->start < input->end)
		return;
	if (input->end > KEEP_MAX)
		madvise(memory.input + KEEP_MAX, INPUT_MAX - KEEP_MAX, MADV_REMOVE);
	input->start = input->end = 0;
}

static void __attribute__((noreturn)) end(enum worker_exit how)
{
	fflush(NULL);
	_exit((int)how);
}

/* Finishes the command that a predecessor left under way, or starts afresh. */
static void resume(struct input *input)
{
	char message[MESSAGE_MAX];
	struct node_facts facts;

	if (control->contract_length > 0 && !protocol_apply_contract(&facts, message, sizeof(message))) {
		log_line("the contract no longer holds: %s", message);
		end(WORKER_BROKEN);
	}
	if (control->run.active) {
		if (!run_programs())
			end(WORKER_REPLACE);
		finish_line(input);
	} else if (control->line_taken) {
		finish_line(input);
	}
	control->line_taken = false;
}

/* Of the C library since glibc 2.35: where the thread's area lies. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

/*
 * The kernel notes on which processor a thread runs, in memory that the C library has registered: each time it begins to run
 * there, and so in every new process, for which the page is copied. Nobody looks at it here.
 */
static void forget_restartable_sequences(void)
{
#ifdef SYS_rseq
	if (&__rseq_size && __rseq_size > 0)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, RSEQ_LENGTH, RSEQ_UNREGISTER,
			RSEQ_SIGNATURE);
#endif
}

void worker_main(void)
{
	struct input *input = &control->input;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* The other processes of a program may access its memory; without a security module that asks, this is no call. */
	control->memory_guarded = prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY) == 0;
	if (getppid() != control->supervisor)
		end(WORKER_BROKEN);
	control->worker = getpid();
	memory_renew_state();
	forget_restartable_sequences();
	privileges_setup();
	faults_setup();
	protocol_setup();
	resume(input);
	for (;;) {
		enum received received = receive_line(input);

		if (received == RECEIVED_END)
			break;
		control->line_taken = true;

		enum handled handled = HANDLED;

		if (received == RECEIVED_TOO_LONG)
			handled = output_refuse("the line is longer than %zu MiB; send fewer programs in one command",
						INPUT_MAX >> 20) ?
					  HANDLED :
					  HANDLED_UNREAD;
		else if (input->line_end > input->start)
			handled = protocol_handle(
				(struct span){ memory.input + input->start, input->line_end - input->start });
		if (handled == HANDLED_REPLACE)
			end(WORKER_REPLACE);
		if (handled == HANDLED_UNREAD)
			end(WORKER_UNREAD);
		finish_line(input);
		control->line_taken = false;
		if (handled == HANDLED_STOP)
			break;
	}
	protocol_stopped();
	end(WORKER_DONE);
}
