/* Batches: several deliveries of one webhook that go in one request. */
#include "pipeline/dispatch_private.h"

int64_t
lane_first_due(const struct dispatch *dispatch, const struct lane *lane)
{
	const struct delivery *oldest = lane->first_tries.first;

	if (oldest == NULL)
		return INT64_MAX;
	if (lane->batch <= 1 || lane->first_tries.count >= lane->batch)
		return INT64_MIN;
	return oldest->due + dispatch->options.batch_window;
}

/** Retries that are due go together, whatever batch they were in before. */
static struct delivery *
take_retry(struct lane *lane, int64_t now)
{
	struct delivery *retry = lane_earliest_retry(lane);

	if (retry == NULL || retry->due > now)
		return NULL;
	heap_remove(&lane->retries, &retry->by_due);
	return retry;
}

void
lane_fill_batch(struct dispatch *dispatch, struct lane *lane,
	struct delivery *first, int64_t now)
{
	struct delivery **at = &first->batch;

	for (size_t count = 1; count < lane->batch; count++) {
		struct delivery *next = first->is_retry ? take_retry(lane, now)
							: lane_take_first(lane);

		if (next == NULL)
			break;
		next->holds_slot = false;
		*at = next;
		at = &next->batch;
		dispatch->unsettled++;
	}
	*at = NULL;
}
