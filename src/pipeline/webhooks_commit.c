/* Writing a webhook's next state, and telling of it. */
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/webhook_audit.h"
#include "pipeline/webhook_news.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"
#include "pipeline/writer.h"

void
webhooks_log_status(const struct webhook *former, const struct webhook *webhook)
{
	char id[UUID_TEXT_SIZE];
	struct arena arena = {0};

	if (former && former->health.state == webhook->health.state &&
		former->health.status == webhook->health.status)
		return;
	log_info("webhook.status",
		"webhook=%s name=%s state=%s status=%s was=%s reason=%s",
		uuid_format(webhook->id, id), log_quoted(&arena, webhook->name),
		webhook_state_name(webhook->health.state),
		webhook_status_name(webhook->health.status),
		former ? webhook_status_name(former->health.status) : "new",
		log_quoted(&arena, webhook->status_reason));
	arena_release(&arena);
}

enum err
webhooks_commit_unit(struct webhooks *webhooks,
	const struct webhooks_unit *unit, struct webhook_problem *problem)
{
	enum err err = webhooks->options.ingest
			       ? announce_commit(webhooks->options.ingest,
					 unit->changes, unit->count, unit->news,
					 COUNT_OF(unit->news))
			       : writer_commit(webhooks->options.writer,
					 unit->changes, unit->count);

	if (err && problem)
		buf_printf(&problem->why, "the change could not be stored (%s)",
			err_name(err));
	return err;
}

static bool
is_open(const struct webhook *webhook)
{
	return health_is_sending(&webhook->health) ||
	       health_is_waiting(&webhook->health);
}

/** When it is probed, if its health has disabled it. */
static void
plan_probe(struct webhook *next)
{
	const struct webhook_options *options = &next->options;

	if (!health_may_be_probed(&next->health) || options->probe_after == 0) {
		next->probe_at = 0;
		if (!health_is_probing(&next->health))
			next->probes_failed = 0;
	} else if (next->probe_at == 0) {
		next->probe_at =
			next->updated + health_probe_pause(options->probe_after,
						options->probe_max,
						next->probes_failed);
	}
}

/** What was skipped until now is told when the webhook sends again. */
static void
note_gap(struct webhooks *webhooks, struct webhook *next,
	struct webhooks_unit *unit)
{
	if (!is_open(next) && next->gap_from == 0)
		next->gap_from = next->updated;
	if (!health_is_sending(&next->health) || next->gap_from == 0)
		return;
	unit->news[1] = webhook_news_gap(webhooks, next, next->gap_from);
	next->gap_from = 0;
}

static void
prepare_next(struct webhooks *webhooks, const struct webhook *former,
	struct webhook *next, const struct webhook_step *step,
	struct webhooks_unit *unit)
{
	next->revision = former->revision + 1;
	next->updated = clock_now();
	if (step->is_fresh && (health_is_waiting(&next->health) ||
				      health_is_probing(&next->health)))
		next->handshake = next->revision;
	plan_probe(next);
	if (!is_open(next))
		unit->changes[unit->count++] =
			(struct store_change){.kind = STORE_DELIVERIES_SKIP,
				.webhook_number = next->number,
				.reason = next->status_reason,
				.now = next->updated};
	if (step->cause)
		unit->news[0] = webhook_news_change(
			webhooks, former, next, step->cause);
	note_gap(webhooks, next, unit);
	if (step->cause && step->cause->kind == WEBHOOK_BY_KEY)
		unit->news[2] = webhook_audit_new(former, next);
}

enum err
webhooks_commit_next(struct webhooks *webhooks, const struct webhook *former,
	struct webhook *next, const struct webhook_step *step)
{
	struct arena arena = {0};
	struct webhook_row row;
	struct webhooks_unit unit = {
		.changes = {{.kind = STORE_WEBHOOK_SET, .webhook = &row}},
		.count = 1};
	enum err err;

	prepare_next(webhooks, former, next, step, &unit);
	webhook_to_row(next, webhooks->options.key, &arena, &row);
	err = webhooks_commit_unit(webhooks, &unit, step->problem);
	arena_release(&arena);
	if (err) {
		webhook_unref(next);
		return err;
	}
	webhooks_log_status(former, next);
	webhook_ref(next);
	webhooks_put(webhooks, next);
	webhooks_tell(webhooks, next, step->is_fresh);
	webhook_unref(next);
	return ERR_OK;
}
