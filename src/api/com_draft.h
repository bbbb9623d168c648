#pragma once
#include "api/route.h"
#include "pipeline/webhooks.h"

/*
 * Reads the body of POST and PATCH of a COM webhook: which members there may
 * be, of which kinds, and which must be there. Everything that is wrong is
 * collected, so that one answer tells it all. What only the running hub knows
 * (may this destination be used, is that header reserved) is the registry's
 * to say. Pure, but for compiling the filter to tell where it is wrong.
 *
 * The hub's own dialect has the same members with two differences: the filter
 * is called `filter`, and the delivery options (rule/webhook_options.h) stand
 * beside them. `state` and `headers` need not be given there.
 */
enum {
	COM_NAME_MAX = 255,   /* characters; what the real client allows */
	COM_HEADERS_MAX = 64, /* members of `headers` in one request */
	COM_MEMBERS_MAX = 64, /* members of the body, unknown ones included */
	COM_ISSUES_MAX = 50,
};

struct com_issues {
	struct arena *arena;
	struct api_issue rows[COM_ISSUES_MAX];
	size_t count;
	size_t left_off; /* more than there is room for */
};

enum com_draft_kind {
	COM_CREATE, /* all five members must be there */
	COM_PATCH,  /* merge patch (RFC 7396): all may be absent */
};

struct com_face; /* in com_draft.c */

struct com_draft {
	const struct com_face *face;
	struct webhook_draft draft;
	bool clears_headers;	  /* PATCH said "headers": null */
	struct com_issues issues; /* none: the draft may be used */
};

/**
 * Reads `body` into `ret`, whose strings are in `arena` or in the body's text.
 * Issues are in order: missing members first, as the reference lists them,
 * then in the body's order. Looking at `issues.count` is on the caller.
 */
void com_draft_read(struct json body, enum com_draft_kind kind,
	struct arena *arena, struct com_draft *ret);

/**
 * The same in the hub's own dialect. `present` are the options that a patch
 * builds upon.
 */
void com_draft_read_native(struct json body, enum com_draft_kind kind,
	const struct webhook_options *present, struct arena *arena,
	struct com_draft *ret);

/** Whether it says nothing at all, as `{}` does. */
bool com_draft_is_empty(const struct com_draft *draft);
