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
};
#define REPLY_TIME (180 * SECONDS)

/* ---- counting ---- */

void
runner_note_change(struct runner *runner, const struct scenario *former,
	const struct scenario *scenario)
{
	struct runner_lane *lane;

	if (!runner)
		return;
	pthread_mutex_lock(&runner->lock);
	/* That it is gone is kept for those who still have it in hand. */
	lane = scenario ? runner_lane_find(runner, &scenario->id)
			: runner_lane(runner, former);
	if (lane && scenario)
		runner_lane_settle(lane, scenario);
	else if (lane)
		runner_lane_end(runner, lane);
	if (lane)
		runner_lane_wake(runner, lane);
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
	if (lane) {
		runner_lane_count(runner, lane,
			(struct runner_difference){.incomplete = change});
		runner_lane_wake(runner, lane);
	}
	pthread_mutex_unlock(&runner->lock);
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
	item = runner_item_new(row->sequence, 0);
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
		runner_lane_count(runner, lane,
			(struct runner_difference){
				.incomplete = (int64_t)list.count});
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
		uint64_t queued = 0;

		lane->queued_by_hand = lane_by_hand(lane);
		uuid_format(lane->scenario, id);
		lane->has_more = store_executions_queued(runner->options.store,
					 str_of(id), &queued) ||
				 queued;
		runner_lane_count(runner, lane,
			(struct runner_difference){.queued = (int64_t)queued});
		load_history(runner, lane, str_of(id));
		runner_lane_wake(runner, lane);
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
	runner->threads = mem_alloc_array(
		runner->options.threads, sizeof(*runner->threads));
	pthread_mutex_init(&runner->lock, NULL);
	pthread_mutex_init(&runner->ordering, NULL);
	pthread_cond_init(&runner->work, NULL);
	pthread_cond_init(&runner->clock, NULL);
	if (store_execution_highest(options->store, &runner->sequence))
		log_error("runner.start", "error=\"%s\"",
			"the executions cannot be read");
	pthread_mutex_lock(&runner->lock);
	load_begun(runner, true);
	load_begun(runner, false);
	load_lanes(runner);
	pthread_mutex_unlock(&runner->lock);
	if (pthread_create(
		    &runner->clock_thread, NULL, runner_clock_run, runner))
		abort();
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

void
runner_stop(struct runner *runner, int64_t timeout)
{
	if (!runner)
		return;
	runner_end_threads(runner, clock_monotonic() + timeout);
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
	pthread_cond_destroy(&runner->work);
	pthread_cond_destroy(&runner->clock);
	pthread_mutex_destroy(&runner->lock);
	pthread_mutex_destroy(&runner->ordering);
	mem_free(runner);
}
