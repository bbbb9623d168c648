/* What did not fit into memory, and how it is read back. */
#include "base/clock.h"
#include "pipeline/dispatch_private.h"

enum {
	REFILL_MAX = 256,
	/* What a lane may have in each queue although memory is full, so that
	   it goes on, if slowly. */
	ROOM_LEAST = 4,
};

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/** What each queue may hold whatever the others do, unless memory is full. */
static size_t
sure_window(const struct dispatch *dispatch)
{
	const struct dispatch_options *options = &dispatch->options;
	bool is_full = options->window_total > 0 &&
		       dispatch->known.count >= options->window_total;

	return smaller(options->window,
		is_full ? (size_t)ROOM_LEAST : DISPATCH_WINDOW_SURE);
}

/**
 * First tries are sent soon, so they may take more: half of what all lanes
 * leave free. So n lanes that are far behind leave 1 / (1 + n/2) of it to
 * others.
 */
static size_t
first_window(const struct dispatch *dispatch)
{
	const struct dispatch_options *options = &dispatch->options;
	size_t sure = sure_window(dispatch);
	size_t known = dispatch->known.count;
	size_t free = options->window_total == 0 ? SIZE_MAX
		      : options->window_total > known
			      ? options->window_total - known
			      : 0;

	return free / 2 > sure ? smaller(options->window, free / 2) : sure;
}

static size_t
room(size_t window, size_t used)
{
	return used < window ? window - used : 0;
}

size_t
disk_first_room(const struct dispatch *dispatch, size_t used)
{
	return room(first_window(dispatch), used);
}

static size_t
retry_room(const struct dispatch *dispatch, const struct lane *lane)
{
	return room(sure_window(dispatch), lane->retries.count);
}

/** At the end of the row, so that each is served in its turn. */
static void
join_hungry(struct dispatch *dispatch, struct lane *lane)
{
	if (dispatch->hungry == NULL)
		dispatch->hungry_last = &dispatch->hungry;
	lane->is_hungry = true;
	lane->next_hungry = NULL;
	*dispatch->hungry_last = lane;
	dispatch->hungry_last = &lane->next_hungry;
}

/** The first in the row. */
static void
leave_hungry(struct dispatch *dispatch)
{
	struct lane *lane = dispatch->hungry;

	dispatch->hungry = lane->next_hungry;
	lane->is_hungry = false;
}

void
disk_note_hungry(struct dispatch *dispatch, struct lane *lane)
{
	size_t first = lane->first_tries.count + lane->wanted_count;
	bool wants_first = (lane->has_first_on_disk &&
				   first <= first_window(dispatch) / 2) ||
			   lane->wanted != NULL;
	bool wants_retries = lane->has_retries_on_disk &&
			     lane->retries.count <= sure_window(dispatch) / 2;

	if (lane->is_hungry || lane->is_removed ||
		!health_is_sending(&lane->health) ||
		!(wants_first || wants_retries))
		return;
	join_hungry(dispatch, lane);
}

static bool
is_behind(const struct retry_place *place, const struct retry_place *other)
{
	return place->due > other->due ||
	       (place->due == other->due && place->sequence > other->sequence);
}

static void
leave_retry(struct dispatch *dispatch, struct lane *lane,
	const struct delivery *delivery)
{
	struct retry_place before = {delivery->due, delivery->sequence - 1};
	int64_t at = dispatch_due(dispatch, delivery);

	if (!lane->has_retries_on_disk ||
		is_behind(&lane->retries_after, &before))
		lane->retries_after = before;
	if (!lane->has_retries_on_disk || at < lane->retries_at)
		lane->retries_at = at;
	lane->has_retries_on_disk = true;
}

void
disk_leave(struct dispatch *dispatch, struct lane *lane,
	const struct delivery *delivery)
{
	if (delivery->attempts > 0) {
		leave_retry(dispatch, lane, delivery);
	} else {
		if (!lane->has_first_on_disk ||
			delivery->sequence <= lane->disk_after)
			lane->disk_after = delivery->sequence - 1;
		lane->has_first_on_disk = true;
	}
	disk_note_hungry(dispatch, lane);
}

static struct heap_node *
find_later_retry(const struct lane *lane, int64_t than, size_t from)
{
	for (size_t i = from; i < lane->retries.count; i++) {
		if (lane->retries.nodes[i]->key > than)
			return lane->retries.nodes[i];
	}
	return NULL;
}

/**
 * Of what a full queue of retries holds, those in the later half of its time
 * go; they are on disk anyway.
 */
