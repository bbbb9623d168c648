#include "pipeline/worker.h"

#include "base/clock.h"
#include "base/log.h"

/* Lanes read for between two looks at the sockets. */
enum { REFILLS_AT_ONCE = 16 };

/* How long to leave a store alone that could not be read. */
#define REFILL_AGAIN_AFTER (1 * SECONDS)

void
worker_look(struct worker *worker)
{
	int64_t by =
		dispatch_look(worker->dispatch, clock_now(), clock_monotonic());

	if (by)
		log_warning("deliver.clock",
			"wall_clock_set_by_seconds=%lld "
			"retries=\"wait as long as they were meant to\"",
			(long long)(by / SECONDS));
}

/** Reads rows for one lane. False when the store cannot be read now. */
static bool
refill_one(struct worker *worker, const struct dispatch_refill *want)
{
	struct store *store = worker->options->store;
	struct delivery_list rows;
	struct arena arena = {0};
	enum err err;

	if (want->resource)
		err = store_waiting_of_resource(store, want->webhook,
			want->resource, want->limit, &arena, &rows);
	else if (want->is_retry)
		err = store_waiting_retries(store, want->webhook, want->place,
			want->limit, &arena, &rows);
	else
		err = store_waiting_first(store, want->webhook, want->after,
			want->limit, &arena, &rows);
	if (err) {
		log_error("deliver.refill", "webhook=%llu err=%s",
			(unsigned long long)want->webhook, err_name(err));
		worker->refill_at = clock_monotonic() + REFILL_AGAIN_AFTER;
	} else {
		dispatch_refill(worker->dispatch, want, &rows);
	}
	arena_release(&arena);
	return err == ERR_OK;
}

void
worker_refill(struct worker *worker)
{
	struct dispatch_refill want;

	for (int i = 0; i < REFILLS_AT_ONCE; i++) {
		if (worker->refill_at > clock_monotonic() ||
			!dispatch_wants_refill(worker->dispatch, &want) ||
			!refill_one(worker, &want))
			return;
	}
}
