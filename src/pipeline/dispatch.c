#include "pipeline/dispatch.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "pipeline/dispatch_private.h"

/* ---- deliveries ---- */

/** Field by field: each row that comes in comes through here. */
static void
fill(struct delivery *delivery, const struct delivery_row *row,
	struct payload *payload)
{
	delivery->sequence = row->sequence;
	delivery->event = row->event;
	delivery->webhook = row->webhook;
	delivery->workspace = row->workspace;
	delivery->attempts = row->attempts;
	delivery->spent = row->spent;
	delivery->since = row->since ? row->since : row->created;
	delivery->resource = row->resource;
	delivery->created = row->created;
	delivery->due = row->due;
	delivery->written = row->updated;
	delivery->payload = payload;
	memset(&delivery->by_sequence, 0,
		sizeof(*delivery) - offsetof(struct delivery, by_sequence));
}

struct delivery *
delivery_new(const struct delivery_row *row, struct payload *payload)
{
	struct delivery *delivery = MEM_NEW(struct delivery);

	fill(delivery, row, payload_ref(payload));
	return delivery;
}

void
delivery_free(struct delivery *delivery)
{
	if (delivery == NULL)
		return;
	payload_unref(delivery->payload);
	mem_free(delivery);
}

/** One of those that are spare, if there are any; not filled. */
static struct delivery *
take_spare(struct dispatch *dispatch)
{
	struct delivery *delivery = dispatch->spare;

	if (delivery == NULL)
		return mem_resize(NULL, sizeof(*delivery));
	dispatch->spare = delivery->next;
	dispatch->spare_count--;
	return delivery;
}

void
dispatch_drop(struct dispatch *dispatch, struct delivery *delivery)
{
	if (dispatch->spare_count == DISPATCH_SPARE_MAX) {
		delivery_free(delivery);
		return;
	}
	payload_unref(delivery->payload);
	delivery->next = dispatch->spare;
	dispatch->spare = delivery;
	dispatch->spare_count++;
}

/* ---- the clock ---- */

int64_t
dispatch_look(struct dispatch *dispatch, int64_t wall, int64_t monotonic)
{
	dispatch->now = monotonic;
	return drift_look(&dispatch->drift, wall, monotonic);
}

int64_t
dispatch_now(const struct dispatch *dispatch)
{
	return dispatch->now;
}

const struct drift *
dispatch_drift(const struct dispatch *dispatch)
{
	return &dispatch->drift;
}

int64_t
dispatch_due(const struct dispatch *dispatch, const struct delivery *delivery)
{
	return drift_due(&dispatch->drift, delivery->due, delivery->written,
		dispatch->now);
}

/* ---- taking in ---- */

/** It is here already; what was asked for meanwhile is not forgotten. */
static void
recognise(struct delivery *known, const struct delivery *offered)
{
	known->is_offered_again |= offered->attempts > known->attempts ||
				   offered->due > known->due;
}

/** First tries must not overtake older ones that are on disk. */
static bool
has_room(struct dispatch *dispatch, struct lane *lane,
	const struct delivery *delivery)
{
	if (delivery->attempts > 0)
		return disk_admits_retry(
			dispatch, lane, dispatch_due(dispatch, delivery));
	return !lane->has_first_on_disk &&
	       disk_first_room(dispatch, lane->first_tries.count) > 0;
}

/**
 * Far back in a long queue a payload must not take the last of the memory from
 * those that are sent sooner; it is read from the store when its turn comes.
 */
static void
spare_memory(const struct lane *lane, struct delivery *delivery)
{
	if (lane->first_tries.count < DISPATCH_WINDOW_SURE ||
		payload_memory() <= payload_memory_max() / 4 * 3)
		return;
	payload_unref(delivery->payload);
	delivery->payload = NULL;
}

static enum dispatch_answer
answer(struct dispatch *dispatch, struct lane *lane,
	const struct delivery *offered)
{
	struct delivery *known = NULL;
	enum order_place place;

	/* What comes fresh is later than all before, and not looked for. */
	if (offered->sequence <= dispatch->newest)
		known = dispatch_known(dispatch, offered->sequence);
	if (known) {
		recognise(known, offered);
		return DISPATCH_KNOWN;
	}
	if (!lane_is_open(lane))
		return DISPATCH_NOT_SENDING;
	place = order_place(lane, offered);
	if (place == ORDER_FREE && has_room(dispatch, lane, offered))
		return DISPATCH_QUEUED;
	if (place != ORDER_BEHIND)
		disk_leave(dispatch, lane, offered);
	return DISPATCH_ON_DISK;
}

enum dispatch_answer
dispatch_offer(struct dispatch *dispatch, const struct delivery_row *row,
	struct payload *payload)
{
	struct lane *lane = dispatch_find(dispatch, row->webhook);
	enum dispatch_answer said;
	struct delivery *delivery;

