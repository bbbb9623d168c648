/* Who is furthest behind, without a walk over all. */
#include "pipeline/dispatch_private.h"

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
