#include <sqlite3.h>

#include "base/random.h"
#include "store/explain.h"
#include "store/sqlite_attempts.h"
#include "store/sqlite_row.h"
#include "store_double.h"

/* Where attempts lie, and that they are found wherever that is. */

enum { MANY = 3000, HOOKS = 3 };

static struct store *store;
static const char *directory;
static struct arena arena;
static struct delivery_row deliveries[MANY];
static struct attempt_row attempts[MANY];
static struct store_change changes[MANY];

static uint64_t
hook_of(uint64_t delivery)
{
	return 1 + delivery % HOOKS;
}

/** Deliveries from 1 to MANY of one event. */
static void
begin(void)
{
	struct event_row event = test_event(1, &arena);

	directory = check_temp_dir();
	store = test_store_open(directory);
	TEST_COMMIT(store, ADD_EVENT(&event));
	for (uint64_t i = 0; i < MANY; i++) {
		deliveries[i] = test_delivery(i + 1, 1, hook_of(i + 1));
		deliveries[i].attempts = 1;
		changes[i] = (struct store_change)ADD_DELIVERY(&deliveries[i]);
	}
	CHECK_OK(test_commit(store, changes, MANY));
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

/** An attempt for each delivery of the order, in one commit. */
static void
add(const uint64_t *order, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++) {
		attempts[i] = test_attempt(order[i], number, hook_of(order[i]),
			TEST_NOW + (int64_t)order[i]);
		/* Others share rows (test_store_packs.c). */
		attempts[i].is_acknowledged = false;
		changes[i] = (struct store_change)ADD_ATTEMPT(&attempts[i]);
	}
	CHECK_OK(test_commit(store, changes, count));
}

static void
number_from(uint64_t *order, size_t count, uint64_t first)
{
	for (size_t i = 0; i < count; i++)
		order[i] = first + i;
}

static void
shuffle(uint64_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t at = (size_t)random_below(i);
		uint64_t one = order[i - 1];

		order[i - 1] = order[at];
		order[at] = one;
	}
}

static int64_t
count_apart(void)
{
	return test_count(directory, "SELECT count(*) FROM attempts"
				     " WHERE place <> delivery * 1024");
}

/** Every delivery of `first` and on has so many, and each is found alone. */
static void
check_attempts(uint64_t first, uint64_t last, uint32_t count)
{
	for (uint64_t delivery = first; delivery <= last; delivery++) {
		struct attempt_rows rows;
		struct attempt_view view;

		CHECK_OK(store_attempts_of(store, delivery, &arena, &rows));
		CHECK_INT(rows.count, count);
		for (uint32_t i = 0; i < count; i++) {
			CHECK_INT(rows.rows[i].delivery, delivery);
			CHECK_INT(rows.rows[i].number, i);
			CHECK_OK(store_attempt(store, hook_of(delivery),
				delivery, i, &arena, &view));
			CHECK_INT(view.attempt.started,
				TEST_NOW + (int64_t)delivery);
		}
		CHECK_INT(store_attempt(store, hook_of(delivery), delivery,
				  count, &arena, &view),
			ERR_NOT_FOUND);
	}
}

/** A page of a webhook's deliveries holds all of them. */
static void
check_walk(void)
{
	for (uint64_t hook = 1; hook <= HOOKS; hook++) {
		struct delivery_query query = {
			.workspace = 1, .webhook = hook, .limit = MANY};
		struct delivery_page page;

		CHECK_OK(store_deliveries_page(store, &query, &arena, &page));
		CHECK_INT(page.count, MANY / HOOKS);
	}
}

TEST(store_attempts, those_in_their_order_need_no_entry)
{
	uint64_t order[MANY];

	begin();
	number_from(order, MANY, 1);
	add(order, MANY, 0);
	CHECK_INT(count_apart(), 0);
	check_attempts(1, MANY, 1);
	check_walk();
	CHECK_INT(test_count(directory, "SELECT count(*) FROM tried_blocks"),
		HOOKS * (MANY / SQLITE_TRIED_BLOCK + 1));
	end();
}

TEST(store_attempts, those_nearly_in_their_order_need_none_either)
{
	uint64_t order[MANY];
	size_t stretch = SQLITE_ATTEMPTS_WINDOW;

	begin();
	number_from(order, MANY, 1);
	for (size_t i = 0; i + stretch <= MANY; i += stretch)
		shuffle(order + i, stretch);
	add(order, MANY, 0);
	CHECK_INT(count_apart(), 0);
	check_attempts(1, MANY, 1);
	end();
}

