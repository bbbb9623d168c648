#include "base/clock.h"
#include "flow/run_private.h"
#include "net/http_client.h"

/* The modules that are the engine's own, as steps. */

enum {
	HEADERS_MAX = 16,
	HEADER_NAME_MAX = 256,
	HEADER_VALUE_MAX = 4096,
	STATUS_USUAL = 200,
};

static struct value
one_member(struct arena *arena, struct str name, struct value value)
{
	struct value_builder builder = value_builder_make(arena);

	value_builder_set(&builder, name, value);
	return value_builder_collection(&builder);
}

/* ---- variables ---- */

struct value
run_variable(const struct run *run, struct str name)
{
	const struct run_variable *variable = run->variables;

	while (variable && !str_equal(variable->name, name))
		variable = variable->next;
	return variable ? variable->value : value_empty();
}

/** The run's arena keeps what it was before, too: a run is not that long. */
static void
set_variable(struct run *run, struct str name, struct value value)
{
	struct run_variable *variable = run->variables;

	while (variable && !str_equal(variable->name, name))
		variable = variable->next;
	if (!variable) {
		variable = arena_alloc(run->arena, sizeof(*variable));
		variable->next = run->variables;
		variable->name = arena_copy(run->arena, name);
		run->variables = variable;
	}
	variable->value = value_copy(value, run->arena);
}

static struct str
name_of(struct value input, struct arena *arena)
{
	struct str name = STR("");

	if (value_to_text(value_member(input, STR("name")), arena, &name))
		return STR("");
	return name;
}

/** The old form: what was set is under `value`. */
static enum failure_kind
set_old(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	(void)run;
	(void)failure;
	module_result_one(call, result,
		one_member(call->arena, STR("value"),
			value_member(call->input, STR("value"))));
	return FAILURE_NONE;
}

static enum failure_kind
set_one(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	(void)run;
	(void)failure;
	module_result_one(call, result,
		one_member(call->arena, name_of(call->input, call->arena),
			value_member(call->input, STR("value"))));
	return FAILURE_NONE;
}

static enum failure_kind
set_many(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	struct value list = value_member(call->input, STR("variables"));
	struct value_builder builder = value_builder_make(call->arena);

	(void)run;
	(void)failure;
	for (size_t i = 0; list.kind == VALUE_ARRAY && i < list.as.array.count;
		i++) {
		struct value entry = list.as.array.items[i];

		value_builder_set(&builder, name_of(entry, call->arena),
			value_member(entry, STR("value")));
	}
	module_result_one(call, result, value_builder_collection(&builder));
	return FAILURE_NONE;
}

static enum failure_kind
get_old(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	struct str name = name_of(call->input, call->arena);

	(void)failure;
	module_result_one(call, result,
		one_member(call->arena, STR("value"), run_variable(run, name)));
	return FAILURE_NONE;
}

static enum failure_kind
get_one(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	struct str name = name_of(call->input, call->arena);

	(void)failure;
	module_result_one(call, result,
		one_member(call->arena, name, run_variable(run, name)));
	return FAILURE_NONE;
}

static enum failure_kind
get_many(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	struct value list = value_member(call->input, STR("variables"));
	struct value_builder builder = value_builder_make(call->arena);

	(void)failure;
	for (size_t i = 0; list.kind == VALUE_ARRAY && i < list.as.array.count;
		i++) {
		struct value name = list.as.array.items[i];

		if (name.kind == VALUE_COLLECTION)
			name = value_member(name, STR("name"));
		if (name.kind == VALUE_TEXT)
			value_builder_set(&builder, name.as.text,
				run_variable(run, name.as.text));
	}
	module_result_one(call, result, value_builder_collection(&builder));
	return FAILURE_NONE;
}

/* No name of a user's can begin so. */
#define COUNTER "\x01counter"

static enum failure_kind
increment(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	struct value before = run_variable(run, STR(COUNTER));
	double count = 0;

	(void)failure;
	if (!value_to_number(before, &count))
		count = 0;
	module_result_one(call, result,
		one_member(call->arena, STR("i"), value_number(count + 1)));
	return FAILURE_NONE;
}

/* ---- sources of bundles ---- */

