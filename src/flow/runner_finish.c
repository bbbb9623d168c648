#include "flow/runner_execution.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/announce.h"

/* What an execution came to: stored, counted, answered. */

/* ---- storing ---- */

struct flow_change
execution_change(const struct execution *execution, enum execution_state state)
{
	struct flow_change change = {.what = FLOW_EXECUTION_SET,
		.execution = execution->row,
		.expected = execution->stored};

	change.execution.state = state;
	return change;
}

/** It lives until it is stored, whatever becomes of `saving`. */
static void
prepare(struct execution *execution, const struct execution_saving *saving)
{
	size_t most = saving->count + 2, total = 0;
	struct flow_change *flows;
	struct store_change *changes;

	arena_reset(&execution->saving_arena);
	flows = arena_alloc_array(
		&execution->saving_arena, most, sizeof(*flows));
	changes = arena_alloc_array(
		&execution->saving_arena, most, sizeof(*changes));
	if (saving->first)
		flows[total++] = *saving->first;
	for (size_t i = 0; i < saving->count; i++)
		flows[total++] = (struct flow_change){
			.what = FLOW_STEP_SET, .step = saving->steps[i]};
	if (saving->last)
		flows[total++] = *saving->last;
	for (size_t i = 0; i < total; i++)
		changes[i] = (struct store_change){
			.kind = STORE_FLOW, .flow = &flows[i]};
	execution->saving = (struct writer_item){
		.unit = {.changes = changes, .count = total}};
}

/** The executions under way bound how many of these there are. */
static void
submit(struct execution *execution, void (*done)(struct writer_item *item))
{
	execution->saving.done = done;
	(void)!writer_submit(
		execution->runner->options.writer, &execution->saving, true);
}

static void
on_saved(struct writer_item *item)
{
	struct execution *execution =
		CONTAINER_OF(item, struct execution, saving);

	sem_post(&execution->thread->saved);
}

static bool
is_final(enum err err)
{
	return err == ERR_OK || err == ERR_CONFLICT || err == ERR_INVALID;
}

/** What was prepared. */
static enum err
save_prepared(struct execution *execution)
{
	struct runner *runner = execution->runner;

	for (;;) {
		enum err err;

		submit(execution, on_saved);
		while (sem_wait(&execution->thread->saved) && errno == EINTR)
			;
		err = execution->saving.unit.result;
		if (is_final(err) || atomic_load(&runner->is_stopping))
			return err;
		pthread_mutex_lock(&runner->lock);
		runner_wait(runner, SECONDS);
		pthread_mutex_unlock(&runner->lock);
	}
}

enum err
execution_save(
	struct execution *execution, const struct execution_saving *saving)
{
	prepare(execution, saving);
	return execution->saving.unit.count ? save_prepared(execution) : ERR_OK;
}

/* ---- what it came to ---- */

/* Minutes until an automatic retry, after the first failure and so on. */
static const int retry_minutes[] = {1, 10, 10, 30, 30, 30, 180, 180};

int64_t
execution_try_after(int64_t wait, const struct failure *failure)
{
	return clock_now() +
	       (failure->retry_after > wait ? failure->retry_after : wait);
}

static int64_t
next_try(const struct execution *execution, const struct run_outcome *outcome)
{
	const struct execution_row *row = &execution->row;

	if (str_equal(row->cause, STR("break")))
		return row->attempts < row->retries
			       ? execution_try_after(
					 row->interval, &outcome->failure)
			       : 0;
	if (!failure_is_retried(outcome->failure.kind) ||
		row->attempts > COUNT_OF(retry_minutes))
		return 0;
	return execution_try_after(
		retry_minutes[row->attempts - 1] * MINUTES, &outcome->failure);
}

static bool
is_too_much(const struct execution *execution)
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

/** Under the lock. */
static void
count(struct execution *execution)
{
	const struct run_outcome *outcome = &execution->outcome;
	struct runner_stats *stats = &execution->runner->stats;
	struct runner_lane *lane = execution->lane;

	stats->started++;
	stats->succeeded += outcome->state == EXECUTION_SUCCESS;
	stats->warned += outcome->state == EXECUTION_WARNING;
	stats->failed += outcome->state == EXECUTION_ERROR;
	stats->incomplete += outcome->state == EXECUTION_INCOMPLETE;
	stats->operations += outcome->operations;
	if (is_counted(outcome))
		lane->errors++;
	else if (outcome->state != EXECUTION_ERROR)
		lane->errors = 0;
	execution->errors = lane->errors;
	execution->is_too_much = is_too_much(execution);
	if (execution->is_too_much)
		lane->errors = 0;
}

/** Under the lock: its lane's counts follow what is on disk now. */
static void
leave_queue(const struct execution *execution)
{
	struct runner_lane *lane = execution->lane;
	struct runner_difference change = {0};
	char key[32];
	int length;

	if (execution->was == EXECUTION_QUEUED)
		change.queued = -1;
	if (execution->was == EXECUTION_QUEUED && lane->queued_by_hand &&
		runner_is_by_hand(execution->row.cause))
		lane->queued_by_hand--;
	if ((execution->was == EXECUTION_INCOMPLETE || execution->has_place) &&
		execution->stored != EXECUTION_INCOMPLETE)
		change.incomplete = -1;
	runner_lane_count(execution->runner, lane, change);
	if (!execution->item->is_retry)
		return;
	length = snprintf(key, sizeof(key), "%llu",
		(unsigned long long)execution->item->sequence);
	mem_free(map_remove(
		&execution->runner->retrying, str_make(key, (size_t)length)));
}

