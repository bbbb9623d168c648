#include "pipeline/dispatch.h"

#include "base/clock.h"
#include "base/mem.h"

enum { REFILL_MAX = 256 };

/* How long rows on disk may wait for another look when memory is full. */
#define RESCAN_AFTER (30 * SECONDS)

struct queue {
	struct delivery *first;
	struct delivery **last;
	size_t count;
};

struct lane {
	uint64_t number;
	const struct webhook *webhook;
	struct health health;
	bool is_removed;

	struct queue first_tries;
	struct heap retries; /* by due */
	unsigned first_in_flight;
	unsigned retries_in_flight;
	size_t known; /* deliveries of this lane anywhere in memory */

	/* What is on disk and not in memory. */
	bool has_first_on_disk;
	uint64_t disk_after; /* all of those have a higher sequence */
	bool has_retries_on_disk;
	int64_t rescan_at;
	struct lane *next_hungry; /* in the list of those that want a refill */
	bool is_hungry;

	/* Its place in the turn, while it may have something to send. */
	struct lane *newer, *older;
	bool is_in_turn;
	struct heap_node by_due; /* waiting for its earliest retry */
};

struct dispatch {
	struct dispatch_options options;
	struct map lanes; /* number → lane */
	struct map known; /* sequence → delivery */
	struct lane *turn_first, *turn_last;
	struct heap timers; /* lanes by earliest retry */
	struct lane *hungry;
	size_t in_flight;
	size_t unsettled;
};

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

static struct str
number_key(const uint64_t *number)
{
	return str_make((const char *)number, sizeof(*number));
}

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

/* ---- turns ---- */

static void
turn_add(struct dispatch *dispatch, struct lane *lane)
{
	if (lane->is_in_turn)
		return;
	lane->is_in_turn = true;
	lane->older = dispatch->turn_last;
	lane->newer = NULL;
	if (dispatch->turn_last)
		dispatch->turn_last->newer = lane;
	else
		dispatch->turn_first = lane;
	dispatch->turn_last = lane;
}

static void
turn_remove(struct dispatch *dispatch, struct lane *lane)
{
	if (!lane->is_in_turn)
		return;
	lane->is_in_turn = false;
	if (lane->older)
		lane->older->newer = lane->newer;
	else
		dispatch->turn_first = lane->newer;
	if (lane->newer)
		lane->newer->older = lane->older;
	else
		dispatch->turn_last = lane->older;
}

static unsigned
retry_slots(const struct dispatch *dispatch)
{
	unsigned slots = dispatch->options.concurrency / 4;

	return slots ? slots : 1;
}

static struct delivery *
earliest_retry(const struct lane *lane)
{
	struct heap_node *node = heap_first(&lane->retries);

	return node ? CONTAINER_OF(node, struct delivery, by_due) : NULL;
}

/** Puts the lane where its queues say it belongs: turn, timer, neither. */
static void
reconsider(struct dispatch *dispatch, struct lane *lane)
{
	struct delivery *retry = earliest_retry(lane);
	bool may_send = !lane->is_removed && health_is_sending(&lane->health);

	heap_remove(&dispatch->timers, &lane->by_due);
	if (!may_send) {
		turn_remove(dispatch, lane);
		return;
	}
	if (lane->first_tries.first &&
		lane->first_in_flight < dispatch->options.concurrency)
		turn_add(dispatch, lane);
	if (retry && lane->retries_in_flight < retry_slots(dispatch)) {
		lane->by_due.key = retry->due;
		heap_add(&dispatch->timers, &lane->by_due);
	}
}

/* ---- rows on disk ---- */

static size_t
room(const struct dispatch *dispatch, size_t used)
{
	return used < dispatch->options.window ? dispatch->options.window - used
					       : 0;
}

static void
note_hungry(struct dispatch *dispatch, struct lane *lane)
{
	bool wants_first =
		lane->has_first_on_disk &&
		lane->first_tries.count <= dispatch->options.window / 2;
	bool wants_retries =
		lane->has_retries_on_disk &&
		lane->retries.count <= dispatch->options.window / 2;

	if (lane->is_hungry || lane->is_removed ||
		!health_is_sending(&lane->health) ||
		!(wants_first || wants_retries))
		return;
	lane->is_hungry = true;
	lane->next_hungry = dispatch->hungry;
	dispatch->hungry = lane;
}

static void
leave_on_disk(struct dispatch *dispatch, struct lane *lane,
	const struct delivery *delivery)
{
	if (delivery->attempts > 0) {
		lane->has_retries_on_disk = true;
	} else {
		if (!lane->has_first_on_disk ||
			delivery->sequence <= lane->disk_after)
			lane->disk_after = delivery->sequence - 1;
		lane->has_first_on_disk = true;
	}
	note_hungry(dispatch, lane);
}

/* ---- taking in ---- */

static void
know(struct dispatch *dispatch, struct lane *lane, struct delivery *delivery)
{
	delivery->lane = lane;
	lane->known++;
	map_put(&dispatch->known, number_key(&delivery->sequence), delivery);
}

