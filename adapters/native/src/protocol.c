#include "protocol.h"

#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "control.h"
#include "counters.h"
#include "facts.h"
#include "failures.h"
#include "kmsg.h"
#include "ledger.h"
#include "memory.h"
#include "observe.h"
#include "operations.h"
#include "output.h"
#include "run.h"
#include "scan.h"
#include "settings.h"

#define PROTOCOL_VERSION 4

/* Bits of enum level that can be observed here. */
static unsigned available;

void protocol_setup(void)
{
	backend_setup();
	facts_setup();
	observe_setup();
	counters_setup();
	available = backend->levels;
	if ((available & LEVEL_FRAMES) && !facts_frames_visible())
		available &= ~(unsigned)LEVEL_FRAMES;
	if ((available & LEVEL_CALLBACKS) && !kmsg_open())
		available &= ~(unsigned)LEVEL_CALLBACKS;
	if ((available & LEVEL_HEALTH) && !ledger_is_open())
		available &= ~(unsigned)LEVEL_HEALTH;
	operations_setup();
	settings_setup();
}

/* What has become of a command whose answer could be written or not. */
static enum handled answered(bool sent)
{
	return sent ? HANDLED : HANDLED_UNREAD;
}

void protocol_stopped(void)
{
	output_reset();
	output_text("{\"event\":\"stopped\"}");
	output_send();
}

/* Appends a name to an array; `some` says whether it has one already. */
static void append_name(bool *some, const char *name)
{
	output_text(*some ? ",\"" : "\"");
	output_text(name);
	output_char('"');
	*some = true;
}

static void append_levels(void)
{
	bool some = false;

	for (size_t i = 0; level_names[i]; i++)
		if (available & 1U << i)
			append_name(&some, level_names[i]);
}

static void append_operations(void)
{
	const struct operation *operation;
	bool some = false;

	for (size_t i = 0; (operation = operation_at(i)) != NULL; i++)
		if (operation_supported(operation))
			append_name(&some, operation->name);
}

static void append_map_flags(void)
{
	bool some = false;

	for (const struct word *flag = map_flags; flag->name; flag++)
		if (map_flag_supported(flag))
			append_name(&some, flag->name);
}

static void append_settings(void)
{
	bool some = false;

	for (int kind = 0; kind < SETTING_COUNT; kind++)
		if (settings_supported(kind))
			append_name(&some, setting_names[kind]);
}

static void append_failures(void)
{
	bool some = false;

	for (int failure = FAILURE_ALLOCATION; failure_names[failure]; failure++)
		if (failures_supported(failure))
			append_name(&some, failure_names[failure]);
}

static enum handled handle_start(const struct json *command)
{
	uint64_t version;

	if (!json_natural(json_get(command, "version"), &version))
		return answered(output_refuse("`start` needs a version; this helper speaks version %d of the protocol",
				       PROTOCOL_VERSION));
	if (version != PROTOCOL_VERSION)
		return answered(output_refuse("this helper speaks version %d of the protocol, not %llu; use the helper that was "
				       "built from the same checkout as the harness",
				       PROTOCOL_VERSION, (unsigned long long)version));
	control->started = true;
	output_reset();
	output_text("{\"event\":\"started\",\"version\":");
	output_unsigned(PROTOCOL_VERSION);
	output_text(",\"implementation\":{\"name\":\"");
	output_text(backend->name);
	output_text("\",\"version\":\"" IMPLEMENTATION_VERSION "\"},\"levels\":[");
	append_levels();
	output_text("],\"operations\":[");
	append_operations();
	output_text("],\"settings\":[");
	append_settings();
	output_text("],\"mapFlags\":[");
	append_map_flags();
	output_text("],\"failures\":[");
	append_failures();
	output_text(backend->repeat ? "],\"repeat\":true," : "],\"repeat\":false,");
	if (counters_available())
		output_text("\"counters\":true,");
	facts_append();
	output_char('}');
	return answered(output_send());
}

bool protocol_apply_contract(struct node_facts *facts, char *message, size_t size)
{
	struct node_facts ignored;

	if (!contract_parse((struct span){ control->contract, control->contract_length }, device_contract, message, size))
		return false;
	kmsg_set_prefix(device_contract->log_prefix);
	counters_find();
	return backend->configure(device_contract, facts ? facts : &ignored, message, size);
}

bool protocol_not_configured(const char *message)
{
	output_reset();
	output_text("{\"event\":\"configured\",\"seq\":");
	output_unsigned(control->configure_seq);
	output_text(",\"ok\":false,\"message\":");
	output_string(message, strlen(message));
	output_char('}');
	return output_send();
}

/* The bits of the levels that are asked for, or 0 with a sentence. */
/* The levels of a command, as bits. 0 with a sentence when one of them cannot be observed. */
static unsigned read_levels(const struct json *array, char *message, size_t size)
{
	unsigned levels = 0;

	JSON_FOR_EACH(item, array) {
		struct span name = json_text(item);
		unsigned level = 0;

		for (size_t k = 0; level_names[k]; k++)
			if (span_is(name, level_names[k]))
				level = 1U << k;
		if (!(level & available)) {
			snprintf(message, size,
				 "the level \"%.*s\" cannot be observed here; ask only for levels that `started` named",
				 (int)(name.length < 32 ? name.length : 32), name.text ? name.text : "");
			return 0;
		}
		levels |= level;
	}
	if (levels == 0)
		snprintf(message, size, "`levels` has to name at least one level");
	return levels;
}

/* The text of a member of the object that a line is. */
static struct span find_member(struct span line, const char *name)
{
	struct scanner scanner;
	struct span key, value;

