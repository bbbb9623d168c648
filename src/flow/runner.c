#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/outgoing.h"
#include "flow/runner_execution.h"

enum {
	THREADS = 16,
	QUEUE_MAX = 10000,
	BYTES_MAX = 16 << 20,
	LOADED_AT_ONCE = 200,
	INCOMPLETE_MAX = 10000,
};
#define REPLY_TIME (180 * SECONDS)

/* ---- queues ---- */

struct runner_item *
runner_item_new(uint64_t sequence, size_t trigger)
{
	struct runner_item *item = mem_alloc(sizeof(*item) + trigger);

	*item = (struct runner_item){.sequence = sequence, .bytes = trigger};
	return item;
}

static struct str
key_of(const struct uuid *id)
{
	return str_make((const char *)id->bytes, sizeof(id->bytes));
}

struct runner_lane *
runner_lane(struct runner *runner, const struct scenario *scenario)
{
	struct runner_lane *lane =
		map_get(&runner->by_scenario, key_of(&scenario->id));

	if (!lane) {
		lane = MEM_NEW(struct runner_lane);
		lane->scenario = scenario->id;
		lane->workspace = scenario->workspace;
		lane->last = &lane->first;
		lane->next_start = INT64_MAX;
		lane->next = runner->lanes;
		runner->lanes = lane;
		map_put(&runner->by_scenario, key_of(&lane->scenario), lane);
	}
	lane->parallel_max = scenario->parallel_max;
	return lane;
}

static void
count_item(struct runner *runner, struct runner_lane *lane,
	const struct runner_item *item)
{
	lane->count++;
	runner->items++;
	runner->bytes += item->bytes;
	runner_wake(runner);
}

void
runner_put(struct runner *runner, struct runner_lane *lane,
	struct runner_item *item)
{
	item->next = NULL;
	*lane->last = item;
	lane->last = &item->next;
	count_item(runner, lane, item);
}

void
runner_put_first(struct runner *runner, struct runner_lane *lane,
	struct runner_item *item)
{
	item->next = lane->first;
	lane->first = item;
	if (!item->next)
		lane->last = &item->next;
	count_item(runner, lane, item);
}

struct runner_item *
runner_take(struct runner *runner, struct runner_lane *lane)
{
	struct runner_item *item = lane->first;

	lane->first = item->next;
	if (!lane->first)
		lane->last = &lane->first;
	lane->count--;
	lane->running++;
	runner->items--;
	runner->bytes -= item->bytes;
	return item;
}

static bool
may_run(const struct runner_lane *lane)
{
	if (lane->first && lane->first->unfinished)
		return true; /* it has had its turn */
	if (lane->is_held || lane->running >= lane->parallel_max)
		return false;
	/* In its order: what failed comes before what came later. */
	if (lane->parallel_max == 1 && lane->incomplete)
		return lane->first && lane->first->is_retry;
	return lane->first || (lane->has_more && !lane->is_loading);
}

struct runner_lane *
runner_next_lane(struct runner *runner)
{
	struct runner_lane **at = &runner->lanes, *lane;

	while (*at && !may_run(*at))
		at = &(*at)->next;
	lane = *at;
	if (!lane)
		return NULL;
	/* It goes behind the others. */
	*at = lane->next;
	lane->next = NULL;
	while (*at)
		at = &(*at)->next;
	*at = lane;
	return lane;
}

void
runner_load(struct runner *runner, struct runner_lane *lane)
{
	char id[UUID_TEXT_SIZE];
	struct execution_due query = {
		.scenario = str_of(uuid_format(lane->scenario, id)),
		.after = lane->highest,
		.now = INT64_MAX,
		.limit = LOADED_AT_ONCE};
	struct execution_list list = {0};
	struct arena arena = {0};
	enum err err;

	lane->is_loading = true;
	lane->has_more = false;
	pthread_mutex_unlock(&runner->lock);
	err = store_executions_due(
		runner->options.store, &query, &arena, &list);
	pthread_mutex_lock(&runner->lock);
	for (size_t i = 0; i < list.count; i++) {
		const struct execution_row *row = &list.rows[i];

		if (row->sequence <= lane->highest)
			continue;
		lane->highest = row->sequence;
		runner_put(runner, lane, runner_item_new(row->sequence, 0));
	}
	lane->is_loading = false;
	/* Or something was stored meanwhile: note_stored() has said so. */
	if (err || list.count == LOADED_AT_ONCE)
		lane->has_more = true;
	arena_release(&arena);
	if (err)
		runner_wait(runner, SECONDS);
	runner_wake(runner);
}

