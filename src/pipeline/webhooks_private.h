#pragma once
#include <pthread.h>

#include "base/map.h"
#include "pipeline/webhooks.h"

/*
 * Private to webhooks.c (table and life), webhooks_change.c (what users do),
 * webhooks_commit.c (writing it),
 * webhooks_report.c (what deliveries, handshakes and the clock do),
 * webhooks_secret.c and webhook_news.c.
 */
struct announced;     /* pipeline/announce.h */
struct webhook_cause; /* pipeline/webhook_news.h */

/*
 * Two locks. `change` is held through a whole change, commit included, so
 * that changes come one after another. `table` guards the maps for the moment
 * of a look-up or an edit; it is never held while waiting.
 */
struct webhooks {
	struct webhooks_options options;
	pthread_mutex_t change;
	pthread_rwlock_t table;
	struct map by_id;	  /* 16 bytes */
	struct map by_number;	  /* 8 bytes */
	struct map subscriptions; /* by id; the webhooks' references */
	size_t by_status[WEBHOOK_STATUS_COUNT];
	uint64_t last_number;
	struct webhooks_wait *waits; /* the change lock's */
};

/* Keys of the maps; they point into their argument. */
static inline struct str
webhooks_id_key(const struct uuid *id)
{
	return str_make((const char *)id->bytes, sizeof(id->bytes));
}

static inline struct str
webhooks_number_key(const uint64_t *number)
{
	return str_make((const char *)number, sizeof(*number));
}

/** Gives the webhooks that were loaded their subscriptions; on opening. */
enum err webhooks_load_subscriptions(struct webhooks *webhooks, struct buf *why)
	MUST_USE;

/* The change lock is held: */

/** Puts it in place of its former snapshot; takes over the reference. */
void webhooks_put(
	struct webhooks *webhooks, const struct webhook *take_webhook);
void webhooks_take_out(
	struct webhooks *webhooks, const struct webhook *webhook);
/** A unit of changes, and what is told with it. */
struct webhooks_unit {
	struct store_change changes[2];
	size_t count;
	struct announced *news[3]; /* taken; the last for the audit log */
};
enum err webhooks_commit_unit(struct webhooks *webhooks,
	const struct webhooks_unit *unit, struct webhook_problem *problem)
	MUST_USE;

/** A line in the log if the status is another one; `former` may be NULL. */
void webhooks_log_status(
	const struct webhook *former, const struct webhook *webhook);

/**
 * Stores the next revision of a webhook, tells of it, and takes over the
 * caller's reference to `next` (also on failure). Waiting deliveries become
 * SKIPPED when it neither sends nor waits any more.
 */
struct webhook_step {
	bool is_fresh;
	const struct webhook_cause *cause; /* NULL: nobody is told */
	struct webhook_problem *problem;   /* may be NULL */
};
enum err webhooks_commit_next(struct webhooks *webhooks,
	const struct webhook *former, struct webhook *take_next,
	const struct webhook_step *step) MUST_USE;

/**
 * Whether the workspace may have one more webhook, of this name. ERR_LIMIT, or
 * ERR_CONFLICT when names are unique and it is taken.
 */
enum err webhooks_check_count(struct webhooks *webhooks, uint32_t workspace,
	const struct webhook_draft *draft, struct webhook_problem *problem)
	MUST_USE;

/** Whether it may have the draft's name. ERR_CONFLICT. */
enum err webhooks_check_name(struct webhooks *webhooks,
	const struct webhook *former, const struct webhook_draft *draft,
	struct webhook_problem *problem) MUST_USE;

/** Moves the health and writes the reason; true when something changed. */
bool webhooks_move_health(struct webhook *webhook, enum health_trigger trigger);

/** Stores what happened by itself; a failure is told here, to the log. */
enum err webhooks_report(struct webhooks *webhooks,
	const struct webhook *former, struct webhook *take_next,
	const struct webhook_step *step);

/** A probe has ended. */
enum err webhooks_end_probe(struct webhooks *webhooks,
	const struct webhook *former, const struct handshake_outcome *outcome)
	MUST_USE;

/**
 * After a start: counts the failures of the last hours, which are on disk as
 * attempts, of a webhook whose rules ask for them and that is failing.
 */
enum err webhooks_count_failures(
	struct webhooks *webhooks, struct webhook *webhook) MUST_USE;

/** Match index, workers, and the handshake if one is due. */
void webhooks_tell(struct webhooks *webhooks, const struct webhook *webhook,
	bool is_fresh);
