#include <stdio.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/log.h"
#include "flow/runner_execution.h"
#include "pipeline/announce.h"

/* What an execution came to: stored, counted, told. */

/* ---- storing ---- */

/** Over, and its contents are nobody's business. */
static bool
must_forget(
	const struct runner_execution *execution, enum execution_state state)
{
	return execution->scenario &&
	       execution->scenario->blueprint->settings.is_confidential &&
	       (state == EXECUTION_SUCCESS || state == EXECUTION_WARNING ||
		       state == EXECUTION_ERROR);
}

enum err
runner_commit(struct runner_execution *execution, const struct step_row *steps,
	size_t count, const struct flow_change *last)
{
	struct flow_change *flows =
		arena_alloc_array(&execution->arena, count + 2, sizeof(*flows));
	struct store_change *changes = arena_alloc_array(
		&execution->arena, count + 2, sizeof(*changes));
	size_t total = 0;

	/* What can conflict stands first. */
	if (last)
		flows[total++] = *last;
	for (size_t i = 0; i < count; i++)
		flows[total++] = (struct flow_change){
			.what = FLOW_STEP_SET, .step = steps[i]};
	if (last && must_forget(execution, last->execution.state))
		flows[total++] =
			(struct flow_change){.what = FLOW_EXECUTION_STRIP,
				.execution = execution->row};
	for (size_t i = 0; i < total; i++)
		changes[i] = (struct store_change){
			.kind = STORE_FLOW, .flow = &flows[i]};
	return total ? writer_commit(execution->runner->options.writer, changes,
			       total)
		     : ERR_OK;
}

struct flow_change
runner_change_state(
	const struct runner_execution *execution, enum execution_state state)
{
	struct flow_change change = {.what = FLOW_EXECUTION_SET,
		.execution = execution->row,
		.expected = execution->stored};

	change.execution.state = state;
	return change;
}

/* ---- when it is tried again ---- */

int64_t
runner_try_after(int64_t wait, const struct failure *failure)
{
	return clock_now() +
	       (failure->retry_after > wait ? failure->retry_after : wait);
}

/* Minutes until an automatic retry, after the first failure and so on. */
static const int retry_minutes[] = {1, 10, 10, 30, 30, 30, 180, 180};

static int64_t
next_try(const struct runner_execution *execution,
	const struct run_outcome *outcome)
{
	const struct execution_row *row = &execution->row;

	if (str_equal(row->cause, STR("break")))
		return row->attempts < row->retries
			       ? runner_try_after(
					 row->interval, &outcome->failure)
			       : 0;
	if (!failure_is_retried(outcome->failure.kind) ||
		row->attempts > COUNT_OF(retry_minutes))
		return 0;
	return runner_try_after(
		retry_minutes[row->attempts - 1] * MINUTES, &outcome->failure);
}

static bool
is_too_much(const struct runner_execution *execution)
{
	const struct blueprint_settings *settings =
		&execution->scenario->blueprint->settings;

	return execution->scenario->is_enabled && settings->errors_max &&
	       execution->errors >= settings->errors_max;
}

/** Failures that say nothing about the scenario do not switch it off. */
static bool
is_counted(const struct run_outcome *outcome)
{
	enum failure_kind kind = outcome->failure.kind;

	return outcome->state == EXECUTION_ERROR && kind != FAILURE_DATA &&
	       kind != FAILURE_DUPLICATE_DATA && kind != FAILURE_CONNECTION &&
	       kind != FAILURE_MODULE_TIMEOUT;
}

static void
count(struct runner_execution *execution, const struct run_outcome *outcome)
{
	struct runner *runner = execution->runner;
	struct runner_stats *stats = &runner->stats;

	pthread_mutex_lock(&runner->lock);
	stats->started++;
	stats->succeeded += outcome->state == EXECUTION_SUCCESS;
	stats->warned += outcome->state == EXECUTION_WARNING;
	stats->failed += outcome->state == EXECUTION_ERROR;
	stats->incomplete += outcome->state == EXECUTION_INCOMPLETE;
	stats->operations += outcome->operations;
	if (is_counted(outcome))
		execution->lane->errors++;
	else if (outcome->state != EXECUTION_ERROR)
		execution->lane->errors = 0;
	execution->errors = execution->lane->errors;
	execution->is_too_much = is_too_much(execution);
	if (execution->is_too_much)
		execution->lane->errors = 0;
	pthread_mutex_unlock(&runner->lock);
}

bool
runner_may_keep(struct runner_execution *execution)
{
	struct runner *runner = execution->runner;
	bool may_lose = execution->scenario->blueprint->settings.may_lose_data;
	bool is_full;

	pthread_mutex_lock(&runner->lock);
	execution->lane_incomplete = execution->lane->incomplete;
	is_full = execution->lane->incomplete >= runner->options.incomplete_max;
	execution->lane->incomplete += !is_full || !may_lose;
	pthread_mutex_unlock(&runner->lock);
	execution->is_full |= is_full;
	return !is_full || !may_lose;
}

