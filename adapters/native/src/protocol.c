#include "protocol.h"

#include <stdarg.h>
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
#include "settings.h"

#define PROTOCOL_VERSION 4

const struct backend *backend;
struct contract device_contract;

/* Bits of enum level that can be observed here. */
static unsigned available;

void protocol_setup(void)
{
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

static enum handled sent(void)
{
	return output_send() ? HANDLED : HANDLED_UNREAD;
}

enum handled protocol_refuse(const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	output_reset();
	output_text("{\"event\":\"refused\",\"message\":");
	output_string(message, strlen(message));
	output_char('}');
	return sent();
}

void protocol_stopped(void)
{
	output_reset();
	output_text("{\"event\":\"stopped\"}");
	output_send();
}

static void append_levels(void)
{
	bool some = false;

	for (size_t i = 0; level_names[i]; i++)
		if (available & 1U << i) {
			output_text(some ? ",\"" : "\"");
			output_text(level_names[i]);
			output_char('"');
			some = true;
		}
}

static void append_operations(void)
{
	const struct operation *operation;
	bool some = false;

	for (size_t i = 0; (operation = operation_at(i)) != NULL; i++)
		if (operation_supported(operation)) {
			output_text(some ? ",\"" : "\"");
			output_text(operation->name);
			output_char('"');
			some = true;
		}
}

static void append_map_flags(void)
{
	bool some = false;

	for (const struct word *flag = map_flags; flag->name; flag++)
		if (map_flag_supported(flag)) {
			output_text(some ? ",\"" : "\"");
			output_text(flag->name);
			output_char('"');
			some = true;
		}
}

static void append_settings(void)
{
	bool some = false;

	for (int kind = 0; kind < SETTING_COUNT; kind++)
		if (settings_supported(kind)) {
			output_text(some ? ",\"" : "\"");
			output_text(setting_names[kind]);
			output_char('"');
			some = true;
		}
}

static void append_failures(void)
{
	bool some = false;

	for (int failure = FAILURE_ALLOCATION; failure_names[failure]; failure++)
		if (failures_supported(failure)) {
			output_text(some ? ",\"" : "\"");
			output_text(failure_names[failure]);
			output_char('"');
			some = true;
		}
}

static enum handled handle_start(const json_t *command)
{
	uint64_t version;

	if (!json_natural(json_object_get(command, "version"), &version))
		return protocol_refuse("`start` needs a version; this helper speaks version %d of the protocol",
				       PROTOCOL_VERSION);
	if (version != PROTOCOL_VERSION)
		return protocol_refuse("this helper speaks version %d of the protocol, not %llu; use the helper that was "
				       "built from the same checkout as the harness",
				       PROTOCOL_VERSION, (unsigned long long)version);
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
	return sent();
}

bool protocol_apply_contract(struct node_facts *facts, char *message, size_t size)
{
	struct node_facts ignored;

	if (!contract_parse(control->contract, control->contract_length, &device_contract, message, size))
		return false;
	kmsg_set_prefix(device_contract.log_prefix);
	counters_find();
	return backend->configure(&device_contract, facts ? facts : &ignored, message, size);
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
static unsigned read_levels(const json_t *array, char *message, size_t size)
{
	unsigned levels = 0;
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)array, i, item) {
		const char *name = json_string_value(item);
		unsigned level = 0;

		for (size_t k = 0; name && level_names[k]; k++)
			if (strcmp(level_names[k], name) == 0)
				level = 1U << k;
		if (!(level & available)) {
			snprintf(message, size,
				 "the level \"%.32s\" cannot be observed here; ask only for levels that `started` named",
				 name ? name : "");
			return 0;
		}
		levels |= level;
	}
	if (levels == 0)
		snprintf(message, size, "`levels` has to name at least one level");
	return levels;
}

static enum handled handle_configure(const json_t *command)
{
	char message[MESSAGE_MAX];
	struct node_facts facts = { 0 };
	const json_t *asked = json_object_get(command, "contract");

