/* A lane's queues, its turn, and its life. */
#include "base/mem.h"
#include "pipeline/dispatch_private.h"
#include "pipeline/live.h"
#include "pipeline/outlet.h"

static void
queue_add(struct queue *queue, struct delivery *delivery)
{
	delivery->next = NULL;
	if (queue->first == NULL)
		queue->last = &queue->first;
	*queue->last = delivery;
	queue->last = &delivery->next;
	queue->count++;
}

static struct delivery *
queue_take(struct queue *queue)
{
	struct delivery *delivery = queue->first;

	if (delivery) {
		queue->first = delivery->next;
		queue->count--;
	}
	return delivery;
}

/** The memory of those that are next; each step is one further ahead. */
static void
look_ahead(const struct delivery *next)
{
	if (next == NULL)
		return;
	payload_expect_body(next->payload);
	next = next->next;
	if (next == NULL)
		return;
	payload_expect(next->payload);
	delivery_expect(next->next);
}

struct delivery *
lane_take_first(struct lane *lane)
{
	struct delivery *delivery = queue_take(&lane->first_tries);

	if (delivery)
		look_ahead(delivery->next);
	return delivery;
}

/* ---- turns ---- */

void
lane_join_turn(struct dispatch *dispatch, struct lane *lane)
{
	struct turn *turn = &dispatch->turns[lane->is_slow];

	if (lane->is_in_turn)
		return;
	lane->is_in_turn = true;
	lane->older = turn->last;
	lane->newer = NULL;
	if (turn->last)
		turn->last->newer = lane;
	else
		turn->first = lane;
	turn->last = lane;
}

void
lane_leave_turn(struct dispatch *dispatch, struct lane *lane)
{
	struct turn *turn = &dispatch->turns[lane->is_slow];

	if (!lane->is_in_turn)
		return;
	lane->is_in_turn = false;
	if (lane->older)
		lane->older->newer = lane->newer;
	else
		turn->first = lane->newer;
	if (lane->newer)
		lane->newer->older = lane->older;
	else
		turn->last = lane->older;
}

struct delivery *
lane_earliest_retry(const struct lane *lane)
{
	struct heap_node *node = heap_first(&lane->retries);

	return node ? CONTAINER_OF(node, struct delivery, by_due) : NULL;
}

void
lane_show(const struct lane *lane)
{
	const struct delivery *first = lane->first_tries.first;
	const struct delivery *retry = lane_earliest_retry(lane);
	struct live_view now = {
		.concurrency = lane->pace.limit,
		.in_flight = lane->first_in_flight + lane->retries_in_flight,
		.queued = lane->first_tries.count + lane->retries.count,
		.oldest_due = first ? first->due : 0,
	};

	if (retry && (first == NULL || retry->due < first->due))
		now.oldest_due = retry->due;
	live_show(lane->webhook->live, &now);
}

void
lane_reconsider(struct dispatch *dispatch, struct lane *lane)
{
	struct delivery *retry = lane_earliest_retry(lane);
	bool may_send = !lane->is_removed && health_is_sending(&lane->health);
	int64_t first = lane_has_first_slot(dispatch, lane)
				? lane_first_due(dispatch, lane)
				: INT64_MAX;
	int64_t at = INT64_MAX;

	front_touch(&dispatch->front, lane);
	heap_remove(&dispatch->timers, &lane->by_due);
	if (!may_send) {
		lane_leave_turn(dispatch, lane);
		return;
	}
	if (retry && lane_has_retry_slot(dispatch, lane))
		at = retry->by_due.key;
	/* With a rate every turn is waited for, also one that is due: only
	   dispatch_take knows what time it is. */
	if (first == INT64_MIN && lane->rate.interval == 0)
		lane_join_turn(dispatch, lane);
	else if (first < at)
		at = first;
	if (at == INT64_MAX)
		return;
	lane->by_due.key =
		at > rate_due(&lane->rate) ? at : rate_due(&lane->rate);
	heap_add(&dispatch->timers, &lane->by_due);
}

/* ---- members ---- */

void
lane_know(
	struct dispatch *dispatch, struct lane *lane, struct delivery *delivery)
{
	delivery->lane = lane;
	lane->known++;
	delivery->by_sequence.number = delivery->sequence;
	numbers_add(&dispatch->known, &delivery->by_sequence);
	if (delivery->sequence > dispatch->newest)
		dispatch->newest = delivery->sequence;
}

static void lane_free_if_unused(struct dispatch *, struct lane *);

void
lane_forget(struct dispatch *dispatch, struct delivery *delivery)
{
	struct lane *lane = delivery->lane;

	order_leave(lane, delivery);
	numbers_remove(&dispatch->known, &delivery->by_sequence);
	lane->known--;
	dispatch_drop(dispatch, delivery);
	lane_free_if_unused(dispatch, lane);
}

void
lane_enqueue(
	struct dispatch *dispatch, struct lane *lane, struct delivery *delivery)
{
	delivery->is_retry = delivery->attempts > 0;
	delivery->by_due.key = dispatch_due(dispatch, delivery);
	if (delivery->is_retry) {
		heap_add(&lane->retries, &delivery->by_due);
	} else {
		queue_add(&lane->first_tries, delivery);
	}
}

bool
lane_is_open(const struct lane *lane)
{
	return !lane->is_removed && (health_is_sending(&lane->health) ||
					    health_is_waiting(&lane->health));
}

