#include "api/hook_routes.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "flow/hook_receive.h"

#define ALL "/v1/hooks"
#define ONE ALL "/{id}"

enum { HEADERS_MAX = 128 };

/** NULL when that was answered: this hub runs no scenarios. */
static struct hooks *
hooks_of(struct api_call *call)
{
	if (!call->api->hooks)
		api_refuse(call, 404, NULL, "there are no hooks here");
	return call->api->hooks;
}

/* ---- requests to hooks ---- */

struct received {
	struct hook_waiter waiter;
	struct http_call *http;
};

/** Any thread. */
static void
respond(struct hook_waiter *waiter, const struct hook_answer *answer)
{
	struct received *received =
		CONTAINER_OF(waiter, struct received, waiter);
	struct arena *arena = http_call_arena(received->http);
	int64_t seconds = (answer->retry_after + SECONDS - 1) / SECONDS;

	for (size_t i = 0; i < answer->field_count; i++)
		http_call_add_header(received->http,
			arena_copy(arena, answer->fields[i].name).ptr,
			answer->fields[i].value);
	if (seconds > 0)
		http_call_add_header(received->http, "Retry-After",
			arena_printf(arena, "%lld", (long long)seconds));
	http_call_respond(received->http, answer->status,
		answer->content_type.len
			? arena_copy(arena, answer->content_type).ptr
			: NULL,
		answer->body);
}

struct header_copy {
	struct inbound_field *fields;
	size_t count;
};

static bool
copy_header(void *context, struct str name, struct str value)
{
	struct header_copy *copy = context;

	copy->fields[copy->count++] = (struct inbound_field){name, value};
	return copy->count < HEADERS_MAX;
}

static void
pass_on(struct api_call *call, bool is_too_large)
{
	struct received *received = ARENA_NEW(call->arena, struct received);
	struct header_copy headers = {
		.fields = arena_alloc_array(call->arena, HEADERS_MAX,
			sizeof(struct inbound_field))};
	struct hook_arrival arrival = {.token = call->parameters[0],
		.query = http_call_query(call->http),
		.peer = http_call_peer(call->http),
		.waiter = &received->waiter,
		.is_too_large = is_too_large};

	if (!hooks_of(call))
		return;
	received->waiter.answer = respond;
	received->http = call->http;
	http_call_each_header(call->http, copy_header, &headers);
	arrival.request =
		(struct inbound_request){.method = http_call_method(call->http),
			.headers = headers.fields,
			.header_count = headers.count,
			.body = http_call_body(call->http),
			.now = clock_now()};
	hook_receive(call->api->hooks, &arrival, call->arena);
}

static void
receive(struct api_call *call)
{
	pass_on(call, false);
}

void
hook_routes_refuse_body(struct api_call *call)
{
	pass_on(call, true);
}

/* ---- setting up ---- */

static void
write_counts(const struct hook_report *report, struct json_out *out)
{
	json_out_object(out, "counts");
	for (size_t i = 0; i < HOOK_EVENTS; i++)
		json_out_integer(out, hook_event_name((enum hook_event)i),
			(int64_t)report->counts[i]);
	json_out_end(out);
	json_out_object(out, "refusedBy");
	for (size_t i = 0; i < HOOK_REFUSALS; i++) {
		if (report->refused[i])
			json_out_integer(out,
				hook_refusal_name((enum hook_refusal)i),
				(int64_t)report->refused[i]);
	}
	json_out_end(out);
	json_out_object(out, "last");
	for (size_t i = 0; i < HOOK_EVENTS; i++) {
		const char *name = hook_event_name((enum hook_event)i);

		if (report->last[i])
			json_out_time(out, name, report->last[i]);
		else
			json_out_null(out, name);
	}
	json_out_end(out);
}

/** What waits for its scenario, and how much may. */
static void
write_queue(
	struct api_call *call, const struct hook *hook, struct json_out *out)
{
	struct runner *runner = hooks_settings(call->api->hooks)->runner;
	struct runner_queue queue;

