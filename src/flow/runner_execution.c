#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/connection.h"
#include "flow/runner_private.h"

/* One execution: read, run, and what it came to stored. */

enum { STEPS_AT_ONCE = 500, STEPS_MAX = 200000, CHANGES_MAX = 300 };

/** What an execution needs while it is under way. */
struct execution {
	struct runner *runner;
	struct runner_lane *lane;
	const struct scenario *scenario;
	struct outgoing *outgoing;
	struct arena arena;
	struct execution_row row;
	enum execution_state stored; /* its state on disk */
	enum execution_state was;    /* the same when it was taken up */
	struct step_row *steps;
	size_t step_count;
	bool has_answered;
	bool is_too_much; /* failures in a row */
	uint32_t errors;
};

/* ---- reading ---- */

static enum err
read_steps(struct execution *execution)
{
	struct step_query query = {
		.execution = execution->row.sequence, .limit = STEPS_AT_ONCE};
	struct step_list list = {.count = STEPS_AT_ONCE};
	size_t cap = 0;

	while (list.count == STEPS_AT_ONCE) {
		struct step_row *steps;
		enum err err = store_steps(execution->runner->options.store,
			&query, &execution->arena, &list);

		if (err)
			return err;
		if (execution->step_count + list.count > STEPS_MAX)
			return ERR_LIMIT;
		if (execution->step_count + list.count > cap) {
			cap = (cap + list.count) * 2;
			steps = arena_alloc_array(
				&execution->arena, cap, sizeof(*steps));
			if (execution->step_count)
				memcpy(steps, execution->steps,
					execution->step_count * sizeof(*steps));
			execution->steps = steps;
		}
		for (size_t i = 0; i < list.count; i++)
			execution->steps[execution->step_count++] =
				list.rows[i];
		if (list.count)
			query.from = list.rows[list.count - 1].ordinal + 1;
	}
	return ERR_OK;
}

static enum err
read_execution(struct execution *execution, const struct runner_item *item)
{
	enum err err = store_execution(execution->runner->options.store,
		item->sequence, &execution->arena, &execution->row);
	struct uuid id;

	if (err)
		return err;
	execution->stored = execution->was = execution->row.state;
	if (uuid_parse(execution->row.scenario, &id))
		return ERR_INVALID;
	execution->scenario = scenarios_get_revision(
		execution->runner->options.scenarios, execution->row.workspace,
		id, execution->row.scenario_version);
	if (!execution->scenario)
		return ERR_NOT_FOUND;
	return item->is_new ? ERR_OK : read_steps(execution);
}

/** Not when somebody has dropped it, or it has been run meanwhile. */
static bool
is_to_run(const struct execution_row *row)
{
	switch (row->state) {
	case EXECUTION_QUEUED:
	case EXECUTION_RUNNING: return true;
	case EXECUTION_INCOMPLETE: return row->due && row->due <= clock_now();
	case EXECUTION_SUCCESS:
	case EXECUTION_WARNING:
	case EXECUTION_ERROR:
	case EXECUTION_DROPPED: break;
	}
	return false;
}

/* ---- storing ---- */

static enum err
commit(struct execution *execution, const struct step_row *steps, size_t count,
	struct flow_change *last)
{
	struct flow_change *flows =
		arena_alloc_array(&execution->arena, count + 1, sizeof(*flows));
	struct store_change *changes = arena_alloc_array(
		&execution->arena, count + 1, sizeof(*changes));
	size_t total = 0;

	/* What can conflict stands first. */
	if (last)
		flows[total++] = *last;
	for (size_t i = 0; i < count; i++)
		flows[total++] = (struct flow_change){
			.what = FLOW_STEP_SET, .step = steps[i]};
	for (size_t i = 0; i < total; i++)
		changes[i] = (struct store_change){
			.kind = STORE_FLOW, .flow = &flows[i]};
	return total ? writer_commit(execution->runner->options.writer, changes,
			       total)
		     : ERR_OK;
}

static struct flow_change
change_state(struct execution *execution, enum execution_state state)
{
	struct flow_change change = {.what = FLOW_EXECUTION_SET,
		.execution = execution->row,
		.expected = execution->stored};

	change.execution.state = state;
	return change;
}

