#pragma once
#include "pipeline/announce.h"
#include "pipeline/webhooks.h"

/*
 * What is told of webhooks: events of types grapnel.webhook.* with the
 * webhook's id as subject (docs/webhook-events.md, the table in the .c). They
 * are the log of every change of its state (GET /v1/webhooks/{id}/log), and
 * what owners and other programs subscribe to.
 *
 * Telling must not cause telling without end, as when two webhooks that fail
 * each get the news of the other:
 *   - what is told of a webhook is never sent to itself;
 *   - a delivery of the hub's own events that is given up is not told of;
 *   - what happens by itself is told at most WEBHOOK_NEWS_MAX times an hour
 *     and webhook; `leftOff` of the next one counts what was not.
 */
struct webhooks;

#define WEBHOOK_NEWS_SOURCE ANNOUNCE_SOURCE "webhooks"

enum { WEBHOOK_NEWS_MAX = 60, WEBHOOK_GAP_COUNTED_MAX = 10000 };

/** Who or what changed it. */
enum webhook_cause_kind {
	WEBHOOK_BY_KEY,	      /* a user, by his API key */
	WEBHOOK_BY_HANDSHAKE, /* its outcome */
	WEBHOOK_BY_HEALTH,    /* the outcomes of deliveries */
	WEBHOOK_BY_PROBE,     /* the clock, or the outcome of a probe */
};

struct webhook_cause {
	enum webhook_cause_kind kind;
	struct str key_id; /* BY_KEY */
	struct str detail; /* a sentence more than the reason, or empty */
};

/**
 * The change from `former` (NULL: it is new) to `next` (NULL: it goes), not
 * written yet. NULL when it is not to be told. May set counters in `next`.
 */
struct announced *webhook_news_change(struct webhooks *webhooks,
	const struct webhook *former, struct webhook *next,
	const struct webhook_cause *cause);

/**
 * Between `since` and now deliveries to it were skipped: how many, and how to
 * have them. NULL when there were none. Reads the store.
 */
struct announced *webhook_news_gap(struct webhooks *webhooks,
	const struct webhook *webhook, int64_t since);

/** Deliveries that were given up. */
struct webhook_dead {
	uint64_t count; /* since this was told last */
	struct uuid delivery;
	struct str event_id, event_type;
	struct str reason;
};

/** The same from a worker, for a unit with the outcome. */
struct announced *webhook_news_dead(struct webhooks *webhooks,
	const struct webhook *webhook, const struct webhook_dead *dead);
