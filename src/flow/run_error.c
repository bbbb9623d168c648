#include "base/clock.h"
#include "flow/run_private.h"

/*
 * What happens when a module fails. Its handler is a flow of its own; the
 * directive it ends with says how the run goes on.
 */

static struct value
error_bundle(const struct failure *failure, struct arena *arena)
{
	struct value_builder error = value_builder_make(arena);
	struct value_builder bundle = value_builder_make(arena);

	value_builder_set(&error, STR("type"),
		value_text(str_of(failure_name(failure->kind))));
	value_builder_set(&error, STR("message"), value_text(failure->message));
	value_builder_set(&error, STR("detail"), failure->detail);
	value_builder_set(
		&bundle, STR("error"), value_builder_collection(&error));
	return value_builder_collection(&bundle);
}

/** Whether the handler takes this failure: its first filter decides. */
static bool
is_handled(struct run *run, const struct blueprint_flow *handler)
{
	const struct template_problem *problems = NULL;
	struct arena arena = {0};
	bool passes = true;

	if (!handler)
		return false;
	if (handler->count && handler->modules[0].filter &&
		condition_evaluate(handler->modules[0].filter, &run->scope,
			&arena, &passes, &problems))
		passes = false;
	arena_release(&arena);
	return passes;
}

/** The first module failed: there is nothing yet that could be kept. */
static bool
is_first(const struct run *run, struct blueprint_flow flow, size_t at)
{
	return flow.modules == run->options->blueprint->flow.modules && at == 0;
}

static enum run_next
end_unhandled(struct run *run, struct blueprint_flow flow, size_t at,
	const struct failure *failure)
{
	bool is_kept = run->options->blueprint->settings.keeps_incomplete &&
		       failure_is_kept(failure->kind) &&
		       !is_first(run, flow, at);

	return run_end(
		run, is_kept ? EXECUTION_INCOMPLETE : EXECUTION_ERROR, failure);
}

/* ---- directives ---- */

static enum run_next
ignore(struct run *run, struct run_handling *handling,
	struct blueprint_flow flow, size_t at)
{
	(void)run;
	(void)handling;
	(void)flow;
	(void)at;
	return RUN_ON;
}

static enum run_next
resume(struct run *run, struct run_handling *handling,
	struct blueprint_flow flow, size_t at)
{
	struct module_result result = {.bundles = &handling->input, .count = 1};

	if (handling->input.kind != VALUE_COLLECTION)
		handling->input = value_collection(NULL, 0);
	return run_emit(run, flow, at, &result);
}

static enum run_next
commit(struct run *run, struct run_handling *handling,
	struct blueprint_flow flow, size_t at)
{
	(void)handling;
	(void)flow;
	(void)at;
	return run_end(run,
		run->has_warning ? EXECUTION_WARNING : EXECUTION_SUCCESS, NULL);
}

static enum run_next
rollback(struct run *run, struct run_handling *handling,
	struct blueprint_flow flow, size_t at)
{
	(void)flow;
	(void)at;
	return run_end(run, EXECUTION_ERROR, handling->failure);
}

static uint32_t
number_of(struct value input, const char *name, uint32_t fallback)
{
	double number;

	if (!value_to_number(value_member(input, str_of(name)), &number) ||
		number < 1 || number > 44640)
		return fallback;
	return (uint32_t)number;
}

/** The step that says that the bundle was put aside. */
static void
note_aside(struct run *run, const struct blueprint_module *directive)
{
	struct step_row *row = run_add_pending(run);

	*row = (struct step_row){.execution = run->options->execution->sequence,
		.ordinal = run->ordinal,
		.module = directive->id,
		.started = clock_now(),
		.ended = clock_now(),
		.failure = STR(""),
		.message = STR(""),
		.input = STR(""),
		.trace = STR(""),
		.output = STR("[]")};
}

static enum run_next
put_aside(struct run *run, struct run_handling *handling,
	struct blueprint_flow flow, size_t at)
{
	const struct run_host *host = run->options->host;
	struct value retry = value_member(handling->input, STR("retry"));
	struct run_aside aside = {.failed = handling->failed,
		.is_retried = value_is_empty(retry) || value_to_boolean(retry),
		.retries = number_of(handling->input, "count", 3),
		.interval =
			number_of(handling->input, "interval", 15) * MINUTES,
		.failure = handling->failure};

	if (!run->options->blueprint->settings.keeps_incomplete)
		return rollback(run, handling, flow, at);
	/* It is aside already, and failed once more. */
	if (run->options->is_aside && run->has_resumed)
		return run_end(run, EXECUTION_INCOMPLETE, handling->failure);
	/* What was put aside before this bundle is not this run's to warn of.
	 */
	if (!run->options->is_aside)
		run->has_warning = true;
	run->ordinal++;
	if (run_stored(run, handling->directive))
		return RUN_ON; /* it was, before the run was interrupted */
	note_aside(run, handling->directive);
	aside.steps = run->pending;
	aside.step_count = run->pending_count;
	if (host->put_aside(host->context, &aside))
		return run_end(run, EXECUTION_QUEUED, handling->failure);
	run_forget_pending(run);
	return RUN_ON;
}

static const struct directive {
	const char *name;
	enum run_next (*act)(struct run *run, struct run_handling *handling,
		struct blueprint_flow flow, size_t at);
} directives[] = {
	{"builtin:Ignore", ignore},
	{"builtin:Resume", resume},
	{"builtin:Commit", commit},
	{"builtin:Rollback", rollback},
	{"builtin:Break", put_aside},
};

static enum run_next
act(struct run *run, struct run_handling *handling, struct blueprint_flow flow,
	size_t at)
{
	for (size_t i = 0; i < COUNT_OF(directives); i++) {
		if (strcmp(handling->directive->kind->name,
			    directives[i].name) == 0)
			return directives[i].act(run, handling, flow, at);
	}
	return RUN_ON;
}

enum run_next
run_directive(struct run *run, struct blueprint_flow flow, size_t at)
{
	struct run_handling *handling = run->handling;
	struct failure failure = {0};

	/* One that stands in the flow itself ends its path. */
	if (!handling)
		return RUN_ON;
	handling->directive = &flow.modules[at];
	if (run_input(run, handling->directive, &handling->arena,
		    &handling->input, &failure))
		return run_end(run, EXECUTION_ERROR, &failure);
	return RUN_HANDLED;
}

enum run_next
run_failed(struct run *run, struct blueprint_flow flow, size_t at,
	const struct failure *failure)
{
	const struct blueprint_module *module = &flow.modules[at];
	struct run_handling handling = {.outer = run->handling,
		.failed = run->failed,
		.failure = failure};
	struct value *place = run_bundle(run, module);
	struct value before = *place;
	enum run_next next;

	*place = error_bundle(failure, &handling.arena);
	if (!is_handled(run, module->onerror)) {
		*place = before;
		arena_release(&handling.arena);
		return end_unhandled(run, flow, at, failure);
	}
	run->handling = &handling;
	next = run_flow(run, *module->onerror, 0);
	run->handling = handling.outer;
	*place = before;
	if (next == RUN_HANDLED)
		next = act(run, &handling, flow, at);
	arena_release(&handling.arena);
	return next;
}
