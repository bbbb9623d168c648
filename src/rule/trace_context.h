#pragma once
#include "base/json.h"

/*
 * W3C Trace Context, Level 1: the headers `traceparent` and `tracestate`,
 * which are also the names of the attributes of CloudEvents' distributed
 * tracing extension. What is malformed counts as absent: the standard has a
 * receiver start a new trace then. Pure.
 */
struct trace_context {
	struct str parent; /* empty: there is none */
	struct str state;  /* or empty; never without a parent */
};

/** §3.2.2: version "-" trace-id "-" parent-id "-" flags, in lower case. */
bool trace_parent_is_valid(struct str text);

/** The two as given, without what is malformed. */
struct trace_context trace_context_make(struct str parent, struct str state);

/**
 * Out of an event's further attributes (a JSON object, or empty). Strings are
 * in `arena`, or in the text. Cheap where there is none.
 */
struct trace_context trace_context_read(
	struct str attributes, struct arena *arena);
