#include "flow/run_private.h"

/*
 * The order in which bundles go: depth first, the first bundle of a module
 * through all that follows before the second begins. A module's bundle is
 * there for those behind it, and gone when its turn is over.
 */

static bool
is_kind(const struct blueprint_module *module, const char *name)
{
	return module->kind && strcmp(module->kind->name, name) == 0;
}

/**
 * A run that goes on with one bundle put aside takes nothing that came after
 * it: whether a loop that began before the bundle is to end now.
 */
static bool
is_over(const struct run *run, bool had_resumed)
{
	return run->options->is_aside && run->has_resumed && !had_resumed;
}

/* ---- filters ---- */

enum passage { PASSES, BLOCKED, FILTER_FAILED };

static enum passage
check_condition(struct run *run, const struct condition *condition,
	struct arena *arena, struct failure *failure)
{
	const struct template_problem *problems = NULL;
	bool passes = false;
	enum err err;

	if (!condition)
		return PASSES;
	err = condition_evaluate(
		condition, &run->scope, arena, &passes, &problems);
	if (err) {
		run_problem(err, problems, arena, failure);
		return FILTER_FAILED;
	}
	return passes ? PASSES : BLOCKED;
}

/* ---- routers ---- */

static enum run_next enter(
	struct run *run, struct blueprint_flow flow, size_t at);

/** Runs a route if its first module's filter lets the bundle in. */
static enum run_next
try_route(struct run *run, const struct blueprint_route *route, bool *ret_taken)
{
	struct arena arena = {0};
	struct failure failure = {0};
	enum run_next next = RUN_ON;

	if (route->is_disabled || route->flow.count == 0)
		return RUN_ON;
	switch (check_condition(
		run, route->flow.modules[0].filter, &arena, &failure)) {
	case PASSES:
		*ret_taken = true;
		next = enter(run, route->flow, 0);
		break;
	case BLOCKED: break;
	case FILTER_FAILED:
		*ret_taken = true;
		run->failed = 0;
		next = run_failed(run, route->flow, 0, &failure);
		break;
	}
	arena_release(&arena);
	return next;
}

static enum run_next
run_router(struct run *run, struct blueprint_flow flow, size_t at)
{
	const struct blueprint_module *module = &flow.modules[at];
	bool had_resumed = run->has_resumed;
	bool is_taken = false;
	enum run_next next = RUN_ON;

	for (size_t i = 0; i < module->route_count && next == RUN_ON; i++) {
		if (i != module->fallback)
			next = try_route(run, &module->routes[i], &is_taken);
		if (is_over(run, had_resumed))
			return next;
	}
	if (next == RUN_ON && !is_taken &&
		module->fallback < module->route_count)
		next = try_route(
			run, &module->routes[module->fallback], &is_taken);
	return next == RUN_ON ? run_flow(run, flow, at + 1) : next;
}

/* ---- if-else and merge ---- */

/** The first branch whose conditions hold; NULL for none. */
static enum passage
choose_branch(struct run *run, const struct blueprint_module *module,
	struct arena *arena, size_t *ret, struct failure *failure)
{
	for (size_t i = 0; i < module->route_count; i++) {
		const struct blueprint_route *branch = &module->routes[i];
		enum passage passage;

		if (branch->is_disabled || branch->flow.count == 0 ||
			(!branch->is_else && !branch->condition))
			continue;
		passage = branch->is_else
				  ? PASSES
				  : check_condition(run, branch->condition,
					    arena, failure);
		*ret = i;
		if (passage != BLOCKED)
			return passage;
	}
	return BLOCKED;
}

/** The number of a branch among those that go on in the merge. */
static size_t
number_of(const struct blueprint_module *module, size_t branch)
{
	size_t number = 0;

	for (size_t i = 0; i < branch; i++)
		number += module->routes[i].merges;
	return number;
}

static enum run_next
run_branch(
	struct run *run, struct blueprint_flow flow, size_t at, size_t branch)
{
	const struct blueprint_module *module = &flow.modules[at];
	struct run_join join = {.outer = run->join,
		.branch = &module->routes[branch],
		.number = number_of(module, branch),
		.flow = flow,
		.at = at + 1};
	enum run_next next;

	run->join = &join;
	next = enter(run, join.branch->flow, 0);
	run->join = join.outer;
	return next;
}