static void lane_free_if_unused(struct dispatch *, struct lane *);

static void
forget(struct dispatch *dispatch, struct delivery *delivery)
{
	struct lane *lane = delivery->lane;

	map_remove(&dispatch->known, number_key(&delivery->sequence));
	lane->known--;
	delivery_free(delivery);
	lane_free_if_unused(dispatch, lane);
}

static void
enqueue(struct lane *lane, struct delivery *delivery)
{
	delivery->is_retry = delivery->attempts > 0;
	if (delivery->is_retry) {
		delivery->by_due.key = delivery->due;
		heap_add(&lane->retries, &delivery->by_due);
	} else {
		queue_add(&lane->first_tries, delivery);
	}
}

enum dispatch_answer
dispatch_offer(struct dispatch *dispatch, struct delivery *delivery)
{
	struct lane *lane =
		map_get(&dispatch->lanes, number_key(&delivery->webhook));
	bool is_retry = delivery->attempts > 0;
	size_t used;

	if (lane == NULL || lane->is_removed)
		return DISPATCH_NO_WEBHOOK;
	if (map_get(&dispatch->known, number_key(&delivery->sequence))) {
		delivery_free(delivery);
		return DISPATCH_KNOWN;
	}
	if (!health_is_sending(&lane->health) &&
		!health_is_waiting(&lane->health))
		return DISPATCH_NOT_SENDING;
	used = is_retry ? lane->retries.count : lane->first_tries.count;
	if (room(dispatch, used) == 0 ||
		(!is_retry && lane->has_first_on_disk)) {
		/* Older ones are on disk: it must not overtake them. */
		leave_on_disk(dispatch, lane, delivery);
		delivery_free(delivery);
		return DISPATCH_ON_DISK;
	}
	know(dispatch, lane, delivery);
	enqueue(lane, delivery);
	reconsider(dispatch, lane);
	return DISPATCH_QUEUED;
}

/* ---- giving out ---- */

static struct delivery *
pick(struct dispatch *dispatch, struct lane *lane, int64_t now)
{
	struct delivery *retry = earliest_retry(lane);
	struct delivery *delivery;

	if (lane->first_tries.first &&
		lane->first_in_flight < dispatch->options.concurrency) {
		delivery = queue_take(&lane->first_tries);
		lane->first_in_flight++;
		return delivery;
	}
	if (retry && retry->due <= now &&
		lane->retries_in_flight < retry_slots(dispatch)) {
		heap_remove(&lane->retries, &retry->by_due);
		lane->retries_in_flight++;
		return retry;
	}
	return NULL;
}

