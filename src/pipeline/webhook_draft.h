#pragma once
#include "pipeline/webhooks.h"

/*
 * Holding what a user says of a webhook against the rules, and putting it into
 * a snapshot.
 */

/**
 * Checks every member that the draft has. On error the problem names the
 * field. ERR_INVALID or ERR_DENIED (reserved header, destination not allowed).
 */
enum err webhook_draft_check(const struct webhook_draft *draft,
	const struct address_policy *policy, struct webhook_problem *problem)
	MUST_USE;

/** What applying a draft amounts to. */
struct webhook_edit {
	bool changes_target; /* destination, headers, auth or handshake */
};

/** Whether a header of this name is the hub's or HTTP's own. */
bool webhook_draft_is_reserved(struct str name);

/**
 * Reads the draft's options over those of a fresh copy. ERR_INVALID or
 * ERR_DENIED. A webhook that has a secret gets a new one when the scheme
 * changes.
 */
enum err webhook_draft_apply_options(const struct webhook_draft *draft,
	const struct address_policy *policy, struct webhook *webhook,
	struct webhook_edit *edit, struct webhook_problem *problem) MUST_USE;

/**
 * Puts the secrets that the draft says in place of the webhook's, whose
 * scheme takes any text. ERR_INVALID.
 */
enum err webhook_draft_apply_secrets(const struct webhook_draft *draft,
	struct webhook *webhook, struct webhook_problem *problem) MUST_USE;

/**
 * Puts a checked draft's members, but not its state, options and secrets, into
 * a fresh copy. The filter has not been compiled by the check: ERR_INVALID or
 * ERR_LIMIT here.
 */
enum err webhook_draft_apply(const struct webhook_draft *draft,
	struct webhook *webhook, struct webhook_edit *edit,
	struct webhook_problem *problem) MUST_USE;
