#pragma once
#include <stdatomic.h>

#include "pipeline/ingest.h"

/* Private to the ingest. */

struct ingest {
	struct ingest_options options;
	struct states *states;
	atomic_bool is_stopping;
	/* Above: read by all. Drawn by those who serve: */
	char apart[CACHE_LINE];
	_Atomic uint64_t last_event;
	_Atomic uint64_t last_delivery;
	/* Counted by who ends a publication, mostly the writer: */
	char apart_too[CACHE_LINE];
	_Atomic uint64_t events;
	_Atomic uint64_t unchanged;
	_Atomic uint64_t duplicates;
	_Atomic uint64_t refused;
	_Atomic uint64_t matched;
	_Atomic uint64_t schema_refusals;
	_Atomic uint64_t schema_warnings;
	_Atomic uint64_t oversized;
};

/*
 * One item on its way in: what happened, in the form that the writer takes.
 * It lives in the publication's arena.
 */
struct ingest_work {
	struct ingest *ingest;
	struct publication *publication;
	struct publication_item *item;
	struct writer_item writer_item;
	struct desk_job job;
	unsigned tries;
	/* The publication's arena; from the second try on one of its own, since
	   that runs beside the publication's other items. */
	struct arena *arena;
	struct arena own_arena;
	char id_text[UUID_TEXT_SIZE];
	struct states_place place; /* resource's; without a key: not known */

	struct json old_state; /* missing: none */
	struct json new_state;
	uint64_t expected; /* resource's `last` that this builds upon */
	struct states_entry *entry; /* resource's, until it is settled */
	bool is_resource;
	struct event_row event;
	struct resource_row resource;
	struct delivery_row *deliveries;
	size_t delivery_count;
	struct shared_text *text; /* of new_state, while it is handed over */
	struct payload *payload;
	bool wants_envelope; /* some webhook sends the event as a CloudEvent */
	size_t envelope_len; /* its size as one; 0: not measured */
	uint64_t not_to;     /* number of a webhook that gets none, or 0 */
	const struct webhook *also_to; /* that gets one in any case, or NULL */
};

/**
 * Fills event, states and (for resources) the row, given what is known of the
 * resource (`hold` NULL: the event has no resource). Returns false when there
 * is nothing to write; then the item's outcome says why.
 */
bool ingest_work_decide(
	struct ingest_work *work, const struct states_hold *hold);

/** What deliveries send: a slice of the event or of the old state. */
struct str ingest_work_delivered(const struct ingest_work *work);

/** What payload.rest is to be. */
struct str ingest_work_rest(const struct ingest_work *work);

/** Gives the event its sequence. */
void ingest_work_number(struct ingest_work *work);

/** The event is on disk: says of its deliveries that they wait. */
void ingest_work_tell(const struct ingest_work *work);

/** The item ends without an event. */
void ingest_work_refuse(struct ingest_work *work, enum err err,
	const char *format, ...) PRINTF_LIKE(3, 4);

/** The type in its canonical spelling. */
struct str ingest_work_type(const struct ingest_work *work);

/** Where the states have the resource with this id. */
const struct states_place *ingest_work_place(
	struct ingest_work *work, struct str id);

/**
 * Before works[at] is begun: asks for what those after it will need of memory
 * that was last used long ago.
 */
void ingest_work_look_ahead(struct ingest_work *works, size_t count, size_t at);

/** Whether the item is about a resource, and of which id. */
bool ingest_work_resource_id(const struct ingest_work *work, struct str *ret);

/* ---- ingest_match.c ---- */

/**
 * Holds the event against the webhooks: its deliveries and their payload.
 * False: it is refused, being too large for one of them.
 */
bool ingest_match(struct ingest_work *work);

/* ---- ingest_size.c ---- */

/**
 * Whether the event, as the CloudEvent that `facts` make, may be sent to the
 * webhook; else it is refused.
 */
bool ingest_fits(struct ingest_work *work, const struct webhook *webhook,
	const struct payload_facts *facts);

/* ---- ingest_type.c ---- */

/**
 * Holds the event against its registered type's schema, if it has one, and
 * adds the type's attributes. False: it is refused.
 */
bool ingest_hold_type(struct ingest_work *work);

/** The request's trace becomes the event's, unless it has one. */
void ingest_add_trace(struct ingest_work *work);

/** Whether CloudEvents of this type tell of changes of a resource. */
bool ingest_is_resource_type(
	struct ingest *ingest, uint32_t workspace, struct str canonical_type);
