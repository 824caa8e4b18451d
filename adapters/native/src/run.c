#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "actors.h"
#include "backend.h"
#include "clean.h"
#include "control.h"
#include "counters.h"
#include "json.h"
#include "kmsg.h"
#include "ledger.h"
#include "log.h"
#include "memory.h"
#include "observe.h"
#include "operations.h"
#include "output.h"
#include "program.h"
#include "repeat.h"
#include "scan.h"
#include "settings.h"

/* Whether the device is in its initial state; a fresh worker cannot know what the program before did to it. */
static bool device_initial;

static void append_head(const char *result)
{
	output_text("{\"seq\":");
	output_unsigned(control->run.seq);
	output_text(",\"index\":");
	output_unsigned(control->run.index);
	output_text(",\"result\":\"");
	output_text(result);
	output_char('"');
}

/* Whether no program follows; what is left of the command then begins with the end of the array. */
static bool is_last(void)
{
	const char *rest = memory.input + control->run.cursor;

	return rest[strspn(rest, " \t\r\n")] == ']';
}

/* Ends the answer, with what belongs to the whole command if it is the last one. */
static bool send_answer(void)
{
	if (is_last())
		counters_append();
	output_char('}');
	control->phase = PHASE_ANSWER;

	bool sent = output_send();

	control->run.index++;
	control->phase = PHASE_IDLE;
	return sent;
}

bool run_answer_errored(const char *message, int64_t step)
{
	output_reset();
	append_head("errored");
	output_text(",\"message\":");
	output_string(message, strlen(message));
	if (step >= 0) {
		output_text(",\"step\":");
		output_integer(step);
	}
	return send_answer();
}

static bool answer_skipped(const char *reason)
{
	output_reset();
	append_head("skipped");
	output_text(",\"reason\":");
	output_string(reason, strlen(reason));
	return send_answer();
}

/* Performs one operation and keeps the books that depend on it. */
static void perform(const struct program *program, size_t index)
{
	const struct op *op = &program->ops[index];

	control->run.step = (int64_t)index;
	if (ledger_is_open())
		ledger_step(index);
	if (op->operation->changes_device)
		device_initial = false;
	actors_perform(index);
	if (control->outcome.verdict != VERDICT_OK || control->outcome.kind != OUTCOME_RET)
		return;
	if (op->operation->role == ROLE_FORK)
		observe_actor_created(op->to);
	else if (op->operation->role == ROLE_EXIT)
		observe_actor_ended(op->actor);
}

/* Performs and observes all operations. False with a sentence when the program broke. */
static bool perform_all(const struct program *program, char *message, size_t size)
{
	for (size_t i = 0; i < program->count; i++) {
		bool layout = control->run.layout_every || program->ops[i].operation->role == ROLE_CHECKPOINT;

		perform(program, i);
		if (control->outcome.verdict != VERDICT_OK) {
			snprintf(message, size, "%s", control->outcome.message);
			return false;
		}
		if (i > 0)
			output_char(',');
		if (!observe_step(layout, message, size))
			return false;
	}
	return true;
}

/* Puts the device into its initial state; what that logs belongs to no program. */
static bool prepare(unsigned levels, char *message, size_t size)
{
	char ignored[MESSAGE_MAX];

	if (!backend->prepare(device_contract, !device_initial, message, size))
		return false;
	device_initial = true;
	if (levels & LEVEL_CALLBACKS) {
		/* Records that were lost here are those of earlier programs, or of other drivers. */
		kmsg_read(ignored, sizeof(ignored));
		kmsg_drop_callbacks();
	}
	return true;
}

/* Adds the kernel's own words to the reason, if it complained. */
static void add_complaint(char *message, size_t size)
{
	size_t length = strlen(message);
	const char *complaint = kmsg_complaint();

	if (complaint && length < size)
		snprintf(message + length, size - length, "; the kernel says: %s", complaint);
}

/* Observes the whole program into the output. False with a sentence; then the program has to be cleaned by force. */
static bool observe_program(const struct program *program, char *message, size_t size)
{
	output_reset();
	append_head("observed");
	output_text(",\"steps\":[");
	observe_begin(control->levels);
	actors_begin(program);
	control->outcome.verdict = VERDICT_OK;
	if ((control->levels & LEVEL_HEALTH) && !ledger_begin(message, size))
		return false;
	if (!settings_apply(&program->setting, message, size) || !perform_all(program, message, size))
		return false;
	control->run.step = -1;
	if (ledger_is_open())
		ledger_step(program->count);
	output_text("],\"end\":");
	if (!observe_cleaning(clean_orderly, message, size))
		return false;
	if (!output_overflowed())
		return true;
	snprintf(message, size, "the answer is longer than %zu MiB; run a shorter program", OUTPUT_MAX >> 20);
	return false;
}

