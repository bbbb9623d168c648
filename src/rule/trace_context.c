#include "rule/trace_context.h"

enum { STATE_MAX = 512, PARENT_LEN = 55 };

static bool
is_hex(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

static bool
is_zero(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '0')
			return false;
	}
	return true;
}

bool
trace_parent_is_valid(struct str text)
{
	static const size_t lens[] = {2, 32, 16, 2};
	struct str rest = text;
	struct str parts[COUNT_OF(lens)];

	if (text.len < PARENT_LEN || text.len > STATE_MAX)
		return false;
	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		parts[i] = str_split(&rest, '-');
		if (parts[i].len != lens[i] || !is_hex(parts[i]))
			return false;
	}
	/* Version 00 ends here; later ones may go on; ff is none. */
	if (rest.ptr != NULL && is_zero(parts[0]))
		return false;
	return !str_equal(parts[0], STR("ff")) && !is_zero(parts[1]) &&
	       !is_zero(parts[2]) && !str_has_control(text);
}

static bool
is_state(struct str text)
{
	if (text.len == 0 || text.len > STATE_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return false;
	}
	return true;
}

struct trace_context
trace_context_make(struct str parent, struct str state)
{
	struct trace_context trace = {0};

	if (!trace_parent_is_valid(parent))
		return trace;
	trace.parent = parent;
	if (is_state(state))
		trace.state = state;
	return trace;
}

struct trace_context
trace_context_read(struct str attributes, struct arena *arena)
{
	struct json_doc doc;
	struct json root;

	if (str_find(attributes, STR("\"traceparent\"")) == SIZE_MAX ||
		json_read(attributes, arena, &doc, NULL))
		return (struct trace_context){0};
	root = json_root(&doc);
	return trace_context_make(
		json_string(json_member(root, STR("traceparent")), arena),
		json_string(json_member(root, STR("tracestate")), arena));
}
