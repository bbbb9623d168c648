#pragma once
#include <semaphore.h>
#include <stdatomic.h>

#include "pipeline/event_types.h"
#include "pipeline/ingest.h"
#include "pipeline/webhooks.h"
#include "store_double.h"

/*
 * What the pipeline's tests share: the real store, writer, desk, match and
 * ingest in a temporary folder, and publishing that waits for its end.
 */
enum { WORLD_ACCEPTED_MAX = 4096, WORLD_TEXT_MAX = 512 };

struct world {
	const char *directory;
	struct store *store;
	struct writer *writer;
	struct desk *desk;
	struct match *match;
	struct event_types *event_types;
	struct ingest *ingest;
	struct delivery_row accepted[WORLD_ACCEPTED_MAX]; /* reasons cut off */
	atomic_size_t accepted_count;
	struct trace_context trace; /* of what is published from now on */
};

/** Limits of the states' cache and of a transaction; 0: the usual. */
void world_open(
	struct world *world, size_t states_memory_max, size_t batch_max);
void world_close(struct world *world);
/** The same folder, as the next process would find it. */
void world_reopen(struct world *world);

/** A webhook's snapshot with one reference, ACTIVE, that nobody knows yet. */
struct webhook *world_webhook(uint64_t number, const char *filter);

/** One item published, and how it ended. */
struct published {
	struct publication publication;
	struct publication_item item;
	struct arena arena;
	struct json_doc doc;
	struct ingest_ahead ahead;
	sem_t ended;
	/* when it has ended */
	enum publish_outcome outcome;
	enum err err;
	enum publish_because because;
	uint32_t matched;
	char why[WORLD_TEXT_MAX];
	char warning[WORLD_TEXT_MAX];
};

/** Start it; the body must stay. */
void world_put(struct world *world, struct published *published, const char *id,
	const char *body);
/** The same, as many steps of looking ahead before it. */
void world_put_ahead(struct world *world, struct published *published,
	const char *id, const char *body, unsigned steps);
void world_delete(
	struct world *world, struct published *published, const char *id);
/** `event`: a CloudEvent in JSON format. */
void world_event(
	struct world *world, struct published *published, const char *event);
/** Whether it has ended already. */
bool world_has_ended(struct published *published);
/** Waits for its end and releases it. */
void world_await(struct published *published);

/* Start and await: the outcome must be this one. */
void world_put_is(struct world *world, const char *id, const char *body,
	enum publish_outcome outcome);
void world_delete_is(
	struct world *world, const char *id, enum publish_outcome outcome);
void world_event_is(
	struct world *world, const char *event, enum publish_outcome outcome);

/** The last event's row of a type and subject, which must be there. */
struct event_row world_last(
	struct world *world, const char *id, struct arena *arena);

/** What GET says of the resource; empty when there is none. */
struct str world_state(
	struct world *world, const char *id, struct arena *arena);

/** The writer's thread stands still, from begin to end. */
struct gate {
	struct writer_item item;
	struct store_change change;
	sem_t is_closed;
	sem_t may_open;
	sem_t is_open;
};
void gate_close(struct gate *gate, struct writer *writer);
void gate_open(struct gate *gate);

/** Waits until `condition` is true, 20 s at most; nothing is slept away. */
#define AWAIT(condition) \
	do { \
		int64_t until_ = clock_monotonic() + 20 * SECONDS; \
		while (!(condition)) { \
			CHECK(clock_monotonic() < until_); \
			sched_yield(); \
		} \
	} while (0)
