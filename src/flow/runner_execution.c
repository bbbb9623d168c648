#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/connection.h"
#include "flow/outgoing.h"
#include "flow/runner_execution.h"
#include "pipeline/allow_lists.h"

/* One execution: read and run. */

enum { STEPS_AT_ONCE = 500, STEPS_MAX = 200000 };
#define RUN_TIME (40 * MINUTES)

/* ---- reading ---- */

static enum err
read_steps(struct runner_execution *execution)
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
read_execution(
	struct runner_execution *execution, const struct runner_item *item)
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

/* ---- what the interpreter asks for ---- */

static enum err
save(void *context, const struct step_row *steps, size_t count)
{
	struct runner_execution *execution = context;
	struct flow_change running =
		runner_change_state(execution, EXECUTION_RUNNING);
	enum err err = runner_commit(execution, steps, count,
		execution->stored == EXECUTION_RUNNING ? NULL : &running);

	if (!err)
		execution->stored = EXECUTION_RUNNING;
	return err;
}

static enum err
put_aside(void *context, const struct run_aside *aside)
{
	struct runner_execution *execution = context;
	struct runner *runner = execution->runner;
	struct flow_change fork = {.what = FLOW_EXECUTION_FORK,
		.execution = execution->row,
		.from = execution->row.sequence};
	struct store_change change = {.kind = STORE_FLOW, .flow = &fork};
	enum err err = save(context, aside->steps, aside->step_count);

	/* Lost, when it is more than may be kept and that was agreed to. */
	if (err || !runner_may_keep(execution))
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
		fork.execution.due =
			runner_try_after(aside->interval, aside->failure);
	fork.execution.error = arena_printf(&execution->arena, "%s: %.*s",
		failure_name(aside->failure->kind),
		STR_ARG(aside->failure->message));
	err = writer_commit(runner->options.writer, &change, 1);
	if (err)
		runner_count_incomplete(runner, execution->row.scenario, -1);
	return err;
}

static const struct connection *
find_connection(void *context, struct str id, struct arena *arena)
{
	struct runner_execution *execution = context;
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
	struct runner_execution *execution = context;

	if (execution->has_answered)
		return;
	execution->has_answered = true;
	runner_answer(execution->runner, execution->row.sequence, response);
}

static bool
must_stop(void *context)
{
	struct runner_execution *execution = context;

	return atomic_load(&execution->runner->is_stopping);
}

/** Woken by the stop. */
static bool
pause_until(void *context, int64_t until)
{
	struct runner_execution *execution = context;
	struct runner *runner = execution->runner;
	int64_t left = until - clock_monotonic();

	pthread_mutex_lock(&runner->lock);
	runner_wait(runner, left);
	pthread_mutex_unlock(&runner->lock);
	return !atomic_load(&runner->is_stopping);
}

/** The default ones of its workspace, as for a webhook that names none. */
static const struct address_list *
list_of(struct runner_execution *execution)
{
	static const struct webhook_options nothing;

	return allow_lists_for(execution->runner->options.allow_lists,
		execution->row.workspace, &nothing, &execution->arena);
}

static void
run_it(struct runner_execution *execution)
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
		.timeout = options->run_timeout,
		.step_timeout = options->step_timeout};
	struct run_outcome outcome;

	if (execution->row.started == 0)
		execution->row.started = clock_now();
	outgoing_begin_run(execution->outgoing, list_of(execution),
		clock_monotonic() + (options->run_timeout ? options->run_timeout
							  : RUN_TIME));
	run_execute(&run, &execution->arena, &outcome);
	outgoing_begin_run(execution->outgoing, NULL, 0);
	/* A stop: the next start goes on with what is stored. */
	if (outcome.state == EXECUTION_QUEUED)
		(void)!save(execution, outcome.steps, outcome.step_count);
	else
		runner_finish(execution, &outcome);
}

/** It can never be run: the scenario is gone, say. */
static void
give_up(struct runner_execution *execution, enum err err)
{
	struct flow_change change;

	execution->row.ended = clock_now();
	execution->row.error = STR("the scenario is gone");
	change = runner_change_state(execution, EXECUTION_ERROR);
	if (err == ERR_NOT_FOUND || err == ERR_INVALID || err == ERR_LIMIT)
		(void)!runner_commit(execution, NULL, 0, &change);
}

/** Its lane's counts follow what is on disk now. */
static void
leave_queue(struct runner *runner, struct runner_lane *lane,
	const struct runner_execution *execution, uint64_t sequence)
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
	if ((execution->was == EXECUTION_INCOMPLETE || execution->has_place) &&
		execution->stored != EXECUTION_INCOMPLETE && lane->incomplete)
		lane->incomplete--;
	mem_free(map_remove(&runner->retrying, str_make(key, (size_t)length)));
	pthread_mutex_unlock(&runner->lock);
}

void
runner_execute(struct runner *runner, struct runner_lane *lane,
	const struct runner_item *item, struct outgoing *outgoing)
{
	struct runner_execution execution = {
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
