#pragma once
#include <stdatomic.h>

#include "store/sqlite_attempts.h"
#include "store/sqlite_db.h"
#include "store/sqlite_feed.h"
#include "store/sqlite_late.h"
#include "store/sqlite_outcomes.h"
#include "store/sqlite_purge.h"
#include "store/sqlite_row.h"
#include "store/store.h"

/* What the parts of the SQLite store share; nobody else includes it. */
struct sqlite_mover;	 /* store/sqlite_mover.h */
struct sqlite_pool;	 /* store/sqlite_pool.h */
struct sqlite_resources; /* store/sqlite_resources.h */

struct store {
	struct buf path;     /* of the database */
	struct buf wal_path; /* of its log */
	int lock;
	int file; /* the database's, beside SQLite's own */
	struct sqlite_pool *pool;
	struct sqlite_mover *mover;
	struct sqlite_resources *resources;
	struct sqlite_late late;
	_Atomic int64_t waiting; /* WAITING deliveries */
	_Atomic uint64_t used;	 /* bytes of pages in use */
	uint64_t bytes_max;	 /* 0: none */

	/* The writer thread's. */
	struct sqlite_db writer;
	struct sqlite_feeds feeds;
	struct sqlite_attempts attempts;
	struct sqlite_purge purge;
	struct sqlite_outcomes outcomes;
	unsigned log_pages;   /* in the log after the last commit */
	uint64_t pages_since; /* written since `used` was looked at */
	unsigned log_limit;   /* how many there should be at most */
	unsigned move_at;     /* how many there are when they are moved next */
	unsigned move_step;   /* how often the mover was asked; 0: not now */
	bool must_move;	      /* at once: the file gets shorter by it */
};

/** A query on a reading connection; end it on every way out. */
struct sqlite_reading {
	struct store *store;
	struct sqlite_db *db;
	struct sqlite_row row; /* .stmt: bind to it before the first step */
	enum err err;
};

struct sqlite_reading sqlite_reading_begin(
	struct store *store, enum sqlite_sql sql, struct arena *arena);
/** The next row is there, with `row.at` 0; false at the end or on an error. */
bool sqlite_reading_step(struct sqlite_reading *reading);
/** ERR_OK, or the error, which was logged. */
enum err sqlite_reading_end(struct sqlite_reading *reading);
/**
 * The rows of a time as sequences: `*ret_first` <= s < `*ret_end`, some of
 * other times included. `at` is SQL_DELIVERY_AT or SQL_EVENT_FROM.
 */
enum err sqlite_explain_range(struct store *store, enum sqlite_sql at,
	int64_t from, int64_t to, uint64_t *ret_first, uint64_t *ret_end)
	MUST_USE;

/** Ends a reading of one row; `is_there` is what its step said. ERR_NOT_FOUND
 * where it was not. */
enum err sqlite_reading_end_single(
	struct sqlite_reading *reading, bool is_there);
