#pragma once
#include <sqlite3.h>

#include "base/buf.h"

/*
 * One connection to the database with its statements prepared. Connections
 * are opened without SQLite's own mutexes: one thread at a time uses one.
 */
enum sqlite_db_use { SQLITE_DB_WRITER, SQLITE_DB_READER };

enum sqlite_sql {
#define SQL(who, name, text) SQL_##name,
#include "store/sqlite_sql.def"
#undef SQL
	SQL_COUNT
};

struct sqlite_db {
	sqlite3 *handle;
	sqlite3_stmt *statements[SQL_COUNT]; /* those of its use */
};

/**
 * Opens and hardens a connection: defensive, nothing in the schema is
 * trusted, no views and triggers. A writer creates the file; a reader can
 * change nothing. ERR_IO, ERR_LIMIT, ERR_INVALID (not a database).
 */
enum err sqlite_db_open(const char *path, enum sqlite_db_use use,
	struct sqlite_db *db, struct buf *why) MUST_USE;

/**
 * Prepares the statements of its use that are not yet; the schema must be
 * there.
 */
enum err sqlite_db_prepare(
	struct sqlite_db *db, enum sqlite_db_use use, struct buf *why) MUST_USE;

/** A zeroed one is harmless. */
void sqlite_db_close(struct sqlite_db *db);

/** Runs SQL text that gives no rows that matter. */
enum err sqlite_db_run(struct sqlite_db *db, const char *sql, struct buf *why)
	MUST_USE;

/**
 * Runs a bound statement that gives no rows to its end and resets it;
 * `*ret_changed` (may be NULL) is the number of rows it changed.
 */
enum err sqlite_db_step(struct sqlite_db *db, enum sqlite_sql sql,
	int64_t *ret_changed, struct buf *why) MUST_USE;

/** The number that a query such as "PRAGMA user_version" gives. */
enum err sqlite_db_number(struct sqlite_db *db, const char *sql, int64_t *ret,
	struct buf *why) MUST_USE;

/**
 * The error of the call that just failed on this connection, `code`, told to
 * `why` (may be NULL): ERR_LIMIT when disk, quota or memory are used up,
 * ERR_INVALID for a file that is no database or a broken constraint, else
 * ERR_IO.
 */
enum err sqlite_db_error(struct sqlite_db *db, int code, struct buf *why);