static void
write_data(
	const struct execution *execution, struct str reason, struct buf *data)
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
switch_off(struct execution *execution, struct str reason)
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
		log_warning("scenario.disabled", "scenario=%.*s reason=%s",
			STR_ARG(execution->row.scenario),
			log_quoted(&execution->arena, reason));
		runner_note_change(execution->runner, scenario, changed);
		scenario_unref(changed);
	}
	buf_release(&problem.why);
}

static void
check_failures(struct execution *execution)
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

void
execution_free(struct execution *execution)
{
	if (!execution)
		return;
	scenario_unref(execution->scenario);
	arena_release(&execution->saving_arena);
	arena_release(&execution->arena);
	mem_free(execution->item);
	mem_free(execution);
}

void
execution_leave(struct execution *execution)
{
	struct runner *runner = execution->runner;

	pthread_mutex_lock(&runner->lock);
	leave_queue(execution);
	pthread_mutex_unlock(&runner->lock);
	execution_free(execution);
}

/** It is stored, or never will be. */
static void
conclude(struct execution *execution, enum err err)
{
	struct runner *runner = execution->runner;
	enum execution_state state = execution->outcome.state;

	if (err) {
		log_error("runner.commit", "execution=%llu err=%s",
			(unsigned long long)execution->row.sequence,
			err_name(err));
		execution_leave(execution); /* the next start goes on */
		return;
	}
	execution->stored = state;
	pthread_mutex_lock(&runner->lock);
	count(execution);
	leave_queue(execution);
	pthread_mutex_unlock(&runner->lock);
	if (!execution->has_answered)
		runner_answer_usual(runner, execution->row.sequence,
			state == EXECUTION_ERROR ||
				state == EXECUTION_INCOMPLETE);
	check_failures(execution);
	execution_free(execution);
}

static void
count_finished(struct runner *runner)
{
	runner->storing--;
	runner->finishing--;
	if (atomic_load(&runner->is_stopping))
		pthread_cond_broadcast(&runner->work);
}

/** The writer's thread. */
static void
on_finished(struct writer_item *item)
{
	struct execution *execution =
		CONTAINER_OF(item, struct execution, saving);
	struct runner *runner = execution->runner;
	enum err err = item->unit.result;

	if (is_final(err))
		conclude(execution, err);
	pthread_mutex_lock(&runner->lock);
	if (!is_final(err)) {
		execution->item->unfinished = execution;
		execution->item->is_begun = true;
		runner_put(runner, execution->lane, execution->item);
	}
	count_finished(runner);
	pthread_mutex_unlock(&runner->lock);
}

/**
 * Whether nothing has to wait until it is stored: no later execution of a
 * sequential scenario, and nobody who switches a failing one off. After a
 * crash its last step would be run once more, as if it had been under way;
 * there are never more of these than threads.
 */
static bool
is_left_to_the_writer(struct execution *execution)
{
	struct runner *runner = execution->runner;
	enum execution_state state = execution->outcome.state;
	bool ret;

	if ((state != EXECUTION_SUCCESS && state != EXECUTION_WARNING) ||
		execution->is_full)
		return false;
	pthread_mutex_lock(&runner->lock);
	ret = execution->lane->parallel_max > 1 &&
	      runner->finishing < runner->options.threads;
	runner->finishing += ret;
	runner->storing += ret;
	pthread_mutex_unlock(&runner->lock);
	return ret;
}

bool
execution_may_keep(struct execution *execution)
{
	struct runner *runner = execution->runner;
	bool may_lose = execution->scenario->blueprint->settings.may_lose_data;
	bool is_full, is_kept;

	pthread_mutex_lock(&runner->lock);
	execution->lane_incomplete = execution->lane->incomplete;
	is_full = execution->lane->incomplete >= runner->options.incomplete_max;
	is_kept = !is_full || !may_lose;
	runner_lane_count(runner, execution->lane,
		(struct runner_difference){.incomplete = is_kept});
	pthread_mutex_unlock(&runner->lock);
	execution->is_full |= is_full;
	return is_kept;
}

/** One that is retried has its place among the INCOMPLETE ones already. */
static void
keep_or_lose(struct execution *execution)
{
	if (execution->outcome.state != EXECUTION_INCOMPLETE ||
		execution->was == EXECUTION_INCOMPLETE)
		return;
	execution->has_place = execution_may_keep(execution);
	if (execution->has_place)
		return;
	execution->outcome.state = EXECUTION_ERROR;
	execution->row.error = arena_printf(&execution->arena,
		"%.*s (not kept: there are %u incomplete executions)",
		STR_ARG(execution->row.error), execution->lane_incomplete);
}

void
execution_finish(struct execution *execution)
{
	const struct run_outcome *outcome = &execution->outcome;
	struct execution_row *row = &execution->row;
	struct flow_change change;
	struct flow_change strip = {
		.what = FLOW_EXECUTION_STRIP, .execution = *row};
	struct execution_saving saving = {.first = &change,
		.steps = outcome->steps,
		.count = outcome->step_count};

	row->operations += outcome->operations;
	row->failed_step = outcome->failed_step;
	row->attempts++;
	row->ended = clock_now();
	row->due = 0;
	row->error = STR("");
	if (outcome->failure.kind)
		row->error = arena_printf(&execution->arena, "%s: %.*s",
			failure_name(outcome->failure.kind),
			STR_ARG(outcome->failure.message));
	keep_or_lose(execution);
	if (outcome->state == EXECUTION_INCOMPLETE)
		row->due = next_try(execution, outcome);
	else if (execution->scenario->blueprint->settings.is_confidential)
		saving.last = &strip; /* nobody needs it any more */
	change = execution_change(execution, outcome->state);
	prepare(execution, &saving);
	if (is_left_to_the_writer(execution))
		submit(execution, on_finished);
	else
		execution_finish_again(execution);
}

void
execution_finish_again(struct execution *execution)
{
	conclude(execution, save_prepared(execution));
}
