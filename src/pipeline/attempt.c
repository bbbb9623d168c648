#include "pipeline/attempt.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/announce.h"
#include "pipeline/attempt_private.h"
#include "pipeline/live.h"

/* How long outcomes wait before they are offered to the writer again. */
#define WRITE_AGAIN_AFTER (1 * SECONDS)

struct attempt *
attempt_new(struct worker *worker, struct delivery *delivery)
{
	struct arena arena = {0};
	struct attempt *attempt = ARENA_NEW(&arena, struct attempt);

	attempt->arena = arena;
	attempt->message.kind = MAIL_SETTLED;
	attempt->worker = worker;
	attempt->delivery = delivery;
	attempt->is_in_dispatch = true;
	attempt->changes = attempt->few;
	return attempt;
}

/** The delivery has been given back or freed before. */
static void
attempt_free(struct attempt *attempt)
{
	struct arena arena = attempt->arena;

	announce_end(attempt->announced, false);
	outlet_give_back(attempt->outlet);
	arena_release(&arena);
}

struct str
attempt_destination(const struct attempt *attempt)
{
	return attempt->errand ? attempt->errand->destination
			       : attempt->webhook->destination;
}

static void
drop_payload(struct delivery *delivery)
{
	payload_unref(delivery->payload);
	delivery->payload = NULL;
}

/* ---- the outcome, on its way to disk ---- */

/** Writer's thread. */
static void
committed(struct writer_item *item)
{
	struct attempt *attempt = CONTAINER_OF(item, struct attempt, outcome);

	mailbox_post(attempt->worker->mailbox, &attempt->message);
}

/** The worker wakes the writer at the end of its turn. */
static void
write_outcome(struct attempt *attempt)
{
	struct worker *worker = attempt->worker;

	attempt->outcome.done = committed;
	attempt->outcome.unit.changes = attempt->changes;
	writer_submit_quietly(worker->options->writer, &attempt->outcome);
	worker->has_outcomes = true;
}

static void
keep_unwritten(struct worker *worker, struct attempt *attempt)
{
	attempt->next_unwritten = worker->unwritten;
	worker->unwritten = attempt;
	worker->write_again_at = clock_monotonic() + WRITE_AGAIN_AFTER;
}

void
attempt_write_again(struct worker *worker)
{
	struct attempt *attempt = worker->unwritten;

	worker->unwritten = NULL;
	while (attempt) {
		struct attempt *next = attempt->next_unwritten;

		write_outcome(attempt);
		attempt = next;
	}
}

static void
give_back(struct attempt *attempt, bool is_again)
{
	if (attempt->is_in_dispatch)
		dispatch_settle(
			attempt->worker->dispatch, attempt->delivery, is_again);
	else
		delivery_free(attempt->delivery);
	attempt_free(attempt);
}

/** It is told of, or is not. */
static void
end_news(struct attempt *attempt, bool is_stored)
{
	announce_end(attempt->announced, is_stored);
	attempt->announced = NULL;
}

/**
 * Leaves nothing of the outcome but the attempt, which its delivery counts, or
 * the next one would have its number; false: there is none, or it was left so.
 */
static bool
keep_only_attempt(struct attempt *attempt)
{
	end_news(attempt, false);
	if (attempt->changes[0].kind != STORE_DELIVERY_SET ||
		attempt->outcome.unit.count < 2)
		return false;
	attempt->changes[0].kind = STORE_DELIVERY_TRIED;
	attempt->outcome.unit.count = 2;
	attempt->is_again = false;
	return true;
}

/** Says what came of it, and frees all of it. */
static void
end_errand(struct attempt *attempt, bool is_kept)
{
	struct deliver_errand *errand = attempt->errand;

	atomic_fetch_sub(errand->running, 1);
	webhook_unref(errand->webhook);
	errand->done(errand, &attempt->row, is_kept);
	give_back(attempt, false);
}

void
attempt_expect(const struct message *message)
{
	const size_t size = offsetof(struct attempt, batch);

	for (size_t i = CACHE_LINE; i < size; i += CACHE_LINE)
		__builtin_prefetch((const char *)message + i);
}

void
attempt_settled(struct worker *worker, struct message *message)
{
	struct attempt *attempt =
		CONTAINER_OF(message, struct attempt, message);
	enum err err = attempt->outcome.unit.result;

	if (attempt->errand) {
		end_errand(attempt, err == ERR_OK);
		return;
	}
	if (err == ERR_INVALID) {
		/* A bug of ours: writing it again would fail again. The
		   delivery waits on disk; the next start takes it up. */
		log_error("attempt.refused", "delivery=%s", attempt->id);
		attempt->delivery->is_stuck = true;
		give_back(attempt, false);
		return;
	}
	if (err != ERR_OK && err != ERR_CONFLICT) {
		keep_unwritten(worker, attempt);
		return;
	}
	/* It was skipped, or its webhook deleted, meanwhile. That stands, but
	   that the attempt was made is still told. */
	if (err == ERR_CONFLICT && keep_only_attempt(attempt)) {
		write_outcome(attempt);
		return;
	}
	end_news(attempt, err == ERR_OK);
	give_back(attempt, err == ERR_OK && attempt->is_again);
}

