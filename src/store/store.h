#pragma once
#include "base/seal.h"
#include "base/uuid.h"
#include "rule/catalog.h"
#include "rule/event_body.h"
#include "rule/health.h"

/*
 * Everything durable. What changes goes through store_commit(), called by the
 * writer thread only: many units in one transaction, synced to disk before it
 * returns. Reads may come from any thread at any time; each takes a reading
 * connection from a pool and may block on the disk for a moment.
 *
 * Keys are numbers made by the program (see store_counters): events and
 * deliveries by `sequence` (their public ids are uuid_from_sequence of
 * creation time and sequence), webhooks by `number`. Times are microseconds
 * since 1970. Rows returned are in the arena given.
 */
struct store;

struct store_options {
	const char *directory; /* exists */
	unsigned readers;      /* 0: 4 */
	unsigned log_pages;    /* written before they are moved from the log
				  into the database; 0: 4096 */
	uint64_t bytes_max;    /* of pages in use; beyond them units with an
				  event are ERR_LIMIT, all others go on.
				  0: none */
};

/**
 * Opens or creates the database and brings its schema to this version.
 * ERR_INVALID when it is of a later version, or not ours; ERR_BUSY when
 * another process has it; ERR_IO.
 */
enum err store_open(const struct store_options *options, struct store **ret,
	struct buf *why) MUST_USE;
void store_close(struct store *store);

/** Whether store_open() would find a database rather than create one. */
bool store_is_there(const char *directory);

/* ---- rows ---- */

enum { WORKSPACE_DEFAULT = 1 };

struct event_row {
	uint64_t sequence;
	uint32_t workspace;
	struct str id;	   /* CloudEvents id; never empty */
	struct str source; /* CloudEvents source; never empty */
	bool is_id_given;  /* by the publisher: (source, id) must be unique */
	struct str type;   /* canonical */
	struct str type_as_received;
	struct str subject; /* resource id, or CloudEvents subject, or empty */
	enum operation operation;
	enum event_form form;
	uint64_t previous; /* sequence of the event with the old state, or 0 */
	int64_t time;	   /* of the occurrence */
	int64_t accepted;  /* by us */
	struct str attributes; /* JSON object of other attributes, or empty */
	struct str publisher;  /* key id */
	uint32_t matched;      /* deliveries it caused, skipped ones included */
	/* Sequence of the first of these, when they are numbered in a row. 0:
	   they are not. */
	uint64_t first_delivery;
	struct str body; /* as received */
};

struct resource_row {
	uint32_t workspace;
	struct str type; /* canonical */
	struct str id;
	uint64_t last; /* sequence of the event with its last state */
	bool is_deleted;
	int64_t updated;
};

enum delivery_state {
	DELIVERY_WAITING, /* also while an attempt is in flight */
	DELIVERY_DELIVERED,
	DELIVERY_DEAD,
	DELIVERY_SKIPPED,
};
/** "WAITING", "DELIVERED", "DEAD", "SKIPPED". */
const char *delivery_state_name(enum delivery_state state);

struct delivery_row {
	uint64_t sequence;
	uint32_t workspace;
	uint64_t event;	  /* sequence */
	uint64_t webhook; /* number */
	enum delivery_state state;
	uint32_t attempts; /* made so far */
	int64_t due;	   /* WAITING: when the next attempt may start */
	int64_t created;
	int64_t updated;
	struct str reason; /* of DEAD and SKIPPED; of WAITING after a failure */
	uint64_t resource; /* resource_key; 0: it is in no order */
	bool is_behind;	   /* told by the store_waiting_… functions only: an
			      earlier one of its resource waits */
	/* Of one that was made to wait again; set by DELIVERY_AGAIN only. */
	uint32_t spent; /* attempts made before, which count no more */
	int64_t since;	/* when; 0: never */
	/* Told when it is added only: it is one of those that its event's
	   `first_delivery` and `matched` say, and is found through these.
	   Others are in an index by event. */
	bool is_in_row;
};

