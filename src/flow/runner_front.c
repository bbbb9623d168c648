#include "flow/runner_private.h"

/* What scenarios have waiting, incomplete and running; who has the most. */

_Static_assert((int)RUNNER_FRONT_MAX <= (int)HEAP_SMALLEST_MAX,
	"the front is found in one go");

/** What was counted at a start may have been cut off. */
static uint64_t
sum(uint64_t count, int64_t change)
{
	if (change < 0 && count < (uint64_t)-change)
		return 0;
	return count + (uint64_t)change;
}

/** The key is 0 exactly while the lane is not in the front. */
static void
settle(struct runner *runner, struct runner_lane *lane)
{
	uint64_t weight = lane->queued + lane->incomplete + lane->running;
	int64_t key = lane->is_gone ? 0 : -(int64_t)weight;

	if (key == lane->by_weight.key)
		return;
	heap_remove(&runner->front, &lane->by_weight);
	lane->by_weight.key = key;
	if (key)
		heap_add(&runner->front, &lane->by_weight);
}

void
runner_lane_count(struct runner *runner, struct runner_lane *lane,
	struct runner_difference change)
{
	uint64_t queued = sum(lane->queued, change.queued);

	runner->stats.waiting += queued - lane->queued;
	lane->queued = queued;
	lane->incomplete = (uint32_t)sum(lane->incomplete, change.incomplete);
	lane->running = (uint32_t)sum(lane->running, change.running);
	settle(runner, lane);
}

void
runner_lane_end(struct runner *runner, struct runner_lane *lane)
{
	lane->is_gone = true;
	settle(runner, lane);
}

/* ---- what is told ---- */

static struct runner_queue
queue_of(const struct runner *runner, const struct runner_lane *lane)
{
	return (struct runner_queue){.waiting = lane->queued,
		.max = runner->options.queue_max,
		.running = lane->running,
		.incomplete = lane->incomplete};
}

void
runner_queue(
	struct runner *runner, struct uuid scenario, struct runner_queue *ret)
{
	static const struct runner_lane nothing;
	const struct runner_lane *lane;

	pthread_mutex_lock(&runner->lock);
	lane = runner_lane_find(runner, &scenario);
	*ret = queue_of(runner, lane ? lane : &nothing);
	pthread_mutex_unlock(&runner->lock);
}

size_t
runner_front(struct runner *runner, struct runner_behind ret[RUNNER_FRONT_MAX])
{
	struct heap_node *nodes[RUNNER_FRONT_MAX];
	size_t count;

	pthread_mutex_lock(&runner->lock);
	count = heap_smallest(&runner->front, RUNNER_FRONT_MAX, nodes);
	for (size_t i = 0; i < count; i++) {
		const struct runner_lane *lane =
			CONTAINER_OF(nodes[i], struct runner_lane, by_weight);

		ret[i] = (struct runner_behind){.scenario = lane->scenario,
			.queue = queue_of(runner, lane)};
	}
	pthread_mutex_unlock(&runner->lock);
	return count;
}

void
runner_stats(struct runner *runner, struct runner_stats *ret)
{
	pthread_mutex_lock(&runner->lock);
	*ret = runner->stats;
	pthread_mutex_unlock(&runner->lock);
}