void
attempt_abandon_unwritten(struct worker *worker)
{
	while (worker->unwritten) {
		struct attempt *attempt = worker->unwritten;

		worker->unwritten = attempt->next_unwritten;
		give_back(attempt, false);
	}
}

void
attempt_abandon(struct worker *worker, struct message *message)
{
	struct attempt *attempt =
		CONTAINER_OF(message, struct attempt, message);

	(void)worker;
	if (attempt->errand)
		end_errand(attempt, attempt->outcome.unit.result == ERR_OK);
	else
		give_back(attempt, false);
}

/* ---- the end of a request ---- */

/* How the request of a batch ended, for each in it. */
struct ending {
	const struct http_result *result;
	struct retry_outcome outcome;
	struct attempt_heads heads;
	int64_t now;	/* wall clock */
	bool has_delay; /* one for all, so that they stay together */
	int64_t delay;
	bool has_moved; /* the webhook's health; as `report` says */
	struct health_report report;
};

struct store_change *
attempt_add_change(struct attempt *attempt, enum store_change_kind kind)
{
	struct store_change *change =
		&attempt->changes[attempt->outcome.unit.count++];

	change->kind = kind;
	return change;
}

static void
fill_delivery(struct attempt *attempt, int64_t now, enum delivery_state state,
	struct str reason)
{
	const struct delivery *delivery = attempt->delivery;
	struct delivery_row *row = &attempt->delivery_row;

	/* All else is zero since the attempt was made. */
	row->sequence = delivery->sequence;
	row->workspace = delivery->workspace;
	row->event = delivery->event;
	row->webhook = delivery->webhook;
	row->state = state;
	row->attempts = delivery->attempts;
	row->due = delivery->due;
	row->created = delivery->created;
	row->updated = now;
	row->reason = reason;
	attempt_add_change(attempt, STORE_DELIVERY_SET)->delivery = row;
}

/**
 * What fails at the endpoint's side holds back the later deliveries of its
 * resource for so many attempts; faults of our own side are nobody's turn.
 */
static bool
has_held_back_enough(
	const struct attempt *attempt, const struct retry_decision *decision)
{
	const struct delivery *delivery = attempt->delivery;
	unsigned limit = attempt->webhook->options.ordering_limit;

	return delivery->resource && decision->counts_against_health &&
	       delivery->attempts >= (limit ? limit : WEBHOOK_ORDERING_LIMIT);
}

static void
skip_for_those_behind(struct attempt *attempt, int64_t now)
{
	fill_delivery(attempt, now, DELIVERY_SKIPPED,
		arena_printf(&attempt->arena,
			"After %u attempts it no longer holds back the later "
			"ones of its resource: %.*s",
			attempt->delivery->attempts,
			STR_ARG(attempt->row.error)));
}

/** Turns the decision into the delivery's next state. */
static void
apply_decision(struct attempt *attempt, const struct ending *ending,
	const struct retry_decision *decision)
{
	struct worker *worker = attempt->worker;
	struct delivery *delivery = attempt->delivery;
	char webhook[UUID_TEXT_SIZE];

	switch (decision->verdict) {
	case RETRY_DELIVERED:
		counter_add(&worker->acknowledged, 1);
		fill_delivery(
			attempt, ending->now, DELIVERY_DELIVERED, STR(""));
		return;
	case RETRY_AGAIN:
		counter_add(&worker->failed, 1);
		if (has_held_back_enough(attempt, decision)) {
			skip_for_those_behind(attempt, ending->now);
			return;
		}
		attempt->is_again = true;
		delivery->written = ending->now;
		delivery->due = delivery->written + decision->delay;
		fill_delivery(attempt, ending->now, DELIVERY_WAITING,
			attempt->row.error);
		return;
	case RETRY_GIVE_UP:
		counter_add(&worker->failed, 1);
		counter_add(&worker->dead, 1);
		fill_delivery(attempt, ending->now, DELIVERY_DEAD,
			arena_printf(&attempt->arena, "%s: %.*s",
				decision->reason, STR_ARG(attempt->row.error)));
		log_warning("delivery.dead", "delivery=%s webhook=%s reason=%s",
			attempt->id, uuid_format(attempt->webhook->id, webhook),
			log_quoted(
				&attempt->arena, attempt->delivery_row.reason));
		return;
	}
}

static const struct retry_policy *
policy_of(const struct attempt *attempt)
{
	const struct webhook_options *options = &attempt->webhook->options;
	const struct deliver_options *hub = attempt->worker->options;

	if (options->retry)
		return options->retry;
	return options->failures == FAILURES_GREENLAKE ? &hub->retry_greenlake
						       : &hub->retry;
}

static void
decide(const struct attempt *attempt, struct ending *ending,
	struct retry_decision *ret)
{
	const struct delivery *delivery = attempt->delivery;

