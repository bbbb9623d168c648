#pragma once
#include "store/store.h"

/*
 * Reads for explaining what happened: pages of deliveries and of events,
 * newest first, and the attempts of a delivery. Any thread; they may block on
 * the disk for a moment.
 *
 * Pages are cut by the sequence, which never changes and rises with the
 * order of acceptance: what is added while somebody turns pages stands before
 * the first one and moves nothing. Each page walks an index from where the
 * last one ended and looks at no more than EXPLAIN_LOOK_MAX rows, whatever is
 * asked for and however much there is; so a page may hold less than its limit,
 * even nothing, and yet have a next one.
 *
 * Times are found by halving the sequences. Should the wall clock ever have
 * been set back by more than EXPLAIN_CLOCK_SLACK, rows of the time that came
 * twice may be missed.
 */
enum { EXPLAIN_LOOK_MAX = 5000 };
#define EXPLAIN_CLOCK_SLACK (60 * SECONDS)

/** What is zero or empty is not asked for. */
struct delivery_query {
	uint32_t workspace;
	uint64_t event;	  /* sequence */
	uint64_t webhook; /* number */
	bool has_state;
	enum delivery_state state;
	int64_t from, to; /* from <= created < to */
	struct str type;  /* of the event, canonical */
	struct str text;  /* in the event's id, source or subject or in the
			     reason, in either case of ASCII letters */
	uint64_t before;  /* `next` of the page before */
	size_t limit;
};

struct delivery_entry {
	struct delivery_row delivery;
	struct event_row event; /* without its body */
};

struct delivery_page {
	struct delivery_entry *rows;
	size_t count;
	uint64_t next; /* 0: this is the last one */
};
enum err store_deliveries_page(struct store *store,
	const struct delivery_query *query, struct arena *arena,
	struct delivery_page *ret) MUST_USE;

struct event_query {
	uint32_t workspace;
	struct str type; /* canonical */
	struct str subject;
	int64_t from, to; /* from <= accepted < to */
	uint64_t before;
	size_t limit;
};

struct event_page {
	struct event_row *rows; /* without their bodies */
	size_t count;
	uint64_t next;
};
enum err store_events_page(struct store *store, const struct event_query *query,
	struct arena *arena, struct event_page *ret) MUST_USE;

/**
 * The hub's own events about a webhook (its id as text), newest first, with
 * their bodies.
 */
struct webhook_log_query {
	uint32_t workspace;
	struct str webhook;
	uint64_t before; /* `next` of the page before, or 0 */
	size_t limit;
};
enum err store_webhook_log(struct store *store,
	const struct webhook_log_query *query, struct arena *arena,
	struct event_page *ret) MUST_USE;

/** The audit log's entries, newest first, with their bodies. */
struct audit_query {
	uint32_t workspace;
	struct str type; /* of its events */
	struct str source;
	struct str category; /* data.category */
	struct str who;	     /* the key's id, or data.user.username */
	int64_t from, to;    /* from <= accepted < to */
	uint64_t before;     /* `next` of the page before, or 0 */
	size_t limit;
};
enum err store_audit_page(struct store *store, const struct audit_query *query,
	struct arena *arena, struct event_page *ret) MUST_USE;

/** All attempts of a delivery, the first one first. */
struct attempt_rows {
	struct attempt_row *rows;
	size_t count;
};
enum err store_attempts_of(struct store *store, uint64_t delivery,
	struct arena *arena, struct attempt_rows *ret) MUST_USE;
