#pragma once
#include "pipeline/webhooks.h"

/*
 * Changing the subscriptions of webhooks that have no filter of their own.
 * They are part of their webhooks' snapshots, so the registry's rules hold:
 * one change at a time, on disk before anybody sees it, and an event meets a
 * webhook with its former subscriptions or its new ones. What a call asks for
 * happens as a whole or not at all. Functions that change things block until
 * the commit: not for event-loop threads.
 */
enum {
	SUBSCRIPTIONS_MAX = 5,	       /* of a webhook, unless set otherwise */
	SUBSCRIPTIONS_BATCH_MAX = 100, /* in one call */
	SUBSCRIPTION_CONDITION_MAX = FILTER_TEXT_MAX,
};

/** What a user says. */
struct subscription_draft {
	struct uuid id;	     /* of a patch: which one */
	struct uuid webhook; /* of a patch it may be another one: it moves */
	struct str type;
	bool has_condition; /* a patch without it leaves it as it is */
	struct str condition;
};

/** Why a change was refused. */
struct subscription_problem {
	size_t item;	   /* of the drafts */
	const char *field; /* "eventType", "eventFilter", "webhook", "id" */
	size_t column;	   /* of the condition, or 0 */
	struct buf why;	   /* release with buf_release */
};

/** A list of snapshots in the order asked for; each is a reference. */
struct subscription_list {
	const struct subscription **rows; /* in the arena given */
	size_t count;
};
void subscription_list_release(struct subscription_list *list);

/** What a change is about, and what came of it. */
struct subscription_change {
	/* said by the caller; borrowed */
	uint32_t workspace;
	struct str who; /* noted as their maker, or who changed them last */
	const struct subscription_draft *drafts;
	size_t count; /* 1 to SUBSCRIPTIONS_BATCH_MAX */
	struct arena *arena;
	/* found out */
	struct subscription_list list; /* of the drafts; release */
	struct subscription_problem problem;
};

/**
 * Makes them. ERR_NOT_FOUND (no such webhook), ERR_CONFLICT (it has a filter
 * of its own), ERR_INVALID (the type is none or the condition does not
 * compile), ERR_LIMIT (the webhook would have too many), ERR_IO (not stored).
 */
enum err subscriptions_create(
	struct webhooks *webhooks, struct subscription_change *change) MUST_USE;

/** Changes them; ERR_NOT_FOUND also when there is no such subscription. */
enum err subscriptions_patch(
	struct webhooks *webhooks, struct subscription_change *change) MUST_USE;

/** Removes those of the drafts' ids; ERR_NOT_FOUND, ERR_IO. */
enum err subscriptions_delete(
	struct webhooks *webhooks, struct subscription_change *change) MUST_USE;

/** A reference, or NULL. Never blocks on disk. */
const struct subscription *subscriptions_find(
	struct webhooks *webhooks, uint32_t workspace, struct uuid id);

/** All of a workspace: webhooks by age, and each one's by age. */
struct subscription_list subscriptions_list(
	struct webhooks *webhooks, uint32_t workspace, struct arena *arena);