TEST(store_attempts, any_order_is_found_also_after_reopening)
{
	uint64_t order[MANY];

	begin();
	number_from(order, MANY, 1);
	shuffle(order, MANY);
	for (uint32_t number = 0; number < 3; number++) {
		add(order, MANY / 2, number);
		store_close(store);
		store = test_store_open(directory);
		add(order + MANY / 2, MANY - MANY / 2, number);
	}
	CHECK(count_apart() >= 2 * MANY);
	check_attempts(1, MANY, 3);
	check_walk();
	end();
}

/* Between deliveries' places there are 1023 others. */
TEST(store_attempts, many_repeats_pass_the_places_of_deliveries)
{
	uint64_t order[MANY];

	begin();
	number_from(order, MANY, 1);
	add(order, 100, 0);
	for (uint32_t number = 1; number <= 40; number++)
		add(order, 100, number);
	add(order + 100, 50, 0);
	check_attempts(1, 100, 41);
	check_attempts(101, 150, 1);
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM attempts WHERE number > 0"
			  " AND place % 1024 = 0"),
		0);
	end();
}

TEST(store_attempts, one_that_is_there_fails_the_commit)
{
	uint64_t order[2] = {7, 7};
	struct store_unit unit = {.changes = changes, .count = 1};
	struct store_unit *units[] = {&unit};

	begin();
	for (uint32_t number = 0; number < 2; number++) {
		add(order, 1, number);
		CHECK_INT(store_commit(store, units, 1, NULL), ERR_INVALID);
	}
	check_attempts(7, 7, 2);
	end();
}

/* What was written of tried_blocks goes with the unit that is undone. */
TEST(store_attempts, after_a_roll_back_the_walk_finds_them)
{
	struct delivery_row row = test_delivery(1, 1, 2);
	struct delivery_row none = test_delivery(MANY + 1, 1, 2);
	struct attempt_row attempt = test_attempt(1, 0, 2, TEST_NOW);
	struct store_change undone[SQLITE_ATTEMPTS_MAX + 2];
	uint64_t order[MANY];

	begin();
	row.state = none.state = DELIVERY_DELIVERED;
	undone[0] = (struct store_change)SET_DELIVERY(&row);
	for (size_t i = 0; i < SQLITE_ATTEMPTS_MAX; i++) {
		attempts[i] = attempt;
		attempts[i].delivery = i + 1;
		attempts[i].webhook = hook_of(i + 1);
		undone[i + 1] = (struct store_change)ADD_ATTEMPT(&attempts[i]);
	}
	undone[SQLITE_ATTEMPTS_MAX + 1] =
		(struct store_change)SET_DELIVERY(&none);
	CHECK_INT(test_conflict(store, undone, COUNT_OF(undone)),
		SQLITE_ATTEMPTS_MAX + 1);
	CHECK_INT(test_count_attempts(directory), 0);
	number_from(order, MANY, 1);
	add(order, MANY, 0);
	check_walk();
	check_attempts(1, MANY, 1);
	end();
}

/** A statement on a connection of its own. */
static void
run_beside(const char *sql)
{
	char path[1024];
	sqlite3 *handle;

	snprintf(path, sizeof(path), "%s/grapnel.db", directory);
	CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
	CHECK_INT(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
}

/* Keys that are left to SQLite are those that were meant, or nothing is. */
TEST(store_attempts, a_row_that_nobody_knows_of_cannot_move_others)
{
	struct event_row events[3];
	struct store_change adds[3];
	struct store_unit unit = {.changes = adds, .count = 3};
	struct store_unit *units[] = {&unit};

	begin();
	for (uint64_t i = 0; i < 3; i++) {
		events[i] = test_event(i + 2, &arena);
		adds[i] = (struct store_change)ADD_EVENT(&events[i]);
	}
	run_beside("INSERT INTO events SELECT 1000, workspace, operation, form,"
		   " previous, time, accepted, matched, is_id_given, 'x',"
		   " source, type, type_as_received, subject, publisher,"
		   " attributes, body, 0, NULL FROM events WHERE sequence = 1");
	CHECK_INT(store_commit(store, units, 1, NULL), ERR_IO);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), 2);
	CHECK_OK(store_commit(store, units, 1, NULL));
	CHECK_INT(
		test_count(directory, "SELECT count(*) FROM events"
				      " WHERE sequence IN (1, 2, 3, 4, 1000)"),
		5);
	end();
}
