#include "pipeline/worker.h"

#include "base/clock.h"
#include "base/log.h"

/* Lanes read for between two looks at the sockets. */
enum { REFILLS_AT_ONCE = 16 };

/* How long to leave a store alone that could not be read. */
#define REFILL_AGAIN_AFTER (1 * SECONDS)

int64_t
worker_look(struct worker *worker)
{
	int64_t now = clock_now();
	int64_t by = dispatch_look(worker->dispatch, now, clock_monotonic());

	if (by)
		log_warning("deliver.clock",
			"wall_clock_set_by_seconds=%lld "
			"retries=\"wait as long as they were meant to\"",
			(long long)(by / SECONDS));
	worker->now = now;
	worker->has_looked = true;
	return now;
}

int64_t
worker_look_once(struct worker *worker)
{
	return worker->has_looked ? worker->now : worker_look(worker);
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

/** From one point to another, if the attempt came so far. */
static void
measure_phase(struct worker *worker, enum deliver_latency phase, int64_t from,
	int64_t until)
{
	if (until > from)
		histogram_add(&worker->latencies[phase], until - from);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void
worker_measure(struct worker *worker, const struct http_result *result,
	const struct delivery *delivery, bool is_acknowledged)
{
	const struct http_timings *timings = &result->timings;
	int64_t connected = later(timings->name_resolved, timings->connected);
	int64_t ready = later(connected, timings->tls_done);

	if (!result->is_reused_connection) {
		measure_phase(worker, LATENCY_NAME, 0, timings->name_resolved);
		measure_phase(worker, LATENCY_CONNECT, timings->name_resolved,
			timings->connected);
		measure_phase(
			worker, LATENCY_TLS, connected, timings->tls_done);
	}
	measure_phase(worker, LATENCY_FIRST_BYTE, ready, timings->first_byte);
	measure_phase(worker, LATENCY_TOTAL, 0, timings->total);
	if (is_acknowledged)
		histogram_add(&worker->latencies[LATENCY_DELIVERED],
			drift_age(dispatch_drift(worker->dispatch),
				delivery->created));
}

void
worker_publish_stats(struct worker *worker)
{
	struct dispatch_stats stats;

	dispatch_settle_front(worker->dispatch);
	dispatch_stats(worker->dispatch, &stats);
	atomic_store_explicit(
		&worker->queued, stats.queued, memory_order_relaxed);
	atomic_store_explicit(
		&worker->in_flight, stats.in_flight, memory_order_relaxed);
	atomic_store_explicit(&worker->slow_in_flight, stats.slow_in_flight,
		memory_order_relaxed);
	atomic_store_explicit(
		&worker->unsettled, stats.unsettled, memory_order_relaxed);
	pressure_tell(&worker->gauge, stats.ready, worker->slept,
		dispatch_now(worker->dispatch));
}

int64_t
worker_sleep_time(const struct worker *worker)
{
	int64_t next = dispatch_next_time(worker->dispatch);
	int64_t time = 60 * SECONDS;

	if (next != INT64_MAX && next - clock_monotonic() < time)
		time = next - clock_monotonic();
	if (alarm_next(&worker->alarms) < time)
		time = alarm_next(&worker->alarms);
	if (worker->unwritten &&
		worker->write_again_at - clock_monotonic() < time)
		time = worker->write_again_at - clock_monotonic();
	if (dispatch_is_hungry(worker->dispatch) &&
		worker->refill_at - clock_monotonic() < time)
		time = worker->refill_at - clock_monotonic();
	if (worker->reports &&
		worker->report_again_at - clock_monotonic() < time)
		time = worker->report_again_at - clock_monotonic();
	return time > 0 ? time : 0;
}
