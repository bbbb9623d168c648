#pragma once
#include "api/gl_problem.h"
#include "api/route.h"
#include "pipeline/webhooks.h"

/*
 * What the handlers of GreenLake's webhooks have in common: finding the
 * webhook that a call is about, pages of lists, and how what the registry says
 * becomes a status (docs/compat-greenlake.md lists them). Functions that
 * return false or NULL have answered the call.
 */
#define GL_EVENTS_URI "/events/v1beta1"
#define GL_WEBHOOKS_URI GL_EVENTS_URI "/webhooks"

/** What GreenLake would know the workspace by: 32 hex digits. In `arena`. */
struct str gl_workspace_id(uint32_t workspace, struct arena *arena);

/** "user:<key>", or "user:" when the maker is not known. In `arena`. */
struct str gl_principal(struct str key_id, struct arena *arena);

/**
 * The webhook that the path's first parameter names, as a reference. 404 when
 * it is not an id, or there is no such webhook of the dialect in the caller's
 * workspace.
 */
const struct webhook *gl_find_webhook(struct api_call *call);

/** Answers what the registry refused; `err` is not ERR_OK. */
void gl_refuse_change(struct api_call *call, enum err err,
	const struct webhook_problem *problem);

/** Answers 500: the store could not be read. */
void gl_refuse_store(struct api_call *call);

struct gl_page {
	uint64_t limit;
	uint64_t offset;
};

/**
 * Reads `limit` and `offset`. A limit above `max` is `max`, as it is when
 * there is none: real clients ask for more than is documented.
 */
bool gl_page_read(struct api_call *call, uint64_t max, struct gl_page *ret);

/** Answers with those of the `count` items that are in the page. */
void gl_page_respond(struct api_call *call, const struct gl_page *page,
	const struct str *items, size_t count);

/** The same for a page that has been cut out already, of `total` items. */
void gl_page_respond_cut(struct api_call *call, const struct gl_page *page,
	const struct str *items, size_t count, size_t total);
