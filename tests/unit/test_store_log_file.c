#include <sqlite3.h>

#include "fault_vfs.h"
#include "store/sqlite_log_file.h"
#include "store_double.h"

/* How a transaction gets into the log. */

enum {
	EVENTS = 600,
	FEW_OPERATIONS = 40,
	CACHE = 16 << 20,
	LARGE = CACHE / EVENTS * 5 / 4, /* of an event; in all beyond it */
};

static const char *directory;
static struct store *store;
static struct arena arena;

static struct event_row events[EVENTS];
static struct resource_row resources[EVENTS];
static struct store_change changes[EVENTS][2];
static struct store_unit units[EVENTS], *list[EVENTS];

/** A commit of events of that many bytes each, in one transaction. */
static enum err
commit_events(size_t size, struct buf *why)
{
	for (size_t i = 0; i < EVENTS; i++) {
		events[i] = test_event(i + 1, &arena);
		events[i].body = str_make(arena_alloc(&arena, size), size);
		resources[i] = test_resource(events[i].id.ptr, i + 1);
		changes[i][0] =
			(struct store_change)SET_RESOURCE(&resources[i], 0);
		changes[i][1] = (struct store_change)ADD_EVENT(&events[i]);
		units[i] =
			(struct store_unit){.changes = changes[i], .count = 2};
		list[i] = &units[i];
	}
	return store_commit(store, list, EVENTS, why);
}

static void
begin(void)
{
	directory = check_temp_dir();
	fault_install();
	store = test_store_open(directory);
}

static void
end(void)
{
	store_close(store);
	CHECK_INT(test_count(directory, "SELECT integrity_check = 'ok' FROM "
					"pragma_integrity_check"),
		1);
	arena_release(&arena);
}

TEST(store_log_file, commit_is_written_in_few_pieces)
{
	begin();
	fault_arm(FAULT_IO, FEW_OPERATIONS, false);
	CHECK_OK(commit_events(1000, NULL)); /* over 150 pages */
	CHECK(!fault_has_struck());
	fault_disarm();
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), EVENTS);
	end();
}

/** Its first pages leave the cache for the log, and are read from there. */
TEST(store_log_file, transaction_larger_than_the_cache_is_whole)
{
	begin();
	CHECK_OK(commit_events(LARGE, NULL));
	for (size_t i = 0; i < EVENTS; i++) {
		struct event_row row;

		CHECK_OK(store_event(store, i + 1, &arena, &row));
		CHECK_INT(row.body.len, LARGE);
		arena_reset(&arena);
	}
	end();
}

TEST(store_log_file, transaction_larger_than_the_cache_fails_whole)
{
	struct buf why = {0};
	int failures = 0;

	begin();
	/* At its first write, and at some between. */
	for (int at = 0;; at += 70) {
		enum err err;

		fault_arm(FAULT_SHORT, at, false);
		err = commit_events(LARGE, &why);
		fault_disarm();
		arena_reset(&arena);
		if (err == ERR_OK)
			break;
		failures++;
		CHECK_INT(err, ERR_LIMIT);
		CHECK_INT(test_count(directory, "SELECT count(*) FROM events"),
			0);
	}
	CHECK(failures > 1);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), EVENTS);
	buf_release(&why);
	end();
}

/** A page that has left the cache and is wanted again is read from the log. */
TEST(store_log_file, transaction_that_cannot_read_what_left_the_cache_fails)
{
	struct buf why = {0};

	begin();
	fault_log_reads_fail(true);
	CHECK_INT(commit_events(LARGE, &why), ERR_IO);
	fault_log_reads_fail(false);
	arena_reset(&arena);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), 0);
	CHECK_OK(commit_events(LARGE, NULL));
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), EVENTS);
	buf_release(&why);
	end();
}

/* ---- the layer alone, below a connection with next to no cache ---- */

enum { ROWS = 60 };

static sqlite3 *
open_small(void)
{
	char path[1024];
	sqlite3 *db;

	directory = check_temp_dir();
	fault_install();
	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(sqlite3_open_v2(path, &db,
			  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			  sqlite_log_file_vfs()),
		SQLITE_OK);
	CHECK_INT(sqlite3_exec(db,
			  "PRAGMA journal_mode = WAL; PRAGMA cache_size = 5;"
			  "CREATE TABLE rows (id INTEGER PRIMARY KEY, text)",
			  NULL, NULL, NULL),
		SQLITE_OK);
	return db;
}

/** In a transaction under way, of which the log has some and some is gathered:
 * a row is most of a page. */
static void
fill(sqlite3 *db)
{
	char sql[128];

	CHECK_INT(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < ROWS; i++) {
		snprintf(sql, sizeof(sql),
			"INSERT INTO rows VALUES (%d, printf('%%03000d', %d))",
			i, i);
		CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	}
}

/** Looks at all pages; `*ret_right` is how many rows are what they should. */
static int
look(sqlite3 *db, int *ret_right)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db,
		"SELECT count(*) FROM rows WHERE text = printf('%03000d', id)",
		-1, &stmt, NULL);

	CHECK_INT(code, SQLITE_OK);
	*ret_right = sqlite3_step(stmt) == SQLITE_ROW
			     ? sqlite3_column_int(stmt, 0)
			     : -1;
	return sqlite3_finalize(stmt);
}

static void
end_small(sqlite3 *db)
{
	int right;

	CHECK_INT(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	CHECK_INT(look(db, &right), SQLITE_OK);
	CHECK_INT(right, ROWS);
	CHECK_INT(sqlite3_close(db), SQLITE_OK);
	CHECK_INT(test_count(directory, "SELECT integrity_check = 'ok' FROM "
					"pragma_integrity_check"),
		1);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM rows"), ROWS);
}

TEST(store_log_file, what_is_gathered_is_read_back)
{
	sqlite3 *db = open_small();
	int before, right;

	fill(db);
	before = fault_log_reads();
	CHECK_INT(look(db, &right), SQLITE_OK);
	CHECK_INT(right, ROWS);
	CHECK(fault_log_reads() - before > ROWS / 2);
	end_small(db);
}

TEST(store_log_file, bad_read_ends_the_transaction)
{
	sqlite3 *db = open_small();
	int right;

	fill(db);
	fault_log_reads_fail(true);
	CHECK_INT(look(db, &right), SQLITE_IOERR);
	fault_log_reads_fail(false);
	CHECK(sqlite3_get_autocommit(db)); /* rolled back */
	CHECK_INT(look(db, &right), SQLITE_OK);
	CHECK_INT(right, 0);
	fill(db);
	end_small(db);
}

/** That it is looked for is what has it written. */
TEST(store_log_file, gathered_that_cannot_be_written_ends_the_transaction)
{
	sqlite3 *db = open_small();
	int right;

	for (int kind = 0; kind < FAULT_KINDS; kind++) {
		fill(db);
		fault_arm((enum fault_kind)kind, 0, false);
		CHECK_INT(look(db, &right),
			kind == FAULT_IO ? SQLITE_IOERR : SQLITE_FULL);
		CHECK(fault_has_struck());
		fault_disarm();
		CHECK(sqlite3_get_autocommit(db));
		CHECK_INT(look(db, &right), SQLITE_OK);
		CHECK_INT(right, 0);
	}
	fill(db);
	end_small(db);
}
