#pragma once
#include "pipeline/hub.h"

/*
 * Deliveries that somebody asks for: one more attempt of one that has ended,
 * and a synthetic event to try a webhook out. Functions block until the
 * commit: not for event-loop threads.
 */

/** A delivery's public id: what webhook-id says. */
struct uuid redeliver_id(const struct delivery_row *delivery);

/**
 * The delivery (DEAD, SKIPPED or DELIVERED) waits again, due now, with its
 * schedule anew. ERR_NOT_FOUND, ERR_CONFLICT (it is waiting, its webhook does
 * not send, its event is not kept any more, or it has had
 * REDELIVER_ATTEMPTS_MAX attempts), ERR_IO; `why` has a sentence.
 */
enum { REDELIVER_ATTEMPTS_MAX = 60 };
enum err redeliver_retry(struct hub *hub, uint32_t workspace, struct uuid id,
	struct buf *why) MUST_USE;

/**
 * The delivery's payload once to another destination, for debugging
 * (deliver_errand): `errand->destination` and `done` are set by the caller, the
 * rest here. ERR_NOT_FOUND, ERR_INVALID (no URL), ERR_CONFLICT (the webhook or
 * the event is gone), ERR_LIMIT, ERR_IO: `done` is not called then.
 */
enum err redeliver_elsewhere(struct hub *hub, uint32_t workspace,
	struct uuid id, struct deliver_errand *errand, struct arena *arena,
	struct buf *why) MUST_USE;

/**
 * Stores an event of type grapnel.webhook.test and its one delivery, to this
 * webhook whatever its filter. ERR_CONFLICT when it does not send, ERR_IO.
 */
struct redeliver_test {
	char event_id[UUID_TEXT_SIZE];
	struct uuid delivery;
};
enum err redeliver_test(struct hub *hub, const struct webhook *webhook,
	struct str publisher, struct redeliver_test *ret, struct buf *why)
	MUST_USE;
