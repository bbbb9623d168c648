/* Who is furthest behind, without a walk over all. */
#include "base/clock.h"
#include "pipeline/dispatch_private.h"

/* A worker without time makes more attempts a second than this. */
enum { BRISK = 5000 };

_Static_assert((int)DISPATCH_FRONT_MAX <= (int)HEAP_SMALLEST_MAX,
	"the front is found in one go");

void
front_init(struct front *front)
{
	pthread_mutex_init(&front->lock, NULL);
}

void
front_release(struct front *front)
{
	heap_release(&front->lanes);
	pthread_mutex_destroy(&front->lock);
}

void
front_touch(struct front *front, struct lane *lane)
{
	if (lane->is_touched)
		return;
	lane->is_touched = true;
	lane->next_touched = front->touched;
	front->touched = lane;
}

/** False: it has nothing to tell of. */
static bool
rank(const struct lane *lane, int64_t *ret)
{
	struct live_view live;

	if (lane->is_removed)
		return false;
	live_read(lane->webhook->live, &live);
	if (live.queued)
		*ret = live.oldest_due;
	else
		*ret = INT64_MAX - live.in_flight;
	return live.queued || live.in_flight || live.acknowledged ||
	       live.failed;
}

static void
set_ready(struct dispatch *dispatch, struct lane *lane, size_t ready)
{
	dispatch->ready -= lane->ready;
	dispatch->ready += ready;
	lane->ready = ready;
}

/**
 * Whether the lane's attempts take no longer than they may for the worker's own
 * want of time. What is under way in all, divided by that time, is how many
 * attempts the worker would make a second, were it the cause; what hangs is
 * not its doing, and a lane with a limit of its own gets no further than that.
 */
static bool
is_brisk(const struct dispatch *dispatch, const struct lane *lane)
{
	size_t count = dispatch->in_flight - dispatch->slow_in_flight;
	int64_t time = lane->pace.best > lane->briefest ? lane->pace.best
							: lane->briefest;

	if (lane->is_strict && count > lane->pace.limit)
		count = lane->pace.limit;
	return time * BRISK <= (int64_t)count * SECONDS;
}

static void
count_ready(struct dispatch *dispatch, struct lane *lane)
{
	bool is_ready = !lane->is_removed && !lane->is_slow &&
			lane->rate.interval == 0 && !pace_is_cut(&lane->pace) &&
			is_brisk(dispatch, lane) &&
			lane_first_due(dispatch, lane) <= dispatch->now &&
			health_is_sending(&lane->health);

	set_ready(dispatch, lane, is_ready ? lane->first_tries.count : 0);
}

size_t
dispatch_settle_front(struct dispatch *dispatch)
{
	struct front *front = &dispatch->front;
	size_t count = 0;

	if (front->touched == NULL)
		return 0;
	pthread_mutex_lock(&front->lock);
	for (; front->touched; count++) {
		struct lane *lane = front->touched;

		front->touched = lane->next_touched;
		lane->is_touched = false;
		lane_show(lane);
		count_ready(dispatch, lane);
		heap_remove(&front->lanes, &lane->by_rank);
		if (rank(lane, &lane->by_rank.key))
			heap_add(&front->lanes, &lane->by_rank);
	}
	pthread_mutex_unlock(&front->lock);
	return count;
}

void
front_forget(struct dispatch *dispatch, struct lane *lane)
{
	struct front *front = &dispatch->front;

	if (lane->is_touched)
		dispatch_settle_front(dispatch);
	set_ready(dispatch, lane, 0);
	pthread_mutex_lock(&front->lock);
	heap_remove(&front->lanes, &lane->by_rank);
	pthread_mutex_unlock(&front->lock);
}

const struct webhook *
front_set_webhook(
	struct front *front, struct lane *lane, const struct webhook *webhook)
{
	const struct webhook *former;

	pthread_mutex_lock(&front->lock);
	former = lane->webhook;
	lane->webhook = webhook;
	pthread_mutex_unlock(&front->lock);
	return former;
}

static size_t
insert(struct dispatch_behind *list, size_t count,
	const struct dispatch_behind *one)
{
	size_t at = count;

	if (count == DISPATCH_FRONT_MAX) {
		if (one->rank >= list[--at].rank)
			return count;
		count--;
	}
	for (; at > 0 && one->rank < list[at - 1].rank; at--)
		list[at] = list[at - 1];
	list[at] = *one;
	return count + 1;
}

size_t
dispatch_front(
	struct dispatch *dispatch, struct dispatch_behind *list, size_t count)
{
	struct front *front = &dispatch->front;
	struct heap_node *nodes[DISPATCH_FRONT_MAX];
	size_t more;

	pthread_mutex_lock(&front->lock);
	more = heap_smallest(&front->lanes, DISPATCH_FRONT_MAX, nodes);
	for (size_t i = 0; i < more; i++) {
		const struct webhook *webhook =
			CONTAINER_OF(nodes[i], struct lane, by_rank)->webhook;
		struct dispatch_behind one = {
			.webhook = webhook->id, .rank = nodes[i]->key};

		live_read(webhook->live, &one.live);
		count = insert(list, count, &one);
	}
	pthread_mutex_unlock(&front->lock);
	return count;
}
