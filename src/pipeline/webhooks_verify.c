/* Proving endpoints: how handshakes end, who waits for it, and the rate. */
#include "base/clock.h"
#include "pipeline/webhook_news.h"
#include "pipeline/webhook_snapshot.h"
#include "pipeline/webhooks_private.h"

/* ---- those who wait ---- */

/** Takes out whoever waits for this handshake. Change lock held. */
static struct webhooks_wait *
take_waits(struct webhooks *webhooks, uint64_t number, uint64_t handshake)
{
	struct webhooks_wait **at = &webhooks->waits, *taken = NULL;

	while (*at) {
		struct webhooks_wait *wait = *at;

		if (wait->number != number || wait->handshake != handshake) {
			at = &wait->next;
			continue;
		}
		*at = wait->next;
		wait->next = taken;
		taken = wait;
	}
	return taken;
}

static void
tell_waits(struct webhooks_wait *wait, const struct handshake_outcome *outcome)
{
	while (wait) {
		struct webhooks_wait *next = wait->next;

		wait->done(wait, outcome);
		wait = next;
	}
}

/* ---- the end of a handshake ---- */

static enum err
end_locked(struct webhooks *webhooks, const struct webhook *former,
	const struct handshake_outcome *outcome)
{
	const struct webhook_cause cause = {.kind = WEBHOOK_BY_HANDSHAKE,
		.detail = str_of(outcome->detail)};
	const struct webhook_step step = {.is_fresh = true, .cause = &cause};
	struct webhook *next = webhook_copy(former);

	next->allowed_rate = outcome->allowed_rate;
	next->is_rate_unlimited = outcome->is_rate_unlimited;
	webhooks_move_health(next, outcome->is_accepted
					   ? HEALTH_HANDSHAKE_ACCEPTED
					   : HEALTH_HANDSHAKE_FAILED);
	if (outcome->is_accepted)
		next->verified = clock_now();
	else if (outcome->reason[0])
		next->status_reason =
			arena_copy(&next->arena, str_of(outcome->reason));
	return webhooks_report(webhooks, former, next, &step);
}

enum err
webhooks_end_handshake(struct webhooks *webhooks, uint64_t number,
	uint64_t handshake, const struct handshake_outcome *outcome)
{
	const struct webhook *former;
	struct webhooks_wait *waits = NULL;
	enum err err = ERR_OK;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find_number(webhooks, number);
	if (former && former->handshake == handshake && !outcome->is_put_off) {
		if (health_is_waiting(&former->health))
			err = end_locked(webhooks, former, outcome);
		else if (health_is_probing(&former->health))
			err = webhooks_end_probe(webhooks, former, outcome);
	}
	if (!err)
		waits = take_waits(webhooks, number, handshake);
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	tell_waits(waits, outcome);
	return err;
}

/* ---- asking for one ---- */

static enum err
verify_locked(struct webhooks *webhooks, const struct webhook *former,
	struct webhooks_wait *wait, struct webhook_problem *problem)
{
	const struct webhooks_listener *listener = &webhooks->options.listener;
	const struct webhook_cause cause = {.kind = WEBHOOK_BY_KEY};
	struct webhook *next = webhook_copy(former);
	bool is_fresh = webhooks_move_health(next, HEALTH_USER_VERIFIES);
	const struct webhook_step step = {
		.is_fresh = is_fresh, .cause = &cause, .problem = problem};
	enum err err;

	/* The next revision's: see webhooks_commit_next. */
	next->handshake = former->revision + 1;
	wait->number = former->number;
	wait->handshake = next->handshake;
	wait->next = webhooks->waits;
	webhooks->waits = wait;
	webhook_ref(next);
	err = webhooks_commit_next(webhooks, former, next, &step);
	if (err)
		webhooks->waits = wait->next;
	else if (!is_fresh)
		listener->handshake(listener->context, next);
	webhook_unref(next);
	return err == ERR_LIMIT ? ERR_IO : err;
}

enum err
webhooks_verify(struct webhooks *webhooks, uint32_t workspace, struct uuid id,
	struct webhooks_wait *wait, struct webhook_problem *problem)
{
	const struct webhook *former;
	enum err err = ERR_NOT_FOUND;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find(webhooks, workspace, id);
	if (former && former->options.handshake == HANDSHAKE_NONE) {
		buf_append(&problem->why,
			STR("the webhook asks for no handshake"));
		err = ERR_CONFLICT;
	} else if (former) {
		err = verify_locked(webhooks, former, wait, problem);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}

/* ---- the rate ---- */

enum err
webhooks_set_rate(struct webhooks *webhooks, uint64_t number,
	unsigned allowed_rate, bool is_unlimited)
{
	const struct webhook *former;
	enum err err = ERR_OK;

	pthread_mutex_lock(&webhooks->change);
	former = webhooks_find_number(webhooks, number);
	if (former && (former->allowed_rate != allowed_rate ||
			      former->is_rate_unlimited != is_unlimited)) {
		const struct webhook_step step = {0};
		struct webhook *next = webhook_copy(former);

		next->allowed_rate = allowed_rate;
		next->is_rate_unlimited = is_unlimited;
		err = webhooks_report(webhooks, former, next, &step);
	}
	pthread_mutex_unlock(&webhooks->change);
	webhook_unref(former);
	return err;
}

/* ---- after a start ---- */

/* Attempts looked at: enough for the rules, also when batches fail. */
enum { FAILURES_READ_MAX = 500 };

enum err
webhooks_count_failures(struct webhooks *webhooks, struct webhook *webhook)
{
	struct arena arena = {0};
	struct attempt_list list = {0};
	int64_t former = 0;
	enum err err;

	if (health_time(&webhook->health) == INT64_MAX)
		return ERR_OK;
	err = store_attempts_shown(webhooks->options.store, webhook->number, 0,
		FAILURES_READ_MAX, &arena, &list);
	for (size_t i = 0; !err && i < list.count; i++) {
		const struct attempt_row *attempt = &list.rows[i].attempt;

		/* Those of a batch have started in the same moment, in one
		   request. */
		if (attempt->ended > webhook->verified &&
			attempt->started != former)
			health_note_failure(&webhook->health, attempt->ended);
		former = attempt->started;
	}
	arena_release(&arena);
	return err;
}
