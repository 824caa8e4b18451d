#include "actors.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"
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
static int highest_descriptor = -1;

static void futex_wait(uint32_t *word, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT, 0, timeout, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
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
	control->actors[FIRST_ACTOR] = (struct actor){ .alive = true, .pid = control->worker, .parent = FIRST_ACTOR };
}

void actors_note_descriptor(int fd, bool open)
{
	if (self != FIRST_ACTOR || fd < FIRST_DESCRIPTOR || fd >= HELPER_DESCRIPTOR)
		return;
	open_descriptors[fd] = open;
	if (open && fd > highest_descriptor)
		highest_descriptor = fd;
}

bool actors_close_descriptors(void)
{
	bool closed = true;

	for (int fd = FIRST_DESCRIPTOR; fd <= highest_descriptor; fd++)
		if (open_descriptors[fd]) {
			open_descriptors[fd] = false;
			if (syscall(SYS_close, fd) != 0)
				closed = false;
		}
	highest_descriptor = -1;
	return closed;
}

/* A process whose parent died is told so by a signal; it stays only if the worker adopted it. */
static void on_parent_death(int number)
{
	(void)number;
	if (getppid() != control->worker)
		_exit(1);
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The life of a process of a program: wait for an order, carry it out, answer. */
static void __attribute__((noreturn)) act(int slot, pid_t parent)
{
	struct actor *actor = &control->actors[slot];
	struct sigaction action = { .sa_handler = on_parent_death, .sa_flags = SA_RESTART };

	self = slot;
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	/* Where a security module asks: the other processes of a program may access its memory. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	/* The parent may have died before the signal was asked for. */
	if (getppid() != parent && getppid() != control->worker)
		_exit(1);
	futex_wake(&actor->begun);
	for (;;) {
		while (__atomic_load_n(&actor->wake, __ATOMIC_ACQUIRE) == 0)
			futex_wait(&actor->wake, NULL);
		__atomic_store_n(&actor->wake, 0, __ATOMIC_RELAXED);

		if (actor->order == ORDER_EXIT)
			_exit(0);
		if (actor->order == ORDER_REAP) {
			reap((pid_t)actor->argument);
		} else {
			const struct op *op = &current->ops[actor->argument];

			failures_perform(op, &control->outcome);
		}
		futex_wake(&control->done);
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

/*
 * What a process finds when it begins to run depends on what others have done before (User Mode Linux looks at its page
 * tables then), so nothing else happens meanwhile.
 */
static void await_begin(int slot, pid_t pid)
{
	const struct timespec patience = { .tv_nsec = LOOK_AFTER_MS * 1000000L };
	uint32_t *begun = &control->actors[slot].begun;

	while (__atomic_load_n(begun, __ATOMIC_ACQUIRE) == 0) {
		futex_wait(begun, &patience);
		if (__atomic_load_n(begun, __ATOMIC_ACQUIRE) == 0 && has_ended(pid))
			return;
	}
}

pid_t actors_fork(int slot)
{
	pid_t parent = (pid_t)syscall(SYS_getpid);

	/* An order for the child may come before it runs, so its word is cleared here. */
	control->actors[slot] = (struct actor){ .parent = self };

	pid_t pid = fork();

	if (pid == 0)
		act(slot, parent);
	if (pid > 0)
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
	__atomic_store_n(&control->done, 0, __ATOMIC_RELAXED);
	futex_wake(&control->actors[slot].wake);
}

/* False when the process died instead of answering. */
static bool await_answer(int slot, struct outcome *outcome)
{
	const struct timespec patience = { .tv_nsec = LOOK_AFTER_MS * 1000000L };

	while (__atomic_load_n(&control->done, __ATOMIC_ACQUIRE) == 0) {
		futex_wait(&control->done, &patience);
		if (__atomic_load_n(&control->done, __ATOMIC_ACQUIRE) == 0 && has_ended(control->actors[slot].pid)) {
			errored_by_death(slot, outcome);
			return false;
		}
	}
	return true;
}

static bool reap_exited(int slot, struct outcome *outcome)
{
	struct actor *actor = &control->actors[slot];
	int parent = actor->parent;

	actor->alive = false;
	if (parent != FIRST_ACTOR && control->actors[parent].alive) {
		give_order(parent, ORDER_REAP, actor->pid);
		return await_answer(parent, outcome);
	}
	/* The worker adopts processes whose parent has exited. */
	reap(actor->pid);
	return true;
}

bool actors_exit(int slot, struct outcome *outcome)
{
	give_order(slot, ORDER_EXIT, 0);
	return reap_exited(slot, outcome);
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
		actors_exit(op->actor, outcome);
		return;
	}
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
