#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_mover.h"
#include "store/sqlite_spread.h"
#include "store_double.h"

/* Writes to the database that go to the disk bit by bit. */

enum { EVENTS = 100, BODY = 20000 };

static char path[1024];
static struct store *store;
static struct sqlite_db db;

/** A store with some two MiB in its log, and a connection to move it with. */
static void
begin(void)
{
	const char *directory = check_temp_dir();
	struct arena arena = {0};

	store = test_store_open(directory);
	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	for (uint64_t i = 1; i <= EVENTS; i++) {
		struct event_row event = test_event(i, &arena);

		event.body = str_make(arena_alloc(&arena, BODY), BODY);
		TEST_COMMIT(store, ADD_EVENT(&event));
		arena_reset(&arena);
	}
	arena_release(&arena);
	CHECK_OK(sqlite_db_open(path, SQLITE_DB_WRITER, &db, NULL));
	CHECK_OK(sqlite_db_run(&db, "PRAGMA cache_size = -64", NULL));
}

static void
end(void)
{
	sqlite_db_close(&db);
	store_close(store);
}

static off_t
size_of_database(void)
{
	struct stat stat_of;

	CHECK_INT(stat(path, &stat_of), 0);
	return stat_of.st_size;
}

TEST(store_spread, portions_follow_what_is_moved)
{
	struct sqlite_spread spread = {.fd = -1};
	off_t before, moved;

	begin();
	spread.fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(spread.fd >= 0);
	before = size_of_database();
	sqlite_spread_use(&spread);
	CHECK(sqlite_mover_move(&db) > 0);
	sqlite_spread_use(NULL);
	/* Pages that were in the file already are written anew, too. */
	moved = size_of_database() - before;
	CHECK(moved > EVENTS * BODY);
	CHECK(spread.portions >= (uint64_t)moved / SQLITE_SPREAD_BYTES);
	CHECK(spread.portions <= (uint64_t)moved / SQLITE_SPREAD_BYTES + 1);
	CHECK(spread.pending < SQLITE_SPREAD_BYTES);
	end();
	close(spread.fd);
}

TEST(store_spread, others_are_left_alone)
{
	struct sqlite_spread spread = {.fd = -1};

	begin();
	sqlite_spread_use(&spread);
	sqlite_spread_use(NULL);
	CHECK(sqlite_mover_move(&db) > 0);
	CHECK_INT(spread.portions, 0);
	CHECK_INT(spread.pending, 0);
	end();
}

TEST(store_spread, a_file_that_cannot_be_told_does_no_harm)
{
	struct sqlite_spread spread = {.fd = -1};
	off_t before;

	begin();
	before = size_of_database();
	sqlite_spread_use(&spread);
	CHECK(sqlite_mover_move(&db) > 0);
	sqlite_spread_use(NULL);
	CHECK(size_of_database() > before + EVENTS * BODY);
	CHECK(spread.portions > 0);
	end();
}

TEST(store_spread, methods_of_another_kind_are_left_as_they_are)
{
	static const sqlite3_io_methods other = {.iVersion = 1};

	begin();
	CHECK(sqlite_spread_methods(&other) == &other);
	end();
}
