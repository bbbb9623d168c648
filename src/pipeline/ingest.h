#pragma once
#include "base/desk.h"
#include "pipeline/match.h"
#include "pipeline/payload.h"
#include "pipeline/states.h"
#include "pipeline/writer.h"
#include "rule/cloudevents.h"
#include "rule/trace_context.h"

/*
 * The way in. A publication is what one request publishes: one item or many.
 * For each the hub works out what happened (old state, operation), holds it
 * against the webhooks, and hands event, deliveries and new state to the
 * writer as one unit. `done` is called when all of them are on disk or
 * refused, which is when the publisher may be answered.
 */
struct ingest;
struct publication;
struct event_types;

struct ingest_options {
	struct store *store;
	struct writer *writer;
	struct match *match;
	struct event_types *event_types; /* may be NULL: none registered */
	struct desk *desk; /* for what must not run on the writer's thread */
	struct str source; /* CloudEvents source of resource events */
	size_t states_memory_max;
	/* How long a (source, id) counts as the same event; 0: as long as the
	   event is kept. */
	int64_t dedupe_window;
	size_t greenlake_bytes_max; /* of a CloudEvent to such a webhook; 0: any
				     */
	void *context;
	/* A delivery is on disk, WAITING; any thread. `payload` may be NULL;
	   borrowed. */
	void (*accepted)(void *context, const struct delivery_row *delivery,
		struct payload *payload);
};

/** Goes on counting from what the store holds. */
enum err ingest_open(const struct ingest_options *options, struct ingest **ret,
	struct buf *why) MUST_USE;
/** What meets a conflict from now on is refused instead of tried again. */
void ingest_stop(struct ingest *ingest);
void ingest_close(struct ingest *ingest);

/**
 * A resource that is about to be published: what is known of it was mostly
 * last used long ago, and is asked for step by step while the request is read.
 */
struct ingest_ahead {
	struct states_place place;
	enum states_step next;
};

/** `type` as received; it, `id` and the arena stay until the publication's
    end. */
void ingest_ahead_begin(struct ingest_ahead *ahead, uint32_t workspace,
	struct str type, struct str id, struct arena *arena);
/** Asks for what comes next, if anything; some work should be in between. */
void ingest_ahead_on(struct ingest *ingest, struct ingest_ahead *ahead);

enum publish_kind {
	PUBLISH_STATE,	/* type, id, body, json: the resource's new state */
	PUBLISH_DELETE, /* type, id */
	PUBLISH_EVENT,	/* cloudevent */
};

/** Why it was refused, where the error alone does not say. */
enum publish_because {
	PUBLISH_ERROR,
	PUBLISH_SCHEMA,	   /* not as its type's schema says */
	PUBLISH_TOO_LARGE, /* for a webhook that wants it */
};

enum publish_outcome {
	PUBLISH_ACCEPTED,
	PUBLISH_UNCHANGED, /* the state is what it was: no event */
	PUBLISH_DUPLICATE, /* (source, id) has been accepted before */
	PUBLISH_REFUSED,   /* see err and why */
};

struct publication_item {
	/* said by the caller; borrowed until `done` */
	enum publish_kind kind;
	struct str type; /* as received */
	struct str id;
	struct str body;  /* STATE: as received; contains … */
	struct json json; /* … this value */
	struct cloudevent cloudevent;
	const struct ingest_ahead *ahead; /* of workspace, type, id; or NULL */
	/* found out */
	enum publish_outcome outcome;
	struct str event_id; /* ACCEPTED, DUPLICATE; in the arena */
	uint32_t matched;    /* deliveries to be made */
	uint32_t skipped;    /* matched too, but their webhook is not sending */
	enum err err;	     /* REFUSED: NOT_FOUND, INVALID, BUSY (too
				much is waiting), LIMIT (disk full), IO */
	struct buf why;	     /* release with buf_release */
	enum publish_because because;
	struct str warning; /* of the type's schema; in the arena, or empty */
	/* the ingest's own */
	struct ingest_work *work;
};

struct publication {
	uint32_t workspace;
	struct str publisher;	    /* key id */
	struct trace_context trace; /* of the request; for events without */
	struct arena *arena;	    /* used by the ingest until `done` */
	struct publication_item *items;
	size_t count;
	void *context;
	/* Any thread, also the caller's before ingest_publish returns. */
	void (*done)(struct publication *publication);
	/* the ingest's own */
	struct ingest *ingest;
	int64_t begun;
	_Atomic size_t pending;
};

/** Starts it; always ends in `done`. */
void ingest_publish(struct ingest *ingest, struct publication *publication);

/** Numbers for an event and a delivery made elsewhere; NULL: none needed. */
void ingest_number(
	struct ingest *ingest, uint64_t *ret_event, uint64_t *ret_delivery);

struct ingest_stats {
	uint64_t events; /* accepted */
	uint64_t unchanged;
	uint64_t duplicates;
	uint64_t refused;
	uint64_t matched;
	uint64_t schema_refusals; /* among `refused` */
	uint64_t schema_warnings;
	uint64_t oversized; /* among `refused` */
};
void ingest_stats(const struct ingest *ingest, struct ingest_stats *ret);

/**
 * The last state of a resource, byte for byte, in `arena`. ERR_NOT_FOUND when
 * there is none, ERR_IO.
 */
enum err ingest_resource(struct ingest *ingest, uint32_t workspace,
	struct str type, struct str id, struct arena *arena, struct str *ret)
	MUST_USE;
