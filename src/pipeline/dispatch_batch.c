/* Batches: several deliveries of one webhook that go in one request. */
#include "base/clock.h"
#include "pipeline/dispatch_private.h"

/* Retries of a batch that failed are brought over to the monotonic clock one
   by one: their times differ by so much at most, and mostly by nothing. */
#define TOGETHER (50 * MILLISECONDS)

int64_t
lane_first_due(const struct dispatch *dispatch, const struct lane *lane)
{
	const struct delivery *oldest = lane->first_tries.first;

	if (oldest == NULL)
		return INT64_MAX;
	if (lane->batch <= 1 || lane->first_tries.count >= lane->batch)
		return INT64_MIN;
	return oldest->by_due.key + dispatch->options.batch_window;
}

static struct delivery *
take_retry(struct lane *lane, int64_t until)
{
	struct delivery *retry = lane_earliest_retry(lane);

	if (retry == NULL || retry->by_due.key > until)
		return NULL;
	heap_remove(&lane->retries, &retry->by_due);
	return retry;
}

void
lane_fill_batch(
	struct dispatch *dispatch, struct lane *lane, struct delivery *first)
{
	struct delivery **at = &first->next;

	for (size_t count = 1; count < lane->batch; count++) {
		struct delivery *next =
			first->is_retry
				? take_retry(lane, dispatch->now + TOGETHER)
				: lane_take_first(lane);

		if (next == NULL)
			break;
		*at = next;
		at = &next->next;
		dispatch->unsettled++;
	}
	*at = NULL;
}
