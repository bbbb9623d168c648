#pragma once
#include "store/sqlite_batch.h"

/*
 * Applies units of changes within a transaction of the writing connection.
 * Writer thread only.
 */
struct sqlite_db;	 /* store/sqlite_db.h */
struct sqlite_purge;	 /* store/sqlite_purge.h */
struct sqlite_outcomes;	 /* store/sqlite_outcomes.h */
struct sqlite_resources; /* store/sqlite_resources.h */
struct sqlite_late;	 /* store/sqlite_late.h */

struct sqlite_write {
	struct sqlite_db *db;
	struct sqlite_batch batch;
	struct sqlite_outcomes *outcomes;
	struct sqlite_purge *purge;
	struct sqlite_resources *resources;
	struct sqlite_late *late;
	const struct store_unit *unit; /* that is being applied */
	bool is_late; /* the unit: its deliveries' rows are not written yet */
	bool is_full; /* events are refused */
	bool has_retained; /* rows may have been removed */
	bool has_shrunk;   /* the last free page worth it was given back */
	int64_t waiting;   /* how the number of WAITING deliveries changed */
	struct buf *why;   /* may be NULL */
};

/**
 * Sets each unit's result: ERR_OK, or ERR_CONFLICT or ERR_LIMIT with nothing
 * of it applied. Any other error is returned too, and the transaction must be
 * rolled back.
 */
enum err sqlite_write_units(struct sqlite_write *write,
	struct store_unit **units, size_t count) MUST_USE;

/** Whether all late deliveries are written before it (sqlite_late.h). */
bool sqlite_write_moves_mark(const struct store_change *change);

/** How many deliveries of a webhook wait. */
enum err sqlite_write_waiting_of(struct sqlite_db *db, uint64_t webhook,
	int64_t *ret, struct buf *why) MUST_USE;