/*
 * Attempts that went elsewhere for debugging are numbered apart from those of
 * the delivery: from here on, given when they are added. A delivery keeps
 * ATTEMPT_DEBUG_MAX of them.
 */
enum { ATTEMPT_DEBUG_FIRST = 1000, ATTEMPT_DEBUG_MAX = 64 };

struct attempt_row {
	uint64_t delivery; /* sequence */
	uint64_t webhook;  /* number */
	uint32_t number;   /* from 0, or ATTEMPT_DEBUG_FIRST */
	int64_t started;   /* wall clock */
	int64_t ended;
	int status; /* HTTP, or 0 */
	bool is_acknowledged;
	struct str failure; /* http_failure_name, or empty */
	struct str error;   /* a sentence, or empty */
	struct str destination;
	struct str request_head; /* secrets masked */
	struct str response_head;
	struct str response_body; /* cut */
	/* microseconds from the start; 0: not reached */
	int64_t name_resolved, connected, tls_done, first_byte;
};

struct webhook_row {
	uint64_t number;
	struct uuid id;
	uint32_t workspace;
	uint64_t revision;  /* +1 with every write */
	struct str dialect; /* "com" */
	struct str name;
	struct str destination;
	struct str filter;
	struct health health;
	struct str status_reason;
	uint64_t generation; /* +1 with every change by a user */
	int64_t created;
	int64_t updated;
	struct str options; /* JSON object, nothing secret */
	struct str sealed;  /* JSON object of headers and secrets, sealed */
};

enum key_role { ROLE_VIEWER, ROLE_PUBLISHER, ROLE_ADMIN };
/** "viewer", "publisher", "admin". */
const char *key_role_name(enum key_role role);
enum err key_role_parse(struct str text, enum key_role *ret) MUST_USE;

struct key_row {
	struct str id; /* "gk_…", also the OAuth2 client_id */
	uint32_t workspace;
	enum key_role role;
	struct str name;
	uint8_t salt[16];
	uint8_t hash[32]; /* scrypt of the secret */
	bool is_seeded;	  /* from GRAPNEL_ADMIN_TOKEN: secret has no id in it */
	int64_t created;
	int64_t expires; /* refused from then on; 0: never */
	int64_t warned;	 /* of its end, so long before it last; 0: not yet */
};

/* ---- changing ---- */

enum store_change_kind {
	STORE_EVENT_ADD,    /* conflict: (workspace, source, id) is there and
			       is_id_given */
	STORE_RESOURCE_SET, /* conflict: its present `last` is not `expected`
			       (0: there is no such row). A resource's `last`
			       never sinks, and an event with a subject whose
			       form is not EVENT_DATA stands with the set of
			       the resource that it names: a start may make the
			       row of it */
	STORE_DELIVERY_ADD,
	STORE_DELIVERY_SET, /* state, attempts, due, updated, reason; conflict:
			       it is not WAITING, unless a SKIPPED one turns
			       out to be DELIVERED */
	STORE_DELIVERY_AGAIN, /* WAITING again, its schedule anew from
				 `updated` on; conflict: it is, or has had
				 another number of attempts */
	STORE_DELIVERY_TRIED, /* attempts: one of a SKIPPED delivery failed that
				 was on the way; conflict: it is not SKIPPED, or
				 has had as many */
	STORE_ATTEMPT_ADD,    /* in a unit with what counts it in its delivery,
				 so that no number is there twice */
	STORE_WEBHOOK_ADD,
	STORE_WEBHOOK_SET,    /* all but number, id, workspace, created;
				 conflict: its revision is not row.revision - 1 */
	STORE_WEBHOOK_REMOVE, /* and its deliveries and attempts; conflict: gone
			       */
	STORE_HEALTH_SET,     /* window, count, failures_in_a_row only */
	STORE_DELIVERIES_SKIP, /* all WAITING ones of `webhook` become SKIPPED
				  with `reason` */
	STORE_KEY_ADD,	       /* conflict: id is there */
	STORE_KEY_REMOVE,      /* conflict: gone */
	STORE_OBJECT,	       /* store/object.h; can conflict */
	STORE_FLOW,	       /* store/flow.h; can conflict */
	STORE_HOOK,	       /* store/hook.h */
	STORE_RETAIN,	       /* store/retain.h: removes what is old */
	STORE_PROBE, /* writes a row of its own: proves a commit works */
};

