/* What deliveries and probes report of a webhook. */
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/webhook_news.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"

enum err
webhooks_report(struct webhooks *webhooks, const struct webhook *former,
	struct webhook *next, const struct webhook_step *step)
{
	enum err err;

	if (next->health.state != former->health.state)
		next->generation++;
	err = webhooks_commit_next(webhooks, former, next, step);
	if (err)
		log_error("webhook.status",
			"number=%llu err=%s its new status is not stored",
			(unsigned long long)former->number, err_name(err));
	return err;
}

enum err
webhooks_end_probe(struct webhooks *webhooks, const struct webhook *former,
	const struct handshake_outcome *outcome)
{
	const struct webhook_cause cause = {
		.kind = WEBHOOK_BY_PROBE, .detail = str_of(outcome->detail)};
	const struct webhook_step step = {.is_fresh = true, .cause = &cause};
	struct webhook *next = webhook_copy(former);

	if (outcome->is_accepted)
		next->allowed_rate = outcome->allowed_rate;
	else
		next->probes_failed++;
	webhooks_move_health(next, outcome->is_accepted ? HEALTH_PROBE_ANSWERED
							: HEALTH_PROBE_FAILED);
	return webhooks_report(webhooks, former, next, &step);
}

static enum err
begin_probe(struct webhooks *webhooks, const struct webhook *former)
{
	const struct webhook_cause cause = {.kind = WEBHOOK_BY_PROBE};
	const struct webhook_step step = {.is_fresh = true, .cause = &cause};
	struct webhook *next = webhook_copy(former);

	webhooks_move_health(next, HEALTH_PROBE_DUE);
	return webhooks_report(webhooks, former, next, &step);
}

enum err
webhooks_probe(struct webhooks *webhooks, uint64_t number)
{
	const struct webhook *former;
	enum err err = ERR_OK;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find_number(webhooks, number);
	if (former && former->probe_at && former->probe_at <= clock_now())
		err = begin_probe(webhooks, former);
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}

enum err
webhooks_set_health(struct webhooks *webhooks, uint64_t number,
	const struct health_report *facts)
{
	const struct webhook_cause cause = {
		.kind = WEBHOOK_BY_HEALTH, .detail = str_of(facts->detail)};
	const struct webhook_step step = {.cause = &cause};
	const struct webhook *former;
	enum err err = ERR_OK;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find_number(webhooks, number);
	if (former && former->revision == facts->revision) {
		struct webhook *next = webhook_copy(former);

		next->health = facts->health;
		next->status_reason =
			arena_copy(&next->arena, str_of(facts->reason));
		err = webhooks_report(webhooks, former, next, &step);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}
