#include "scan.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* Moves behind a string; `at` is behind its opening quote. */
static bool skip_string(struct scanner *scanner)
{
	const char *at = scanner->at;
	const char *end = scanner->end;

	while (at < end) {
		char c = *at++;

		if (c == '"') {
			scanner->at = at;
			return true;
		}
		if (c == '\\' && at < end)
			at++;
	}
	return false;
}

/* Moves behind a value of any kind; only brackets and strings are looked at. */
static bool skip_value(struct scanner *scanner)
{
	size_t depth = 0;
	const char *start = scanner->at;

	while (scanner->at < scanner->end) {
		char c = *scanner->at;

		if (depth == 0 && scanner->at > start && (c == ',' || c == '}' || c == ']' || is_space(c)))
			return true;
		scanner->at++;
		if (c == '"') {
			if (!skip_string(scanner))
				return false;
			if (depth == 0)
				return true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return false;
			if (--depth == 0)
				return true;
		}
	}
	return false;
}

bool scan_open(struct scanner *scanner, struct span text, char bracket)
{
	const char *end = text.text + text.length;

	*scanner = (struct scanner){ .at = skip_space(text.text, end), .end = end, .first = true };
	if (scanner->at == scanner->end || *scanner->at != bracket)
		return false;
	scanner->at++;
	return true;
}

/* Moves to the next item, over the comma, or behind the end. */
static enum scanned next_item(struct scanner *scanner, char closing)
{
	scanner->at = skip_space(scanner->at, scanner->end);
	if (scanner->at == scanner->end)
		return SCANNED_BAD;
	if (*scanner->at == closing) {
		scanner->at = skip_space(scanner->at + 1, scanner->end);
		return scanner->at == scanner->end ? SCANNED_END : SCANNED_BAD;
	}
	if (!scanner->first) {
		if (*scanner->at++ != ',')
			return SCANNED_BAD;
		scanner->at = skip_space(scanner->at, scanner->end);
	}
	scanner->first = false;
	return scanner->at < scanner->end ? SCANNED_ITEM : SCANNED_BAD;
}

static enum scanned take_value(struct scanner *scanner, struct span *value)
{
	scanner->at = skip_space(scanner->at, scanner->end);
	value->text = scanner->at;
	if (scanner->at == scanner->end || strchr(",:]}", *scanner->at) || !skip_value(scanner))
		return SCANNED_BAD;
	value->length = (size_t)(scanner->at - value->text);
	return SCANNED_ITEM;
}

enum scanned scan_member(struct scanner *scanner, struct span *key, struct span *value)
{
	enum scanned next = next_item(scanner, '}');

	if (next != SCANNED_ITEM)
		return next;
	if (*scanner->at++ != '"')
		return SCANNED_BAD;
	key->text = scanner->at;
	if (!skip_string(scanner))
		return SCANNED_BAD;
	key->length = (size_t)(scanner->at - key->text) - 1;
	scanner->at = skip_space(scanner->at, scanner->end);
	if (scanner->at == scanner->end || *scanner->at++ != ':')
		return SCANNED_BAD;
	return take_value(scanner, value);
}

enum scanned scan_to_element(struct scanner *scanner)
{
	return next_item(scanner, ']');
}

enum scanned scan_element(struct scanner *scanner, struct span *value)
{
	return take_value(scanner, value);
}
