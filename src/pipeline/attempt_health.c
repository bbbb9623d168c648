/* What an attempt's outcome is to its webhook, and what is told of it. */
#include <stdio.h>

#include "base/clock.h"
#include "pipeline/attempt_private.h"
#include "pipeline/dead_tally.h"
#include "pipeline/heartbeat.h"
#include "pipeline/webhook_news.h"

/**
 * Whether the attempt was made under the lane's present handshake: what an
 * older destination did says nothing of the one that has been proven since.
 */
static bool
is_of_present_target(const struct attempt *attempt)
{
	return attempt->webhook->handshake ==
	       lane_webhook(attempt->delivery->lane)->handshake;
}

/**
 * COM and GreenLake count a 410 as a failure among others; the hub's own
 * webhooks take the endpoint at its word.
 */
static enum health_trigger
trigger_of(const struct attempt *attempt, const struct retry_decision *decision)
{
	if (decision->verdict == RETRY_DELIVERED)
		return HEALTH_DELIVERY_ACKNOWLEDGED;
	if (decision->is_gone &&
		str_equal(attempt->webhook->dialect, STR("native")))
		return HEALTH_ENDPOINT_GONE;
	if (decision->disables)
		return HEALTH_DELIVERY_REFUSED;
	return decision->is_used_up ? HEALTH_DELIVERY_LOST
				    : HEALTH_DELIVERY_FAILED;
}

bool
attempt_apply_health(struct attempt *attempt,
	const struct retry_decision *decision, struct health_report *report)
{
	struct lane *lane = attempt->delivery->lane;
	const struct webhook *webhook = lane_webhook(lane);
	struct health *health = lane_health(lane);
	struct store_change *change;
	const char *reason;

	if (!is_of_present_target(attempt))
		return false;
	if (health_move(health, trigger_of(attempt, decision), &reason)) {
		*report = (struct health_report){.revision = webhook->revision,
			.health = *health,
			.reason = reason};
		snprintf(report->detail, sizeof(report->detail), "%.*s",
			STR_ARG(attempt->row.error));
		return true;
	}
	change = attempt_add_change(attempt, STORE_HEALTH_SET);
	change->webhook_number = webhook->number;
	change->health = (struct health_counters){
		health->window, health->count, health->failures_in_a_row};
	return false;
}

void
attempt_report_health(struct worker *worker, struct lane *lane,
	const struct health_report *report)
{
	const struct deliver_options *options = worker->options;
	const struct webhook *webhook = lane_webhook(lane);

	options->health_moved(options->context, webhook->number, report);
	dispatch_health_moved(worker->dispatch, lane);
	heartbeat_set(worker, webhook, false);
}

void
attempt_tell_dead(struct attempt *attempt, const struct payload *payload)
{
	struct worker *worker = attempt->worker;
	const struct webhook *webhook = attempt->webhook;
	size_t count = attempt->outcome.unit.count;
	struct store_change *all;
	struct webhook_dead dead = {.reason = attempt->delivery_row.reason};

	if (payload == NULL || announce_is_own(payload->source) ||
		uuid_parse(str_of(attempt->id), &dead.delivery))
		return;
	dead.count = dead_tally_add(
		worker->dead_tally, webhook->number, clock_monotonic());
	if (dead.count == 0)
		return;
	dead.event_id = payload->id;
	dead.event_type = payload->type;
	attempt->announced =
		webhook_news_dead(worker->options->webhooks, webhook, &dead);
	if (attempt->announced == NULL)
		return;
	all = arena_alloc_array(&attempt->arena,
		count + announce_count(attempt->announced), sizeof(*all));
	memcpy(all, attempt->changes, count * sizeof(*all));
	announce_changes(attempt->announced, all + count);
	attempt->changes = all;
	attempt->outcome.unit.count =
		count + announce_count(attempt->announced);
}