static enum run_next
run_if_else(struct run *run, struct blueprint_flow flow, size_t at)
{
	const struct blueprint_module *module = &flow.modules[at];
	struct arena arena = {0};
	struct failure failure = {0};
	enum run_next next = RUN_ON;
	size_t branch = 0;

	switch (choose_branch(run, module, &arena, &branch, &failure)) {
	case PASSES: next = run_branch(run, flow, at, branch); break;
	case BLOCKED: break;
	case FILTER_FAILED: next = run_failed(run, flow, at, &failure); break;
	}
	arena_release(&arena);
	return next;
}

static enum failure_kind
merge_bundle(struct run *run, const struct run_join *join, struct arena *arena,
	struct value *ret, struct failure *failure)
{
	const struct blueprint_module *merge = &join->flow.modules[join->at];
	const struct blueprint_flow *branch = &join->branch->flow;
	struct value_builder builder = value_builder_make(arena);

	if (merge->output_count == 0)
		*ret = *run_bundle(run, &branch->modules[branch->count - 1]);
	if (merge->output_count == 0)
		return FAILURE_NONE;
	for (size_t i = 0; i < merge->output_count; i++) {
		const struct blueprint_output *output = &merge->outputs[i];
		const struct template_problem *problems = NULL;
		struct value value = value_empty();
		enum err err = ERR_OK;

		if (join->number < output->count)
			err = template_evaluate(output->mappings[join->number],
				&run->scope, arena, &value, &problems);
		if (err)
			return run_problem(err, problems, arena, failure);
		value_builder_set(&builder, output->name, value);
	}
	*ret = value_builder_collection(&builder);
	return FAILURE_NONE;
}

/** A branch came to its end: the merge, if there is one, goes on. */
static enum run_next
run_merge(struct run *run)
{
	struct run_join *join = run->join;
	struct arena arena = {0};
	struct failure failure = {0};
	struct value bundle;
	struct module_result result = {.bundles = &bundle, .count = 1};
	enum run_next next;

	if (!join->branch->merges || join->at >= join->flow.count ||
		!is_kind(&join->flow.modules[join->at], "builtin:BasicMerge"))
		return RUN_ON;
	run->join = join->outer;
	run->failed = 0;
	next = merge_bundle(run, join, &arena, &bundle, &failure)
		       ? run_failed(run, join->flow, join->at, &failure)
		       : run_emit(run, join->flow, join->at, &result);
	run->join = join;
	arena_release(&arena);
	return next;
}

/* ---- aggregators ---- */

static struct run_collector *
find_collector(struct run *run, const struct blueprint_module *module)
{
	struct run_collector *collector = run->collectors;

	while (collector && collector->aggregator != module)
		collector = collector->outer;
	return collector;
}

static enum run_next
run_collecting(struct run *run, struct run_collector *collector,
	struct blueprint_flow flow, size_t at)
{
	struct arena arena = {0};
	struct failure failure = {0};
	enum run_next next = RUN_ON;

	run->failed = 0;
	if (run_collect(run, collector, &arena, &failure))
		next = run_failed(run, flow, at, &failure);
	arena_release(&arena);
	return next;
}

/** Begins to collect for every aggregator that names `feeder`. */
static void
push_collectors(struct run *run, uint32_t feeder, struct blueprint_flow flow,
	struct arena *arena)
{
	for (size_t i = 0; i < flow.count; i++) {
		const struct blueprint_module *module = &flow.modules[i];
		struct run_collector *collector;

		for (size_t r = 0; r < module->route_count; r++)
			push_collectors(
				run, feeder, module->routes[r].flow, arena);
		if (!module->kind || !module->kind->is_aggregator ||
			module->feeder != feeder)
			continue;
		collector = arena_alloc(arena, sizeof(*collector));
		*collector = (struct run_collector){.outer = run->collectors,
			.aggregator = module,
			.flow = flow,
			.at = i};
		collector->items = value_builder_make(&collector->arena);
		run->collectors = collector;
	}
}

/** What was collected goes on behind its aggregator. */
static enum run_next
finish_collector(struct run *run, struct run_collector *collector)
{
	struct arena arena = {0};
	struct module_result result = {0};
	enum run_next next;

	run_aggregate(run, collector, &arena, &result);
	arena_release(&collector->arena);
	next = run_emit(run, collector->flow, collector->at, &result);
	arena_release(&arena);
	return next;
}

/* ---- modules ---- */

