#include "actors.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "descriptors.h"
#include "facts.h"
#include "failures.h"
#include "names.h"
#include "operations.h"

/* How long an answer is waited for before looking whether the process still lives. It is no time limit. */
#define LOOK_AFTER_MS 50

static const struct program *current;
/* The slot of this process. */
static int self;
/* Which descriptors of the first process are open. */
static bool open_descriptors[HELPER_DESCRIPTOR];
static int descriptors_end;

/*
 * Something that one process waits for and another one lets happen. Who lets it happen makes a system call only if the other
 * one sleeps.
 */
enum event { EVENT_PENDING, EVENT_HAPPENED, EVENT_AWAITED };

static bool event_happened(const uint32_t *event)
{
	return __atomic_load_n(event, __ATOMIC_ACQUIRE) == EVENT_HAPPENED;
}

static void event_happens(uint32_t *event)
{
	if (__atomic_exchange_n(event, EVENT_HAPPENED, __ATOMIC_ACQ_REL) == EVENT_AWAITED)
		syscall(SYS_futex, event, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Sleeps until it happens or the time is up, or for no reason. */
static void event_sleep(uint32_t *event, const struct timespec *timeout)
{
	uint32_t pending = EVENT_PENDING;

	if (__atomic_compare_exchange_n(event, &pending, EVENT_AWAITED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
	    pending == EVENT_AWAITED)
		syscall(SYS_futex, event, FUTEX_WAIT, EVENT_AWAITED, timeout, NULL, 0);
}

void actors_begin(const struct program *program)
{
	current = program;
	/* Only what the previous program used is cleared: the tables are long and most programs are short. */
	for (int i = 0; i < control->created_count; i++)
		control->actors[control->created[i]] = (struct actor){ .alive = false };
	for (int i = 0; i < SLOT_COUNT; i++)
		control->descriptors[i] = -1;
	memset(control->mapping_bound, 0, sizeof(control->mapping_bound));
	control->created[0] = FIRST_ACTOR;
	control->created_count = 1;
	control->actors[FIRST_ACTOR] = (struct actor){ .alive = true, .pid = control->worker };
}

void actors_note_descriptor(int fd, bool open)
{
	if (self != FIRST_ACTOR || fd < FIRST_DESCRIPTOR || fd >= HELPER_DESCRIPTOR)
		return;
	open_descriptors[fd] = open;
	if (open && fd >= descriptors_end)
		descriptors_end = fd + 1;
}

bool actors_close_descriptors(void)
{
	bool closed = true;

	for (int fd = FIRST_DESCRIPTOR; fd < descriptors_end; fd++)
		if (open_descriptors[fd]) {
			open_descriptors[fd] = false;
			if (syscall(SYS_close, fd) != 0)
				closed = false;
		}
	descriptors_end = 0;
	return closed;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The life of a process of a program: wait for an order, carry it out, answer. */
static void __attribute__((noreturn)) act(int slot)
{
	struct actor *actor = &control->actors[slot];

	self = slot;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The other processes of a program may access its memory. */
	if (control->memory_guarded)
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	/* The worker may have died before the signal was asked for. */
	if (getppid() != control->worker)
		_exit(1);
	event_happens(&actor->begun);
	for (;;) {
		while (!event_happened(&actor->wake))
			event_sleep(&actor->wake, NULL);
		__atomic_store_n(&actor->wake, EVENT_PENDING, __ATOMIC_RELAXED);

		if (actor->order == ORDER_EXIT)
			_exit(0);

		const struct op *op = &current->ops[actor->argument];

		failures_perform(op, &control->outcome);
		event_happens(&control->done);
	}
}

/* Whether the process has ended, also when it is not a child of this one. */
static bool has_ended(pid_t pid)
{
	/* The program may have used up its descriptors. */
	descriptors_raise_limit(true);

	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int error = errno;

	descriptors_raise_limit(false);
	if (fd < 0)
		return error == ESRCH;

	struct pollfd end = { .fd = fd, .events = POLLIN };
	bool ended = poll(&end, 1, 0) > 0;

	close(fd);
	return ended;
}

static bool has_begun(int slot)
{
	return slot == FIRST_ACTOR || event_happened(&control->actors[slot].begun);
}

static void await_begin(int slot, pid_t pid)
{
	const struct timespec patience = { .tv_nsec = LOOK_AFTER_MS * 1000000L };

	while (!has_begun(slot)) {
		event_sleep(&control->actors[slot].begun, &patience);
		if (!has_begun(slot) && has_ended(pid))
			return;
	}
}

/* The processors that this process may run on, while it stays on one of them. */
static cpu_set_t processors;
static bool stays;

/*
 * The processes of a program act in turns. On one processor the next one runs as soon as the last one waits; to wake one on
 * another processor takes an interrupt there, which costs more than what most operations do.
 */
static void stay_on_processor(void)
{
	cpu_set_t here;
	int processor = sched_getcpu();

	if (stays || backend->has_driver || processor < 0 || processor >= CPU_SETSIZE ||
	    sched_getaffinity(0, sizeof(processors), &processors) != 0)
		return;
	CPU_ZERO(&here);
	CPU_SET(processor, &here);
	stays = sched_setaffinity(0, sizeof(here), &here) == 0;
}

void actors_end(void)
{
	if (stays)
		sched_setaffinity(0, sizeof(processors), &processors);
	stays = false;
}

/*
 * A real fork: the address space is copied. The C library's would also prepare its locks and its allocator for a child that
 * goes on as it likes, and each page that it writes in doing so is copied. All processes are children of the worker, so that
 * it can reap each of them, whoever forked it.
 */
static pid_t copy_process(void)
{
	return (pid_t)syscall(SYS_clone, self == FIRST_ACTOR ? SIGCHLD : CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

pid_t actors_fork(int slot)
{
	/* An order for the child may come before it runs, so its word is cleared here. */
	control->actors[slot] = (struct actor){ .alive = false };

	if (self == FIRST_ACTOR)
		stay_on_processor();

	pid_t pid = copy_process();

	if (pid == 0)
		act(slot);
	/*
	 * What a process finds when it begins to run there depends on what others have done before (it looks at its page
	 * tables then), so nothing else happens meanwhile. Elsewhere it need not begin before it is asked for something.
	 */
	if (pid > 0 && facts_user_mode_linux())
		await_begin(slot, pid);
	return pid;
}

static void errored_by_death(int slot, struct outcome *outcome)
{
	struct actor *actor = &control->actors[slot];
	char name[8];
	char how[64] = "";
	int status;

	slot_name(slot, name, sizeof(name));
	if (waitpid(actor->pid, &status, WNOHANG) == actor->pid && WIFSIGNALED(status))
		snprintf(how, sizeof(how), " of %s", signal_name(WTERMSIG(status)));
	actor->alive = false;
	outcome->verdict = VERDICT_ERRORED;
	snprintf(outcome->message, sizeof(outcome->message),
		 "process p%s died%s; nothing in a program kills a process, so look at the kernel log", name, how);
}

static void give_order(int slot, enum order order, int64_t argument)
{
	control->actors[slot].order = order;
	control->actors[slot].argument = argument;
	__atomic_store_n(&control->done, EVENT_PENDING, __ATOMIC_RELAXED);
	event_happens(&control->actors[slot].wake);
}

/* False when the process died instead of answering. */
static bool await_answer(int slot, struct outcome *outcome)
{
	const struct timespec patience = { .tv_nsec = LOOK_AFTER_MS * 1000000L };

	while (!event_happened(&control->done)) {
		event_sleep(&control->done, &patience);
		if (!event_happened(&control->done) && has_ended(control->actors[slot].pid)) {
			errored_by_death(slot, outcome);
			return false;
		}
	}
	return true;
}

static void let_exit(int slot)
{
	struct actor *actor = &control->actors[slot];

	actor->alive = false;
	/* One that has not begun would only begin in order to exit. */
	if (has_begun(slot))
		give_order(slot, ORDER_EXIT, 0);
	else
		kill(actor->pid, SIGKILL);
}

void actors_exit(int slot)
{
	let_exit(slot);
	reap(control->actors[slot].pid);
}

void actors_exit_all(void (*ended)(int slot))
{
	/* Where the order cannot be seen, none of them begins to run while another one exits. */
	bool at_once = !backend->has_driver;
	bool exiting[SLOT_COUNT];

	for (int i = 1; i < control->created_count; i++) {
		exiting[i] = control->actors[control->created[i]].alive;
		if (exiting[i] && at_once)
			let_exit(control->created[i]);
	}
	for (int i = 1; i < control->created_count; i++) {
		int slot = control->created[i];

		if (!exiting[i])
			continue;
		if (!at_once)
			let_exit(slot);
		reap(control->actors[slot].pid);
		ended(slot);
	}
}

static void note_created(int slot)
{
	struct actor *actor = &control->actors[slot];

	actor->pid = control->outcome.pid;
	actor->alive = true;
	control->created[control->created_count++] = slot;
}

void actors_perform(size_t index)
{
	const struct op *op = &current->ops[index];
	struct outcome *outcome = &control->outcome;

	outcome->kind = OUTCOME_RET;
	outcome->verdict = VERDICT_OK;
	outcome->ret = 0;
	outcome->failed = false;
	outcome->has_data = false;
	outcome->data_length = 0;
	if (!control->actors[op->actor].alive) {
		outcome->kind = OUTCOME_UNBOUND;
		return;
	}
	if (op->operation->role == ROLE_EXIT) {
		actors_exit(op->actor);
		return;
	}
	/* It has to let others access its memory first. */
	if (control->memory_guarded && control->actors[op->of].alive)
		await_begin(op->of, control->actors[op->of].pid);
	if (op->actor == FIRST_ACTOR) {
		failures_perform(op, outcome);
	} else {
		give_order(op->actor, ORDER_PERFORM, (int64_t)index);
		if (!await_answer(op->actor, outcome))
			return;
	}
	if (op->operation->role == ROLE_FORK && outcome->kind == OUTCOME_RET)
		note_created(op->to);
}

bool actors_kill_all(void)
{
	bool some = false;

	for (int i = 1; i < control->created_count; i++) {
		struct actor *actor = &control->actors[control->created[i]];

		if (actor->alive) {
			kill(actor->pid, SIGKILL);
			some = true;
		}
		actor->alive = false;
	}
	if (some)
		while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
			;
	/* Grandchildren are adopted by the worker, so that an empty answer covers them all. */
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}
