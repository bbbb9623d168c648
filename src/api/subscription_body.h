#pragma once
#include "api/route.h"
#include "pipeline/subscriptions.h"

/*
 * Reads bodies that make or change subscriptions: which members there may be,
 * of which kinds, and which must be there. Everything that is wrong is
 * collected, so that one answer tells it all; what only the running hub knows
 * is the registry's to say. Pure.
 *
 *                      GreenLake (array)       native (one)
 *   create, required   eventType, webhook      eventType, webhookId
 *   patch, required    … and subscriptionId    none
 *   always optional    eventFilter; null and "" are none
 *
 * `webhook` is {"resourceUri":"/events/v1beta1/webhooks/<id>"}.
 */
enum subscription_body_kind {
	SUBSCRIPTION_GL_CREATE,
	SUBSCRIPTION_GL_PATCH,
	SUBSCRIPTION_CREATE,
	SUBSCRIPTION_PATCH,
};

enum { SUBSCRIPTION_ISSUES_MAX = 50 };

struct subscription_body {
	struct subscription_draft *drafts; /* in the arena */
	size_t count;
	/* Of a native patch: whether it speaks of them. */
	bool has_type, has_webhook;
	struct api_issue issues[SUBSCRIPTION_ISSUES_MAX]; /* first ones */
	size_t issue_count; /* none: the drafts may be used */
};

/**
 * Reads `body`; what is in `ret` is in `arena` or in the body's text. A
 * GreenLake body may be one object instead of an array.
 */
void subscription_body_read(struct json body, enum subscription_body_kind kind,
	struct arena *arena, struct subscription_body *ret);

/** How errors call a member of an item: "[2].eventType", or "eventType". */
struct str subscription_body_place(enum subscription_body_kind kind,
	size_t item, const char *member, struct arena *arena);
