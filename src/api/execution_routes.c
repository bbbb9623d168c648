#include "api/api.h"
#include "api/explain.h"
#include "api/scenario_routes.h"
#include "flow/flow.h"
#include "flow/mask.h"

#define ALL "/v1/executions"
#define ONE ALL "/{id}"

enum {
	CURSOR = 'x',
	STEPS_DEFAULT = 100,
	STEPS_MAX = 1000,
	SHOWN_MAX = 64 << 10, /* bytes of one bundle or output */
};

/* ---- what is shown ---- */

static void
write_time(struct json_out *out, const char *name, int64_t time)
{
	if (time)
		json_out_time(out, name, time);
}

/** Its members, within an object. */
static void
write_members(struct json_out *out, const struct execution_row *row)
{
	CLEANUP(buf_release) struct buf uri = buf_make(128);
	CLEANUP(buf_release) struct buf origin = buf_make(32);

	buf_printf(&uri, ALL "/%llu", (unsigned long long)row->sequence);
	json_out_string(out, "id", str_skip(buf_str(&uri), strlen(ALL "/")));
	json_out_text(out, "type", "grapnel/execution");
	json_out_string(out, "scenarioId", row->scenario);
	json_out_integer(
		out, "scenarioRevision", (int64_t)row->scenario_version);
	json_out_text(out, "state", execution_state_name(row->state));
	json_out_string(out, "cause", row->cause);
	if (row->origin) {
		buf_printf(&origin, "%llu", (unsigned long long)row->origin);
		json_out_string(out, "originId", buf_str(&origin));
	}
	json_out_time(out, "createdAt", row->created);
	write_time(out, "startedAt", row->started);
	write_time(out, "endedAt", row->ended);
	write_time(out, "dueAt", row->due);
	json_out_integer(out, "attempts", row->attempts);
	json_out_integer(out, "operations", row->operations);
	if (row->failed_step)
		json_out_integer(out, "failedStep", row->failed_step);
	if (row->error.len)
		json_out_string(out, "error", row->error);
	json_out_string(out, "resourceUri", buf_str(&uri));
}

/** Typed JSON as plain JSON for people: masked, and not too long. */
static void
write_value(struct api_call *call, struct json_out *out, const char *name,
	struct str text)
{
	struct json_doc doc;
	struct value value;

	if (text.len == 0)
		return;
	if (text.len > SHOWN_MAX) {
		json_out_text(out, name, "(too long to be shown)");
		return;
	}
	if (json_read(text, call->arena, &doc, NULL) ||
		value_from_json(
			json_root(&doc), VALUE_JSON_TYPED, call->arena, &value))
		return;
	value_out(
		out, name, mask_secrets(value, call->arena), VALUE_JSON_PLAIN);
}

struct shown {
	const struct scenario *scenario; /* NULL: it is gone */
	bool is_confidential;
};

static void
write_step(struct api_call *call, struct json_out *out,
	const struct step_row *step, const struct shown *shown)
{
	const struct scenario *scenario = shown->scenario;
	const struct blueprint_module *module =
		scenario ? blueprint_find(scenario->blueprint, step->module)
			 : NULL;
	json_out_object(out, NULL);
	json_out_integer(out, "ordinal", step->ordinal);
	json_out_integer(out, "module", step->module);
	if (module) {
		json_out_string(out, "name", module->name);
		json_out_string(out, "place", module->place);
	}
	if (module && module->label.len)
		json_out_string(out, "label", module->label);
	json_out_time(out, "startedAt", step->started);
	json_out_time(out, "endedAt", step->ended);
	if (step->failure.len) {
		json_out_string(out, "failure", step->failure);
		json_out_string(out, "message", step->message);
	}
	write_value(call, out, "input", step->input);
	if (!shown->is_confidential)
		write_value(call, out, "output", step->output);
	write_value(call, out, "trace", step->trace);
	json_out_end(out);
}

/* ---- looking ---- */

