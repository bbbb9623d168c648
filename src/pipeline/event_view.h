#pragma once
#include "rule/filter.h"
#include "store/store.h"

/*
 * A stored event as filters see it: the same view that it was matched by when
 * it came in. Pure.
 */

/**
 * The view of an event; `previous_body` is that of event->previous, or empty.
 * Documents are in `arena`, texts are borrowed from the row. ERR_INVALID when
 * the body is not what its form says.
 */
enum err event_view_make(const struct event_row *event,
	struct str previous_body, struct arena *arena, struct filter_event *ret)
	MUST_USE;

/** Its CloudEvents attributes and extensions as one object. */
struct json event_view_attributes(
	const struct event_row *event, struct arena *arena);

/** The same, for matching: made when a filter may look at them. */
struct filter_late_attributes event_view_late(
	const struct event_row *event, bool has_extensions);

/**
 * Whether such an event may go out to anybody: the rule of monitorable
 * properties (catalog_is_sent), by the view's own type and operation.
 */
bool event_view_is_sent(const struct filter_event *view);