/* Once without observing anything. */
static bool perform_quietly(const struct program *program, char *message, size_t size)
{
	if (!backend->prepare(device_contract, !device_initial, message, size))
		return false;
	device_initial = true;
	observe_begin(LEVEL_OUTCOME);
	actors_begin(program);
	control->outcome.verdict = VERDICT_OK;
	if (!settings_apply(&program->setting, message, size))
		return false;
	for (size_t i = 0; i < program->count; i++) {
		perform(program, i);
		if (control->outcome.verdict != VERDICT_OK) {
			snprintf(message, size, "%s", control->outcome.message);
			return false;
		}
	}
	control->run.step = -1;
	if (!clean_orderly(message, size))
		return false;
	/* Only to keep the log from overflowing later; nothing of it is looked at. */
	kmsg_skip();
	return true;
}

static bool perform_times(const struct program *program, int64_t times, char *message, size_t size)
{
	for (int64_t i = 0; i < times; i++)
		if (!perform_quietly(program, message, size))
			return false;
	return true;
}

static bool repeat_program(const struct program *program, char *message, size_t size)
{
	int64_t times = (int64_t)control->run.repeat;

	if (!perform_times(program, REPEAT_WARM_UP, message, size))
		return false;

	int64_t before = repeat_free_pages();

	if (!perform_times(program, times, message, size))
		return false;

	int64_t lost = before - repeat_free_pages();

	if (lost * 2 >= times && lost < times * 2) {
		if (!perform_times(program, times * (REPEAT_IN_DOUBT - 1), message, size))
			return false;
		times *= REPEAT_IN_DOUBT;
		lost = before - repeat_free_pages();
	}

	output_reset();
	append_head("repeated");
	output_text(",\"times\":");
	output_integer(times);
	output_text(",\"pagesLost\":");
	output_integer(lost);
	return true;
}

/*
 * Without a tree the message says why there is none. False when the worker has to be replaced or nobody reads any more.
 */
static bool run_program(const struct json *tree, char message[static MESSAGE_MAX])
{
	char remains[MESSAGE_MAX] = "";
	struct program program;

	control->run.step = -1;
	control->phase = PHASE_PROGRAM;
	output_reset();
	if (!tree || !program_read(tree, &program, message, MESSAGE_MAX))
		return run_answer_errored(message, -1);
	if (!settings_support(&program.setting, message, MESSAGE_MAX) ||
	    !operations_support(&program, message, MESSAGE_MAX))
		return answer_skipped(message);
	if (!prepare(control->levels, message, MESSAGE_MAX))
		return run_answer_errored(message, -1);
	memory_vacate();

	bool done = control->run.repeat > 0 ? repeat_program(&program, message, MESSAGE_MAX) :
					      observe_program(&program, message, MESSAGE_MAX);
	bool clean = done || clean_by_force(remains, sizeof(remains));

	memory_occupy();
	if (done)
		return send_answer() && !memory_miscounts_locks();
	if (!clean)
		log_line("program %" PRIu64 " of run %" PRIu64 ": %s; the worker is replaced", control->run.index,
			 control->run.seq, remains);

	bool skipped = control->outcome.verdict == VERDICT_SKIPPED;

	if (!skipped)
		add_complaint(message, MESSAGE_MAX);
	return (skipped ? answer_skipped(message) : run_answer_errored(message, control->run.step)) && clean;
}

void run_forget_device(void)
{
	device_initial = false;
}

/* Reads the program that the scanner has reached and moves behind it. SCANNED_BAD when it cannot be told where it ends. */
static enum scanned read_element(struct scanner *scanner, const struct json **tree, char *message, size_t size)
{
	const char *behind;
	struct span text = { scanner->at, (size_t)(scanner->end - scanner->at) };

	*tree = json_parse_value(text, &behind);
	if (*tree) {
		scanner->at = behind;
		return SCANNED_ITEM;
	}
	/* The sentence is about this element alone, and only this one is lost if its brackets match. */
	if (scan_element(scanner, &text) != SCANNED_ITEM)
		return SCANNED_BAD;
	*tree = json_parse(text, message, size);
	return SCANNED_ITEM;
}

bool run_programs(void)
{
	struct run *run = &control->run;
	const char *input = memory.input;
	char message[MESSAGE_MAX] = "";

	while (run->active) {
		struct scanner scanner = { .at = input + run->cursor, .end = input + run->end, .first = run->index == 0 };
		const struct json *tree = NULL;
		enum scanned scanned = scan_to_element(&scanner);

		if (scanned == SCANNED_ITEM)
			scanned = read_element(&scanner, &tree, message, sizeof(message));
		if (scanned != SCANNED_ITEM)
			run->active = false;
		if (scanned == SCANNED_BAD)
			output_refuse("the array of programs of run %" PRIu64 " is garbled after program %" PRIu64, run->seq,
				      run->index);
		if (scanned != SCANNED_ITEM)
			break;
		/* From here on the program counts as taken, so that a new worker goes on with the next. */
		run->cursor = (size_t)(scanner.at - input);

		bool goes_on = run_program(tree, message);

		json_release();
		if (!goes_on)
			return false;
	}
	return true;
}