	if (!json_natural(json_object_get(command, "seq"), &control->configure_seq) || !json_is_object(asked))
		return protocol_refuse("`configure` needs seq, contract and levels");
	control->phase = PHASE_CONFIGURE;
	/* Until it is in force there is none. */
	control->contract_length = 0;

	unsigned levels = read_levels(json_object_get(command, "levels"), message, sizeof(message));
	size_t length = json_dumpb(asked, control->contract, CONTRACT_MAX, JSON_COMPACT);
	bool ok = levels != 0;

	if (ok && (length == 0 || length > CONTRACT_MAX)) {
		snprintf(message, sizeof(message), "the contract is longer than %zu KiB", CONTRACT_MAX >> 10);
		ok = false;
	}
	if (ok) {
		control->contract_length = length;
		control->levels = levels;
		ok = protocol_apply_contract(&facts, message, sizeof(message));
	}
	control->phase = PHASE_IDLE;
	if (!ok) {
		control->contract_length = 0;
		return protocol_not_configured(message) ? HANDLED : HANDLED_UNREAD;
	}
	run_forget_device();
	output_reset();
	output_text("{\"event\":\"configured\",\"seq\":");
	output_unsigned(control->configure_seq);
	output_text(facts.noexec ? ",\"ok\":true,\"noexec\":true" : ",\"ok\":true,\"noexec\":false");
	output_text(facts.regular ? ",\"regular\":true}" : ",\"regular\":false}");
	return sent();
}

static bool is(struct span text, const char *expected)
{
	return text.length == strlen(expected) && memcmp(text.text, expected, text.length) == 0;
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
		if (is(key, "cmd"))
			parts->is_run = is(value, "\"run\"");
		else if (is(key, "seq"))
			parts->seq = value;
		else if (is(key, "programs"))
			parts->programs = value;
		else if (is(key, "layout"))
			parts->layout = value;
		else if (is(key, "repeat"))
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
		return protocol_refuse("no contract is in force; send `configure` first and wait for its answer");
	if (!read_natural(parts->seq, &run.seq) || parts->unknown ||
	    !scan_open(&programs, parts->programs, '['))
		return protocol_refuse("`run` needs a seq and an array of programs, and knows only layout and repeat besides");
	if (parts->layout.length > 0) {
		if (!is(parts->layout, "\"every\""))
			return protocol_refuse("`layout` of `run` can only be \"every\"");
		run.layout_every = true;
	}
	if (parts->repeat.length > 0) {
		if (!read_natural(parts->repeat, &run.repeat) || run.repeat < 1)
			return protocol_refuse("`repeat` of `run` has to be a number from 1 on");
		if (!backend->repeat)
			return protocol_refuse("`repeat` is not supported here, as `started` said");
	}
	run.cursor = (size_t)(programs.at - memory.input);
	run.end = (size_t)(programs.end - memory.input);
	control->run = run;
	return run_programs() ? HANDLED : HANDLED_REPLACE;
}

static enum handled handle_other(struct span line)
{
	char reason[256];
	json_t *command = json_parse(line.text, line.length, reason, sizeof(reason));
	const char *name = json_string_value(json_object_get(command, "cmd"));
	enum handled handled;

	if (!command)
		handled = protocol_refuse("this line is not JSON (%s); send one command on each line", reason);
	else if (!name)
		handled = protocol_refuse("a command is an object with a `cmd`: start, configure, run or stop");
	else if (strcmp(name, "start") == 0)
		handled = handle_start(command);
	else if (strcmp(name, "stop") == 0)
		handled = HANDLED_STOP;
	else if (strcmp(name, "configure") != 0)
		handled = protocol_refuse("unknown command \"%.32s\"; there are start, configure, run and stop", name);
	else if (!control->started)
		handled = protocol_refuse("send `start` first and wait for its answer");
	else
		handled = handle_configure(command);
	json_release(command);
	return handled;
}

enum handled protocol_handle(struct span line)
{
	struct run_parts parts;

	if (split_run(line, &parts) && parts.is_run)
		return handle_run(&parts);
	return handle_other(line);
}
