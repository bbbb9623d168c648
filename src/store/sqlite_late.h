#pragma once
#include "store/delivery_ring.h"
#include "store/sqlite_db.h"

/*
 * Deliveries whose row is not written yet. Most end within milliseconds, so
 * the row of a new one is written when its outcome is known, once and as that
 * leaves it, and no index has it as waiting. What a crash leaves unwritten is
 * told by its event, which names the webhooks in the order of its deliveries
 * (events.webhooks; NULL when their rows were written with it).
 *
 * The mark (marks.deliveries_to): with all events up to it the table is
 * complete. At a start, whatever the events behind it name and the table does
 * not have waits.
 *
 * Late are only deliveries of which their event tells all: those it was
 * published with in one unit, numbered in a row, all waiting and in no order,
 * SQLITE_LATE_EACH at most, and only of an event behind the mark. Others are
 * written at once. So are, with some of each commit, those that lie more than
 * SQLITE_LATE_LAG deliveries or events behind; so memory and what a start has
 * to read are bounded (delivery_ring.h).
 *
 * A row that is deleted behind the mark would come back: whoever deletes some,
 * or changes many, has all of it written and the mark moved before
 * (sqlite_late_write_all), in the same transaction.
 *
 * Readers look in `ring` first, then begin to read the table, where they may
 * find the same delivery again: what is in the table counts. The writer thread
 * calls everything but the last functions.
 */
struct sqlite_write; /* store/sqlite_write.h */

enum { SQLITE_LATE_LAG = DELIVERY_RING_MAX / 2, SQLITE_LATE_EACH = 32 };

struct sqlite_late {
	struct delivery_ring ring;
	_Atomic uint64_t shown_highest; /* what is below, as committed */
	_Atomic uint64_t complete;

	/* The writer's. */
	uint64_t highest; /* sequence of a delivery */
	uint64_t highest_event;
	uint64_t mark;
	uint64_t look_at; /* event: when to see whether the mark can move */
	size_t added;	  /* deliveries, by this transaction */
	bool is_held;	  /* the last commit failed */
	bool is_wanted;
	struct arena rows; /* of this transaction */
};

void sqlite_late_init(struct sqlite_late *late);
void sqlite_late_release(struct sqlite_late *late);

/**
 * At the start: what the events behind the mark say. Changes nothing.
 * ERR_INVALID: the database is damaged.
 */
enum err sqlite_late_load(struct sqlite_late *late, struct sqlite_db *db,
	struct buf *why) MUST_USE;

/* ---- within a transaction ---- */

/**
 * A STORE_EVENT_ADD of the unit being applied: whether its deliveries are to
 * be late, and then what its row says of them, which stays until the
 * transaction's end; else an empty text.
 */
bool sqlite_late_plan(struct sqlite_write *write,
	const struct store_change *change, struct str *ret_webhooks);

/** A delivery of such an event. */
void sqlite_late_add(struct sqlite_late *late, const struct delivery_row *row);

/** A delivery is added, late or not. */
void sqlite_late_note(struct sqlite_late *late, uint64_t sequence);

/**
 * STORE_DELIVERY_SET of one that is late: it goes into the batch. `is_old`:
 * only one that was there before this transaction. ERR_NOT_FOUND: it is none.
 */
enum err sqlite_late_set(struct sqlite_write *write,
	const struct store_change *change, bool is_old) MUST_USE;

/** If it is late, it goes into the batch as it is. */
enum err sqlite_late_write(struct sqlite_write *write, uint64_t sequence)
	MUST_USE;

/** All of them, and the mark moves. */
enum err sqlite_late_write_all(struct sqlite_write *write) MUST_USE;

/** Those that lie too far behind; after the units. */
enum err sqlite_late_step(struct sqlite_write *write) MUST_USE;

/** The place that sqlite_late_undo() goes back to. */
struct sqlite_late_place {
	struct delivery_ring_place ring;
	uint64_t mark;
};
struct sqlite_late_place sqlite_late_place(const struct sqlite_late *late);

/** What was changed since was rolled back to a savepoint. */
void sqlite_late_undo(struct sqlite_late *late, struct sqlite_late_place place);

/* ---- between transactions ---- */

/** The transaction stands. */
void sqlite_late_settle(struct sqlite_late *late);

/**
 * It was rolled back. The next one goes without rows that lie behind, so that
 * a full disk does not refuse units for the sake of them.
 */
void sqlite_late_forget(struct sqlite_late *late);

/** The next transaction is to write all; false: there is nothing to write. */
bool sqlite_late_want(struct sqlite_late *late);

/* ---- any thread ---- */

/**
 * The table has all deliveries of the events up to this one, for whoever
 * begins to read it after this. Never sinks.
 */
uint64_t sqlite_late_complete(const struct sqlite_late *late);

/**
 * Those without a row, as delivery_ring_list(); nothing is looked through for
 * an event of which the table has all. Before the table is read.
 */
struct delivery_list sqlite_late_list(struct sqlite_late *late,
	const struct delivery_ring_query *query, struct arena *arena);

/** The highest sequence of a delivery, late or not; 0: none came or was late
 * since the start. To be asked before the table. */
uint64_t sqlite_late_highest(const struct sqlite_late *late);

/** Those that the table does not have yet are added, in their order. */
void sqlite_late_merge(const struct delivery_list *late, size_t limit,
	struct arena *arena, struct delivery_list *rows);
