#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "flow/runner_private.h"

/*
 * What begins by itself: incomplete executions that are due, scenarios with a
 * schedule, and answers to those who have waited long enough.
 */
enum { DUE_AT_ONCE = 100 };
#define GIVING_UP_PAUSE (1 * MINUTES)

/* ---- those who wait ---- */

static void
answer_late(struct runner *runner)
{
	uint64_t late = 0;

	do {
		int64_t now = clock_monotonic();

		late = 0;
		pthread_mutex_lock(&runner->lock);
		for (struct runner_waiter *at = runner->waiters; at;
			at = at->next) {
			if (at->deadline <= now)
				late = at->sequence;
		}
		pthread_mutex_unlock(&runner->lock);
		if (late)
			runner_answer_usual(runner, late, false);
	} while (late);
}

/* ---- incomplete ones ---- */

struct retrying {
	char key[32];
};

/** Under the lock: false when it is at work already. */
static bool
note_retrying(struct runner *runner, uint64_t sequence)
{
	struct retrying *retrying = MEM_NEW(struct retrying);
	int length = snprintf(retrying->key, sizeof(retrying->key), "%llu",
		(unsigned long long)sequence);
	struct str key = str_make(retrying->key, (size_t)length);

	if (map_get(&runner->retrying, key)) {
		mem_free(retrying);
		return false;
	}
	map_put(&runner->retrying, key, retrying);
	return true;
}

/** Under the lock. */
static void
put_retry(struct runner *runner, struct runner_lane *lane, uint64_t sequence)
{
	struct runner_item *item = runner_item_new(sequence, 0);

	item->is_retry = true;
	runner_put(runner, lane, item);
}

static void
queue_again(struct runner *runner, const struct execution_row *row)
{
	const struct scenario *scenario = NULL;
	struct uuid id;

	if (uuid_parse(row->scenario, &id) == ERR_OK)
		scenario = scenarios_get(
			runner->options.scenarios, row->workspace, id);
	if (!scenario)
		return;
	pthread_mutex_lock(&runner->lock);
	if (note_retrying(runner, row->sequence))
		put_retry(runner, runner_lane(runner, scenario), row->sequence);
	pthread_mutex_unlock(&runner->lock);
	scenario_unref(scenario);
}

static void
retry_due(struct runner *runner)
{
	struct execution_due query = {.is_incomplete = true,
		.now = clock_now(),
		.limit = DUE_AT_ONCE};
	struct execution_list list = {.count = DUE_AT_ONCE};
	struct arena arena = {0};

	while (list.count == DUE_AT_ONCE &&
		store_executions_due(runner->options.store, &query, &arena,
			&list) == ERR_OK) {
		for (size_t i = 0; i < list.count; i++) {
			query.after = list.rows[i].sequence;
			queue_again(runner, &list.rows[i]);
		}
	}
	arena_release(&arena);
}

static bool
is_at_work(struct runner *runner, uint64_t sequence)
{
	char key[32];
	int length = snprintf(
		key, sizeof(key), "%llu", (unsigned long long)sequence);
	bool is_there;

	pthread_mutex_lock(&runner->lock);
	is_there = map_get(&runner->retrying, str_make(key, (size_t)length));
	pthread_mutex_unlock(&runner->lock);
	return is_there;
}

static void
give_up(struct runner *runner, const struct execution_row *row)
{
	struct flow_change flow = {.what = FLOW_EXECUTION_SET,
		.execution = *row,
		.expected = EXECUTION_INCOMPLETE};
	struct store_change change = {.kind = STORE_FLOW, .flow = &flow};

	flow.execution.state = EXECUTION_DROPPED;
	flow.execution.due = 0;
	flow.execution.ended = clock_now();
	if (writer_commit(runner->options.writer, &change, 1) == ERR_OK)
		runner_count_incomplete(runner, row->scenario, -1);
}

/** Those that nobody has looked after for too long. */
static void
give_up_stale(struct runner *runner)
{
	struct execution_due query = {.is_stale = true,
		.now = clock_now() - runner->options.incomplete_age,
		.limit = DUE_AT_ONCE};
	struct execution_list list = {0};
	struct arena arena = {0};

	if (runner->options.incomplete_age == 0 ||
		clock_monotonic() < runner->next_giving_up)
		return;
	if (store_executions_due(
		    runner->options.store, &query, &arena, &list) == ERR_OK) {
		for (size_t i = 0; i < list.count; i++) {
			if (!is_at_work(runner, list.rows[i].sequence))
				give_up(runner, &list.rows[i]);
		}
	}
	arena_release(&arena);
	if (list.count < DUE_AT_ONCE)
		runner->next_giving_up = clock_monotonic() + GIVING_UP_PAUSE;
}

/* ---- schedules ---- */

/** That it has started is stored with what starts. */
struct start {
	struct flow_change mark;
	struct store_change change;
	char scenario[UUID_TEXT_SIZE];
};