	if (lane == NULL || lane->is_removed)
		return DISPATCH_NO_WEBHOOK;
	delivery = take_spare(dispatch);
	fill(delivery, row, payload);
	said = answer(dispatch, lane, delivery);
	if (said != DISPATCH_QUEUED) {
		delivery->payload = NULL; /* the caller's still */
		dispatch_drop(dispatch, delivery);
		return said;
	}
	spare_memory(lane, delivery);
	order_begin(lane, delivery, false);
	lane_know(dispatch, lane, delivery);
	lane_enqueue(dispatch, lane, delivery);
	lane_reconsider(dispatch, lane);
	return DISPATCH_QUEUED;
}

/* ---- giving out ---- */

static struct delivery *
pick(struct dispatch *dispatch, struct lane *lane, int64_t now)
{
	struct delivery *retry = lane_earliest_retry(lane);
	struct delivery *delivery = NULL;

	if (rate_due(&lane->rate) > now)
		return NULL;
	if (lane_first_due(dispatch, lane) <= now &&
		lane_has_first_slot(dispatch, lane)) {
		delivery = lane_take_first(lane);
	} else if (retry && retry->by_due.key <= now &&
		   lane_has_retry_slot(dispatch, lane)) {
		heap_remove(&lane->retries, &retry->by_due);
		delivery = retry;
	}
	if (delivery) {
		rate_take(&lane->rate, now);
		slots_take(dispatch, lane, delivery);
		lane_fill_batch(dispatch, lane, delivery);
	}
	return delivery;
}

/** Lanes whose earliest retry, or rate, has come due join the turn. */
static void
wake_due(struct dispatch *dispatch, int64_t now)
{
	struct heap_node *node;

	while ((node = heap_first(&dispatch->timers)) && node->key <= now) {
		heap_remove(&dispatch->timers, node);
		lane_join_turn(
			dispatch, CONTAINER_OF(node, struct lane, by_due));
	}
}

/** The next one of the fast lanes, or of the slow ones. */
static struct delivery *
take_of(struct dispatch *dispatch, bool is_slow)
{
	struct lane *lane;

	if (slots_left(dispatch, is_slow) == 0)
		return NULL;
	while ((lane = dispatch->turns[is_slow].first)) {
		struct delivery *delivery = pick(dispatch, lane, dispatch->now);

		lane_leave_turn(dispatch, lane);
		lane_reconsider(dispatch, lane);
		if (delivery) {
			disk_note_hungry(dispatch, lane);
			return delivery;
		}
		if (lane->is_in_turn)
			return NULL;
	}
	return NULL;
}

struct delivery *
dispatch_take(struct dispatch *dispatch, int64_t now)
{
	struct delivery *delivery = NULL;

	dispatch->now = now;
	slots_look(dispatch);
	wake_due(dispatch, now);
	if (dispatch->unsettled >= dispatch->options.unsettled_max)
		return NULL;
	for (int i = 0; i < 2 && delivery == NULL; i++) {
		delivery = take_of(dispatch, dispatch->is_slows_turn);
		dispatch->is_slows_turn = !dispatch->is_slows_turn;
	}
	if (delivery)
		dispatch->unsettled++;
	return delivery;
}

void
dispatch_attempted(struct dispatch *dispatch, struct delivery *delivery)
{
	slots_give_back(dispatch, delivery->lane, delivery);
	lane_reconsider(dispatch, delivery->lane);
}

void
dispatch_settle(
	struct dispatch *dispatch, struct delivery *delivery, bool is_again)
{
	struct lane *lane = delivery->lane;
	bool is_wanted = is_again && lane_is_open(lane);
	bool is_offered_again = delivery->is_offered_again;

	dispatch->unsettled--;
	delivery->is_offered_again = false;
	if (is_wanted && has_room(dispatch, lane, delivery)) {
		lane_enqueue(dispatch, lane, delivery);
		lane_reconsider(dispatch, lane);
		return;
	}
	if (is_wanted)
		disk_leave(dispatch, lane, delivery);
	else if (is_offered_again && lane_is_open(lane))
		disk_expect_backlog(dispatch, lane);
	if (!is_wanted)
		order_pass_on(dispatch, lane, delivery);
	lane_forget(dispatch, delivery);
}

void
dispatch_hasten(struct dispatch *dispatch, uint64_t sequence, int64_t now)
{
	struct delivery *delivery = dispatch_known(dispatch, sequence);

	if (delivery == NULL || !delivery->is_retry || delivery->holds_slot ||
		delivery->by_due.place == 0)
		return;
	heap_remove(&delivery->lane->retries, &delivery->by_due);
	delivery->due = delivery->written = now;
	lane_enqueue(dispatch, delivery->lane, delivery);
	lane_reconsider(dispatch, delivery->lane);
}

int64_t
dispatch_next_time(const struct dispatch *dispatch)
{
	struct heap_node *lane = heap_first(&dispatch->timers);
	struct heap_node *attempt = heap_first(&dispatch->patience);
	int64_t time = lane ? lane->key : INT64_MAX;

	return attempt && attempt->key < time ? attempt->key : time;
}

void
dispatch_stats(const struct dispatch *dispatch, struct dispatch_stats *ret)
{
	*ret = (struct dispatch_stats){
		.queued = dispatch->known.count - dispatch->unsettled,
		.in_flight = dispatch->in_flight,
		.slow_in_flight = dispatch->slow_in_flight,
		.unsettled = dispatch->unsettled,
		.ready = dispatch->ready,
	};
}
