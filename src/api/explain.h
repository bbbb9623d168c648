#pragma once
#include "api/route.h"
#include "base/json_out.h"
#include "pipeline/webhooks.h"
#include "store/explain.h"

/*
 * What the handlers of explain_routes.h have in common. All of them block on
 * the disk. Functions that return false, or NULL, have answered the call.
 */
void explain_list_events(struct api_call *call);
void explain_get_event(struct api_call *call);
void explain_match(struct api_call *call);
void explain_list_deliveries(struct api_call *call);
void explain_get_delivery(struct api_call *call);

/* ---- explain_query.c: what is asked for ---- */

enum {
	EXPLAIN_LIMIT_DEFAULT = 50,
	EXPLAIN_LIMIT_MAX = 500,
	EXPLAIN_TEXT_MAX = 256,
	/* Outcomes of one event in one answer. */
	EXPLAIN_OUTCOMES_MAX = 1000,
};

/** 400 about a parameter. */
void explain_refuse(struct api_call *call, const char *name, const char *why);
/** 404. */
void explain_refuse_unknown(struct api_call *call, const char *what);
/** 503: the store could not be read. */
void explain_refuse_store(struct api_call *call);

/** A parameter's text; empty when absent. */
bool explain_text(struct api_call *call, const char *name, struct str *ret);
/** A type in its canonical spelling. */
bool explain_type(struct api_call *call, struct str *ret);
/** RFC 3339; 0 when absent. */
bool explain_time(struct api_call *call, const char *name, int64_t *ret);
bool explain_limit(struct api_call *call, size_t *ret);

/**
 * Cursors are opaque to clients: a letter for what is paged and the sequence
 * that the next page stands before, in Base64.
 */
bool explain_cursor(struct api_call *call, char kind, uint64_t *ret);
/** The member "next": the cursor, or null. */
void explain_write_next(struct json_out *out, char kind, uint64_t before);

/**
 * All webhooks of the workspace, for looking up numbers; references. Not in
 * the call's arena: they may be released after the call was answered.
 */
struct explain_webhooks {
	const struct webhook **list;
	size_t count;
};
struct explain_webhooks explain_webhooks(struct api_call *call);
void explain_webhooks_release(struct explain_webhooks *webhooks);
/** Borrowed; NULL when it is gone. */
const struct webhook *explain_webhook_by_number(
	const struct explain_webhooks *webhooks, uint64_t number);
/** By the parameter `webhook`; NULL, answered, when there is none such. */
const struct webhook *explain_webhook_by_id(struct api_call *call,
	const struct explain_webhooks *webhooks, struct str id);

/** The event that an id names; 404. */
bool explain_find_event(
	struct api_call *call, struct str id, struct event_row *ret);

/* ---- explain_write.c: what is answered ---- */

/** The members of an event's envelope, within an object. */
void explain_write_envelope(struct json_out *out, const struct event_row *row);

/** The members of a delivery, within an object. `webhook` may be NULL. */
void explain_write_delivery(struct json_out *out,
	const struct delivery_row *row, const struct webhook *webhook);

/** `body`: of the request (explain_body.c), NULL pointer: not known. */
struct explain_body {
	struct str text;
	size_t shown; /* bytes of it that are shown */
};
void explain_write_attempt(struct json_out *out, const struct attempt_row *row,
	const struct explain_body *body);

/* ---- explain_body.c: what was sent ---- */

/**
 * The body of an attempt, made anew from the event in the form that the
 * request's head tells; without a text when it is not kept any more.
 */
struct payload; /* pipeline/payload.h */
struct explain_body explain_body(struct api_call *call,
	const struct attempt_row *row, const struct payload *payload);
