#pragma once
#include "store/sqlite_db.h"
#include "store/store.h"

/*
 * Outcomes set together. In units that come one behind another, those whose
 * first change is a STORE_DELIVERY_SET mostly set deliveries that lie close
 * together, for which one statement over a stretch of sequences costs half of
 * one each. It sets those that wait and leaves the others, which take their
 * usual way when it is their unit's turn: who conflicts is found out there.
 *
 * That they are set ahead of the units before them is seen by none of these,
 * since only units that publish may stand between. Writer thread only.
 */
struct sqlite_write; /* store/sqlite_write.h */

enum { SQLITE_OUTCOMES_MAX = 1024 };

struct sqlite_outcome {
	const struct store_change *change;
	uint64_t sequence; /* of its delivery */
	bool is_set;
};

struct sqlite_outcomes {
	struct sqlite_outcome rows[SQLITE_OUTCOMES_MAX]; /* in order of units */
	size_t count;
	size_t taken;
	bool has_begun; /* with the transaction's first unit */
	/* The statement under way: by sequence, and where it is. */
	struct sqlite_outcome *sorted[SQLITE_OUTCOMES_MAX];
	size_t sorted_count;
	size_t at;
};

/** Makes the SQL function that the statement calls; before it is prepared. */
enum err sqlite_outcomes_register(struct sqlite_outcomes *outcomes,
	struct sqlite_db *db, struct buf *why) MUST_USE;

/** Nothing is set ahead any more; at the start of a transaction. */
void sqlite_outcomes_forget(struct sqlite_outcomes *outcomes);

/**
 * To be called with the units that are still to be applied, before each: sets
 * what it can of them ahead, unless that is done already. Of those that have a
 * row it sets none while a removed webhook's rows are purged, as then each
 * delivery is looked at; those that are late (sqlite_late.h) get theirs, in
 * the order of the table.
 */
enum err sqlite_outcomes_set(struct sqlite_write *write,
	struct store_unit **units, size_t count) MUST_USE;

/** Whether this change was done ahead. Ask once, in order. */
bool sqlite_outcomes_take(
	struct sqlite_outcomes *outcomes, const struct store_change *change);
