#pragma once
#include "api/gl_limits.h"
#include "api/route.h"
#include "pipeline/webhooks.h"

/*
 * Reads the body of POST and PATCH of a GreenLake webhook (reference §2.3) and
 * says it in the registry's terms: what is GreenLake's is the webhook's
 * options "greenlake". Everything that is wrong is collected. Pure.
 *
 *   member                   create     patch
 *   name, destination        required   optional
 *   secret                   required   optional
 *   secondarySecret          optional   optional, "" and null clear it
 *   description              optional   optional
 *   authType                 optional: "Oauth", "APIKey", "" in any case
 *   clientId, clientSecret, issuerUrl   of Oauth
 *   apiKey                              of APIKey
 *   batching                 optional, false
 *   challengeRequestEnabled  optional, true
 *   paused                   –          optional, false
 *
 * Other members are refused; those that are only shown are told apart.
 */
enum { GL_ISSUES_MAX = 32, GL_MEMBERS_MAX = 64 };

struct gl_draft {
	struct webhook_draft draft;
	bool is_empty; /* it says nothing at all */
	struct arena *arena;
	struct api_issue issues[GL_ISSUES_MAX];
	size_t issue_count; /* none: the draft may be used */
};

/**
 * `present`: the webhook that a patch is for; NULL: create. What is in `ret`
 * is in `arena` or in the body's text.
 */
void gl_draft_read(struct json body, const struct webhook *present,
	const struct gl_limits *limits, struct arena *arena,
	struct gl_draft *ret);
