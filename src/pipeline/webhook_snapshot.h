#pragma once
#include "pipeline/webhooks.h"

/*
 * A webhook between its row in the store and its snapshot in memory. Headers
 * and the secret travel sealed; the webhook's id is the seal's context.
 */

/** A snapshot with one reference. ERR_DENIED when the seal does not open. */
enum err webhook_from_row(const struct webhook_row *row,
	const struct seal_key *key, const struct webhook **ret, struct buf *why)
	MUST_USE;

/** The row's texts are in `arena` or the webhook's own. */
void webhook_to_row(const struct webhook *webhook, const struct seal_key *key,
	struct arena *arena, struct webhook_row *ret);

/** An empty one with one reference. */
struct webhook *webhook_new(void);

/** A copy with one reference, to be changed before anybody sees it. */
struct webhook *webhook_copy(const struct webhook *webhook);

/**
 * Sets the text form and the raw key, of the options' scheme; ERR_INVALID
 * when it is none.
 */
enum err webhook_set_secret(struct webhook *webhook, struct str secret)
	MUST_USE;

/** Notes that it was enabled. */
void webhook_add_enable(struct webhook *webhook, int64_t now);

/**
 * Sets the second secret, that signs too until `until`; empty takes it away.
 * ERR_INVALID when it is none.
 */
enum err webhook_set_second_secret(
	struct webhook *webhook, struct str secret, int64_t until) MUST_USE;

/**
 * A new random secret of the options' scheme. The present one, if there is
 * one, goes on signing until `old_until` (0: it ends now).
 */
void webhook_new_secret(struct webhook *webhook, int64_t old_until);

/** Compiles `text` into the webhook's own arena; empty: it has none. */
enum err webhook_set_filter(struct webhook *webhook, struct str text,
	size_t *ret_column, struct buf *why) MUST_USE;

/** The same as `from` has, by reference. */
void webhook_copy_subscriptions(
	struct webhook *webhook, const struct webhook *from);

/** Puts it among the others by age. Takes over the reference. */
void webhook_add_subscription(
	struct webhook *webhook, const struct subscription *take_subscription);

/** Takes out the one of that id and gives its reference back. */
void webhook_remove_subscription(struct webhook *webhook, struct uuid id);

/** Sets `way` by the options, whose texts are in the webhook's own arena. */
void webhook_set_way(struct webhook *webhook);
