#include "api/scenario_routes.h"

#include "api/api.h"
#include "api/com_call.h"
#include "base/clock.h"
#include "flow/connection_use.h"
#include "flow/flow.h"

#define ALL "/v1/scenarios"
#define ONE ALL "/{id}"

enum { ISSUES_MAX = 100 };

static struct scenarios *
scenarios_of(const struct api_call *call)
{
	return call->api->flow->scenarios;
}

/* ---- what is shown ---- */

void
scenario_write_problems(
	struct json_out *out, const struct template_problem *problems)
{
	json_out_array(out, "problems");
	for (; problems; problems = problems->next) {
		json_out_object(out, NULL);
		json_out_text(out, "severity",
			problems->is_error ? "error" : "warning");
		json_out_string(out, "place", problems->path);
		if (problems->column)
			json_out_integer(
				out, "column", (int64_t)problems->column);
		json_out_string(out, "text", problems->text);
		json_out_end(out);
	}
	json_out_end(out);
}

/** Its members, within an object. */
static void
write_members(struct json_out *out, const struct scenario *scenario)
{
	CLEANUP(buf_release) struct buf uri = buf_make(128);
	char id[UUID_TEXT_SIZE];

	uuid_format(scenario->id, id);
	buf_printf(&uri, ALL "/%s", id);
	json_out_text(out, "id", id);
	json_out_text(out, "type", "grapnel/scenario");
	json_out_string(out, "name", scenario->name);
	json_out_boolean(out, "isEnabled", scenario->is_enabled);
	json_out_string(out, "statusReason", scenario->status_reason);
	json_out_boolean(out, "isRunnable", scenario->blueprint->is_runnable);
	if (scenario->schedule_text.len)
		json_out_raw(out, "scheduling", scenario->schedule_text);
	else
		json_out_null(out, "scheduling");
	json_out_string(out, "zone",
		scenario->zone_name.len ? scenario->zone_name : STR("UTC"));
	json_out_integer(
		out, "modules", (int64_t)scenario->blueprint->module_count);
	json_out_integer(out, "revision", (int64_t)scenario->revision);
	json_out_time(out, "createdAt", scenario->created);
	json_out_time(out, "updatedAt", scenario->updated);
	json_out_string(out, "resourceUri", buf_str(&uri));
}

void
scenario_respond(
	struct api_call *call, int status, const struct scenario *scenario)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	const struct template_problem *problems = NULL;
	const struct blueprint *blueprint;

	(void)!blueprint_read(scenario->blueprint->source, call->arena,
		&blueprint, &problems);
	problems = connection_use_check(blueprint, call->api->store,
		call->who.workspace, call->arena, problems);
	json_out_object(&out, NULL);
	write_members(&out, scenario);
	scenario_write_problems(&out, problems);
	json_out_raw(&out, "blueprint", scenario->blueprint->source);
	json_out_end(&out);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)scenario->revision));
	api_respond_json(call, status, &body);
}

const struct scenario *
scenario_find(struct api_call *call)
{
	const struct scenario *scenario = NULL;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		scenario = scenarios_get(
			scenarios_of(call), call->who.workspace, id);
	if (!scenario)
		api_refuse(call, 404, NULL, "there is no such scenario");
	return scenario;
}

