/* What did not fit into memory, and how it is read back. */
#include "base/clock.h"
#include "pipeline/dispatch_private.h"

enum { REFILL_MAX = 256 };

/* How long rows on disk may wait for another look when memory is full. */
#define RESCAN_AFTER (30 * SECONDS)

size_t
disk_room(const struct dispatch *dispatch, size_t used)
{
	return used < dispatch->options.window ? dispatch->options.window - used
					       : 0;
}

void
disk_note_hungry(struct dispatch *dispatch, struct lane *lane)
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

void
disk_leave(struct dispatch *dispatch, struct lane *lane,
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
	disk_note_hungry(dispatch, lane);
}

void
disk_expect_backlog(struct lane *lane)
{
	lane->has_first_on_disk = lane->has_retries_on_disk = true;
	lane->disk_after = 0;
	lane->rescan_at = 0;
}

void
disk_forget_lane(struct dispatch *dispatch, struct lane *lane)
{
	if (lane->is_hungry) {
		struct lane **at = &dispatch->hungry;

		while (*at != lane)
			at = &(*at)->next_hungry;
		*at = lane->next_hungry;
	}
}

/* ---- reading back ---- */

bool
dispatch_is_hungry(const struct dispatch *dispatch)
{
	return dispatch->hungry != NULL;
}

bool
dispatch_wants_refill(
	struct dispatch *dispatch, int64_t now, struct dispatch_refill *ret)
{
	while (dispatch->hungry) {
		struct lane *lane = dispatch->hungry;
		size_t first = disk_room(dispatch, lane->first_tries.count);
		size_t retries = disk_room(dispatch, lane->retries.count);

		*ret = (struct dispatch_refill){.webhook = lane->number};
		if (lane->has_first_on_disk && first > 0) {
			ret->after = lane->disk_after;
			ret->limit = first < REFILL_MAX ? first : REFILL_MAX;
			return true;
		}
		if (lane->has_retries_on_disk && retries > 0 &&
			(lane->rescan_at <= now || lane->retries.count == 0)) {
			/* Those that are known may well be the first on disk:
			   ask for so many that there are new ones, too. */
			ret->is_retry = true;
			ret->limit =
				(retries < REFILL_MAX ? retries : REFILL_MAX) +
				lane->known - lane->first_tries.count;
			return true;
		}
		dispatch->hungry = lane->next_hungry;
		lane->is_hungry = false;
	}
	return false;
}

/** False when there is no room for it. */
static bool
take_in_row(struct dispatch *dispatch, struct lane *lane,
	const struct delivery_row *row)
{
	struct delivery *delivery;
	size_t used =
		row->attempts ? lane->retries.count : lane->first_tries.count;

	if (map_get(&dispatch->known, dispatch_key(&row->sequence)))
		return true;
	if (disk_room(dispatch, used) == 0)
		return false;
	delivery = delivery_new(row, NULL);
	lane_know(dispatch, lane, delivery);
	lane_enqueue(lane, delivery);
	return true;
}

void
dispatch_refill(struct dispatch *dispatch, const struct dispatch_refill *refill,
	const struct delivery_list *rows, int64_t now)
{
	struct lane *lane =
		map_get(&dispatch->lanes, dispatch_key(&refill->webhook));
	bool is_all = rows->count < refill->limit;

	if (lane == NULL)
		return;
	for (size_t i = 0; i < rows->count; i++)
		is_all &= take_in_row(dispatch, lane, &rows->rows[i]);
	if (refill->is_retry) {
		lane->has_retries_on_disk = !is_all;
		lane->rescan_at = is_all ? 0 : now + RESCAN_AFTER;
	} else {
		lane->has_first_on_disk = !is_all;
		if (rows->count > 0)
			lane->disk_after = rows->rows[rows->count - 1].sequence;
	}
	lane_reconsider(dispatch, lane);
}
