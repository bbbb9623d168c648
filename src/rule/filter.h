#pragma once
#include "base/json.h"

/*
 * The filter language: OData 4.01 $filter as HPE's webhooks use it (the whole
 * grammar and every decision of meaning: docs/filter.md).
 *
 * A filter is compiled once into an immutable form in an arena, with no
 * pointers into its text; any number of threads may evaluate it. An event
 * matches only when the filter is *true*: false and unknown do not.
 */
struct filter;

enum {
	FILTER_TEXT_MAX = 16 * 1024,
	FILTER_DEPTH_MAX = 64,
	FILTER_LEAVES_MAX = 512,
	FILTER_LIST_MAX = 1000,
};

/**
 * Attributes that are put together only if some filter of an index may look at
 * them: `id source subject time datacontenttype dataschema`, and extensions.
 */
struct filter_late_attributes {
	/** An object, or missing; may be called once a match. */
	struct json (*make)(const void *owner, struct arena *arena);
	const void *owner;
	bool has_extensions; /* any name may be among them */
};

/** What a filter may look at. All of it is borrowed during a call. */
struct filter_event {
	struct str type;       /* canonical, "compute-ops/server" */
	struct str operation;  /* "Created", "Updated", "Deleted" or empty */
	struct json new_state; /* missing on Deleted */
	struct json old_state; /* missing on Created */
	/* CloudEvents attributes and extensions as one object, or missing. */
	struct json attributes;
	/* Instead of them; only filter_index_match() knows these. */
	const struct filter_late_attributes *late;
};

/**
 * Compiles `text`. On ERR_INVALID (it does not parse) or ERR_LIMIT (one of the
 * maxima above), `*ret_column` is the 1-based column, counted in characters,
 * where it went wrong, and `why` gets one sentence with the column, what was
 * found and what was expected.
 */
enum err filter_compile(struct str text, struct arena *arena,
	const struct filter **ret, size_t *ret_column, struct buf *why)
	MUST_USE;

/**
 * Whether the filter is true for the event. Never fails: types that do not
 * fit make a comparison untrue. `scratch` is used for decoded strings.
 */
bool filter_matches(const struct filter *filter,
	const struct filter_event *event, struct arena *scratch);

/**
 * The types that an event must have one of for the filter to be able to match
 * (`type eq 'x'`, `type in (…)`, or'ed), canonical, in the filter's arena.
 * False when the filter does not tie itself to types.
 */
bool filter_types(const struct filter *filter, const struct str **ret_types,
	size_t *ret_count);

/** Appends the filter in canonical spelling; it compiles to the same. */
void filter_print(const struct filter *filter, struct buf *out);

/**
 * Appends a line for everything that is valid but hardly meant: a Boolean in
 * quotes, a bare word where text was meant, a type in the plural, … Nothing
 * when there is nothing to say.
 */
void filter_notes(const struct filter *filter, struct buf *out);
