#include "api/api.h"
#include "api/explain.h"
#include "api/scenario_routes.h"
#include "base/clock.h"
#include "flow/flow.h"

/* Runs that a person starts: with a bundle, or with the next request. */

enum {
	WAIT_DEFAULT = 60, /* seconds */
	WAIT_MAX = 3600,
};

/** Any thread. */
static void
respond_begun(struct api_call *call, uint64_t execution)
{
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct str uri = arena_printf(call->arena, "/v1/executions/%llu",
		(unsigned long long)execution);

	json_out_object(&out, NULL);
	json_out_string(&out, "id", str_skip(uri, strlen("/v1/executions/")));
	json_out_text(&out, "type", "grapnel/execution");
	json_out_text(&out, "state", execution_state_name(EXECUTION_QUEUED));
	json_out_string(&out, "resourceUri", uri);
	json_out_end(&out);
	http_call_add_header(call->http, "Location", uri);
	api_respond_json(call, 202, &body);
}

/** On the writer's thread. */
static void
on_stored(void *context, enum err err, uint64_t execution)
{
	struct api_call *call = context;

	if (err)
		api_refuse(call, 503, NULL, "the run could not be stored");
	else
		respond_begun(call, execution);
}

/** True: that was answered. */
static bool
refuse_broken(struct api_call *call, const struct scenario *scenario)
{
	if (scenario->blueprint->is_runnable)
		return false;
	api_refuse(call, 409, NULL,
		"the scenario's blueprint has errors, or modules that are not "
		"known here: it cannot run");
	return true;
}

void
scenario_begin(struct api_call *call, const struct runner_order *what)
{
	struct runner_order order = *what;
	struct api_problem problem = {
		.status = 429, .retry_after = 1 * SECONDS};
	enum err err;

	if (refuse_broken(call, order.scenario))
		return;
	order.context = call;
	order.stored = on_stored;
	err = runner_begin(call->api->flow->runner, &order);
	if (err == ERR_OK)
		return; /* answered, or soon: the call may be gone */
	problem.message = err == ERR_LIMIT
				  ? STR("the scenario's queue is full")
				  : STR("the disk is behind; try again");
	api_respond_problem(call, &problem);
}

/* ---- run once ---- */

struct watch {
	struct runner_once once;
	struct api_call *call;
};

/** Any thread. */
static void
came(struct runner_once *once, uint64_t execution)
{
	struct watch *watch = CONTAINER_OF(once, struct watch, once);

	if (execution)
		respond_begun(watch->call, execution);
	else
		http_call_respond(watch->call->http, 204, NULL, STR(""));
}

/** False when what is wrong was answered. */
static bool
read_wait(struct api_call *call, int64_t *ret)
{
	uint64_t seconds = WAIT_DEFAULT;
	struct str text;

	if (!explain_text(call, "wait", &text))
		return false;
	if (text.len && (str_to_u64(text, &seconds) || seconds == 0 ||
				seconds > WAIT_MAX)) {
		explain_refuse(call, "wait", "expected seconds, 1 to 3600");
		return false;
	}
	*ret = (int64_t)seconds * SECONDS;
	return true;
}

static void
run_once(struct api_call *call, const struct scenario *scenario)
{
	struct watch *watch = ARENA_NEW(call->arena, struct watch);
	int64_t wait;
	enum err err;

	if (!read_wait(call, &wait) || refuse_broken(call, scenario))
		return;
	watch->call = call;
	watch->once.came = came;
	watch->once.deadline = clock_monotonic() + wait;
	err = runner_once(call->api->flow->runner, scenario, &watch->once);
	if (err == ERR_CONFLICT)
		api_refuse(call, 409, NULL,
			"somebody waits for this scenario's next request "
			"already");
	else if (err)
		api_refuse(call, 503, NULL, "the hub is stopping");
}

/* ---- with a bundle ---- */

static void
run_with(struct api_call *call, const struct scenario *scenario)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct runner_order order = {.scenario = scenario, .cause = "manual"};
	struct value bundle;

	if (json_kind(call->json) != JSON_OBJECT ||
		value_from_json(
			call->json, VALUE_JSON_PLAIN, call->arena, &bundle)) {
		api_refuse(call, 400, NULL,
			"expected the first bundle: an object, not nested too "
			"deep");
		return;
	}
	value_append_json(&text, bundle, VALUE_JSON_TYPED);
	order.trigger = buf_str(&text);
	scenario_begin(call, &order);
}

void
scenario_run(struct api_call *call)
{
	const struct scenario *scenario = scenario_find(call);
	struct str once;

	if (!scenario)
		return;
	if (!explain_text(call, "once", &once)) {
		scenario_unref(scenario);
		return;
	}
	/* Without a hook there is nothing to wait for. */
	if (str_equal(once, STR("true")) && scenario_has_hook(scenario))
		run_once(call, scenario);
	else if (once.len == 0 || str_equal(once, STR("true")) ||
		 str_equal(once, STR("false")))
		run_with(call, scenario);
	else
		explain_refuse(call, "once", "expected true or false");
	scenario_unref(scenario);
}