	if (!runner)
		return;
	runner_queue(runner, hook->options.scenario, &queue);
	json_out_object(out, "queue");
	json_out_integer(out, "waiting", (int64_t)queue.waiting);
	json_out_integer(out, "limit", (int64_t)queue.max);
	json_out_end(out);
}

static void
write_hook(struct api_call *call, const struct hook *hook, struct json_out *out)
{
	struct arena *arena = call->arena;
	struct hook_report report;
	char id[UUID_TEXT_SIZE];

	hook_life_report(hook->life, arena, &report);
	json_out_object(out, NULL);
	json_out_uuid(out, "id", hook->id);
	hook_options_write(&hook->options, out);
	json_out_string(out, "token", hook->token);
	json_out_string(out, "url",
		arena_printf(arena, "/hook/%.*s", STR_ARG(hook->token)));
	json_out_string(out, "destination",
		arena_printf(arena, "hook:%s", uuid_format(hook->id, id)));
	write_counts(&report, out);
	write_queue(call, hook, out);
	json_out_integer(out, "generation", (int64_t)hook->revision);
	json_out_time(out, "createdAt", hook->created);
	json_out_time(out, "updatedAt", hook->updated);
	json_out_end(out);
}

static void
respond_hook(struct api_call *call, int status, const struct hook *hook)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);

	write_hook(call, hook, &out);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)hook->revision));
	hook_unref(hook);
	api_respond_json(call, status, &body);
}

static void
list_all(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct hook_list list;

	if (!hooks_of(call))
		return;
	hooks_list(call->api->hooks, call->who.workspace, call->arena, &list);
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < list.count; i++) {
		write_hook(call, list.items[i], &out);
		hook_unref(list.items[i]);
	}
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)list.count);
	json_out_integer(&out, "total", (int64_t)list.count);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/** A reference; NULL when that was answered: there is none. */
static const struct hook *
find(struct api_call *call)
{
	const struct hook *hook = NULL;
	struct uuid id;

	if (!hooks_of(call))
		return NULL;
	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		hook = hooks_get(call->api->hooks, call->who.workspace, id);
	if (!hook)
		api_refuse(call, 404, NULL, "there is no such hook");
	return hook;
}

static void
get_one(struct api_call *call)
{
	const struct hook *hook = find(call);

	if (hook)
		respond_hook(call, 200, hook);
}

/** False when what is wrong was answered. */
static bool
read_body(struct api_call *call, struct hook_options *options)
{
	struct webhook_issues issues = {.arena = call->arena};
	struct api_issue told[WEBHOOK_ISSUES_MAX];
	struct api_problem problem = {
		.status = 400, .source = "field", .issues = told};

	hook_options_read(call->json, options, &issues);
	hook_options_check(options, &issues);
	for (size_t i = 0; i < issues.count; i++)
		told[i] = (struct api_issue){
			"field", issues.rows[i].field, issues.rows[i].sentence};
	problem.issue_count = issues.count;
	if (issues.count == 0)
		return true;
	problem.message = issues.rows[0].sentence;
	api_respond_problem(call, &problem);
	return false;
}

/** The scenario, if one is named, is the workspace's. */
static bool
check_scenario(struct api_call *call, struct uuid id)
{
	static const struct uuid nothing;
	struct scenarios *scenarios =
		hooks_settings(call->api->hooks)->scenarios;
	const struct scenario *scenario;

	if (uuid_equal(id, nothing))
		return true;
	scenario = scenarios_get(scenarios, call->who.workspace, id);
	scenario_unref(scenario);
	if (!scenario)
		api_refuse(
			call, 400, "scenarioId", "there is no such scenario");
	return scenario != NULL;
}