static enum run_next
run_bundles(struct run *run, struct blueprint_flow flow, size_t at,
	const struct module_result *result)
{
	struct value *place = run_bundle(run, &flow.modules[at]);
	struct value before = *place;
	bool had_resumed = run->has_resumed;
	enum run_next next = RUN_ON;

	for (size_t i = 0; i < result->count && next == RUN_ON &&
			   !is_over(run, had_resumed);
		i++) {
		*place = result->bundles[i];
		next = run_flow(run, flow, at + 1);
	}
	*place = before;
	return next;
}

enum run_next
run_emit(struct run *run, struct blueprint_flow flow, size_t at,
	const struct module_result *result)
{
	const struct blueprint_module *module = &flow.modules[at];
	struct run_collector *outer = run->collectors;
	struct arena arena = {0};
	enum run_next next;

	if (!module->is_feeder)
		return run_bundles(run, flow, at, result);
	push_collectors(run, module->id,
		(struct blueprint_flow){
			&flow.modules[at + 1], flow.count - at - 1},
		&arena);
	/* Indices are those of the whole flow. */
	for (struct run_collector *each = run->collectors; each != outer;
		each = each->outer) {
		if (each->flow.modules == &flow.modules[at + 1]) {
			each->flow = flow;
			each->at += at + 1;
		}
	}
	next = run_bundles(run, flow, at, result);
	while (run->collectors != outer) {
		struct run_collector *collector = run->collectors;

		run->collectors = collector->outer;
		if (next == RUN_ON)
			next = finish_collector(run, collector);
		else
			arena_release(&collector->arena);
	}
	arena_release(&arena);
	return next;
}

static enum run_next
run_module(struct run *run, struct blueprint_flow flow, size_t at)
{
	const struct blueprint_module *module = &flow.modules[at];
	struct arena arena = {0};
	struct module_result result;
	struct failure failure;
	enum failure_kind kind;
	enum run_next next = RUN_ON;

	/* What an effect follows from is on disk before it. */
	if (module->kind && module->kind->nature == MODULE_EFFECT &&
		run_flush(run) == RUN_STOP)
		return RUN_STOP;
	kind = run_step(run, module, &arena, &result, &failure);
	if (kind == FAILURE_INTERRUPTED)
		next = run_end(run, EXECUTION_QUEUED, &failure);
	run->failed = run->ordinal;
	if (next == RUN_ON && kind)
		next = run_failed(run, flow, at, &failure);
	else if (next == RUN_ON)
		next = run_emit(run, flow, at, &result);
	arena_release(&arena);
	return next;
}

/* What is no step of its own; the rest are modules. */
static const struct structure {
	const char *name;
	enum run_next (*run)(
		struct run *run, struct blueprint_flow flow, size_t at);
} structures[] = {
	{"builtin:BasicRouter", run_router},
	{"builtin:BasicIfElse", run_if_else},
	{"builtin:Ignore", run_directive},
	{"builtin:Resume", run_directive},
	{"builtin:Commit", run_directive},
	{"builtin:Rollback", run_directive},
	{"builtin:Break", run_directive},
};

/** The module at `at`, whose filter has let the bundle through. */
static enum run_next
enter(struct run *run, struct blueprint_flow flow, size_t at)
{
	const struct blueprint_module *module = &flow.modules[at];
	struct run_collector *collector = find_collector(run, module);

	if (run_check_limits(run) == RUN_STOP)
		return RUN_STOP;
	if (collector)
		return run_collecting(run, collector, flow, at);
	for (size_t i = 0; i < COUNT_OF(structures); i++) {
		if (is_kind(module, structures[i].name))
			return structures[i].run(run, flow, at);
	}
	return run_module(run, flow, at);
}

enum run_next
run_flow(struct run *run, struct blueprint_flow flow, size_t at)
{
	struct arena arena = {0};
	struct failure failure = {0};
	enum passage passage;

	if (at >= flow.count)
		return run->join && flow.count &&
				       run->join->branch->flow.modules ==
					       flow.modules
			       ? run_merge(run)
			       : RUN_ON;
	/* A merge is reached from the branches only. */
	if (is_kind(&flow.modules[at], "builtin:BasicMerge"))
		return RUN_ON;
	passage =
		check_condition(run, flow.modules[at].filter, &arena, &failure);
	if (passage == FILTER_FAILED) {
		enum run_next next;

		run->failed = 0;
		next = run_failed(run, flow, at, &failure);
		arena_release(&arena);
		return next;
	}
	arena_release(&arena);
	return passage == PASSES ? enter(run, flow, at) : RUN_ON;
}
