#pragma once
#include "store/sqlite_db.h"
#include "store/store.h"

/*
 * Rows in memory as tables that statements read: `new_events`,
 * `new_deliveries` and `new_attempts` of the writing connection, with the
 * columns of the tables they go to. One INSERT … SELECT writes any number of
 * them, at half of what binding each value costs. All rows with keys above
 * zero come to these tables this way. Writer thread only.
 */
enum sqlite_feed_table {
	SQLITE_FEED_EVENTS,
	SQLITE_FEED_DELIVERIES,
	SQLITE_FEED_ATTEMPTS,
	SQLITE_FEED_TABLES
};

struct sqlite_feed {
	const struct store_change *const *changes;
	const struct str *webhooks; /* of events: what their rows name */
	size_t count;
	const int64_t *places; /* of attempts, one each; or NULL */
	/* SQLite's; one statement at a time reads it. */
	sqlite3_vtab table;
	sqlite3_vtab_cursor cursor;
	size_t at;
	const struct sqlite_feed_columns *columns;
	const void *row; /* at `at` */
	sqlite3 *handle;
	/* Keys that were told: the last one, whether it is the highest of the
	   table it goes to, whether it was left to SQLite; and what no key in
	   that table is above. */
	int64_t key;
	bool is_last;
	bool is_key_left;
	int64_t highest;
};

struct sqlite_feeds {
	struct sqlite_feed tables[SQLITE_FEED_TABLES];
};

/**
 * Makes the tables; before statements that read them are prepared. They stay
 * where they are until the connection is closed.
 */
enum err sqlite_feeds_register(struct sqlite_feeds *feeds, struct sqlite_db *db,
	struct buf *why) MUST_USE;

/** The highest keys there are; once statements are prepared. */
enum err sqlite_feeds_load(struct sqlite_feeds *feeds, struct sqlite_db *db,
	struct buf *why) MUST_USE;

/**
 * What a table holds for the next statement. Changes of its kind, borrowed;
 * so is what was given to sqlite_feeds_name() for events.
 */
void sqlite_feeds_hold(struct sqlite_feeds *feeds, enum sqlite_feed_table table,
	const struct store_change *const *changes, size_t count);

/** The column `webhooks` of the events that are held; empty ones are NULL. */
void sqlite_feeds_name(struct sqlite_feeds *feeds, const struct str *webhooks);

/** Where the attempts that were just held go: a place each, borrowed. */
void sqlite_feeds_place(struct sqlite_feeds *feeds, const int64_t *places);

/*
 * For a table of attempts that are read from elsewhere (sqlite_packed.h): its
 * columns, and an attempt's value of one of them, copied.
 */
int sqlite_feed_declare(sqlite3 *handle, enum sqlite_feed_table table);
void sqlite_feed_tell_attempt(sqlite3_context *context,
	const struct attempt_row *row, int64_t place, int number);