static void
refuse_change(struct api_call *call, enum err err)
{
	static const struct {
		enum err err;
		int status;
		const char *sentence;
	} rows[] = {
		{ERR_CONFLICT, 409, "the hook has changed meanwhile"},
		{ERR_NOT_FOUND, 404, "there is no such hook"},
		{ERR_LIMIT, 409,
			"this workspace has as many hooks as it may have: "
			"delete one first"},
	};
	struct api_problem unstored = {.status = 503,
		.message = STR("the change could not be stored"),
		.retry_after = 1 * SECONDS};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].err != err)
			continue;
		api_refuse(call, rows[i].status, NULL, "%s", rows[i].sentence);
		return;
	}
	api_respond_problem(call, &unstored);
}

static void
create_one(struct api_call *call)
{
	struct hook_options options;
	const struct hook *hook;
	char id[UUID_TEXT_SIZE];
	enum err err;

	hook_options_init(&options);
	if (!hooks_of(call))
		return;
	if (!read_body(call, &options) ||
		!check_scenario(call, options.scenario))
		return;
	err = hooks_create(
		call->api->hooks, call->who.workspace, &options, &hook);
	if (err) {
		refuse_change(call, err);
		return;
	}
	http_call_add_header(call->http, "Location",
		arena_printf(
			call->arena, ALL "/%s", uuid_format(hook->id, id)));
	respond_hook(call, 201, hook);
}

static void
patch_one(struct api_call *call)
{
	const struct hook *former = find(call), *hook;
	struct hook_options options;
	enum err err;

	if (!former)
		return;
	options = hook_options_copy(&former->options, call->arena);
	if (read_body(call, &options) &&
		check_scenario(call, options.scenario)) {
		err = hooks_change(call->api->hooks, former, &options, &hook);
		if (err)
			refuse_change(call, err);
		else
			respond_hook(call, 200, hook);
	}
	hook_unref(former);
}

static void
delete_one(struct api_call *call)
{
	enum err err = ERR_NOT_FOUND;
	struct uuid id;

	if (!hooks_of(call))
		return;
	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		err = hooks_remove(call->api->hooks, call->who.workspace, id);
	if (err)
		refuse_change(call, err);
	else
		http_call_respond(call->http, 204, NULL, STR(""));
}

static void
write_note(const struct hook_note *note, struct json_out *out)
{
	json_out_object(out, NULL);
	json_out_time(out, "at", note->at);
	json_out_text(out, "outcome", hook_event_name(note->event));
	json_out_integer(out, "status", note->status);
	json_out_text(out, "method", note->method);
	json_out_text(out, "address", note->peer);
	json_out_text(out, "reason", note->reason);
	if (note->execution)
		json_out_integer(out, "execution", (int64_t)note->execution);
	else
		json_out_null(out, "execution");
	json_out_end(out);
}

static void
get_log(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	const struct hook *hook = find(call);
	struct hook_report report;

	if (!hook)
		return;
	hook_life_report(hook->life, call->arena, &report);
	hook_unref(hook);
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < report.note_count; i++)
		write_note(&report.notes[i], &out);
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)report.note_count);
	write_counts(&report, &out);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

#define RECEIVE(method) \
	{ \
		method, "/hook/{token}", API_NATIVE, ACCESS_PUBLIC, BODY_HOOK, \
			false, false, receive \
	}

const struct route api_hook_routes[] = {
	RECEIVE("GET"),
	RECEIVE("POST"),
	RECEIVE("PUT"),
	RECEIVE("PATCH"),
	RECEIVE("DELETE"),
	RECEIVE("OPTIONS"),
	{"GET", ALL, API_NATIVE, ACCESS_ADMIN, BODY_NONE, false, false,
		list_all},
	{"POST", ALL, API_NATIVE, ACCESS_ADMIN, BODY_JSON, true, false,
		create_one},
	{"GET", ONE, API_NATIVE, ACCESS_ADMIN, BODY_NONE, false, false,
		get_one},
	{"PATCH", ONE, API_NATIVE, ACCESS_ADMIN, BODY_MERGE_PATCH, true, false,
		patch_one},
	{"DELETE", ONE, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		delete_one},
	{"GET", ONE "/log", API_NATIVE, ACCESS_VIEWER, BODY_NONE, false, false,
		get_log},
};
const size_t api_hook_route_count = COUNT_OF(api_hook_routes);
