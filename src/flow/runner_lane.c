#include "base/clock.h"
#include "base/mem.h"
#include "flow/runner_execution.h"

/* The queues of scenarios, as far as they are in memory. */

enum { LOADED_AT_ONCE = 200 };

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

bool
runner_is_by_hand(struct str cause)
{
	return str_equal(cause, STR("manual")) ||
	       str_equal(cause, STR("replay"));
}

void
runner_lane_settle(struct runner_lane *lane, const struct scenario *scenario)
{
	/* Who tells of it may not know yet that it is gone. */
	if (lane->is_gone)
		return;
	lane->parallel_max = scenario->parallel_max;
	lane->is_off = !scenario->is_enabled;
	lane->is_held = scenario_is_timed(scenario) &&
			scenario_has_hook(scenario) && !lane->is_released;
}

struct runner_lane *
runner_lane_find(struct runner *runner, const struct uuid *scenario)
{
	return map_get(&runner->by_scenario, key_of(scenario));
}

struct runner_lane *
runner_lane(struct runner *runner, const struct scenario *scenario)
{
	struct runner_lane *lane = runner_lane_find(runner, &scenario->id);

	if (lane)
		return lane;
	lane = MEM_NEW(struct runner_lane);
	lane->scenario = scenario->id;
	lane->workspace = scenario->workspace;
	lane->last = &lane->first;
	lane->next_start = INT64_MAX;
	lane->next = runner->lanes;
	runner->lanes = lane;
	map_put(&runner->by_scenario, key_of(&lane->scenario), lane);
	runner_lane_settle(lane, scenario);
	return lane;
}

/** The lower, the earlier its turn. */
static int
rank_of(const struct runner_item *item)
{
	if (item->is_retry || item->is_begun)
		return 0;
	return item->is_by_hand ? 1 : 2;
}

void
runner_put(struct runner *runner, struct runner_lane *lane,
	struct runner_item *item)
{
	struct runner_item **at = lane->last;

	/* Few stand before the queue. */
	if (rank_of(item) < 2)
		at = &lane->first;
	while (*at && rank_of(*at) <= rank_of(item))
		at = &(*at)->next;
	item->next = *at;
	*at = item;
	if (!item->next)
		lane->last = &item->next;
	lane->count++;
	runner->items++;
	runner->bytes += item->bytes;
	runner_wake(runner);
}

struct runner_item *
runner_lane_take(struct runner *runner, struct runner_lane *lane)
{
	struct runner_item *item = lane->first;

	lane->first = item->next;
	if (!lane->first)
		lane->last = &lane->first;
	lane->count--;
	runner_lane_count(
		runner, lane, (struct runner_difference){.running = 1});
	runner->items--;
	runner->bytes -= item->bytes;
	return item;
}

static bool
may_run(const struct runner_lane *lane)
{
	int rank = lane->first ? rank_of(lane->first) : 2;
	bool has_any = lane->first || (lane->has_more && !lane->is_loading);

	if (lane->running >= lane->parallel_max)
		return false;
	/* Of a scenario that is gone all that waits only ends. */
	if (rank == 0 || lane->is_gone)
		return has_any;
	/* In its order: what failed comes before what came later. */
	if (lane->parallel_max == 1 && lane->incomplete)
		return false;
	if (rank == 1)
		return true;
	if ((lane->is_held || lane->is_off) && !lane->may_run_one)
		return false;
	return has_any;
}

struct runner_lane *
runner_lane_next(struct runner *runner)
{
	struct runner_lane **at = &runner->lanes, *lane;

	while (*at && !may_run(*at))
		at = &(*at)->next;
	lane = *at;
	if (!lane)
		return NULL;
	*at = lane->next;
	lane->next = NULL;
	while (*at)
		at = &(*at)->next;
	*at = lane;
	return lane;
}

/** What a person started is in memory in any case. */
static void
put_loaded(struct runner *runner, struct runner_lane *lane,
	const struct execution_row *row)
{
	if (row->sequence <= lane->highest)
		return;
	lane->highest = row->sequence;
	if (!runner_is_by_hand(row->cause))
		runner_put(runner, lane, runner_item_new(row->sequence, 0));
}

void
runner_lane_load(struct runner *runner, struct runner_lane *lane)
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
	for (size_t i = 0; i < list.count; i++)
		put_loaded(runner, lane, &list.rows[i]);
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
runner_lane_wake(struct runner *runner, const struct runner_lane *lane)
{
	size_t count = lane->count + lane->has_more;

	for (size_t i = 0; i < count && i < lane->parallel_max; i++)
		runner_wake(runner);
}

void
runner_lanes_free(struct runner *runner)
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
	map_release(&runner->by_scenario);
	heap_release(&runner->front);
}