static enum err
save(void *context, const struct step_row *steps, size_t count)
{
	struct execution *execution = context;
	struct flow_change running = change_state(execution, EXECUTION_RUNNING);
	enum err err = commit(execution, steps, count,
		execution->stored == EXECUTION_RUNNING ? NULL : &running);

	if (!err)
		execution->stored = EXECUTION_RUNNING;
	return err;
}

/* ---- what the interpreter asks for ---- */

/** When it is tried again: no sooner than the service asked for. */
static int64_t
try_after(int64_t wait, const struct failure *failure)
{
	return clock_now() +
	       (failure->retry_after > wait ? failure->retry_after : wait);
}

static enum err
put_aside(void *context, const struct run_aside *aside)
{
	struct execution *execution = context;
	struct runner *runner = execution->runner;
	struct flow_change fork = {.what = FLOW_EXECUTION_FORK,
		.execution = execution->row,
		.from = execution->row.sequence};
	struct store_change change = {.kind = STORE_FLOW, .flow = &fork};
	enum err err = save(context, aside->steps, aside->step_count);

	if (err)
		return err;
	fork.execution.sequence = runner_sequence(runner);
	fork.execution.state = EXECUTION_INCOMPLETE;
	fork.execution.cause = STR("break");
	fork.execution.origin = execution->row.sequence;
	fork.execution.failed_step = aside->failed;
	fork.execution.attempts = 0;
	fork.execution.retries = aside->is_retried ? aside->retries : 0;
	fork.execution.interval = aside->interval;
	if (aside->is_retried)
		fork.execution.due = try_after(aside->interval, aside->failure);
	fork.execution.error = arena_printf(&execution->arena, "%s: %.*s",
		failure_name(aside->failure->kind),
		STR_ARG(aside->failure->message));
	err = writer_commit(runner->options.writer, &change, 1);
	if (!err)
		runner_count_incomplete(runner, execution->row.scenario, 1);
	return err;
}

static const struct connection *
find_connection(void *context, struct str id, struct arena *arena)
{
	struct execution *execution = context;
	const struct runner_options *options = &execution->runner->options;
	struct connection *connection = arena_alloc(arena, sizeof(*connection));
	struct object_row row;

	if (store_object(options->store, execution->row.workspace,
		    OBJECT_CONNECTION, id, arena, &row) ||
		connection_from_object(&row, options->key, arena, connection))
		return NULL;
	return connection;
}

static void
respond(void *context, const struct run_response *response)
{
	struct execution *execution = context;

	if (execution->has_answered)
		return;
	execution->has_answered = true;
	runner_answer(execution->runner, execution->row.sequence, response);
}

static bool
must_stop(void *context)
{
	struct execution *execution = context;

	return atomic_load(&execution->runner->is_stopping);
}

/** Woken by the stop. */
static bool
pause_until(void *context, int64_t until)
{
	struct execution *execution = context;
	struct runner *runner = execution->runner;
	int64_t left = until - clock_monotonic();

	pthread_mutex_lock(&runner->lock);
	runner_wait(runner, left);
	pthread_mutex_unlock(&runner->lock);
	return !atomic_load(&runner->is_stopping);
}

/* ---- what it came to ---- */

/* Minutes until an automatic retry, after the first failure and so on. */
static const int retry_minutes[] = {1, 10, 10, 30, 30, 30, 180, 180};

