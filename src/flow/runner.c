#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/outgoing.h"
#include "flow/runner_private.h"

enum {
	THREADS = 16,
	QUEUE_MAX = 10000,
	BYTES_MAX = 16 << 20,
	LOADED_AT_ONCE = 200,
	INCOMPLETE_MAX = 10000,
	KEPT_MAX = 1000,
	STACK_BYTES = 16 << 20, /* flows nest in each other by recursion */
};
#define REPLY_TIME (180 * SECONDS)

/* ---- counting ---- */

void
runner_note_change(struct runner *runner, const struct scenario *former,
	const struct scenario *scenario)
{
	struct runner_lane *lane = NULL;

	if (!runner)
		return;
	pthread_mutex_lock(&runner->lock);
	lane = runner_lane_find(runner, scenario ? &scenario->id : &former->id);
	if (lane && scenario)
		runner_lane_settle(lane, scenario);
	else if (lane)
		lane->is_off = false; /* what waits ends: it is gone */
	pthread_cond_broadcast(&runner->work);
	pthread_mutex_unlock(&runner->lock);
}

void
runner_count_incomplete(struct runner *runner, struct str scenario, int change)
{
	struct runner_lane *lane = NULL;
	struct uuid id;

	pthread_mutex_lock(&runner->lock);
	if (uuid_parse(scenario, &id) == ERR_OK)
		lane = runner_lane_find(runner, &id);
	if (lane && (change > 0 || lane->incomplete))
		lane->incomplete += (uint32_t)change;
	pthread_cond_signal(&runner->work);
	pthread_mutex_unlock(&runner->lock);
}

/* ---- threads ---- */

void
runner_wait(struct runner *runner, int64_t time)
{
	struct timespec end;

	if (atomic_load(&runner->is_stopping) || time <= 0)
		return;
	clock_gettime(CLOCK_REALTIME, &end);
	time = time < SECONDS ? time : SECONDS;
	end.tv_nsec += (long)time * 1000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&runner->clock, &runner->lock, &end);
}

static void
work_on(struct runner *runner, struct runner_lane *lane, size_t number)
{
	struct runner_item *item = runner_lane_take(runner, lane);
	struct runner_once *once = runner_once_take(lane, item);

	runner->stats.running++;
	pthread_mutex_unlock(&runner->lock);
	if (once)
		once->came(once, item->sequence);
	runner_execute(runner, lane, item, runner->ways[number]);
	mem_free(item);
	pthread_mutex_lock(&runner->lock);
	runner->stats.running--;
	lane->running--;
	pthread_cond_signal(&runner->work);
}

struct place {
	struct runner *runner;
	size_t number;
};

static void *
run_thread(void *context)
{
	struct place place = *(struct place *)context;
	struct runner *runner = place.runner;

	mem_free(context);
	pthread_mutex_lock(&runner->lock);
	while (!atomic_load(&runner->is_stopping)) {
		struct runner_lane *lane = runner_lane_next(runner);

		if (!lane)
			pthread_cond_wait(&runner->work, &runner->lock);
		else if (lane->first)
			work_on(runner, lane, place.number);
		else
			runner_lane_load(runner, lane);
	}
	pthread_mutex_unlock(&runner->lock);
	return NULL;
}

static void
start_threads(struct runner *runner)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	runner->threads =
		mem_alloc_array(runner->thread_count, sizeof(*runner->threads));
	runner->ways =
		mem_alloc_array(runner->thread_count, sizeof(*runner->ways));
	for (size_t i = 0; i < runner->thread_count; i++) {
		struct place *place = MEM_NEW(struct place);

		*place = (struct place){runner, i};
		runner->ways[i] = outgoing_new(&runner->options.http);
		if (pthread_create(&runner->threads[i], &attributes, run_thread,
			    place))
			abort();
	}
	pthread_attr_destroy(&attributes);
	if (pthread_create(
		    &runner->clock_thread, NULL, runner_clock_run, runner))
		abort();
}

/* ---- what was not over at the last stop ---- */

static void
put_begun(struct runner *runner, const struct execution_row *row, bool is_begun)
{
	const struct scenario *scenario = NULL;
	struct runner_item *item;
	struct uuid id;

	if (uuid_parse(row->scenario, &id) == ERR_OK)
		scenario = scenarios_get(
			runner->options.scenarios, row->workspace, id);
	if (!scenario)
		return;
	item = runner_item_new(row->sequence, false, STR(""));
	item->is_begun = is_begun;
	item->is_by_hand = !is_begun;
	runner_put(runner, runner_lane(runner, scenario), item);
	scenario_unref(scenario);
}

/** What had begun goes on first; then comes what people started. */
static void
load_begun(struct runner *runner, bool is_begun)
{
	struct execution_due query = {.is_running = is_begun,
		.is_by_hand = !is_begun,
		.limit = LOADED_AT_ONCE};
	struct execution_list list = {.count = LOADED_AT_ONCE};
	struct arena arena = {0};

	while (list.count == LOADED_AT_ONCE &&
		store_executions_due(runner->options.store, &query, &arena,
			&list) == ERR_OK) {
		for (size_t i = 0; i < list.count; i++) {
			query.after = list.rows[i].sequence;
			put_begun(runner, &list.rows[i], is_begun);
		}
	}
	arena_release(&arena);
}

