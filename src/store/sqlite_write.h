#pragma once
#include "store/store.h"

/*
 * Applies units of changes within a transaction of the writing connection.
 * Writer thread only.
 */
struct sqlite_db;    /* store/sqlite_db.h */
struct sqlite_purge; /* store/sqlite_purge.h */

/*
 * The counters of health that a transaction is to write: a webhook's last ones
 * stand for all before, which nobody could have read.
 */
enum { SQLITE_HEALTHS_MAX = 32 };

struct sqlite_healths {
	struct sqlite_health {
		uint64_t webhook;
		struct health health;
	} list[SQLITE_HEALTHS_MAX];
	size_t count;
};

struct sqlite_write {
	struct sqlite_db *db;
	struct sqlite_healths healths;
	struct sqlite_purge *purge;
	bool is_full;	 /* events are refused */
	bool has_shrunk; /* the last free page worth it was given back */
	int64_t waiting; /* how the number of WAITING deliveries changed */
	struct buf *why; /* may be NULL */
};

/**
 * Sets the unit's result: ERR_OK, or ERR_CONFLICT or ERR_LIMIT with nothing of
 * it applied. Any other error is returned too, and the transaction must be
 * rolled back.
 */
enum err sqlite_write_unit(struct sqlite_write *write, struct store_unit *unit)
	MUST_USE;

/** Writes what the units have left to the end; before the commit. */
enum err sqlite_write_rest(struct sqlite_write *write) MUST_USE;

/** How many deliveries of a webhook wait. */
enum err sqlite_write_waiting_of(struct sqlite_db *db, uint64_t webhook,
	int64_t *ret, struct buf *why) MUST_USE;