	*ret = retry_decide(policy_of(attempt), &ending->outcome,
		delivery->attempts + 1 - delivery->spent,
		drift_age(dispatch_drift(attempt->worker->dispatch),
			delivery->since));
	if (ret->verdict == RETRY_AGAIN &&
		delivery->attempts + 1 >= DELIVERY_ATTEMPTS_MAX) {
		ret->verdict = RETRY_GIVE_UP;
		ret->reason = "it has had as many attempts as there can be";
	}
	if (ret->verdict != RETRY_AGAIN)
		return;
	if (!ending->has_delay)
		ending->delay = ret->delay;
	ending->has_delay = true;
	ret->delay = ending->delay;
}

/** `is_first`: it stands for the request where the webhook is concerned. */
static void
end_one(struct attempt *attempt, struct ending *ending, bool is_first)
{
	struct retry_decision decision;
	bool is_delivered;
	/* A retry reads its event anew: in memory it would only wait (P7). */
	struct payload *payload = attempt->delivery->payload;

	decide(attempt, ending, &decision);
	is_delivered = decision.verdict == RETRY_DELIVERED;
	attempt->delivery->payload = NULL;
	if (is_first)
		worker_measure(attempt->worker, ending->result,
			attempt->delivery, is_delivered);
	live_count(attempt->webhook->live, is_delivered);
	attempt_fill_row(attempt, ending->result, &ending->heads, is_delivered);
	attempt->delivery->attempts++;
	apply_decision(attempt, ending, &decision);
	attempt_add_change(attempt, STORE_ATTEMPT_ADD)->attempt = &attempt->row;
	if (is_first && (is_delivered || decision.counts_against_health))
		ending->has_moved = attempt_apply_health(
			attempt, &decision, &ending->report);
	if (decision.verdict == RETRY_GIVE_UP)
		attempt_tell_dead(attempt, payload);
	payload_unref(payload);
	write_outcome(attempt);
}

/** We are stopping; they are WAITING on disk, as before. */
static void
abandon(struct attempt *attempt)
{
	while (attempt) {
		struct attempt *next = attempt->batch;

		give_back(attempt, false);
		attempt = next;
	}
}

static void
describe(struct attempt *attempt, const struct http_result *result,
	struct attempt_heads *ret)
{
	ret->owner = attempt;
	ret->request = attempt_describe_request(attempt);
	ret->response = attempt_mask_response(attempt, result->head);
}

/** It is written down beside the delivery's attempts, and nothing else. */
static void
errand_done(struct attempt *attempt, const struct http_result *result)
{
	struct attempt_heads heads;

	describe(attempt, result, &heads);
	attempt_fill_row(attempt, result, &heads,
		result->failure == HTTP_NO_FAILURE && result->status >= 200 &&
			result->status <= 299);
	attempt->row.number = ATTEMPT_DEBUG_FIRST;
	if (result->failure == HTTP_ABORTED) {
		end_errand(attempt, false);
		return;
	}
	attempt_add_change(attempt, STORE_ATTEMPT_ADD)->attempt = &attempt->row;
	write_outcome(attempt);
}

void
attempt_done(struct attempt *attempt, const struct http_result *result)
{
	struct ending ending = {.result = result,
		.outcome = {.failure = result->failure,
			.status = result->status,
			.rules = attempt->webhook->options.failures}};
	struct worker *worker = attempt->worker;
	struct attempt *each, *next;
	struct str retry_after;
	struct lane *lane;

	if (attempt->errand) {
		errand_done(attempt, result);
		return;
	}
	lane = attempt->delivery->lane;
	ending.now = worker_look_once(worker);
	for (each = attempt; each; each = each->batch) {
		struct dispatch *dispatch = each->worker->dispatch;

		dispatch_outcome(dispatch, each->delivery, result->failure,
			result->status);
		dispatch_attempted(dispatch, each->delivery);
	}
	if (result->failure == HTTP_ABORTED) {
		abandon(attempt);
		return;
	}
	if (result->status >= 300 &&
		http_head_find(result->head, STR("Retry-After"), &retry_after))
		ending.outcome.retry_after =
			retry_after_read(retry_after, ending.now);
	describe(attempt, result, &ending.heads);
	for (each = attempt; each; each = next) {
		next = each->batch;
		end_one(each, &ending, each == attempt);
	}
	if (ending.has_moved)
		attempt_report_health(worker, lane, &ending.report);
}

/* ---- without a request ---- */

void
attempt_skip(struct worker *worker, struct delivery *delivery)
{
	struct attempt *attempt = attempt_new(worker, delivery);

	attempt->is_in_dispatch = false;
	drop_payload(delivery);
	fill_delivery(attempt, clock_now(), DELIVERY_SKIPPED,
		STR("The webhook stopped sending before its turn came."));
	write_outcome(attempt);
}

/* ---- errands ---- */

void
attempt_refuse_errand(struct deliver_errand *errand)
{
	const struct attempt_row row = {
		.delivery = errand->delivery.sequence,
		.failure = str_of(http_failure_name(HTTP_ABORTED)),
		.error = STR("The hub is stopping."),
		.destination = errand->destination,
	};

	atomic_fetch_sub(errand->running, 1);
	webhook_unref(errand->webhook);
	errand->done(errand, &row, false);
}