/** When it began last, and how much of it failed and is kept. */
static void
load_history(struct runner *runner, struct runner_lane *lane, struct str id)
{
	struct execution_query query = {
		.workspace = lane->workspace, .scenario = id, .limit = 1};
	struct execution_list list;
	struct arena arena = {0};

	(void)!store_schedule_mark(
		runner->options.store, id, &lane->last_start);
	query.is_by_state = true;
	query.state = EXECUTION_INCOMPLETE;
	query.limit = INCOMPLETE_MAX;
	if (store_executions(runner->options.store, &query, &arena, &list) ==
		ERR_OK)
		lane->incomplete = (uint32_t)list.count;
	arena_release(&arena);
}

static uint64_t
lane_by_hand(const struct runner_lane *lane)
{
	uint64_t count = 0;

	for (const struct runner_item *item = lane->first; item;
		item = item->next)
		count += item->is_by_hand;
	return count;
}

static void
load_lanes(struct runner *runner)
{
	struct scenario_list list;
	struct arena arena = {0};

	scenarios_list(runner->options.scenarios, 0, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		struct runner_lane *lane = runner_lane(runner, list.items[i]);
		char id[UUID_TEXT_SIZE];

		lane->has_more = true;
		lane->queued_by_hand = lane_by_hand(lane);
		uuid_format(lane->scenario, id);
		(void)!store_executions_queued(
			runner->options.store, str_of(id), &lane->queued);
		load_history(runner, lane, str_of(id));
		scenario_unref(list.items[i]);
	}
	arena_release(&arena);
}

static void
set_defaults(struct runner_options *options)
{
	if (options->threads == 0)
		options->threads = THREADS;
	if (options->queue_max == 0)
		options->queue_max = QUEUE_MAX;
	if (options->bytes_max == 0)
		options->bytes_max = BYTES_MAX;
	if (options->reply_timeout == 0)
		options->reply_timeout = REPLY_TIME;
	if (options->incomplete_max == 0)
		options->incomplete_max = KEPT_MAX;
}

struct runner *
runner_start(const struct runner_options *options)
{
	struct runner *runner = MEM_NEW(struct runner);

	runner->options = *options;
	set_defaults(&runner->options);
	runner->thread_count = runner->options.threads;
	pthread_mutex_init(&runner->lock, NULL);
	pthread_mutex_init(&runner->ordering, NULL);
	pthread_cond_init(&runner->work, NULL);
	pthread_cond_init(&runner->clock, NULL);
	if (store_execution_highest(options->store, &runner->sequence))
		log_error("runner.start", "error=\"%s\"",
			"the executions cannot be read");
	load_begun(runner, true);
	load_begun(runner, false);
	load_lanes(runner);
	start_threads(runner);
	return runner;
}

static void
answer_waiters(struct runner *runner)
{
	/* What they wait for is stored, and goes on at the next start. */
	while (runner->waiters)
		runner_answer_usual(runner, runner->waiters->sequence, false);
}

static void
free_retrying(struct runner *runner)
{
	size_t at = 0;
	void *each;

	while ((each = map_next(&runner->retrying, &at)))
		mem_free(each);
	map_release(&runner->retrying);
}

/** Steps that are under way, and what the writer has of ours. */
static void
wait_for_idle(struct runner *runner, int64_t end)
{
	while (runner->storing ||
		(runner->stats.running && clock_monotonic() < end)) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 50 * 1000 * 1000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&runner->work, &runner->lock, &until);
	}
}

void
runner_stop(struct runner *runner, int64_t timeout)
{
	int64_t end = clock_monotonic() + timeout;

	if (!runner)
		return;
	pthread_mutex_lock(&runner->lock);
	atomic_store(&runner->is_stopping, true);
	pthread_cond_broadcast(&runner->work);
	pthread_cond_broadcast(&runner->clock);
	wait_for_idle(runner, end);
	pthread_mutex_unlock(&runner->lock);
	for (size_t i = 0; i < runner->thread_count; i++)
		outgoing_interrupt(runner->ways[i]);
	for (size_t i = 0; i < runner->thread_count; i++) {
		pthread_join(runner->threads[i], NULL);
		outgoing_free(runner->ways[i]);
	}
	pthread_join(runner->clock_thread, NULL);
	answer_waiters(runner);
	runner_once_end(runner, true);
}

void
runner_free(struct runner *runner)
{
	if (!runner)
		return;
	runner_lanes_free(runner);
	free_retrying(runner);
	mem_free(runner->threads);
	mem_free(runner->ways);
	pthread_cond_destroy(&runner->work);
	pthread_cond_destroy(&runner->clock);
	pthread_mutex_destroy(&runner->lock);
	pthread_mutex_destroy(&runner->ordering);
	mem_free(runner);
}
