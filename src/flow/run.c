#include "base/clock.h"
#include "flow/cookies.h"
#include "flow/run_private.h"

enum {
	OPERATIONS_MAX = 100000,
	PENDING_MAX = 256, /* steps in memory before they are saved */
};
#define RUN_TIME (40 * MINUTES)

struct value *
run_bundle(struct run *run, const struct blueprint_module *module)
{
	return &run->bundles[module->index];
}

const struct run_host *
run_host_of(const struct run *run)
{
	return run->options->host;
}

uint32_t
run_workspace(const struct run *run)
{
	return run->options->execution->workspace;
}

/* ---- what expressions see ---- */

static struct value
find_bundle(void *context, uint32_t id)
{
	struct run *run = context;
	const struct blueprint_module *module =
		blueprint_find(run->options->blueprint, id);

	return module ? *run_bundle(run, module) : value_empty();
}

static struct value
find_variables(void *context, struct str scope)
{
	struct run *run = context;
	struct value trigger = value_empty();

	if (str_equal(scope, STR("scenario")))
		return run->scenario_variables;
	if (str_equal(scope, STR("input")) &&
		run->options->blueprint->flow.count)
		trigger = *run_bundle(
			run, &run->options->blueprint->flow.modules[0]);
	return trigger;
}

static struct value
scenario_variables(const struct run *run)
{
	const struct run_options *options = run->options;
	struct value_builder builder = value_builder_make(run->arena);
	struct str id = arena_printf(run->arena, "%llu",
		(unsigned long long)options->execution->sequence);

	value_builder_set(
		&builder, STR("id"), value_text(options->execution->scenario));
	value_builder_set(
		&builder, STR("name"), value_text(options->scenario_name));
	value_builder_set(&builder, STR("executionId"), value_text(id));
	value_builder_set(&builder, STR("triggerTimestamp"),
		value_date(options->execution->created / MILLISECONDS));
	return value_builder_collection(&builder);
}

/* ---- ending ---- */

enum run_next
run_end(struct run *run, enum execution_state state,
	const struct failure *failure)
{
	struct run_outcome *outcome = run->outcome;

	outcome->state = state;
	if (failure && state != EXECUTION_QUEUED) {
		outcome->failure = *failure;
		outcome->failure.message =
			arena_copy(run->arena, failure->message);
		outcome->failure.detail = value_empty();
		outcome->failed_step = run->failed;
	}
	return RUN_STOP;
}

void
run_forget_pending(struct run *run)
{
	arena_reset(&run->pending_arena);
	run->pending = NULL;
	run->pending_count = 0;
	run->pending_cap = 0;
}

enum run_next
run_flush(struct run *run)
{
	const struct run_host *host = run->options->host;

	if (run->pending_count == 0)
		return RUN_ON;
	if (host->save(host->context, run->pending, run->pending_count))
		return run_end(run, EXECUTION_QUEUED, NULL);
	run_forget_pending(run);
	return RUN_ON;
}

static enum run_next
exceed(struct run *run, enum failure_kind kind, const char *what)
{
	struct failure failure;

	failure_set(&failure, run->arena, kind, "%s", what);
	run->failed = 0;
	return run_end(run, EXECUTION_ERROR, &failure);
}

enum run_next
run_check_limits(struct run *run)
{
	const struct run_host *host = run->options->host;
	uint32_t max = run->options->operations_max;

	if (host->must_stop && host->must_stop(host->context))
		return run_end(run, EXECUTION_QUEUED, NULL);
	if (clock_monotonic() >= run->deadline)
		return exceed(run, FAILURE_SCENARIO_TIMEOUT,
			"the run takes longer than it may");
	if (run->operations >= (max ? max : OPERATIONS_MAX))
		return exceed(run, FAILURE_OPERATIONS_LIMIT,
			"the run has called more modules than it may");
	return run->pending_count >= PENDING_MAX ? run_flush(run) : RUN_ON;
}

/* ---- the whole ---- */

/** The first module's bundle is what started the run. */
static enum run_next
run_trigger(struct run *run, struct blueprint_flow flow)
{
	struct json_doc doc;
	struct value bundle = value_empty();
	struct module_result result = {.bundles = &bundle, .count = 1};
	struct str text = run->options->execution->trigger;

	if (json_read(text, run->arena, &doc, NULL) ||
		value_from_json(
			json_root(&doc), VALUE_JSON_TYPED, run->arena, &bundle))
		return exceed(run, FAILURE_INCONSISTENCY,
			"what started the run cannot be read");
	run->operations++;
	return run_emit(run, flow, 0, &result);
}

static enum run_next
run_all(struct run *run)
{
	struct blueprint_flow flow = run->options->blueprint->flow;
	const struct module_kind *first =
		flow.count ? flow.modules[0].kind : NULL;

	return first && first->is_trigger ? run_trigger(run, flow)
					  : run_flow(run, flow, 0);
}

static void
begin(struct run *run)
{
	const struct run_options *options = run->options;

	run->began = clock_now();
	run->deadline = clock_monotonic() +
			(options->timeout ? options->timeout : RUN_TIME);
	run->bundles = arena_alloc_array(run->arena,
		options->blueprint->module_count + 1, sizeof(*run->bundles));
	run->scenario_variables = scenario_variables(run);
	run->scope = (struct template_scope){.context = run,
		.module = find_bundle,
		.variables = find_variables,
		.now = options->execution->created / MILLISECONDS,
		.zone = options->zone};
}

/** Steps that are not saved outlive the run in its caller's arena. */
static void
hand_over_pending(struct run *run)
{
	struct step_row *rows = arena_alloc_array(
		run->arena, run->pending_count + 1, sizeof(*rows));

	for (size_t i = 0; i < run->pending_count; i++) {
		rows[i] = run->pending[i];
		rows[i].message = arena_copy(run->arena, rows[i].message);
		rows[i].input = arena_copy(run->arena, rows[i].input);
		rows[i].trace = arena_copy(run->arena, rows[i].trace);
		rows[i].output = arena_copy(run->arena, rows[i].output);
	}
	run->outcome->steps = rows;
	run->outcome->step_count = run->pending_count;
	arena_release(&run->pending_arena);
}

struct cookies *
run_cookies(struct run *run)
{
	if (!run->cookies)
		run->cookies = cookies_new();
	return run->cookies;
}

void
run_execute(const struct run_options *options, struct arena *arena,
	struct run_outcome *ret)
{
	struct run run = {.options = options, .arena = arena, .outcome = ret};

	*ret = (struct run_outcome){0};
	begin(&run);
	if (run_all(&run) == RUN_ON)
		run_end(&run,
			run.has_warning ? EXECUTION_WARNING : EXECUTION_SUCCESS,
			NULL);
	ret->operations = run.operations;
	hand_over_pending(&run);
	cookies_free(run.cookies);
}