static int64_t
next_try(const struct execution *execution, const struct run_outcome *outcome)
{
	const struct execution_row *row = &execution->row;

	if (str_equal(row->cause, STR("break")))
		return row->attempts < row->retries
			       ? try_after(row->interval, &outcome->failure)
			       : 0;
	if (!failure_is_retried(outcome->failure.kind) ||
		row->attempts > COUNT_OF(retry_minutes))
		return 0;
	return try_after(
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

static void
count(struct execution *execution, const struct run_outcome *outcome)
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

/** Too many failures in a row: no more until somebody has looked. */
static void
switch_off(struct execution *execution)
{
	const struct scenario *scenario = execution->scenario;
	struct scenario_draft draft = {.has_enabled = true,
		.reason = arena_printf(&execution->arena,
			"%u executions in a row failed; the last one: %.*s",
			execution->errors, STR_ARG(execution->row.error))};
	struct scenario_change change = {.workspace = scenario->workspace,
		.id = scenario->id,
		.draft = &draft};
	struct scenario_problem problem = {0};
	const struct scenario *changed;

	if (scenarios_change(execution->runner->options.scenarios, &change,
		    &execution->arena, &changed, &problem) == ERR_OK) {
		log_warning("scenario.disabled",
			"scenario=%.*s reason=\"%.*s\"",
			STR_ARG(execution->row.scenario),
			STR_ARG(draft.reason));
		scenario_unref(changed);
	}
	buf_release(&problem.why);
}

static void
finish(struct execution *execution, const struct run_outcome *outcome)
{
	struct execution_row *row = &execution->row;
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
	if (outcome->state == EXECUTION_INCOMPLETE)
		row->due = next_try(execution, outcome);
	change = change_state(execution, outcome->state);
	err = commit(execution, outcome->steps, outcome->step_count, &change);
	if (err) {
		log_error("runner.commit", "execution=%llu err=%s",
			(unsigned long long)row->sequence, err_name(err));
		return; /* it is run again at the next start */
	}
	execution->stored = outcome->state;
	count(execution, outcome);
	if (!execution->has_answered)
		runner_answer_usual(execution->runner, row->sequence,
			outcome->state == EXECUTION_ERROR ||
				outcome->state == EXECUTION_INCOMPLETE);
	if (execution->is_too_much)
		switch_off(execution);
}

static void
run_it(struct execution *execution)
{
	const struct runner_options *options = &execution->runner->options;
	const struct run_host host = {.context = execution,
		.save = save,
		.put_aside = put_aside,
		.connection = find_connection,
		.respond = respond,
		.pause = pause_until,
		.must_stop = must_stop,
		.outgoing = execution->outgoing,
		.store = options->store,
		.writer = options->writer};
	const struct run_options run = {
		.blueprint = execution->scenario->blueprint,
		.host = &host,
		.execution = &execution->row,
		.scenario_name = execution->scenario->name,
		.zone = execution->scenario->zone,
		.steps = execution->steps,
		.step_count = execution->step_count,
		.is_aside = str_equal(execution->row.cause, STR("break")),
		.timeout = options->run_timeout};
	struct run_outcome outcome;

	if (execution->row.started == 0)
		execution->row.started = clock_now();
	run_execute(&run, &execution->arena, &outcome);
	/* A stop: the next start goes on with what is stored. */
	if (outcome.state == EXECUTION_QUEUED)
		(void)!save(execution, outcome.steps, outcome.step_count);
	else
		finish(execution, &outcome);
}

/** It can never be run: the scenario is gone, say. */
static void
give_up(struct execution *execution, enum err err)
{
	struct flow_change change;

	execution->row.ended = clock_now();
	execution->row.error = STR("the scenario is gone");
	change = change_state(execution, EXECUTION_ERROR);
	if (err == ERR_NOT_FOUND || err == ERR_INVALID || err == ERR_LIMIT)
		(void)!commit(execution, NULL, 0, &change);
}

/** Its lane's counts follow what is on disk now. */
static void
leave_queue(struct runner *runner, struct runner_lane *lane,
	const struct execution *execution, uint64_t sequence)
{
	char key[32];
	int length = snprintf(
		key, sizeof(key), "%llu", (unsigned long long)sequence);

	pthread_mutex_lock(&runner->lock);
	if (execution->was == EXECUTION_QUEUED && lane->queued)
		lane->queued--;
	if (execution->was == EXECUTION_QUEUED && lane->queued_by_hand &&
		runner_is_by_hand(execution->row.cause))
		lane->queued_by_hand--;
	if (execution->stored == EXECUTION_INCOMPLETE)
		lane->incomplete++;
	if (execution->was == EXECUTION_INCOMPLETE && lane->incomplete)
		lane->incomplete--;
	mem_free(map_remove(&runner->retrying, str_make(key, (size_t)length)));
	pthread_mutex_unlock(&runner->lock);
}

void
runner_execute(struct runner *runner, struct runner_lane *lane,
	const struct runner_item *item, struct outgoing *outgoing)
{
	struct execution execution = {
		.runner = runner, .lane = lane, .outgoing = outgoing};
	enum err err = read_execution(&execution, item);

	if (err && (err != ERR_NOT_FOUND || execution.row.sequence))
		give_up(&execution, err);
	if (!err && is_to_run(&execution.row))
		run_it(&execution);
	leave_queue(runner, lane, &execution, item->sequence);
	scenario_unref(execution.scenario);
	arena_release(&execution.arena);
}