static void
list_all(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct scenario_list list;

	scenarios_list(
		scenarios_of(call), call->who.workspace, call->arena, &list);
	json_out_object(&out, NULL);
	json_out_array(&out, "items");
	for (size_t i = 0; i < list.count; i++) {
		json_out_object(&out, NULL);
		write_members(&out, list.items[i]);
		json_out_end(&out);
		scenario_unref(list.items[i]);
	}
	json_out_end(&out);
	json_out_integer(&out, "count", (int64_t)list.count);
	json_out_integer(&out, "total", (int64_t)list.count);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

static void
get_one(struct api_call *call)
{
	const struct scenario *scenario = scenario_find(call);

	if (scenario)
		scenario_respond(call, 200, scenario);
	scenario_unref(scenario);
}

/* ---- what is asked for ---- */

/** JSON, or text that is JSON: Make's API has both. */
static struct str
text_of(struct api_call *call, struct json value)
{
	return json_kind(value) == JSON_STRING ? json_string(value, call->arena)
					       : json_raw(value);
}

static bool
is_blueprint(struct json body)
{
	return !json_is_missing(json_member(body, STR("flow"))) ||
	       json_kind(json_member(body, STR("response"))) == JSON_OBJECT;
}

static bool
take_name(
	struct api_call *call, struct json value, struct scenario_draft *draft)
{
	draft->has_name = true;
	draft->name = json_string(value, call->arena);
	return json_kind(value) == JSON_STRING;
}

static bool
take_blueprint(
	struct api_call *call, struct json value, struct scenario_draft *draft)
{
	draft->has_blueprint = true;
	draft->blueprint = text_of(call, value);
	return json_kind(value) == JSON_OBJECT ||
	       json_kind(value) == JSON_STRING;
}

static bool
take_enabled(
	struct api_call *call, struct json value, struct scenario_draft *draft)
{
	(void)call;
	draft->has_enabled = true;
	draft->is_enabled = json_kind(value) == JSON_TRUE;
	draft->reason = STR("");
	return json_kind(value) == JSON_TRUE || json_kind(value) == JSON_FALSE;
}

static bool
take_schedule(
	struct api_call *call, struct json value, struct scenario_draft *draft)
{
	draft->has_schedule = true;
	draft->schedule = text_of(call, value);
	return true;
}

static bool
take_zone(
	struct api_call *call, struct json value, struct scenario_draft *draft)
{
	draft->has_zone = true;
	draft->zone = json_kind(value) == JSON_NULL
			      ? STR("UTC")
			      : json_string(value, call->arena);
	return json_kind(value) == JSON_NULL || json_kind(value) == JSON_STRING;
}

static const struct member {
	const char *name;
	const char *expected;
	bool (*take)(struct api_call *call, struct json value,
		struct scenario_draft *draft);
} members[] = {
	{"name", "expected a text", take_name},
	{"blueprint", "expected a blueprint", take_blueprint},
	{"isEnabled", "expected true or false", take_enabled},
	{"scheduling", "expected an object", take_schedule},
	{"zone", "expected the name of a time zone", take_zone},
};

static bool
read_member(struct api_call *call, struct json_walk *walk,
	struct scenario_draft *ret)
{
	struct str key = json_string(walk->key, call->arena);

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (!str_equal(key, str_of(members[i].name)))
			continue;
		if (members[i].take(call, walk->value, ret))
			return true;
		api_refuse(call, 400, members[i].name, "%s: %s",
			members[i].name, members[i].expected);
		return false;
	}
	api_refuse(call, 400, arena_copy(call->arena, str_head(key, 128)).ptr,
		"there is no such member; name, blueprint, isEnabled, "
		"scheduling and zone are expected");
	return false;
}

/** False when what is wrong was answered. */
static bool
read_draft(struct api_call *call, struct scenario_draft *ret)
{
	struct json_walk walk = json_walk(call->json);

	*ret = (struct scenario_draft){0};
	if (json_kind(call->json) != JSON_OBJECT) {
		api_refuse(call, 400, NULL, "expected an object, found %s",
			json_kind_name(json_kind(call->json)));
		return false;
	}
	if (is_blueprint(call->json))
		return take_blueprint(call, call->json, ret);
	while (json_walk_next(&walk)) {
		if (!read_member(call, &walk, ret))
			return false;
	}
	return true;
}

/* ---- changing ---- */

static size_t
list_issues(struct api_call *call, const struct template_problem *problems,
	struct api_issue *issues)
{
	size_t count = 0;

	for (; problems && count < ISSUES_MAX; problems = problems->next) {
		issues[count].source = "field";
		issues[count].subject = arena_printf(call->arena,
			"blueprint%s%.*s", problems->path.len ? "." : "",
			STR_ARG(problems->path));
		issues[count].description = problems->text;
		if (problems->column)
			issues[count].description = arena_printf(call->arena,
				"%.*s (column %zu)", STR_ARG(problems->text),
				problems->column);
		if (!problems->is_error)
			issues[count].description =
				arena_printf(call->arena, "warning: %.*s",
					STR_ARG(issues[count].description));
		count++;
	}
	return count;
}

