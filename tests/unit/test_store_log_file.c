#include "fault_vfs.h"
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
