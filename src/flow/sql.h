#pragma once
#include "base/clock.h"
#include "flow/service.h"

/*
 * Databases of the app sql:*. What they share: one statement a call, its
 * parameters bound and never put into its text, a limit on rows, bytes and
 * time. Internal to app_sql.c and the engines sql_*.c.
 */
enum {
	SQL_ROWS_DEFAULT = 1000,
	SQL_ROWS_MAX = 10000,
	SQL_BYTES_MAX = 4 << 20, /* of all texts in all rows */
	SQL_VALUES_MAX = 500000, /* in all rows, of whatever type */
};

struct sql_work {
	const struct module_call *call;
	struct failure *failure;
	struct str query;
	struct value parameters; /* array or collection; empty: none */
	bool must_read; /* a statement that changes something is refused */
	bool may_write; /* the connection's access */
	int64_t limit;	/* rows; INT64_MAX: all */
	int64_t end;	/* clock_monotonic() */
	size_t bytes;	/* of what was read so far */
	size_t values;	/* the same; a row counts as one, too */
	struct value_builder rows;
	double changes;
	double last_id; /* with has_last_id */
	bool has_last_id;
};

/** Whether the time is up, or the process stops. */
bool sql_must_stop(const struct sql_work *work);

/** The failure of having been stopped. */
enum failure_kind sql_stopped(const struct sql_work *work);

/** Adds a row; FAILURE_MAX_FILE_SIZE when that is too much. */
enum failure_kind sql_add_row(struct sql_work *work, struct value row);

/** Runs the statement of *work and fills in its rows and counts. Blocks. */
enum failure_kind sql_sqlite_run(struct sql_work *work);
enum failure_kind sql_postgres_run(struct sql_work *work);
