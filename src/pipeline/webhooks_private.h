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
	struct map by_id;     /* 16 bytes */
	struct map by_number; /* 8 bytes */
	uint64_t last_number;
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

/* The change lock is held: */

/** Puts it in place of its former snapshot; takes over the reference. */
void webhooks_put(
	struct webhooks *webhooks, const struct webhook *take_webhook);
void webhooks_take_out(
	struct webhooks *webhooks, const struct webhook *webhook);
/**
 * Stores the next revision of a webhook, tells of it, and takes over the
 * caller's reference to `next` (also on failure). Waiting deliveries become
 * SKIPPED when it neither sends nor waits any more.
 */
/** A unit of changes, and what is told with it. */
struct webhooks_unit {
	struct store_change changes[2];
	size_t count;
	struct announced *news[2]; /* taken */
};
enum err webhooks_commit_unit(struct webhooks *webhooks,
	const struct webhooks_unit *unit, struct webhook_problem *problem)
	MUST_USE;

/** A line in the log if the status is another one; `former` may be NULL. */
void webhooks_log_status(
	const struct webhook *former, const struct webhook *webhook);

struct webhook_step {
	bool is_fresh;
	const struct webhook_cause *cause; /* NULL: nobody is told */
	struct webhook_problem *problem;   /* may be NULL */
};
enum err webhooks_commit_next(struct webhooks *webhooks,
	const struct webhook *former, struct webhook *take_next,
	const struct webhook_step *step) MUST_USE;

/** Moves the health and writes the reason; true when something changed. */
bool webhooks_move_health(struct webhook *webhook, enum health_trigger trigger);

/** Match index, workers, and the handshake if one is due. */
void webhooks_tell(struct webhooks *webhooks, const struct webhook *webhook,
	bool is_fresh);