struct retain_step;   /* store/retain.h */
struct object_change; /* store/object.h */
struct flow_change;   /* store/flow.h */
struct hook_change;   /* store/hook.h */

/** Counters of struct health that outcomes move. */
struct health_counters {
	uint16_t window;
	uint8_t count;
	uint8_t failures_in_a_row;
};

/* Small, since the writer waits for each cache line of one. */
struct store_change {
	enum store_change_kind kind;
	bool is_own; /* EVENT_ADD: the hub's own, not held to bytes_max */
	union {
		const struct event_row *event;
		const struct resource_row *resource;
		const struct delivery_row *delivery;
		const struct attempt_row *attempt;
		const struct webhook_row *webhook;
		const struct key_row *key;
		struct str key_id;
		const struct object_change *object;
		const struct flow_change *flow;
		const struct hook_change *hook;
		struct retain_step *retain;
		uint64_t webhook_number; /* WEBHOOK_REMOVE, HEALTH_SET,
					    DELIVERIES_SKIP */
	};
	union {
		uint64_t expected; /* RESOURCE_SET */
		int64_t now;	   /* DELIVERIES_SKIP: its `updated` */
		/* EVENT_ADD: an event of the same (source, id) that was
		   accepted before this is none of the same: it gives way. 0:
		   any is the same. */
		int64_t repeats_from;
	};
	union {
		struct health_counters health; /* HEALTH_SET */
		struct str reason;	       /* DELIVERIES_SKIP */
	};
};

/**
 * Changes that happen together or not at all. Those that can conflict stand
 * first: the first conflict ends the unit with nothing of it applied (a unit
 * whose second or later change conflicts is rolled back by a savepoint).
 */
struct store_unit {
	const struct store_change *changes;
	size_t count;
	enum err result;   /* set by store_commit: ERR_OK or ERR_CONFLICT, or
			      ERR_LIMIT (an event beyond bytes_max, nothing
			      of it applied), or the error of the whole
			      commit */
	size_t conflicted; /* index of the change, when ERR_CONFLICT */
};

/**
 * One transaction over all units, synced when it returns. When it fails as a
 * whole (ERR_LIMIT: disk full, ERR_IO, with why), nothing was changed and
 * every unit's result is that error. Writer thread only.
 */
enum err store_commit(struct store *store, struct store_unit **units,
	size_t count, struct buf *why);

/* ---- reading ---- */

/** Highest keys in use, to go on from. */
struct store_counters {
	uint64_t event;
	uint64_t delivery;
	uint64_t webhook;
};
enum err store_counters(struct store *store, struct store_counters *ret,
	struct buf *why) MUST_USE;

/** ERR_NOT_FOUND when there is no such row (also below). */
enum err store_resource(struct store *store, uint32_t workspace,
	struct str type, struct str id, struct arena *arena,
	struct resource_row *ret) MUST_USE;
enum err store_event(struct store *store, uint64_t sequence,
	struct arena *arena, struct event_row *ret) MUST_USE;
enum err store_event_by_id(struct store *store, uint32_t workspace,
	struct str id, struct arena *arena, struct event_row *ret) MUST_USE;
enum err store_delivery(struct store *store, uint64_t sequence,
	struct arena *arena, struct delivery_row *ret) MUST_USE;

/** Calls `each` for every row until it returns false. */
enum err store_each_webhook(struct store *store, struct arena *arena,
	bool (*each)(void *context, const struct webhook_row *row),
	void *context) MUST_USE;