	if (scan_open(&scanner, line, '{'))
		while (scan_member(&scanner, &key, &value) == SCANNED_ITEM)
			if (span_is(key, name))
				return value;
	return (struct span){ NULL, 0 };
}

static enum handled handle_configure(struct span line, const struct json *command)
{
	char message[MESSAGE_MAX];
	struct node_facts facts = { 0 };
	struct span asked = find_member(line, "contract");

	if (!json_natural(json_get(command, "seq"), &control->configure_seq) ||
	    !json_is(json_get(command, "contract"), JSON_OBJECT) || !asked.text)
		return answered(output_refuse("`configure` needs seq, contract and levels"));
	control->phase = PHASE_CONFIGURE;
	/* Until it is in force there is none. */
	control->contract_length = 0;

	unsigned levels = read_levels(json_get(command, "levels"), message, sizeof(message));
	bool ok = levels != 0;

	if (ok && asked.length > CONTRACT_MAX) {
		snprintf(message, sizeof(message), "the contract is longer than %zu KiB", CONTRACT_MAX >> 10);
		ok = false;
	}
	if (ok) {
		memcpy(control->contract, asked.text, asked.length);
		control->contract_length = asked.length;
		control->levels = levels;
		ok = protocol_apply_contract(&facts, message, sizeof(message));
	}
	control->phase = PHASE_IDLE;
	if (!ok) {
		control->contract_length = 0;
		return answered(protocol_not_configured(message));
	}
	run_forget_device();
	output_reset();
	output_text("{\"event\":\"configured\",\"seq\":");
	output_unsigned(control->configure_seq);
	output_text(facts.noexec ? ",\"ok\":true,\"noexec\":true" : ",\"ok\":true,\"noexec\":false");
	output_text(facts.regular ? ",\"regular\":true}" : ",\"regular\":false}");
	return answered(output_send());
}

static bool read_natural(struct span text, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.text[i] < '0' || text.text[i] > '9' || *value > UINT64_MAX / 10 - 1)
			return false;
		*value = *value * 10 + (uint64_t)(text.text[i] - '0');
	}
	return text.length > 0;
}

/* The parts of a `run` command, found without reading the programs. */
struct run_parts {
	bool is_run;
	struct span seq;
	struct span programs;
	struct span layout;
	struct span repeat;
	bool unknown;
};

/* False when the line is no JSON object. */
static bool split_run(struct span line, struct run_parts *parts)
{
	struct scanner scanner;
	struct span key, value;
	enum scanned scanned;

	*parts = (struct run_parts){ .is_run = false };
	if (!scan_open(&scanner, line, '{'))
		return false;
	while ((scanned = scan_member(&scanner, &key, &value)) == SCANNED_ITEM) {
		if (span_is(key, "cmd"))
			parts->is_run = span_is(value, "\"run\"");
		else if (span_is(key, "seq"))
			parts->seq = value;
		else if (span_is(key, "programs"))
			parts->programs = value;
		else if (span_is(key, "layout"))
			parts->layout = value;
		else if (span_is(key, "repeat"))
			parts->repeat = value;
		else
			parts->unknown = true;
	}
	return scanned == SCANNED_END;
}

static enum handled handle_run(const struct run_parts *parts)
{
	struct scanner programs;
	struct run run = { .active = true, .step = -1 };

	if (control->contract_length == 0)
		return answered(output_refuse("no contract is in force; send `configure` first and wait for its answer"));
	if (!read_natural(parts->seq, &run.seq) || parts->unknown ||
	    !scan_open(&programs, parts->programs, '['))
		return answered(output_refuse("`run` needs a seq and an array of programs, and knows only layout and repeat besides"));
	if (parts->layout.length > 0) {
		if (!span_is(parts->layout, "\"every\""))
			return answered(output_refuse("`layout` of `run` can only be \"every\""));
		run.layout_every = true;
	}
	if (parts->repeat.length > 0) {
		if (!read_natural(parts->repeat, &run.repeat) || run.repeat < 1)
			return answered(output_refuse("`repeat` of `run` has to be a number from 1 on"));
		if (!backend->repeat)
			return answered(output_refuse("`repeat` is not supported here, as `started` said"));
	}
	run.cursor = (size_t)(programs.at - memory.input);
	run.end = (size_t)(programs.end - memory.input);
	control->run = run;
	return run_programs() ? HANDLED : HANDLED_REPLACE;
}

static enum handled handle_command(struct span line, const struct json *command)
{
	struct span name = json_text(json_get(command, "cmd"));

	if (!name.text)
		return answered(output_refuse("a command is an object with a `cmd`: start, configure, run or stop"));
	if (span_is(name, "start"))
		return handle_start(command);
	if (span_is(name, "stop"))
		return HANDLED_STOP;
	if (!span_is(name, "configure"))
		return answered(output_refuse("unknown command \"%.*s\"; there are start, configure, run and stop",
					      (int)(name.length < 32 ? name.length : 32), name.text));
	if (!control->started)
		return answered(output_refuse("send `start` first and wait for its answer"));
	return handle_configure(line, command);
}

static enum handled handle_other(struct span line)
{
	char reason[256];
	const struct json *command = json_parse(line, reason, sizeof(reason));
	enum handled handled;

	if (!command)
		handled = answered(output_refuse("this line is not JSON (%s); send one command on each line", reason));
	else
		handled = handle_command(line, command);
	json_release();
	return handled;
}

enum handled protocol_handle(struct span line)
{
	struct run_parts parts;

	if (split_run(line, &parts) && parts.is_run)
		return handle_run(&parts);
	return handle_other(line);
}
