/* Operations on processes, on the module, and on the observer. */
#include "operations.h"

#include "actors.h"
#include "module.h"
#include "operands.h"

static void perform_fork(const struct op *op, struct outcome *outcome)
{
	outcome->pid = actors_fork(op->to);
	outcome_of(outcome, outcome->pid < 0 ? -1 : 0);
}

/* Carried out by the code that keeps account of processes. */
static void perform_exit(const struct op *op, struct outcome *outcome)
{
	(void)op;
	outcome_of(outcome, 0);
}

/* Carried out by the observer. */
static void perform_checkpoint(const struct op *op, struct outcome *outcome)
{
	(void)op;
	outcome_of(outcome, 0);
}

static void perform_reload(const struct op *op, struct outcome *outcome)
{
	module_reload(outcome, op->failure != FAILURE_NONE);
}

static bool can_reload(const struct op *op, char *message, size_t size)
{
	(void)op;
	return module_listed(message, size);
}

const struct operation operations_processes[] = {
	OPERATION(fork, FIELDS(TO_ACTOR), .role = ROLE_FORK),
	OPERATION(exit, FIELDS_NONE, .role = ROLE_EXIT),
	OPERATION(checkpoint, FIELDS_NONE, .role = ROLE_CHECKPOINT),
	/* The buffer of a module that was loaded anew is initial, but that is for the backend to find out. */
	OPERATION(reload, FIELDS(FAIL), .changes_device = true, .available = module_reloadable,
		  .applicable = can_reload),
	{ .name = NULL },
};
