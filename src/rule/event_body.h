#pragma once
#include "base/json.h"
#include "rule/catalog.h"

/*
 * What of an event's stored body goes out, and what the filters see. The body
 * is kept once, as it was received, in one of three forms; these functions are
 * the only place that knows how the states lie in them. Pure.
 */

/** How an event's body holds the states. */
enum event_form {
	EVENT_STATE,  /* body is the new state (empty on Deleted); the old one
			 is the body of event `previous` */
	EVENT_CHANGE, /* body is {"operation","new","old"} */
	EVENT_DATA, /* body is CloudEvents data of a kind that has no states */
};

/**
 * The bytes that are POSTed, a slice of `body` or of `previous`, byte for byte
 * as the publisher sent them: the new state, or the last one on Deleted.
 *
 *              otherwise            Deleted
 *   STATE      body                 previous
 *   CHANGE     "new" of body        "old" of body
 *   DATA       body                 body
 *
 * `previous` is the state before the event, empty when there was none; only
 * STATE looks at it. `arena` is for reading a CHANGE. ERR_INVALID when a
 * CHANGE is not a JSON object, ERR_NOT_FOUND when the state that should go out
 * is not there (absent, null, or empty).
 */
enum err event_body_delivered(enum event_form form, enum operation operation,
	struct str body, struct str previous, struct arena *arena,
	struct str *ret) MUST_USE;

/** Both states as filters want them; missing ones are missing. */
struct event_states {
	struct json new_state;
	struct json old_state;
};

/**
 * Reads the states. Created has no old one and Deleted no new one, whatever
 * the body holds. DATA is its own new state when it is JSON, so that bare
 * paths reach into it, and has no states when it is not. Documents are in
 * `arena`, values point into the texts given. ERR_INVALID when a state or a
 * CHANGE is not JSON, or a CHANGE no object.
 */
enum err event_body_states(enum event_form form, enum operation operation,
	struct str body, struct str previous, struct arena *arena,
	struct event_states *ret) MUST_USE;