static void
drop_later_retries(struct dispatch *dispatch, struct lane *lane, int64_t latest)
{
	int64_t earliest = heap_first(&lane->retries)->key;
	int64_t middle = earliest + (latest - earliest) / 2;
	size_t from = 0;
	struct heap_node *node;

	lane->known++; /* the lane stays while we work on it */
	/* What takes the place of a removed one may go further up. */
	while ((node = find_later_retry(lane, middle, from)) ||
		(node = find_later_retry(lane, middle, 0))) {
		struct delivery *delivery =
			CONTAINER_OF(node, struct delivery, by_due);

		from = node->place - 1;
		heap_remove(&lane->retries, node);
		leave_retry(dispatch, lane, delivery);
		lane_forget(dispatch, delivery);
	}
	lane->known--;
}

bool
disk_admits_retry(struct dispatch *dispatch, struct lane *lane, int64_t at)
{
	int64_t latest = INT64_MIN;

	if (lane->has_retries_on_disk && at >= lane->retries_at)
		return false;
	if (retry_room(dispatch, lane) > 0)
		return true;
	for (size_t i = 0; i < lane->retries.count; i++) {
		if (lane->retries.nodes[i]->key > latest)
			latest = lane->retries.nodes[i]->key;
	}
	if (at >= latest)
		return false;
	drop_later_retries(dispatch, lane, latest);
	return true;
}

void
disk_expect_backlog(struct dispatch *dispatch, struct lane *lane)
{
	lane->has_first_on_disk = lane->has_retries_on_disk = true;
	lane->disk_after = 0;
	lane->retries_after = (struct retry_place){INT64_MIN, 0};
	lane->retries_at = INT64_MIN;
	disk_note_hungry(dispatch, lane);
}

void
disk_forget_lane(struct dispatch *dispatch, struct lane *lane)
{
	if (lane->is_hungry) {
		struct lane **at = &dispatch->hungry;

		while (*at != lane)
			at = &(*at)->next_hungry;
		*at = lane->next_hungry;
		if (dispatch->hungry_last == &lane->next_hungry)
			dispatch->hungry_last = at;
		lane->is_hungry = false;
	}
}

/* ---- reading back ---- */

bool
dispatch_is_hungry(const struct dispatch *dispatch)
{
	return dispatch->hungry != NULL;
}

bool
dispatch_wants_refill(struct dispatch *dispatch, struct dispatch_refill *ret)
{
	while (dispatch->hungry) {
		struct lane *lane = dispatch->hungry;
		size_t first = disk_first_room(
			dispatch, lane->first_tries.count + lane->wanted_count);
		size_t retries = retry_room(dispatch, lane);

		*ret = (struct dispatch_refill){
			.webhook = lane->by_number.number,
			.resource = order_wants(lane)};
		if (ret->resource) {
			ret->limit = 2;
			return true;
		}
		if (lane->has_first_on_disk && first > 0) {
			ret->after = lane->disk_after;
			ret->limit = smaller(first, REFILL_MAX);
			return true;
		}
		if (lane->has_retries_on_disk && retries > 0) {
			ret->is_retry = true;
			ret->place = lane->retries_after;
			ret->limit = smaller(retries, REFILL_MAX);
			return true;
		}
		leave_hungry(dispatch);
	}
	return false;
}

static void
take_in_row(struct dispatch *dispatch, struct lane *lane,
	const struct delivery_row *row)
{
	struct delivery *delivery;

	if (dispatch_known(dispatch, row->sequence) ||
		!order_admits_row(lane, row))
		return;
	delivery = delivery_new(row, NULL);
	order_begin(lane, delivery, true);
	lane_know(dispatch, lane, delivery);
	lane_enqueue(dispatch, lane, delivery);
}

/** The rest begins behind the last row, which is the latest. */
static void
move_retries_on(struct dispatch *dispatch, struct lane *lane,
	const struct delivery_list *rows)
{
	const struct delivery_row *last = &rows->rows[rows->count - 1];

	lane->retries_after = (struct retry_place){last->due, last->sequence};
	lane->retries_at = drift_due(
		&dispatch->drift, last->due, last->updated, dispatch->now);
}

void
dispatch_refill(struct dispatch *dispatch, const struct dispatch_refill *refill,
	const struct delivery_list *rows)
{
	struct lane *lane = dispatch_find(dispatch, refill->webhook);
	bool is_all = rows->count < refill->limit;

	if (lane == NULL)
		return;
	if (dispatch->hungry == lane) {
		leave_hungry(dispatch);
		join_hungry(dispatch, lane);
	}
	if (refill->resource) {
		order_found(dispatch, lane, rows);
		lane_reconsider(dispatch, lane);
		return;
	}
	for (size_t i = 0; i < rows->count; i++)
		take_in_row(dispatch, lane, &rows->rows[i]);
	if (refill->is_retry) {
		lane->has_retries_on_disk = !is_all;
		if (!is_all)
			move_retries_on(dispatch, lane, rows);
	} else {
		lane->has_first_on_disk = !is_all;
		if (!is_all)
			lane->disk_after = rows->rows[rows->count - 1].sequence;
	}
	lane_reconsider(dispatch, lane);
}
