#pragma once
#include "api/route.h"
#include "pipeline/webhooks.h"

/*
 * What the handlers of the COM dialect have in common: finding the webhook and
 * the generation that a call is about, and how what the registry and the store
 * say becomes a status code (docs/compat-com.md lists them). Functions that
 * return false have answered the call.
 */

#define COM_WEBHOOKS_URI "/compute-ops-mgmt/v1beta1/webhooks"

/**
 * The webhook that the path's first parameter names, as a reference. 404 when
 * it is not an id, or there is no such webhook in the caller's workspace and,
 * for COM's routes, dialect. The hub's own reach them all.
 */
const struct webhook *com_find_webhook(struct api_call *call);

/**
 * The generation that If-Match asks for: 0 when there is none, or it is `*`.
 * The header is one entity tag as we send it, quoted, or the bare number. 400
 * when it is something else, 412 when it is a tag that can never match.
 */
bool com_read_if_match(struct api_call *call, uint64_t *ret);

/** Answers 412 about If-Match. */
void com_refuse_generation(struct api_call *call);

/** Answers 404 about a webhook or a delivery. */
void com_refuse_unknown(struct api_call *call, const char *what);

/** Answers what the registry refused; `err` is not ERR_OK. */
void com_refuse_change(struct api_call *call, enum err err,
	const struct webhook_problem *problem);

/** Answers 503: the store could not be read or written. */
void com_refuse_store(struct api_call *call);