static bool
find(struct api_call *call, struct execution_row *ret)
{
	uint64_t sequence;
	enum err err = ERR_NOT_FOUND;

	if (str_to_u64(call->parameters[0], &sequence) == ERR_OK)
		err = store_execution(
			call->api->store, sequence, call->arena, ret);
	if (err == ERR_OK && ret->workspace == call->who.workspace)
		return true;
	if (err == ERR_OK || err == ERR_NOT_FOUND)
		explain_refuse_unknown(call, "execution");
	else
		explain_refuse_store(call);
	return false;
}

/** The scenario as the execution runs it: a reference, or NULL. */
static const struct scenario *
scenario_of(struct api_call *call, const struct execution_row *row)
{
	struct uuid id;

	return uuid_parse(row->scenario, &id) == ERR_OK
		       ? scenarios_get_revision(call->api->flow->scenarios,
				 row->workspace, id, row->scenario_version)
		       : NULL;
}

static bool
read_state(struct api_call *call, struct execution_query *query)
{
	struct str text;

	if (!explain_text(call, "state", &text))
		return false;
	if (text.len == 0)
		return true;
	query->is_by_state = true;
	for (int i = EXECUTION_QUEUED; i <= EXECUTION_DROPPED; i++) {
		query->state = (enum execution_state)i;
		if (str_equal_nocase(
			    text, str_of(execution_state_name(query->state))))
			return true;
	}
	explain_refuse(call, "state",
		"expected QUEUED, RUNNING, SUCCESS, WARNING, ERROR, "
		"INCOMPLETE or DROPPED");
	return false;
}

static void
list_all(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct execution_query query = {.workspace = call->who.workspace};
	struct execution_list list;

	if (!explain_text(call, "scenario", &query.scenario) ||
		!read_state(call, &query) ||
		!explain_limit(call, &query.limit) ||
		!explain_cursor(call, CURSOR, &query.before))
		return;
	if (store_executions(call->api->store, &query, call->arena, &list)) {
		explain_refuse_store(call);
		return;
	}
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < list.count; i++) {
		json_out_object(&out, NULL);
		write_members(&out, &list.rows[i]);
		json_out_end(&out);
	}
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)list.count);
	explain_write_next(&out, CURSOR,
		list.count == query.limit && list.count
			? list.rows[list.count - 1].sequence
			: 0);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/** A parameter that is a number; false when what is wrong was answered. */
static bool
read_number(
	struct api_call *call, const char *name, uint64_t max, uint64_t *in_out)
{
	struct str text;

	if (!explain_text(call, name, &text))
		return false;
	if (text.len == 0)
		return true;
	if (str_to_u64(text, in_out) == ERR_OK && *in_out && *in_out <= max)
		return true;
	explain_refuse(call, name,
		arena_printf(call->arena,
			"expected a whole number from 1 to %llu",
			(unsigned long long)max)
			.ptr);
	return false;
}

static void
write_steps(struct api_call *call, struct json_out *out,
	const struct step_list *steps, const struct step_query *query,
	const struct shown *shown)
{
	json_out_array(out, "steps");
	for (size_t i = 0; i < steps->count; i++)
		write_step(call, out, &steps->rows[i], shown);
	json_out_end(out);
	if (steps->count && steps->count == query->limit)
		json_out_integer(out, "nextStep",
			steps->rows[steps->count - 1].ordinal + 1);
}

static void
respond_execution(
	struct api_call *call, int status, const struct execution_row *row)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	uint64_t from = 1, limit = STEPS_DEFAULT;
	struct step_query query = {.execution = row->sequence};
	struct step_list steps;
	struct shown shown = {.is_confidential = row->is_confidential};

	if (!read_number(call, "step", UINT32_MAX, &from) ||
		!read_number(call, "steps", STEPS_MAX, &limit))
		return;
	query.from = (uint32_t)from;
	query.limit = (size_t)limit;
	if (store_steps(call->api->store, &query, call->arena, &steps)) {
		explain_refuse_store(call);
		return;
	}
	shown.scenario = scenario_of(call, row);
	json_out_object(&out, NULL);
	write_members(&out, row);
	if (shown.scenario)
		json_out_string(&out, "scenarioName", shown.scenario->name);
	if (!shown.is_confidential)
		write_value(call, &out, "trigger", row->trigger);
	write_steps(call, &out, &steps, &query, &shown);
	json_out_end(&out);
	scenario_unref(shown.scenario);
	api_respond_json(call, status, &body);
}

