#include "store/sqlite_outcomes.h"
#include "store_double.h"

/* Outcomes of one transaction, which are set together where that can be. */

enum { MANY = 40, MORE_THAN_FIT = SQLITE_OUTCOMES_MAX + 300 };

static struct store *store;
static const char *directory;
static struct arena arena;

static struct delivery_row rows[MORE_THAN_FIT];
static struct attempt_row attempts[MORE_THAN_FIT];
static struct store_change changes[MORE_THAN_FIT][2];
static struct store_unit units[MORE_THAN_FIT], *list[MORE_THAN_FIT];
static size_t count;

static void
begin(void)
{
	directory = check_temp_dir();
	store = test_store_open(directory);
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

/** Deliveries 1 to `last`, which wait. */
static void
add_deliveries(uint64_t last)
{
	for (uint64_t at = 1; at <= last; at++) {
		struct delivery_row row = test_delivery(at, 1, 1);

		TEST_COMMIT(store, ADD_DELIVERY(&row));
	}
}

/** An outcome as the next unit: delivered, or what is said. */
static void
add_outcome(uint64_t sequence, enum delivery_state state, const char *reason)
{
	struct delivery_row *row = &rows[count];

	*row = test_delivery(sequence, 1, 1);
	row->state = state;
	row->attempts = 3;
	row->due = TEST_NOW + (int64_t)sequence;
	row->updated = TEST_NOW + 1000 * (int64_t)sequence;
	row->reason = str_of(reason);
	attempts[count] = test_attempt(sequence, (uint32_t)count, 1, TEST_NOW);
	changes[count][0] = (struct store_change)SET_DELIVERY(row);
	changes[count][1] = (struct store_change)ADD_ATTEMPT(&attempts[count]);
	units[count] =
		(struct store_unit){.changes = changes[count], .count = 2};
	list[count] = &units[count];
	count++;
}

static void
commit(void)
{
	CHECK_OK(store_commit(store, list, count, NULL));
}

/** The row is what unit `at` said. */
static void
check_set(size_t at)
{
	struct delivery_row row;

	CHECK_INT(units[at].result, ERR_OK);
	CHECK_OK(store_delivery(store, rows[at].sequence, &arena, &row));
	CHECK_INT(row.state, rows[at].state);
	CHECK_INT(row.attempts, rows[at].attempts);
	CHECK_INT(row.due, rows[at].due);
	CHECK_INT(row.updated, rows[at].updated);
	CHECK_STR(row.reason, rows[at].reason);
}

static int64_t
waiting(void)
{
	struct store_stats stats;

	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries WHERE state = 0"),
		stats.waiting);
	return (int64_t)stats.waiting;
}

TEST(store_outcomes, each_delivery_gets_its_own)
{
	begin();
	add_deliveries(MANY);
	for (uint64_t at = MANY; at > 3; at -= 3) /* with holes, backwards */
		add_outcome(at, at % 2 ? DELIVERY_DELIVERED : DELIVERY_WAITING,
			at % 2 ? "" : "a reason");
	add_outcome(2, DELIVERY_DEAD, "gone");
	commit();
	for (size_t i = 0; i < count; i++)
		check_set(i);
	CHECK_INT(waiting(), MANY - 1 - 6);
	CHECK_INT(test_count_attempts(directory), count);
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries WHERE attempts = 3"),
		count);
	end();
}

TEST(store_outcomes, those_far_from_their_order_are_set_too)
{
	begin();
	add_deliveries(10 * MANY);
	for (uint64_t at = 10 * MANY; at > 0; at--)
		add_outcome(at, DELIVERY_DELIVERED, "");
	commit();
	for (size_t i = 0; i < count; i++)
		check_set(i);
	CHECK_INT(waiting(), 0);
	end();
}