static void
refuse_change(struct api_call *call, enum err err,
	const struct scenario_problem *said)
{
	static const int statuses[] = {
		[ERR_INVALID] = 400,
		[ERR_NOT_FOUND] = 404,
		[ERR_CONFLICT] = 412,
		[ERR_LIMIT] = 409,
	};
	struct api_issue issues[ISSUES_MAX];
	struct api_problem problem = {
		.status = (size_t)err < COUNT_OF(statuses) && statuses[err]
				  ? statuses[err]
				  : 503,
		.message = arena_copy(call->arena, buf_str(&said->why))};

	if (said->field) {
		problem.source = "field";
		problem.subject = str_of(said->field);
		if (!str_starts_with(problem.message, problem.subject))
			problem.message = arena_printf(call->arena, "%s: %.*s",
				said->field, STR_ARG(problem.message));
	}
	if (err == ERR_CONFLICT) {
		problem.source = "header";
		problem.subject = STR("If-Match");
	}
	if (problem.status == 503)
		problem.retry_after = 1 * SECONDS;
	problem.issues = issues;
	problem.issue_count = list_issues(call, said->problems, issues);
	api_respond_problem(call, &problem);
}

static void
create_one(struct api_call *call)
{
	struct scenario_problem problem = {.why = buf_make(4096)};
	const struct scenario *scenario;
	struct scenario_draft draft;
	char id[UUID_TEXT_SIZE];
	enum err err;

	if (!read_draft(call, &draft))
		return;
	err = scenarios_create(scenarios_of(call), call->who.workspace, &draft,
		call->arena, &scenario, &problem);
	if (err) {
		refuse_change(call, err, &problem);
	} else {
		http_call_add_header(call->http, "Location",
			arena_printf(call->arena, ALL "/%s",
				uuid_format(scenario->id, id)));
		scenario_respond(call, 201, scenario);
		scenario_unref(scenario);
	}
	buf_release(&problem.why);
}

static void
patch_one(struct api_call *call)
{
	struct scenario_problem problem = {.why = buf_make(4096)};
	struct scenario_change change = {.workspace = call->who.workspace};
	const struct scenario *scenario = scenario_find(call);
	struct scenario_draft draft;
	enum err err;

	if (!scenario)
		return;
	change.id = scenario->id;
	change.draft = &draft;
	scenario_unref(scenario);
	if (!com_read_if_match(call, &change.revision) ||
		!read_draft(call, &draft))
		return;
	err = scenarios_change(
		scenarios_of(call), &change, call->arena, &scenario, &problem);
	if (err) {
		refuse_change(call, err, &problem);
	} else {
		scenario_respond(call, 200, scenario);
		scenario_unref(scenario);
	}
	buf_release(&problem.why);
}

static void
delete_one(struct api_call *call)
{
	struct scenario_problem problem = {.why = buf_make(4096)};
	enum err err = ERR_NOT_FOUND;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		err = scenarios_remove(
			scenarios_of(call), call->who.workspace, id);
	if (err == ERR_OK) {
		http_call_respond(call->http, 204, NULL, STR(""));
	} else {
		buf_append(&problem.why,
			err == ERR_NOT_FOUND ? STR("there is no such scenario")
					     : STR("it could not be stored"));
		refuse_change(call, err, &problem);
	}
	buf_release(&problem.why);
}

static void
check(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	const struct template_problem *problems = NULL;
	const struct blueprint *blueprint;
	enum err err = blueprint_read(
		json_raw(call->json), call->arena, &blueprint, &problems);

	json_out_object(&out, NULL);
	json_out_boolean(
		&out, "valid", err == ERR_OK && blueprint->is_runnable);
	scenario_write_problems(&out, problems);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

const struct route api_scenario_routes[] = {
	{"GET", ALL, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false, false,
		list_all},
	{"POST", ALL, API_NATIVE, ACCESS_ADMIN, BODY_JSON, true, true,
		create_one},
	{"POST", ALL "/check", API_NATIVE, ACCESS_VIEWER, BODY_JSON, true, true,
		check},
	{"GET", ONE, API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		get_one},
	{"PATCH", ONE, API_NATIVE, ACCESS_ADMIN, BODY_MERGE_PATCH, true, true,
		patch_one},
	{"DELETE", ONE, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		delete_one},
	{"GET", ONE "/versions", API_NATIVE, ACCESS_VIEWER, BODY_NONE, true,
		false, scenario_list_versions},
	{"GET", ONE "/versions/{revision}", API_NATIVE, ACCESS_VIEWER,
		BODY_NONE, true, false, scenario_get_version},
	{"POST", ONE "/run", API_NATIVE, ACCESS_ADMIN, BODY_JSON, true, true,
		scenario_run},
};
const size_t api_scenario_route_count = COUNT_OF(api_scenario_routes);