static struct start *
new_start(const struct scenario *scenario)
{
	struct start *start = MEM_NEW(struct start);

	uuid_format(scenario->id, start->scenario);
	start->mark = (struct flow_change){.what = FLOW_SCHEDULE_MARK,
		.execution = {.scenario = str_of(start->scenario),
			.created = clock_now()}};
	start->change =
		(struct store_change){.kind = STORE_FLOW, .flow = &start->mark};
	return start;
}

static void
on_started(void *context, enum err err, uint64_t execution)
{
	(void)err;
	(void)execution;
	mem_free(context);
}

static void
start_scheduled(struct runner *runner, const struct scenario *scenario)
{
	struct start *start = new_start(scenario);
	struct runner_order order = {.scenario = scenario,
		.trigger = STR("{}"),
		.cause = "schedule",
		.also = &start->change,
		.also_count = 1,
		.context = start,
		.stored = on_started};

	/* A full queue: it is there again next time. */
	if (runner_begin(runner, &order))
		mem_free(start);
}

/** A hook's queue was let go. */
static void
store_mark(struct runner *runner, const struct scenario *scenario)
{
	struct start *start = new_start(scenario);

	(void)!writer_commit(runner->options.writer, &start->change, 1);
	mem_free(start);
}

/** Whether its time has come; what comes next is worked out. */
static bool
is_time(struct runner_lane *lane, const struct scenario *scenario, int64_t now)
{
	bool is_due = lane->next_start <= now;
	int64_t last;

	if (is_due)
		lane->last_start = now;
	/* It counts from when it was set up; a date that had passed by then is
	   none that was missed. */
	last = lane->last_start;
	if (last == 0 || (scenario->schedule.type == SCHEDULE_ONCE &&
				 scenario->updated > last))
		last = scenario->updated;
	lane->next_start =
		schedule_next(&scenario->schedule, now, last, scenario->zone);
	return is_due;
}

static void
check_schedule(struct runner *runner, const struct scenario *scenario)
{
	bool is_timed = scenario->is_enabled && scenario_is_timed(scenario);
	bool has_hook = scenario_has_hook(scenario);
	struct runner_lane *lane;
	bool is_due = false;

	pthread_mutex_lock(&runner->lock);
	lane = runner_lane(runner, scenario);
	if (is_timed)
		is_due = is_time(lane, scenario, clock_now());
	/* A hook's queue is drained when its time has come. */
	if (is_due || lane->queued == 0)
		lane->is_released = is_due;
	runner_lane_settle(lane, scenario);
	if (is_due)
		runner_lane_wake(runner, lane);
	pthread_mutex_unlock(&runner->lock);
	if (is_due && has_hook)
		store_mark(runner, scenario);
	else if (is_due)
		start_scheduled(runner, scenario);
}

static void
check_schedules(struct runner *runner)
{
	struct scenario_list list;
	struct arena arena = {0};

	scenarios_list(runner->options.scenarios, 0, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		check_schedule(runner, list.items[i]);
		scenario_unref(list.items[i]);
	}
	arena_release(&arena);
}

static void
sleep_a_second(struct runner *runner)
{
	pthread_mutex_lock(&runner->lock);
	runner_wait(runner, SECONDS);
	pthread_mutex_unlock(&runner->lock);
}

void *
runner_clock_run(void *context)
{
	struct runner *runner = context;

	thread_name("flow-clock");
	while (!atomic_load(&runner->is_stopping)) {
		answer_late(runner);
		runner_once_end(runner, false);
		retry_due(runner);
		give_up_stale(runner);
		check_schedules(runner);
		sleep_a_second(runner);
	}
	return NULL;
}

/* ---- by hand ---- */

static enum err
change_incomplete(struct runner *runner, uint64_t execution,
	enum execution_state state, int64_t due)
{
	struct flow_change flow = {
		.what = FLOW_EXECUTION_SET, .expected = EXECUTION_INCOMPLETE};
	struct store_change change = {.kind = STORE_FLOW, .flow = &flow};
	struct arena arena = {0};
	enum err err = store_execution(
		runner->options.store, execution, &arena, &flow.execution);

	if (!err) {
		flow.execution.state = state;
		flow.execution.due = due;
		err = writer_commit(runner->options.writer, &change, 1);
	}
	if (!err && state != EXECUTION_INCOMPLETE)
		runner_count_incomplete(runner, flow.execution.scenario, -1);
	arena_release(&arena);
	return err;
}

enum err
runner_retry(struct runner *runner, uint64_t execution)
{
	enum err err = change_incomplete(
		runner, execution, EXECUTION_INCOMPLETE, clock_now());

	pthread_mutex_lock(&runner->lock);
	pthread_cond_broadcast(&runner->clock);
	pthread_mutex_unlock(&runner->lock);
	return err;
}

enum err
runner_drop(struct runner *runner, uint64_t execution)
{
	return change_incomplete(runner, execution, EXECUTION_DROPPED, 0);
}