static void
get_one(struct api_call *call)
{
	struct execution_row row;

	if (find(call, &row))
		respond_execution(call, 200, &row);
}

/* ---- by hand ---- */

static void
change(struct api_call *call,
	enum err (*act)(struct runner *runner, uint64_t execution))
{
	struct execution_row row;
	enum err err;

	if (!find(call, &row))
		return;
	err = act(call->api->flow->runner, row.sequence);
	if (err == ERR_CONFLICT)
		api_refuse(call, 409, NULL,
			"the execution is %s, not INCOMPLETE",
			execution_state_name(row.state));
	else if (err)
		explain_refuse_store(call);
	else if (find(call, &row))
		respond_execution(call, 202, &row);
}

static void
retry_one(struct api_call *call)
{
	change(call, runner_retry);
}

static void
drop_one(struct api_call *call)
{
	change(call, runner_drop);
}

/** False when what is wrong was answered. */
static bool
read_version_member(struct api_call *call, struct json body, struct str *in_out)
{
	struct json_walk walk = json_walk(body);

	if (json_kind(body) != JSON_OBJECT) {
		api_refuse(call, 400, NULL, "expected an object, found %s",
			json_kind_name(json_kind(body)));
		return false;
	}
	while (json_walk_next(&walk)) {
		struct str key = json_string(walk.key, call->arena);

		if (str_equal(key, STR("version"))) {
			*in_out = json_kind(walk.value) == JSON_STRING
					  ? json_string(walk.value, call->arena)
					  : STR("?");
			continue;
		}
		api_refuse(call, 400,
			arena_copy(call->arena, str_head(key, 128)).ptr,
			"there is no such member; version is expected");
		return false;
	}
	return true;
}

/** "present", or "then" ("old"), in the body or the query. */
static bool
read_version(struct api_call *call, bool *ret_is_old)
{
	struct str text, body = http_call_body(call->http);
	struct json_doc doc;

	if (!explain_text(call, "version", &text))
		return false;
	if (body.len) {
		CLEANUP(buf_release) struct buf why = buf_make(256);

		if (json_read(body, call->arena, &doc, &why)) {
			api_refuse(call, 400, NULL, "%s", buf_text(&why));
			return false;
		}
		if (!read_version_member(call, json_root(&doc), &text))
			return false;
	}
	*ret_is_old =
		str_equal(text, STR("then")) || str_equal(text, STR("old"));
	if (*ret_is_old || text.len == 0 || str_equal(text, STR("present")))
		return true;
	api_refuse(call, 400, "version", "version: expected present or then");
	return false;
}

/** The same first bundle once more, with the present or the old version. */
static void
replay_one(struct api_call *call)
{
	struct runner_order order = {.cause = "replay"};
	const struct scenario *scenario = NULL;
	struct execution_row row;
	struct uuid id;
	bool is_old;

	if (!find(call, &row) || !read_version(call, &is_old))
		return;
	if (row.trigger.len == 0) {
		api_refuse(call, 409, NULL,
			"what started it was confidential, and is not kept");
		return;
	}
	if (is_old)
		scenario = scenario_of(call, &row);
	else if (uuid_parse(row.scenario, &id) == ERR_OK)
		scenario = scenarios_get(
			call->api->flow->scenarios, row.workspace, id);
	order.scenario = scenario;
	order.trigger = row.trigger;
	order.revision = is_old ? row.scenario_version : 0;
	order.origin = row.sequence;
	order.is_confidential = row.is_confidential;
	if (scenario)
		scenario_begin(call, &order);
	else
		api_refuse(call, 404, NULL,
			is_old ? "that version of the scenario is not kept "
				 "any more"
			       : "the scenario is gone");
	scenario_unref(scenario);
}

const struct route api_execution_routes[] = {
	{"GET", ALL, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		list_all},
	{"GET", ONE, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		get_one},
	{"POST", ONE "/retry", API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		retry_one},
	{"POST", ONE "/drop", API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		drop_one},
	{"POST", ONE "/replay", API_NATIVE, ACCESS_ADMIN, BODY_ANY, true, false,
		replay_one},
};
const size_t api_execution_route_count = COUNT_OF(api_execution_routes);
