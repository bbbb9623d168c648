#include "pipeline/heartbeat.h"

#include "base/mem.h"
#include "base/random.h"
#include "pipeline/rate_probe.h"

struct heartbeat {
	struct alarm alarm;
	struct worker *worker;
	uint64_t number;
	int64_t ask_at; /* for the rate, monotonic; INT64_MAX: never */
	struct rate_probe probe;
	const struct webhook *asked; /* while the probe is on its way */
	bool is_removed;	     /* freed when the probe has ended */
};

static struct str
key_of(const uint64_t *number)
{
	return str_make((const char *)number, sizeof(*number));
}

static struct heartbeat *
find(const struct worker *worker, uint64_t number)
{
	return map_get(&worker->heartbeats, key_of(&number));
}

static void
set_alarm(struct heartbeat *beat)
{
	struct lane *lane = dispatch_find(beat->worker->dispatch, beat->number);
	int64_t delay = INT64_MAX;
	int64_t recovers = lane ? health_time(lane_health(lane)) : INT64_MAX;

	if (beat->ask_at != INT64_MAX)
		delay = beat->ask_at - clock_monotonic();
	if (recovers != INT64_MAX && recovers - clock_now() < delay)
		delay = recovers - clock_now();
	if (delay == INT64_MAX)
		alarm_cancel(&beat->worker->alarms, &beat->alarm);
	else
		alarm_set(&beat->worker->alarms, &beat->alarm,
			delay > 0 ? delay : 0);
}

/* ---- the rate ---- */

static void
answered(struct rate_probe *probe, const struct rate_answer *answer)
{
	struct heartbeat *beat = CONTAINER_OF(probe, struct heartbeat, probe);
	const struct deliver_options *options = beat->worker->options;

	webhook_unref(beat->asked);
	beat->asked = NULL;
	if (beat->is_removed) {
		mem_free(beat);
		return;
	}
	/* An endpoint that cannot be reached now has not taken it back. */
	if (answer->failure == HTTP_NO_FAILURE)
		options->rate_told(options->context, beat->number, answer->rate,
			answer->is_unlimited);
}

static void
ask_rate(struct heartbeat *beat, struct lane *lane)
{
	int64_t interval = beat->worker->options->heartbeat;

	beat->ask_at = interval ? clock_monotonic() + interval : INT64_MAX;
	if (beat->asked || !health_is_sending(lane_health(lane)))
		return;
	webhook_ref(lane_webhook(lane));
	beat->asked = lane_webhook(lane);
	beat->probe = (struct rate_probe){.worker = beat->worker,
		.webhook = beat->asked,
		.done = answered};
	rate_probe_start(&beat->probe);
}

/* ---- the beat ---- */

static void
pass_time(struct heartbeat *beat, struct lane *lane)
{
	const struct deliver_options *options = beat->worker->options;
	struct health *health = lane_health(lane);
	const char *reason;

	if (!health_move(health, HEALTH_TIME_PASSED, &reason))
		return;
	options->health_moved(options->context, beat->number,
		&(struct health_report){
			.revision = lane_webhook(lane)->revision,
			.health = *health,
			.reason = reason});
	dispatch_health_moved(beat->worker->dispatch, lane);
}

static void
ring(struct alarm *alarm, bool is_over)
{
	struct heartbeat *beat = CONTAINER_OF(alarm, struct heartbeat, alarm);
	struct lane *lane = dispatch_find(beat->worker->dispatch, beat->number);

	if (is_over || lane == NULL)
		return;
	pass_time(beat, lane);
	if (beat->ask_at <= clock_monotonic())
		ask_rate(beat, lane);
	set_alarm(beat);
}

static struct heartbeat *
make(struct worker *worker, const struct webhook *webhook)
{
	struct heartbeat *beat = MEM_NEW(struct heartbeat);

	beat->worker = worker;
	beat->number = webhook->number;
	beat->alarm.ring = ring;
	beat->ask_at = INT64_MAX;
	map_put(&worker->heartbeats, key_of(&beat->number), beat);
	return beat;
}

void
heartbeat_set(
	struct worker *worker, const struct webhook *webhook, bool is_fresh)
{
	struct heartbeat *beat = find(worker, webhook->number);
	bool asks = webhook_asks_rate(webhook);
	int64_t interval = worker->options->heartbeat;

	if (beat == NULL && !asks &&
		webhook->options.failures != FAILURES_GREENLAKE)
		return;
	if (beat == NULL)
		beat = make(worker, webhook);
	if (!asks)
		beat->ask_at = INT64_MAX;
	/* The handshake asks by itself. */
	else if (is_fresh && webhook->options.handshake == HANDSHAKE_NONE)
		beat->ask_at = clock_monotonic();
	/* Not all of them at the same time after a start. */
	else if (beat->ask_at == INT64_MAX && interval)
		beat->ask_at = clock_monotonic() +
			       (int64_t)random_below((uint64_t)interval);
	set_alarm(beat);
}

void
heartbeat_remove(struct worker *worker, uint64_t webhook)
{
	struct heartbeat *beat = find(worker, webhook);

	if (beat == NULL)
		return;
	map_remove(&worker->heartbeats, key_of(&webhook));
	alarm_cancel(&worker->alarms, &beat->alarm);
	beat->is_removed = true;
	if (beat->asked == NULL)
		mem_free(beat);
}

void
heartbeat_release(struct worker *worker)
{
	struct heartbeat *beat;
	size_t at = 0;

	while ((beat = map_next(&worker->heartbeats, &at)))
		mem_free(beat);
	map_release(&worker->heartbeats);
}
