#include "faults.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

#include "control.h"

static sigjmp_buf landing;
static volatile sig_atomic_t guarded;
static volatile size_t progress;
static volatile int fault_signal;
static volatile int fault_code;
static volatile uintptr_t fault_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	/* A signal that somebody sent, or a fault of the helper itself: die of it, and let the supervisor say so. */
	if (!guarded || info->si_code <= 0) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	fault_signal = number;
	fault_code = info->si_code;
	fault_address = (uintptr_t)info->si_addr;
	siglongjmp(landing, 1);
}

void faults_setup(void)
{
	/* The handler needs a stack of its own, for a program may have broken anything but the helper's memory. */
	stack_t stack = { .ss_sp = control->handler_stack, .ss_size = sizeof(control->handler_stack) };
	/* SA_NODEFER, because the handler leaves by a jump and the signal must not stay blocked. */
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaltstack(&stack, NULL);
	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static struct access_result result(bool faulted)
{
	guarded = 0;
	if (!faulted)
		return (struct access_result){ .progress = progress };
	return (struct access_result){
		.progress = progress, .signal = fault_signal, .code = fault_code, .address = fault_address
	};
}

/*
 * Volatile on both sides: the compiler may neither widen, nor merge, nor reorder the accesses, and `progress` is
 * right at the moment of the fault.
 */
__attribute__((noinline, no_sanitize("address", "undefined"))) static void copy_bytes(volatile uint8_t *to,
										      const volatile uint8_t *from,
										      size_t length)
{
	for (size_t i = 0; i < length; i++) {
		to[i] = from[i];
		progress = i + 1;
	}
}

__attribute__((noinline)) static struct access_result guarded_copy(uint8_t *to, const uint8_t *from, size_t length)
{
	progress = 0;
	/* The mask is not saved: that would be a system call for each access. */
	if (sigsetjmp(landing, 0) != 0)
		return result(true);
	guarded = 1;
	copy_bytes(to, from, length);
	return result(false);
}

struct access_result faults_load(uintptr_t from, uint8_t *to, size_t length)
{
	return guarded_copy(to, (const uint8_t *)from, length);
}

struct access_result faults_store(uintptr_t to, const uint8_t *from, size_t length)
{
	return guarded_copy((uint8_t *)to, from, length);
}
