#include "pipeline/dispatch.h"

#include "base/mem.h"
#include "pipeline/dispatch_private.h"

/* ---- deliveries ---- */

struct delivery *
delivery_new(const struct delivery_row *row, struct payload *payload)
{
	struct delivery *delivery = MEM_NEW(struct delivery);

	delivery->sequence = row->sequence;
	delivery->event = row->event;
	delivery->webhook = row->webhook;
	delivery->workspace = row->workspace;
	delivery->attempts = row->attempts;
	delivery->spent = row->spent;
	delivery->since = row->since ? row->since : row->created;
	delivery->created = row->created;
	delivery->due = row->due;
	delivery->payload = payload_ref(payload);
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

/* ---- taking in ---- */

enum dispatch_answer
dispatch_offer(struct dispatch *dispatch, struct delivery *delivery)
{
	struct lane *lane =
		map_get(&dispatch->lanes, dispatch_key(&delivery->webhook));
	bool is_retry = delivery->attempts > 0;
	size_t used;

	if (lane == NULL || lane->is_removed)
		return DISPATCH_NO_WEBHOOK;
	if (map_get(&dispatch->known, dispatch_key(&delivery->sequence))) {
		delivery_free(delivery);
		return DISPATCH_KNOWN;
	}
	if (!lane_is_open(lane))
		return DISPATCH_NOT_SENDING;
	used = is_retry ? lane->retries.count : lane->first_tries.count;
	if (disk_room(dispatch, used) == 0 ||
		(!is_retry && lane->has_first_on_disk)) {
		/* Older ones are on disk: it must not overtake them. */
		disk_leave(dispatch, lane, delivery);
		delivery_free(delivery);
		return DISPATCH_ON_DISK;
	}
	lane_know(dispatch, lane, delivery);
	lane_enqueue(lane, delivery);
	lane_reconsider(dispatch, lane);
	return DISPATCH_QUEUED;
}

/* ---- giving out ---- */

static struct delivery *
pick(const struct dispatch *dispatch, struct lane *lane, int64_t now)
{
	struct delivery *retry = lane_earliest_retry(lane);
	struct delivery *delivery = NULL;

	if (rate_due(&lane->rate) > now)
		return NULL;
	if (lane->first_tries.first && lane_has_first_slot(dispatch, lane)) {
		delivery = lane_take_first(lane);
		lane->first_in_flight++;
	} else if (retry && retry->due <= now &&
		   lane_has_retry_slot(dispatch, lane)) {
		heap_remove(&lane->retries, &retry->by_due);
		lane->retries_in_flight++;
		delivery = retry;
	}
	if (delivery)
		rate_take(&lane->rate, now);
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

struct delivery *
dispatch_take(struct dispatch *dispatch, int64_t now)
{
	wake_due(dispatch, now);
	if (dispatch->in_flight >= dispatch->options.concurrency_total ||
		dispatch->unsettled >= dispatch->options.unsettled_max)
		return NULL;
	while (dispatch->turn_first) {
		struct lane *lane = dispatch->turn_first;
		struct delivery *delivery = pick(dispatch, lane, now);

		lane_leave_turn(dispatch, lane);
		if (delivery == NULL) {
			lane_reconsider(dispatch, lane);
			if (lane->is_in_turn)
				return NULL;
			continue;
		}
		dispatch->in_flight++;
		dispatch->unsettled++;
		lane_reconsider(dispatch, lane);
		disk_note_hungry(dispatch, lane);
		return delivery;
	}
	return NULL;
}

void
dispatch_attempted(struct dispatch *dispatch, struct delivery *delivery)
{
	struct lane *lane = delivery->lane;

	dispatch->in_flight--;
	if (delivery->is_retry)
		lane->retries_in_flight--;
	else
		lane->first_in_flight--;
	lane_reconsider(dispatch, lane);
}

void
dispatch_settle(
	struct dispatch *dispatch, struct delivery *delivery, bool is_again)
{
	struct lane *lane = delivery->lane;
	bool is_wanted = is_again && lane_is_open(lane);

	dispatch->unsettled--;
	if (is_wanted && disk_room(dispatch, lane->retries.count) > 0) {
		lane_enqueue(lane, delivery);
		lane_reconsider(dispatch, lane);
		return;
	}
	if (is_wanted)
		disk_leave(dispatch, lane, delivery);
	lane_forget(dispatch, delivery);
}

int64_t
dispatch_next_time(const struct dispatch *dispatch)
{
	struct heap_node *node = heap_first(&dispatch->timers);

	return node ? node->key : INT64_MAX;
}

void
dispatch_stats(const struct dispatch *dispatch, struct dispatch_stats *ret)
{
	*ret = (struct dispatch_stats){
		.queued = dispatch->known.count - dispatch->unsettled,
		.in_flight = dispatch->in_flight,
		.unsettled = dispatch->unsettled,
	};
}
