#pragma once
#include "api/route.h"
#include "pipeline/event_types.h"

/*
 * Reads a body that registers or changes an event type: which members there
 * may be, and of which kinds. Everything that is wrong is collected. What the
 * schema is worth is the registry's to say. Pure.
 *
 *   {"name","friendlyName","description","serviceManager","apiGroup","kind",
 *    "schema","sample","validation","dataschema","deprecated",
 *    "deprecatedFrom","sunset","migration"}
 *
 * `name` must be there when one is registered and cannot be changed. A member
 * that is null is as if it had never been said.
 */
enum { EVENT_TYPE_ISSUES_MAX = 50 };

struct event_type_body {
	struct event_type_facts facts;
	struct api_issue issues[EVENT_TYPE_ISSUES_MAX]; /* first ones */
	size_t issue_count; /* none: the facts may be used */
};

/**
 * `present`: what a change builds upon; NULL: a new one. What is in `ret` is
 * in `arena`, in the body's text, or the present facts' own.
 */
void event_type_body_read(struct json body,
	const struct event_type_facts *present, struct arena *arena,
	struct event_type_body *ret);
