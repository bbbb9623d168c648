#include "flow/runner_execution.h"

#include "base/clock.h"
#include "base/mem.h"
#include "flow/connection.h"
#include "flow/outgoing.h"
#include "pipeline/allow_lists.h"

/* One execution: read, and run. */

enum { STEPS_AT_ONCE = 500, STEPS_MAX = 200000 };
#define RUN_TIME (40 * MINUTES)

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

/** One that has just been stored: all of it is here. */
static void
take_new(struct execution *execution)
{
	const struct runner_item *item = execution->item;

	execution->row = (struct execution_row){.sequence = item->sequence,
		.workspace = execution->lane->workspace,
		.scenario = str_of(uuid_format(
			execution->lane->scenario, execution->scenario_id)),
		.scenario_version = item->scenario_version,
		.state = EXECUTION_QUEUED,
		.cause = str_of(item->cause),
		.created = item->created,
		.origin = item->origin,
		.is_confidential = item->is_confidential,
		.error = STR(""),
		.trigger = str_make(item->trigger, item->bytes)};
	execution->has_answered = !item->is_awaited;
}

/** A former revision is kept: many may have been queued with it. */
static const struct scenario *
find_former(const struct execution *execution)
{
	struct runner *runner = execution->runner;
	struct runner_lane *lane = execution->lane;
	uint64_t revision = execution->row.scenario_version;
	const struct scenario *found = NULL, *before;

	pthread_mutex_lock(&runner->lock);
	if (lane->former && lane->former->revision == revision)
		found = scenario_ref(lane->former);
	pthread_mutex_unlock(&runner->lock);
	if (found)
		return found;
	found = scenarios_get_revision(runner->options.scenarios,
		lane->workspace, lane->scenario, revision);
	if (!found)
		return NULL;
	pthread_mutex_lock(&runner->lock);
	before = lane->former;
	lane->former = scenario_ref(found);
	pthread_mutex_unlock(&runner->lock);
	scenario_unref(before);
	return found;
}

static const struct scenario *
find_scenario(const struct execution *execution)
{
	const struct scenario *present =
		scenarios_get(execution->runner->options.scenarios,
			execution->lane->workspace, execution->lane->scenario);

	if (!present || present->revision == execution->row.scenario_version)
		return present;
	scenario_unref(present);
	return find_former(execution);
}

static enum err
read_execution(struct execution *execution)
{
	const struct runner_item *item = execution->item;
	enum err err = ERR_OK;

	if (item->is_new)
		take_new(execution);
	else
		err = store_execution(execution->runner->options.store,
			item->sequence, &execution->arena, &execution->row);
	if (err)
		return err;
	execution->stored = execution->was = execution->row.state;
	execution->scenario = find_scenario(execution);
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
save_with(struct execution *execution, struct execution_saving *saving)
{
	struct flow_change running =
		execution_change(execution, EXECUTION_RUNNING);
	enum err err;

	if (execution->stored != EXECUTION_RUNNING)
		saving->first = &running;
	err = execution_save(execution, saving);
	if (!err)
		execution->stored = EXECUTION_RUNNING;
	return err;
}

static enum err
save(void *context, const struct step_row *steps, size_t count)
{
	struct execution_saving saving = {.steps = steps, .count = count};

	return save_with(context, &saving);
}

static enum err
put_aside(void *context, const struct run_aside *aside)
{
	struct execution *execution = context;
	struct flow_change fork = {.what = FLOW_EXECUTION_FORK,
		.execution = execution->row,
		.from = execution->row.sequence};
	struct execution_saving saving = {.steps = aside->steps,
		.count = aside->step_count,
		.last = &fork};
	enum err err;

	/* Lost, when it is more than may be kept and that was agreed to. */
	if (!execution_may_keep(execution))
		return save(context, aside->steps, aside->step_count);
	fork.execution.sequence = runner_sequence(execution->runner);
	fork.execution.state = EXECUTION_INCOMPLETE;
	fork.execution.cause = STR("break");
	fork.execution.origin = execution->row.sequence;
	fork.execution.failed_step = aside->failed;
	fork.execution.attempts = 0;
	fork.execution.retries = aside->is_retried ? aside->retries : 0;
	fork.execution.interval = aside->interval;
	if (aside->is_retried)
		fork.execution.due =
			execution_try_after(aside->interval, aside->failure);
	fork.execution.error = arena_printf(&execution->arena, "%s: %.*s",
		failure_name(aside->failure->kind),
		STR_ARG(aside->failure->message));
	err = save_with(execution, &saving);
	if (err)
		runner_count_incomplete(
			execution->runner, execution->row.scenario, -1);
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

/* ---- all of it ---- */

/** The default ones of its workspace, as for a webhook that names none. */
static const struct address_list *
list_of(struct execution *execution)
{
	static const struct webhook_options nothing;

	return allow_lists_for(execution->runner->options.allow_lists,
		execution->row.workspace, &nothing, &execution->arena);
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
		.outgoing = execution->thread->outgoing,
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
	struct run_outcome *outcome = &execution->outcome;

	if (execution->row.started == 0)
		execution->row.started = clock_now();
	outgoing_begin_run(host.outgoing, list_of(execution),
		clock_monotonic() + (options->run_timeout ? options->run_timeout
							  : RUN_TIME));
	run_execute(&run, &execution->arena, outcome);
	outgoing_begin_run(host.outgoing, NULL, 0);
	if (outcome->state != EXECUTION_QUEUED) {
		execution_finish(execution);
		return;
	}
	/* A stop: the next start goes on with what is stored. */
	(void)!save(execution, outcome->steps, outcome->step_count);
	execution_leave(execution);
}

/** It can never be run: the scenario is gone, say. */
static void
give_up(struct execution *execution)
{
	struct flow_change change;
	struct execution_saving saving = {.first = &change};

	execution->row.ended = clock_now();
	execution->row.error = STR("the scenario is gone");
	change = execution_change(execution, EXECUTION_ERROR);
	(void)!execution_save(execution, &saving);
}

void
runner_execute(struct runner_thread *thread, struct runner_lane *lane,
	struct runner_item *item)
{
	struct execution *execution = item->unfinished;
	enum err err;

	if (execution) {
		item->unfinished = NULL;
		execution->thread = thread;
		execution_finish_again(execution);
		return;
	}
	execution = MEM_NEW(struct execution);
	execution->runner = thread->runner;
	execution->thread = thread;
	execution->lane = lane;
	execution->item = item;
	err = read_execution(execution);
	if (!err && is_to_run(&execution->row)) {
		run_it(execution);
		return;
	}
	if (execution->row.sequence &&
		(err == ERR_NOT_FOUND || err == ERR_LIMIT))
		give_up(execution);
	execution_leave(execution);
}
