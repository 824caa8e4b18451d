#include "clean.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors.h"
#include "control.h"
#include "exchange.h"
#include "memory.h"
#include "observe.h"
#include "settings.h"

static bool complain(char *message, size_t size, const char *what)
{
	snprintf(message, size, "cleaning up after the program failed: %s (%s)", what, strerror(errno));
	return false;
}

/* Takes away what the first process has, and looks whether anything is left. */
static bool clean_first(char *message, size_t size)
{
	actors_end();
	if (!memory_clean())
		return complain(message, size, "arena or zone cannot be unmapped");
	if (!actors_close_descriptors())
		return complain(message, size, "a descriptor cannot be closed");

	int lowest = fcntl(STDERR_FILENO, F_DUPFD, FIRST_DESCRIPTOR);

	if (lowest >= 0)
		close(lowest);
	if (lowest != FIRST_DESCRIPTOR)
		return complain(message, size, "a descriptor is still open");
	exchange_drain();
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD)
		return complain(message, size, "a process is left");
	return true;
}

bool clean_orderly(char *message, size_t size)
{
	if (!settings_lift(message, size))
		return false;
	actors_exit_all(observe_actor_ended);
	return clean_first(message, size);
}

bool clean_by_force(char *message, size_t size)
{
	bool gone = actors_kill_all();
	bool lifted = settings_lift(message, size);

	observe_end();
	if (!gone)
		return complain(message, size, "a process is left");
	return lifted && clean_first(message, size);
}