TEST(store_outcomes, who_does_not_wait_conflicts_and_the_others_go_on)
{
	begin();
	add_deliveries(10);
	add_outcome(4, DELIVERY_DELIVERED, "");
	add_outcome(5, DELIVERY_SKIPPED, "off");
	commit();
	count = 0;
	for (uint64_t at = 1; at <= 12; at++) /* 11 and 12 are not there */
		add_outcome(at, DELIVERY_DELIVERED, "");
	commit();
	for (size_t i = 0; i < count; i++) {
		uint64_t sequence = rows[i].sequence;

		if (sequence == 4 || sequence > 10)
			CHECK_INT(units[i].result, ERR_CONFLICT);
		else
			check_set(i); /* the skipped one, too: it came late */
	}
	CHECK_INT(waiting(), 0);
	CHECK_INT(test_count_attempts(directory), 2 + 9);
	end();
}

TEST(store_outcomes, two_of_one_delivery_come_in_their_order)
{
	begin();
	add_deliveries(4);
	add_outcome(1, DELIVERY_DELIVERED, "");
	add_outcome(2, DELIVERY_WAITING, "busy");
	add_outcome(3, DELIVERY_DELIVERED, "");
	add_outcome(2, DELIVERY_DEAD, "gone");
	add_outcome(3, DELIVERY_DEAD, "gone");
	commit();
	check_set(0);
	CHECK_INT(units[1].result, ERR_OK);
	check_set(2);
	check_set(3);
	CHECK_INT(units[4].result, ERR_CONFLICT);
	CHECK_INT(waiting(), 1);
	end();
}

TEST(store_outcomes, delivery_of_the_same_transaction_is_set)
{
	struct delivery_row row = test_delivery(3, 1, 1);
	struct store_change add = ADD_DELIVERY(&row);
	struct store_unit unit = {.changes = &add, .count = 1};
	struct store_unit *all[4];

	begin();
	add_deliveries(2);
	add_outcome(1, DELIVERY_DELIVERED, "");
	add_outcome(2, DELIVERY_DELIVERED, "");
	add_outcome(3, DELIVERY_DELIVERED, "");
	all[0] = list[0];
	all[1] = &unit;
	all[2] = list[1];
	all[3] = list[2];
	CHECK_OK(store_commit(store, all, 4, NULL));
	for (size_t i = 0; i < count; i++)
		check_set(i);
	CHECK_INT(waiting(), 0);
	end();
}

TEST(store_outcomes, what_stands_between_is_done_before)
{
	struct delivery_row row = test_delivery(2, 1, 1);
	struct store_change skip = {.kind = STORE_DELIVERIES_SKIP,
		.webhook_number = 1,
		.reason = STR("off"),
		.now = TEST_NOW};
	struct store_unit unit = {.changes = &skip, .count = 1};
	struct store_unit *all[3];

	begin();
	add_deliveries(2);
	add_outcome(1, DELIVERY_WAITING, "busy");
	add_outcome(2, DELIVERY_WAITING, "busy");
	all[0] = list[0];
	all[1] = &unit;
	all[2] = list[1];
	CHECK_OK(store_commit(store, all, 3, NULL));
	CHECK_INT(units[0].result, ERR_OK);
	CHECK_INT(units[1].result, ERR_CONFLICT);
	CHECK_OK(store_delivery(store, 1, &arena, &row));
	CHECK_INT(row.state, DELIVERY_SKIPPED);
	CHECK_INT(waiting(), 0);
	end();
}

TEST(store_outcomes, more_than_are_set_at_once_are_all_set)
{
	static struct store_change adds[MORE_THAN_FIT];

	begin();
	for (size_t i = 0; i < MORE_THAN_FIT; i++) {
		rows[i] = test_delivery(i + 1, 1, 1);
		adds[i] = (struct store_change)ADD_DELIVERY(&rows[i]);
		units[i] = (struct store_unit){.changes = &adds[i], .count = 1};
		list[i] = &units[i];
	}
	count = MORE_THAN_FIT;
	commit();
	count = 0;
	for (uint64_t at = 1; at <= MORE_THAN_FIT; at++)
		add_outcome(at, DELIVERY_DELIVERED, "");
	commit();
	for (size_t i = 0; i < count; i++)
		check_set(i);
	CHECK_INT(waiting(), 0);
	end();
}