/** Lanes whose earliest retry has come due join the turn. */
static void
wake_due(struct dispatch *dispatch, int64_t now)
{
	struct heap_node *node;

	while ((node = heap_first(&dispatch->timers)) && node->key <= now) {
		heap_remove(&dispatch->timers, node);
		turn_add(dispatch, CONTAINER_OF(node, struct lane, by_due));
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

		turn_remove(dispatch, lane);
		if (delivery == NULL) {
			reconsider(dispatch, lane);
			if (lane->is_in_turn)
				return NULL;
			continue;
		}
		dispatch->in_flight++;
		dispatch->unsettled++;
		reconsider(dispatch, lane);
		note_hungry(dispatch, lane);
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
	reconsider(dispatch, lane);
}

void
dispatch_settle(
	struct dispatch *dispatch, struct delivery *delivery, bool is_again)
{
	struct lane *lane = delivery->lane;
	bool is_wanted = is_again && !lane->is_removed &&
			 (health_is_sending(&lane->health) ||
				 health_is_waiting(&lane->health));

	dispatch->unsettled--;
	if (is_wanted && room(dispatch, lane->retries.count) > 0) {
		enqueue(lane, delivery);
		reconsider(dispatch, lane);
		return;
	}
	if (is_wanted)
		leave_on_disk(dispatch, lane, delivery);
	forget(dispatch, delivery);
}

int64_t
dispatch_next_time(const struct dispatch *dispatch)
{
	struct heap_node *node = heap_first(&dispatch->timers);

	return node ? node->key : INT64_MAX;
}

/* ---- reading back ---- */

bool
dispatch_wants_refill(
	struct dispatch *dispatch, int64_t now, struct dispatch_refill *ret)
{
	while (dispatch->hungry) {
		struct lane *lane = dispatch->hungry;
		size_t first = room(dispatch, lane->first_tries.count);
		size_t retries = room(dispatch, lane->retries.count);

		*ret = (struct dispatch_refill){.webhook = lane->number};
		if (lane->has_first_on_disk && first > 0) {
			ret->after = lane->disk_after;
			ret->limit = first < REFILL_MAX ? first : REFILL_MAX;
			return true;
		}
		if (lane->has_retries_on_disk && retries > 0 &&
			(lane->rescan_at <= now || lane->retries.count == 0)) {
			ret->is_retry = true;
			ret->limit =
				retries < REFILL_MAX ? retries : REFILL_MAX;
			return true;
		}
		dispatch->hungry = lane->next_hungry;
		lane->is_hungry = false;
	}
	return false;
}

static void
take_in_row(struct dispatch *dispatch, struct lane *lane,
	const struct delivery_row *row)
{
	struct delivery *delivery;

	if (map_get(&dispatch->known, number_key(&row->sequence)))
		return;
	delivery = delivery_new(row, NULL);
	know(dispatch, lane, delivery);
	enqueue(lane, delivery);
}

void
dispatch_refill(struct dispatch *dispatch, const struct dispatch_refill *refill,
	const struct delivery_list *rows, int64_t now)
{
	struct lane *lane =
		map_get(&dispatch->lanes, number_key(&refill->webhook));
	bool is_all = rows->count < refill->limit;

	if (lane == NULL)
		return;
	for (size_t i = 0; i < rows->count; i++)
		take_in_row(dispatch, lane, &rows->rows[i]);
	if (refill->is_retry) {
		lane->has_retries_on_disk = !is_all;
		lane->rescan_at = is_all ? 0 : now + RESCAN_AFTER;
	} else {
		lane->has_first_on_disk = !is_all;
		if (rows->count > 0)
			lane->disk_after = rows->rows[rows->count - 1].sequence;
	}
	reconsider(dispatch, lane);
}

/* ---- lanes ---- */

const struct webhook *
lane_webhook(const struct lane *lane)
{
	return lane->webhook;
}

struct health *
lane_health(struct lane *lane)
{
	return &lane->health;
}

struct lane *
dispatch_find(struct dispatch *dispatch, uint64_t webhook)
{
	return map_get(&dispatch->lanes, number_key(&webhook));
}

static void
drop_queues(struct dispatch *dispatch, struct lane *lane)
{
	struct delivery *delivery;

	lane->known++; /* the lane stays while we work on it */
	while ((delivery = queue_take(&lane->first_tries)))
		forget(dispatch, delivery);
	while ((delivery = earliest_retry(lane))) {
		heap_remove(&lane->retries, &delivery->by_due);
		forget(dispatch, delivery);
	}
	lane->has_first_on_disk = lane->has_retries_on_disk = false;
	lane->known--;
}

static void
lane_free_if_unused(struct dispatch *dispatch, struct lane *lane)
{
	if (!lane->is_removed || lane->known > 0)
		return;
	if (lane->is_hungry) {
		struct lane **at = &dispatch->hungry;

		while (*at != lane)
			at = &(*at)->next_hungry;
		*at = lane->next_hungry;
	}
	turn_remove(dispatch, lane);
	heap_remove(&dispatch->timers, &lane->by_due);
	if (map_get(&dispatch->lanes, number_key(&lane->number)) == lane)
		map_remove(&dispatch->lanes, number_key(&lane->number));
	heap_release(&lane->retries);
	webhook_unref(lane->webhook);
	mem_free(lane);
}

static struct lane *
lane_new(struct dispatch *dispatch, const struct webhook *webhook)
{
	struct lane *lane = MEM_NEW(struct lane);

	lane->number = webhook->number;
	lane->health = webhook->health;
	map_put(&dispatch->lanes, number_key(&lane->number), lane);
	return lane;
}

void
dispatch_health_moved(struct dispatch *dispatch, struct lane *lane)
{
	if (!health_is_sending(&lane->health) &&
		!health_is_waiting(&lane->health))
		drop_queues(dispatch, lane);
	reconsider(dispatch, lane);
	note_hungry(dispatch, lane);
}

void
dispatch_set_webhook(struct dispatch *dispatch, const struct webhook *webhook,
	bool is_fresh, bool has_backlog)
{
	struct lane *lane = dispatch_find(dispatch, webhook->number);
	const struct webhook *former;

	if (lane == NULL)
		lane = lane_new(dispatch, webhook);
	former = lane->webhook;
	webhook_ref(webhook);
	lane->webhook = webhook;
	webhook_unref(former);
	if (is_fresh)
		lane->health = webhook->health;
	if (has_backlog)
		lane->has_first_on_disk = lane->has_retries_on_disk = true;
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
	reconsider(dispatch, lane);
	lane_free_if_unused(dispatch, lane);
}

struct dispatch *
dispatch_new(const struct dispatch_options *options)
{
	struct dispatch *dispatch = MEM_NEW(struct dispatch);

	dispatch->options = *options;
	return dispatch;
}

/** Deliveries in flight or unsettled must have been settled before. */
void
dispatch_free(struct dispatch *dispatch)
{
	struct lane *lane;
	size_t at = 0;

	if (dispatch == NULL)
		return;
	while ((lane = map_next(&dispatch->lanes, &at))) {
		drop_queues(dispatch, lane);
		heap_release(&lane->retries);
		webhook_unref(lane->webhook);
		mem_free(lane);
	}
	map_release(&dispatch->lanes);
	map_release(&dispatch->known);
	heap_release(&dispatch->timers);
	mem_free(dispatch);
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