enum err store_each_key(struct store *store, struct arena *arena,
	bool (*each)(void *context, const struct key_row *row), void *context)
	MUST_USE;

/** An array in the arena. */
struct delivery_list {
	struct delivery_row *rows;
	size_t count;
};

/**
 * Waiting deliveries of one webhook that have never been tried, with a
 * sequence above `after`, in order of sequence.
 */
enum err store_waiting_first(struct store *store, uint64_t webhook,
	uint64_t after, size_t limit, struct arena *arena,
	struct delivery_list *ret) MUST_USE;

/** A place in the order of due time, and of sequence where that is equal. */
struct retry_place {
	int64_t due;
	uint64_t sequence;
};

/** Waiting ones that have been tried before, in their order behind `after`. */
enum err store_waiting_retries(struct store *store, uint64_t webhook,
	struct retry_place after, size_t limit, struct arena *arena,
	struct delivery_list *ret) MUST_USE;

/** The earliest ones that wait of a webhook's `resource`, tried or not. */
enum err store_waiting_of_resource(struct store *store, uint64_t webhook,
	uint64_t resource, size_t limit, struct arena *arena,
	struct delivery_list *ret) MUST_USE;

/** Numbers of all webhooks that have something waiting. */
enum err store_waiting_webhooks(struct store *store, struct arena *arena,
	uint64_t **ret, size_t *ret_count) MUST_USE;

/**
 * What a COM webhook shows: the attempts of its `recent` latest and its
 * `failed` latest failed ones, without doubles, newest first, with their
 * deliveries and events (bodies and those of `previous` included).
 */
struct attempt_view {
	struct attempt_row attempt;
	struct delivery_row delivery;
	struct event_row event;
	struct str previous_body; /* of event.previous, or empty */
};
struct attempt_list {
	struct attempt_view *rows;
	size_t count;
};
enum err store_attempts_shown(struct store *store, uint64_t webhook,
	size_t recent, size_t failed, struct arena *arena,
	struct attempt_list *ret) MUST_USE;

/** One attempt of a webhook. */
enum err store_attempt(struct store *store, uint64_t webhook, uint64_t delivery,
	uint32_t number, struct arena *arena, struct attempt_view *ret)
	MUST_USE;

/** An event and the body of the one it names as `previous`, or empty. */
struct stored_event {
	struct event_row event;
	struct str previous_body;
};
struct stored_events {
	struct stored_event *rows;
	size_t count;
	uint64_t next; /* sequence to go on from */
};

/** A stretch of sequences; a bounded step of walking over all events. */
struct event_range {
	uint32_t workspace;
	uint64_t from;	  /* sequence */
	size_t count;	  /* sequences to look at */
	size_t bytes_max; /* of bodies: ends behind the row that passes it */
};

/** A workspace's events in the range, in order of sequence. */
enum err store_events(struct store *store, const struct event_range *range,
	struct arena *arena, struct stored_events *ret) MUST_USE;

/**
 * The sequence of the first event, of any workspace, that was accepted at
 * `accepted` or later; the one behind the last if there is none. Sequences
 * follow the times of acceptance but for events accepted in the same moment.
 */
enum err store_events_since(
	struct store *store, int64_t accepted, uint64_t *ret) MUST_USE;

/** Deliveries of an event, in order of webhook number. */
enum err store_deliveries_of_event(struct store *store, uint64_t event,
	struct arena *arena, struct delivery_list *ret) MUST_USE;

/* How many webhooks with deliveries waiting are looked at, at most. */
enum { STORE_STATS_WEBHOOKS = 500 };

/**
 * For /metrics: rows by state, and bytes on disk. Cheap, and no dearer with
 * more webhooks than those looked at: whoever holds the others' deliveries
 * knows which of them is due first (deliver_oldest_due()).
 */
struct store_stats {
	uint64_t waiting;
	uint64_t bytes;
	int64_t oldest_due; /* of those webhooks; 0: nothing waits */
};
enum err store_stats(struct store *store, struct store_stats *ret) MUST_USE;
