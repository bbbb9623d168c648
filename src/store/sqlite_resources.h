#pragma once
#include "store/sqlite_db.h"
#include "store/store.h"

/*
 * The last states of resources that the table `resources` does not name yet.
 * Its rows lie in the order of their ids, so that every published state would
 * change a page of its own, all over the table; and a row says nothing that
 * the row of its event does not. So a row is written late, in the order of the
 * table and with many others, and what a crash leaves unwritten is read out of
 * the events again.
 *
 * The mark (marks.resources_to): with all events up to it the table is
 * complete. At most about twice SQLITE_RESOURCES_LAG of events are beyond it,
 * which a start has to read. A round writes down what was not written when it
 * began, some rows with each commit, and moves the mark.
 *
 * Late is only what the event tells exactly: it is in the same unit, newer
 * than the mark, and has its resource's id as the subject. Everything else is
 * written at once.
 *
 * What was written stays in memory while it is in use, so that conflicts are
 * seldom looked for in the table. All of it together is bounded: what was not
 * used since the last round goes when there are SQLITE_RESOURCES_KEPT.
 *
 * The writer thread calls everything but sqlite_resources_get() and
 * sqlite_resources_complete().
 */
struct sqlite_resources;

enum {
	SQLITE_RESOURCES_LAG = 32768,
	SQLITE_RESOURCES_KEPT = 65536,
	SQLITE_RESOURCES_AHEAD = 8, /* units looked at before their turn */
};

struct sqlite_resources *sqlite_resources_new(void);
/** NULL is harmless. */
void sqlite_resources_free(struct sqlite_resources *resources);

/** At the start: what the events behind the mark say. Changes nothing. */
enum err sqlite_resources_load(struct sqlite_resources *resources,
	struct sqlite_db *db, struct buf *why) MUST_USE;

/* ---- within a transaction ---- */

/** An event is added, of whatever kind. */
void sqlite_resources_note(
	struct sqlite_resources *resources, uint64_t sequence);

/** One that is set so many units later: asks for the memory it is in. */
void sqlite_resources_expect(
	struct sqlite_resources *resources, const struct resource_row *row);

/**
 * STORE_RESOURCE_SET: ERR_CONFLICT when the present `last` is not the expected
 * one. `event` is that of the same unit, or NULL.
 */
enum err sqlite_resources_set(struct sqlite_resources *resources,
	struct sqlite_db *db, const struct store_change *change,
	const struct event_row *event, struct buf *why) MUST_USE;

/** The place that sqlite_resources_undo() goes back to. */
size_t sqlite_resources_place(const struct sqlite_resources *resources);

/** What was changed since was rolled back to a savepoint. */
void sqlite_resources_undo(struct sqlite_resources *resources, size_t place);

/** The next rows of a round under way; the last thing before COMMIT. */
enum err sqlite_resources_step(struct sqlite_resources *resources,
	struct sqlite_db *db, struct buf *why) MUST_USE;

/* ---- between transactions ---- */

/**
 * The transaction stands, and whoever begins to read now sees it: what it
 * changed counts for sqlite_resources_get() from here on.
 */
void sqlite_resources_settle(struct sqlite_resources *resources);

/**
 * The transaction was rolled back. The next one goes without the round's rows,
 * so that a full disk does not refuse units for the sake of them.
 */
void sqlite_resources_forget(struct sqlite_resources *resources);

/** A round is to begin soon. Within a transaction too. */
void sqlite_resources_want(struct sqlite_resources *resources);

/** How many are in memory: at most about three times SQLITE_RESOURCES_KEPT. */
size_t sqlite_resources_in_memory(const struct sqlite_resources *resources);

/** All of it, in a transaction of its own. */
enum err sqlite_resources_flush(struct sqlite_resources *resources,
	struct sqlite_db *db, struct buf *why) MUST_USE;

/* ---- any thread ---- */

/**
 * False: what the table says is the last state, to whoever begins to read it
 * after this.
 */
bool sqlite_resources_get(struct sqlite_resources *resources,
	uint32_t workspace, struct str type, struct str id, struct arena *arena,
	struct resource_row *ret);

/**
 * Up to this event's sequence the table is complete, for whoever begins to
 * read it after this. Never sinks, and is never below the mark.
 */
uint64_t sqlite_resources_complete(const struct sqlite_resources *resources);