void
runner_count_incomplete(struct runner *runner, struct str scenario, int change)
{
	struct runner_lane *lane = NULL;
	struct uuid id;

	pthread_mutex_lock(&runner->lock);
	if (uuid_parse(scenario, &id) == ERR_OK)
		lane = map_get(&runner->by_scenario, key_of(&id));
	if (lane && (change > 0 || lane->incomplete))
		lane->incomplete += (uint32_t)change;
	runner_wake(runner);
	pthread_mutex_unlock(&runner->lock);
}

/* ---- what was not over at the last stop ---- */

/** Executions that had begun go on first. */
static void
load_begun(struct runner *runner)
{
	struct execution_due query = {
		.is_running = true, .limit = LOADED_AT_ONCE};
	struct execution_list list = {.count = LOADED_AT_ONCE};
	struct arena arena = {0};

	while (list.count == LOADED_AT_ONCE &&
		store_executions_due(runner->options.store, &query, &arena,
			&list) == ERR_OK) {
		for (size_t i = 0; i < list.count; i++) {
			const struct execution_row *row = &list.rows[i];
			const struct scenario *scenario = NULL;
			struct uuid id;

			query.after = row->sequence;
			if (uuid_parse(row->scenario, &id) == ERR_OK)
				scenario =
					scenarios_get(runner->options.scenarios,
						row->workspace, id);
			if (scenario)
				runner_put(runner,
					runner_lane(runner, scenario),
					runner_item_new(row->sequence, 0));
			scenario_unref(scenario);
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

	if (store_executions(runner->options.store, &query, &arena, &list) ==
			ERR_OK &&
		list.count)
		lane->last_start = list.rows[0].created;
	query.is_by_state = true;
	query.state = EXECUTION_INCOMPLETE;
	query.limit = INCOMPLETE_MAX;
	if (store_executions(runner->options.store, &query, &arena, &list) ==
		ERR_OK)
		lane->incomplete = (uint32_t)list.count;
	arena_release(&arena);
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

		uuid_format(lane->scenario, id);
		lane->has_more = store_executions_queued(runner->options.store,
					 str_of(id), &lane->queued) ||
				 lane->queued;
		if (lane->has_more)
			runner_wake(runner);
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
	load_begun(runner);
	load_lanes(runner);
	pthread_mutex_unlock(&runner->lock);
	if (pthread_create(
		    &runner->clock_thread, NULL, runner_clock_run, runner))
		abort();
	return runner;
}

static void
free_lanes(struct runner *runner)
{
	while (runner->lanes) {
		struct runner_lane *lane = runner->lanes;

		runner->lanes = lane->next;
		while (lane->first) {
			struct runner_item *item = lane->first;

			lane->first = item->next;
			/* It has its item with it. */
			if (item->unfinished)
				execution_free(item->unfinished);
			else
				mem_free(item);
		}
		scenario_unref(lane->former);
		mem_free(lane);
	}
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
}

void
runner_free(struct runner *runner)
{
	if (!runner)
		return;
	free_lanes(runner);
	map_release(&runner->by_scenario);
	free_retrying(runner);
	mem_free(runner->threads);
	pthread_cond_destroy(&runner->work);
	pthread_cond_destroy(&runner->clock);
	pthread_mutex_destroy(&runner->lock);
	pthread_mutex_destroy(&runner->ordering);
	mem_free(runner);
}