static enum failure_kind
iterate(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	struct value array = value_to_array(
		value_member(call->input, STR("array")), call->arena);
	struct value *bundles = arena_alloc_array(
		call->arena, array.as.array.count + 1, sizeof(*bundles));

	(void)run;
	(void)failure;
	for (size_t i = 0; i < array.as.array.count; i++) {
		struct value item = array.as.array.items[i];

		bundles[i] =
			item.kind == VALUE_COLLECTION
				? item
				: one_member(call->arena, STR("value"), item);
	}
	*result = (struct module_result){.bundles = bundles,
		.count = array.as.array.count,
		.is_many = true};
	return FAILURE_NONE;
}

static double
number_in(struct value input, const char *name, double fallback)
{
	double number;

	return value_to_number(value_member(input, str_of(name)), &number)
		       ? number
		       : fallback;
}

static enum failure_kind
repeat(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	size_t count = (size_t)number_in(call->input, "repeats", 0);
	double start = number_in(call->input, "start", 1);
	double step = number_in(call->input, "step", 1);
	struct value *bundles =
		arena_alloc_array(call->arena, count + 1, sizeof(*bundles));

	(void)run;
	(void)failure;
	for (size_t i = 0; i < count; i++)
		bundles[i] = one_member(call->arena, STR("i"),
			value_number(start + step * (double)i));
	*result = (struct module_result){
		.bundles = bundles, .count = count, .is_many = true};
	return FAILURE_NONE;
}

/** The process stops, or the disk refuses: the step is still to do. */
static enum failure_kind
not_now(const struct module_call *call, struct failure *failure)
{
	return failure_set(failure, call->arena, FAILURE_INTERRUPTED,
		"the run cannot go on now");
}

/* ---- the answer to the hook ---- */

static enum failure_kind
read_header(const struct module_call *call, size_t index,
	struct http_header *ret, struct failure *failure)
{
	struct value list = value_member(call->input, STR("headers"));
	struct value item = list.as.array.items[index];

	if (value_to_text(
		    value_member(item, STR("key")), call->arena, &ret->name) ||
		value_to_text(value_member(item, STR("value")), call->arena,
			&ret->value) ||
		ret->name.len == 0)
		return failure_set(failure, call->arena,
			FAILURE_BUNDLE_VALIDATION,
			"headers[%zu]: expected a key and a value, texts",
			index);
	if (ret->name.len > HEADER_NAME_MAX ||
		ret->value.len > HEADER_VALUE_MAX)
		return failure_set(failure, call->arena,
			FAILURE_BUNDLE_VALIDATION,
			"headers[%zu]: a key has %d bytes at most, a value %d",
			index, HEADER_NAME_MAX, HEADER_VALUE_MAX);
	if (!http_header_is_sendable(ret->name, ret->value))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"headers[%zu]: \"%.*s\" with this value cannot be a "
			"header",
			index, STR_ARG(ret->name));
	return FAILURE_NONE;
}

static enum failure_kind
read_headers(const struct module_call *call, struct http_header *headers,
	size_t *count, struct failure *failure)
{
	struct value list = value_member(call->input, STR("headers"));
	enum failure_kind kind = FAILURE_NONE;

	*count = 0;
	if (list.kind != VALUE_ARRAY)
		return FAILURE_NONE;
	if (list.as.array.count > HEADERS_MAX)
		return failure_set(failure, call->arena,
			FAILURE_BUNDLE_VALIDATION, "headers: over %d of them",
			HEADERS_MAX);
	for (size_t i = 0; !kind && i < list.as.array.count; i++)
		kind = read_header(call, i, &headers[(*count)++], failure);
	return kind;
}

/** Collections and arrays are sent as JSON. */
static enum err
read_body(const struct module_call *call, struct value body, struct str *ret)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	if (body.kind == VALUE_BUFFER) {
		*ret = body.as.text;
		return ERR_OK;
	}
	if (body.kind != VALUE_ARRAY)
		return value_to_text(body, call->arena, ret);
	value_append_json(&text, body, VALUE_JSON_PLAIN);
	*ret = arena_copy(call->arena, buf_str(&text));
	return ERR_OK;
}

static bool
has_content_type(const struct http_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal_nocase(headers[i].name, STR("content-type")))
			return true;
	}
	return false;
}

