#include "observe.h"

#include <string.h>

#include "control.h"
#include "frames.h"
#include "kmsg.h"
#include "layout.h"
#include "ledger.h"
#include "names.h"
#include "output.h"

const char *const level_names[] = { "outcome", "layout", "frames", "callbacks", "health", NULL };

static unsigned observed;

void observe_setup(void)
{
	frames_setup();
	layout_setup();
	ledger_setup();
}

void observe_begin(unsigned levels)
{
	observed = levels;
	frames_begin();
}

void observe_actor_created(int slot)
{
	if (observed & LEVEL_FRAMES)
		frames_actor_created(slot);
}

void observe_actor_ended(int slot)
{
	frames_actor_ended(slot);
	layout_actor_ended(slot);
}

void observe_end(void)
{
	for (int i = 1; i < control->created_count; i++)
		observe_actor_ended(control->created[i]);
}

/* Larger integers are not exact in a double, which is all that JSON promises; they go over the wire as text. */
#define EXACT_MAX ((int64_t)1 << 53)

static void append_result(int64_t result)
{
	bool exact = result > -EXACT_MAX && result < EXACT_MAX;

	if (!exact)
		output_char('"');
	output_integer(result);
	if (!exact)
		output_char('"');
}

static void append_outcome(const struct outcome *outcome)
{
	output_text("\"outcome\":{");
	switch (outcome->kind) {
	case OUTCOME_RET:
		output_text("\"ret\":");
		append_result(outcome->ret);
		break;
	case OUTCOME_ERRNO:
		output_text("\"errno\":\"");
		output_text(errno_name(outcome->error));
		output_char('"');
		break;
	case OUTCOME_SIGNAL:
		output_text("\"signal\":\"");
		output_text(signal_name(outcome->signal));
		output_text("\",\"code\":\"");
		output_text(signal_code_name(outcome->signal, outcome->code));
		output_text("\",\"at\":");
		output_integer(outcome->fault);
		break;
	case OUTCOME_UNBOUND:
		output_text("\"none\":\"unbound\"");
		break;
	case OUTCOME_UNSAFE:
		output_text("\"none\":\"unsafe\"");
		break;
	}
	if (outcome->has_data) {
		output_text(",\"data\":");
		output_encoded(control->data, outcome->data_length);
	}
	output_char('}');
	if (outcome->failed)
		output_text(",\"failed\":true");
}

/* Callbacks come last, for reading the log costs nothing when nothing was logged and nothing here logs. */
static bool append_callbacks(char *message, size_t size)
{
	if (!(observed & LEVEL_CALLBACKS))
		return true;
	if (!kmsg_read(message, size))
		return false;
	kmsg_take();
	return true;
}

static bool append_state(bool layout, char *message, size_t size)
{
	if (layout && (observed & LEVEL_LAYOUT) && !layout_observe(message, size))
		return false;
	return !(observed & LEVEL_FRAMES) || frames_observe(message, size);
}

bool observe_step(bool layout, char *message, size_t size)
{
	output_char('{');
	append_outcome(&control->outcome);
	if (!append_state(layout, message, size) || !append_callbacks(message, size))
		return false;
	output_char('}');
	return true;
}

bool observe_cleaning(bool (*clean)(char *message, size_t size), char *message, size_t size)
{
	const struct outcome success = { .kind = OUTCOME_RET };

	output_char('{');
	append_outcome(&success);
	if (!append_state(true, message, size) || !clean(message, size) || !append_callbacks(message, size))
		return false;
	if ((observed & LEVEL_HEALTH) && !ledger_end(message, size))
		return false;
	output_char('}');
	return true;
}