static void
write_data(const struct runner_execution *execution, struct str reason,
	struct buf *data)
{
	struct json_out out = json_out_make(data);
	char text[32];

	snprintf(text, sizeof(text), "%llu",
		(unsigned long long)execution->row.sequence);
	json_out_object(&out, NULL);
	json_out_string(&out, "scenarioId", execution->row.scenario);
	json_out_string(&out, "scenarioName", execution->scenario->name);
	json_out_string(&out, "reason", reason);
	json_out_text(&out, "executionId", text);
	json_out_integer(&out, "failuresInARow", execution->errors);
	json_out_end(&out);
}

/** No more until somebody has looked; that is told in the same unit. */
static void
switch_off(struct runner_execution *execution, struct str reason)
{
	const struct scenario *scenario = execution->scenario;
	CLEANUP(buf_release) struct buf data = {0};
	struct announcement announcement = {.workspace = scenario->workspace,
		.type = "grapnel.scenario.disabled",
		.source = ANNOUNCE_SOURCE "scenarios",
		.subject = execution->row.scenario};
	struct scenario_draft draft = {.has_enabled = true, .reason = reason};
	struct scenario_change change = {.workspace = scenario->workspace,
		.id = scenario->id,
		.draft = &draft,
		.ingest = execution->runner->options.ingest,
		.announcement = &announcement};
	struct scenario_problem problem = {0};
	const struct scenario *changed;

	write_data(execution, reason, &data);
	announcement.data = buf_str(&data);
	if (scenarios_change(execution->runner->options.scenarios, &change,
		    &execution->arena, &changed, &problem) == ERR_OK) {
		log_warning("scenario.disabled",
			"scenario=%.*s reason=\"%.*s\"",
			STR_ARG(execution->row.scenario), STR_ARG(reason));
		runner_note_change(execution->runner, scenario, changed);
		scenario_unref(changed);
	}
	buf_release(&problem.why);
}

static void
check_failures(struct runner_execution *execution)
{
	if (execution->is_too_much)
		switch_off(execution,
			arena_printf(&execution->arena,
				"%u executions in a row failed; the last one: "
				"%.*s",
				execution->errors,
				STR_ARG(execution->row.error)));
	else if (execution->is_full && execution->scenario->is_enabled &&
		 !execution->scenario->blueprint->settings.may_lose_data)
		switch_off(execution,
			arena_printf(&execution->arena,
				"%u executions are incomplete, as many as may "
				"be: retry or drop them",
				execution->lane_incomplete));
}

static enum execution_state
state_to_keep(
	struct runner_execution *execution, const struct run_outcome *outcome)
{
	/* One that is retried has its place already. */
	if (outcome->state != EXECUTION_INCOMPLETE ||
		execution->was == EXECUTION_INCOMPLETE)
		return outcome->state;
	execution->has_place = runner_may_keep(execution);
	if (execution->has_place)
		return EXECUTION_INCOMPLETE;
	execution->row.error = arena_printf(&execution->arena,
		"%.*s (not kept: there are %u incomplete executions)",
		STR_ARG(execution->row.error), execution->lane_incomplete);
	return EXECUTION_ERROR;
}

void
runner_finish(
	struct runner_execution *execution, const struct run_outcome *outcome)
{
	struct execution_row *row = &execution->row;
	struct run_outcome kept = *outcome;
	struct flow_change change;
	enum err err;

	row->operations += outcome->operations;
	row->failed_step = outcome->failed_step;
	row->attempts++;
	row->ended = clock_now();
	row->due = 0;
	if (outcome->failure.kind)
		row->error = arena_printf(&execution->arena, "%s: %.*s",
			failure_name(outcome->failure.kind),
			STR_ARG(outcome->failure.message));
	else
		row->error = STR("");
	kept.state = state_to_keep(execution, outcome);
	if (kept.state == EXECUTION_INCOMPLETE)
		row->due = next_try(execution, outcome);
	change = runner_change_state(execution, kept.state);
	err = runner_commit(
		execution, outcome->steps, outcome->step_count, &change);
	if (err) {
		log_error("runner.commit", "execution=%llu err=%s",
			(unsigned long long)row->sequence, err_name(err));
		return; /* it is run again at the next start */
	}
	execution->stored = kept.state;
	count(execution, &kept);
	if (!execution->has_answered)
		runner_answer_usual(execution->runner, row->sequence,
			kept.state == EXECUTION_ERROR ||
				kept.state == EXECUTION_INCOMPLETE);
	check_failures(execution);
}