static enum failure_kind
respond(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	const struct run_host *host = run->options->host;
	struct value body = value_member(call->input, STR("body"));
	bool is_json =
		body.kind == VALUE_COLLECTION || body.kind == VALUE_ARRAY;
	struct http_header headers[HEADERS_MAX + 1];
	struct run_response response = {.headers = headers,
		.status = (int)number_in(call->input, "status", STATUS_USUAL)};
	enum failure_kind kind =
		read_headers(call, headers, &response.header_count, failure);

	if (kind)
		return kind;
	if (!has_content_type(headers, response.header_count))
		headers[response.header_count++] = (struct http_header){
			STR("Content-Type"),
			is_json ? STR("application/json") : STR("text/plain")};
	if (read_body(call, body, &response.body))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"body: a %s cannot be sent", value_kind_name(body));
	if (run_flush(run) == RUN_STOP)
		return not_now(call, failure);
	if (host->respond)
		host->respond(host->context, &response);
	module_result_one(call, result, value_collection(NULL, 0));
	return FAILURE_NONE;
}

/* ---- waiting ---- */

/** In slices, so that a stop need not wait for it. */
static enum failure_kind
sleep_for(struct run *run, const struct module_call *call,
	struct module_result *result, struct failure *failure)
{
	const struct run_host *host = run->options->host;
	int64_t end = clock_monotonic() +
		      (int64_t)(number_in(call->input, "duration", 0) *
				(double)SECONDS);

	/* Behind it the run's own time limit ends it. */
	if (end > run->deadline)
		end = run->deadline;
	if (run_flush(run) == RUN_STOP)
		return not_now(call, failure);
	while (clock_monotonic() < end) {
		if (!host->pause || !host->pause(host->context, end))
			return not_now(call, failure);
	}
	module_result_one(call, result, value_collection(NULL, 0));
	return FAILURE_NONE;
}

static const struct control {
	const char *name;
	run_control_function *run;
	enum { NOTHING, SETS_FIELDS, SETS_NAMED, COUNTS } then;
} controls[] = {
	{"builtin:BasicFeeder", iterate, NOTHING},
	{"builtin:BasicIterator", iterate, NOTHING},
	{"builtin:BasicRepeater", repeat, NOTHING},
	{"gateway:WebhookRespond", respond, NOTHING},
	{"util:SetVariable", set_old, SETS_NAMED},
	{"util:SetVariable2", set_one, SETS_FIELDS},
	{"util:SetVariables", set_many, SETS_FIELDS},
	{"util:GetVariable", get_old, NOTHING},
	{"util:GetVariable2", get_one, NOTHING},
	{"util:GetVariables", get_many, NOTHING},
	{"util:FunctionIncrement", increment, COUNTS},
	{"util:FunctionSleep", sleep_for, NOTHING},
};

static const struct control *
find_control(const struct module_kind *kind)
{
	if (kind->nature != MODULE_CONTROL)
		return NULL;
	for (size_t i = 0; i < COUNT_OF(controls); i++) {
		if (strcmp(kind->name, controls[i].name) == 0)
			return &controls[i];
	}
	return NULL;
}

run_control_function *
run_control_find(const struct module_kind *kind)
{
	const struct control *control = find_control(kind);

	return control ? control->run : NULL;
}

/** The old form does not say in its result which variable it set. */
static void
set_named(struct run *run, const struct blueprint_module *module,
	struct value bundle)
{
	struct arena arena = {0};
	struct failure failure;
	struct value input;

	if (run_input(run, module, &arena, &input, &failure) == FAILURE_NONE)
		set_variable(run, name_of(input, &arena),
			value_member(bundle, STR("value")));
	arena_release(&arena);
}

void
run_control_apply(struct run *run, const struct blueprint_module *module,
	const struct module_result *result)
{
	const struct control *control = find_control(module->kind);
	struct value bundle;

	if (!control || control->then == NOTHING || result->count == 0)
		return;
	bundle = result->bundles[0];
	if (control->then == COUNTS)
		set_variable(run, STR(COUNTER), value_member(bundle, STR("i")));
	else if (control->then == SETS_NAMED)
		set_named(run, module, bundle);
	else
		for (size_t i = 0; i < bundle.as.collection.count; i++)
			set_variable(run, bundle.as.collection.members[i].key,
				bundle.as.collection.members[i].value);
}
