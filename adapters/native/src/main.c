/*
 * The helper performs programs with real system calls and answers over standard input and output. This file is the
 * supervisor: it starts the worker, which does everything, and answers for it when a program killed it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "backend.h"
#include "control.h"
#include "counterparts.h"
#include "descriptors.h"
#include "exchange.h"
#include "kmsg.h"
#include "ledger.h"
#include "log.h"
#include "memory.h"
#include "names.h"
#include "protocol.h"
#include "run.h"
#include "settings.h"
#include "worker.h"

/* Workers that die one after the other without finishing anything: then something is wrong with the machine. */
#define DEATHS_MAX 5

static const char usage[] = "usage: helper [--memfd]\n"
			    "Performs programs for mmap-conformance; commands come on standard input, one JSON object on\n"
			    "each line. With --memfd a memfd plays the device; without, the contract's node is opened.\n";

/* Ends what programs left behind when their worker died; they are the supervisor's children by now. */
static void kill_orphans(void)
{
	for (int i = 1; i < control->created_count; i++) {
		struct actor *actor = &control->actors[control->created[i]];

		if (actor->alive)
			kill(actor->pid, SIGKILL);
		actor->alive = false;
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	exchange_drain();
	settings_recover();
}

static void describe_death(int status, char *text, size_t size)
{
	char complaint[256];
	size_t length;

	if (WIFSIGNALED(status))
		snprintf(text, size, "the process that performs programs was killed by %s",
			 signal_name(WTERMSIG(status)));
	else
		snprintf(text, size, "the process that performs programs ended with status %d", WEXITSTATUS(status));
	length = strlen(text);
	if (backend == &device_backend && kmsg_find_complaint(control->kmsg_seq, complaint, sizeof(complaint)))
		snprintf(text + length, size - length, "; the kernel says: %s", complaint);
}

/* Answers for a worker that died. False when that is not possible. */
static bool answer_for(int status)
{
	char message[MESSAGE_MAX];

	describe_death(status, message, sizeof(message));
	log_line("%s", message);
	switch (control->phase) {
	case PHASE_ANSWER:
		log_line("it was about to answer, so the harness may have half a line; giving up");
		return false;
	case PHASE_PROGRAM:
		return run_answer_errored(message, control->run.step);
	case PHASE_CONFIGURE:
		control->contract_length = 0;
		control->phase = PHASE_IDLE;
		return protocol_not_configured(message);
	case PHASE_IDLE:
		break;
	}
	return true;
}

static int supervise(void)
{
	uint64_t last_index = 0;
	int deaths = 0;

	for (;;) {
		pid_t worker = fork();
		int status;

		if (worker < 0) {
			log_line("cannot start a worker: %s", strerror(errno));
			return EXIT_FAILURE;
		}
		if (worker == 0)
			worker_main();
		while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
			;
		kill_orphans();

		int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

		if (code == WORKER_DONE)
			return EXIT_SUCCESS;
		if (code == WORKER_UNREAD) {
			log_line("standard output is closed");
			return EXIT_FAILURE;
		}
		if (code != WORKER_REPLACE && !answer_for(status))
			return EXIT_FAILURE;
		/* Every program that was answered for is progress; only a standstill is hopeless. */
		deaths = control->run.active && control->run.index != last_index ? 0 : deaths + 1;
		last_index = control->run.index;
		if (deaths > DEATHS_MAX) {
			log_line("%d workers died in a row without getting anywhere; giving up", deaths);
			return EXIT_FAILURE;
		}
	}
}

int main(int argc, char **argv)
{
	char message[MESSAGE_MAX];

	backend = &device_backend;
	if (argc == 2 && strcmp(argv[1], "--memfd") == 0) {
		backend = &memfd_backend;
	} else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	} else if (argc != 1) {
		fputs(usage, stderr);
		return 2;
	}
#ifdef __GLIBC__
	/* A block that malloc mapped for itself would lie where programs map. */
	mallopt(M_MMAP_MAX, 0);
#endif
	signal(SIGPIPE, SIG_IGN);
	if (!descriptors_setup()) {
		log_line("cannot set up descriptors: %s; raise the hard limit (ulimit -Hn) to 1024 or more",
			 strerror(errno));
		return EXIT_FAILURE;
	}
	if (!memory_setup(message, sizeof(message))) {
		log_line("%s", message);
		return EXIT_FAILURE;
	}
	if (backend == &device_backend)
		ledger_open();
	if (!exchange_setup()) {
		log_line("cannot create a pair of sockets: %s; the kernel needs CONFIG_UNIX", strerror(errno));
		return EXIT_FAILURE;
	}
	counterparts_setup();
	/* A hung program must not outlive the harness; the worker in turn dies with this process. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	control->supervisor = getpid();
	return supervise();
}