/* ---- lanes ---- */

const struct webhook *
lane_webhook(const struct lane *lane)
{
	return lane->webhook;
}

struct outlet *
lane_take_outlet(struct lane *lane)
{
	return outlet_take(&lane->outlet, lane->webhook);
}

struct health *
lane_health(struct lane *lane)
{
	return &lane->health;
}

struct lane *
dispatch_find(struct dispatch *dispatch, uint64_t webhook)
{
	struct numbers_node *node = numbers_get(&dispatch->lanes, webhook);

	return node ? CONTAINER_OF(node, struct lane, by_number) : NULL;
}

static void
drop_queues(struct dispatch *dispatch, struct lane *lane)
{
	struct delivery *delivery;

	lane->known++; /* the lane stays while we work on it */
	while ((delivery = lane_take_first(lane)))
		lane_forget(dispatch, delivery);
	while ((delivery = lane_earliest_retry(lane))) {
		heap_remove(&lane->retries, &delivery->by_due);
		lane_forget(dispatch, delivery);
	}
	order_drop(lane);
	lane->has_first_on_disk = lane->has_retries_on_disk = false;
	lane->known--;
}

static void
lane_free(struct lane *lane)
{
	order_drop(lane);
	numbers_release(&lane->strands);
	heap_release(&lane->retries);
	outlet_leave_home(&lane->outlet);
	webhook_unref(lane->webhook);
	mem_free(lane);
}

static void
lane_free_if_unused(struct dispatch *dispatch, struct lane *lane)
{
	if (!lane->is_removed || lane->known > 0)
		return;
	disk_forget_lane(dispatch, lane);
	front_forget(dispatch, lane);
	lane_leave_turn(dispatch, lane);
	heap_remove(&dispatch->timers, &lane->by_due);
	numbers_remove(&dispatch->lanes, &lane->by_number);
	lane_free(lane);
}

static struct lane *
lane_new(struct dispatch *dispatch, const struct webhook *webhook)
{
	struct lane *lane = MEM_NEW(struct lane);

	lane->by_number.number = webhook->number;
	lane->health = webhook->health;
	numbers_add(&dispatch->lanes, &lane->by_number);
	return lane;
}

void
dispatch_health_moved(struct dispatch *dispatch, struct lane *lane)
{
	if (!lane_is_open(lane))
		drop_queues(dispatch, lane);
	lane_reconsider(dispatch, lane);
	disk_note_hungry(dispatch, lane);
}

void
dispatch_set_webhook(struct dispatch *dispatch, const struct webhook *webhook,
	bool is_fresh, bool has_backlog)
{
	struct lane *lane = dispatch_find(dispatch, webhook->number);
	const struct webhook *former;
	bool was_open;

	if (lane == NULL)
		lane = lane_new(dispatch, webhook);
	was_open = lane->webhook == NULL || lane_is_open(lane);
	webhook_ref(webhook);
	outlet_leave_home(&lane->outlet);
	former = front_set_webhook(&dispatch->front, lane, webhook);
	lane->is_strict = webhook->options.concurrency > 0;
	lane->batch =
		webhook->options.is_batching && dispatch->options.batch_max
			? dispatch->options.batch_max
			: 1;
	pace_set_cap(&lane->pace, lane->is_strict
					  ? webhook->options.concurrency
					  : dispatch->options.concurrency);
	rate_set(&lane->rate, webhook_rate(webhook));
	webhook_unref(former);
	if (is_fresh)
		lane->health = webhook->health;
	lane->health.rules = webhook->options.failures;
	/* What came while it was closed, or was dropped when it closed, may
	   have escaped the skipping and be waiting on disk. */
	if (has_backlog || (!was_open && lane_is_open(lane)))
		disk_expect_backlog(dispatch, lane);
	dispatch_health_moved(dispatch, lane);
}

void
dispatch_remove_webhook(struct dispatch *dispatch, uint64_t number)
{
	struct lane *lane = dispatch_find(dispatch, number);

	if (lane == NULL)
		return;
	drop_queues(dispatch, lane);
	lane->is_removed = true;
	lane_reconsider(dispatch, lane);
	lane_free_if_unused(dispatch, lane);
}

struct dispatch *
dispatch_new(const struct dispatch_options *options)
{
	struct dispatch *dispatch = MEM_NEW(struct dispatch);

	dispatch->options = *options;
	dispatch->lanes.is_counted = dispatch->known.is_counted = true;
	front_init(&dispatch->front);
	return dispatch;
}

/** Deliveries in flight or unsettled must have been settled before. */
void
dispatch_free(struct dispatch *dispatch)
{
	struct numbers_node *node, *next;

	if (dispatch == NULL)
		return;
	for (node = numbers_next(&dispatch->lanes, NULL); node; node = next) {
		struct lane *lane = CONTAINER_OF(node, struct lane, by_number);

		next = numbers_next(&dispatch->lanes, node);
		drop_queues(dispatch, lane);
		lane_free(lane);
	}
	numbers_release(&dispatch->lanes);
	numbers_release(&dispatch->known);
	heap_release(&dispatch->timers);
	heap_release(&dispatch->patience);
	while (dispatch->spare) {
		struct delivery *spare = dispatch->spare;

		dispatch->spare = spare->next;
		mem_free(spare);
	}
	front_release(&dispatch->front);
	mem_free(dispatch);
}
