#include "store/explain.h"
#include "store/replay.h"
#include "store/retain.h"
#include "store_double.h"

/*
 * An event's deliveries: those that it was published with are numbered in a
 * row, which the event says; those made later are found by an index.
 */

enum { HOOKS = 5, FIRST = 11, LATER = 40 };

static struct store *store;
static const char *directory;
static struct arena arena;

/** Event `sequence` with a delivery to each webhook, as it is published. */
static void
publish(uint64_t sequence, uint64_t first, enum delivery_state state)
{
	struct event_row event = test_event(sequence, &arena);
	struct delivery_row rows[HOOKS];
	struct store_change changes[1 + HOOKS];

	event.form = EVENT_DATA;
	event.operation = OPERATION_NONE;
	event.first_delivery = first;
	event.matched = HOOKS;
	changes[0] = (struct store_change)ADD_EVENT(&event);
	for (uint64_t i = 0; i < HOOKS; i++) {
		rows[i] = test_delivery(first + i, sequence, HOOKS - i);
		rows[i].is_in_row = true;
		rows[i].state = state;
		changes[1 + i] = (struct store_change)ADD_DELIVERY(&rows[i]);
	}
	CHECK_OK(test_commit(store, changes, COUNT_OF(changes)));
}

/** One that is made later. */
static void
repeat(uint64_t sequence, uint64_t event, uint64_t webhook)
{
	struct delivery_row row = test_delivery(sequence, event, webhook);

	row.state = DELIVERY_DELIVERED;
	TEST_COMMIT(store, ADD_DELIVERY(&row));
}

static void
begin(void)
{
	directory = check_temp_dir();
	store = test_store_open(directory);
	for (uint64_t number = 1; number <= HOOKS; number++) {
		struct webhook_row webhook = test_webhook(number);

		TEST_COMMIT(store, ADD_WEBHOOK(&webhook));
	}
	publish(1, FIRST - HOOKS, DELIVERY_DELIVERED);
	publish(2, FIRST, DELIVERY_DELIVERED);
	publish(3, FIRST + HOOKS, DELIVERY_DELIVERED);
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

/** The event's deliveries by every reading there is are `expected`, rising. */
static void
check_found(uint64_t event, const uint64_t *expected, size_t count)
{
	struct delivery_query query = {
		.workspace = WORKSPACE_DEFAULT, .event = event, .limit = 2};
	struct delivery_list list;
	size_t left = count;

	CHECK_OK(store_deliveries_of_event(store, event, &arena, &list));
	CHECK_INT(list.count, count);
	for (size_t i = 1; i < list.count; i++)
		CHECK(list.rows[i - 1].webhook < list.rows[i].webhook ||
			(list.rows[i - 1].webhook == list.rows[i].webhook &&
				list.rows[i - 1].sequence <
					list.rows[i].sequence));
	do {
		struct delivery_page page;

		CHECK_OK(store_deliveries_page(store, &query, &arena, &page));
		for (size_t i = 0; i < page.count; i++) {
			CHECK(left > 0);
			CHECK_INT(page.rows[i].delivery.sequence,
				expected[--left]);
		}
		query.before = page.next;
	} while (query.before);
	CHECK_INT(left, 0);
}

static uint64_t
latest_to(uint64_t event, uint64_t webhook)
{
	struct delivery_row row;

	if (store_delivery_to(store, event, webhook, &arena, &row))
		return 0;
	return row.sequence;
}

TEST(store_in_row, those_of_its_row_are_its_own_only)
{
	static const uint64_t expected[] = {11, 12, 13, 14, 15};

	begin();
	check_found(2, expected, COUNT_OF(expected));
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries"
			  " INDEXED BY deliveries_apart WHERE is_in_row = 0"),
		0);
	end();
}

TEST(store_in_row, later_ones_are_found_beside_them)
{
	static const uint64_t expected[] = {11, 12, 13, 14, 15, 40, 41};

	begin();
	repeat(LATER, 2, 3);
	repeat(LATER + 1, 2, 1);
	repeat(LATER + 2, 3, 3);
	check_found(2, expected, COUNT_OF(expected));
	CHECK_INT(latest_to(2, 3), LATER);
	CHECK_INT(latest_to(2, 1), LATER + 1);
	CHECK_INT(latest_to(2, 5), FIRST);
	CHECK_INT(latest_to(1, 3), FIRST - 3);
	end();
}

TEST(store_in_row, a_removed_webhook_leaves_a_hole_in_the_row)
{
	static const uint64_t expected[] = {11, 12, 14, 15};

	begin();
	repeat(LATER, 2, 3);
	TEST_COMMIT(store, REMOVE_WEBHOOK(3));
	check_found(2, expected, COUNT_OF(expected));
	CHECK_INT(latest_to(2, 3), 0);
	for (int i = 0; i < 3; i++) /* commits that purge */
		TEST_COMMIT(store, {.kind = STORE_PROBE});
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries WHERE event = 2"),
		4);
	check_found(2, expected, COUNT_OF(expected));
	end();
}

/** Removes what is older than all there is. */
static void
retain(void)
{
	const struct retain_limits limits = {.events_before = INT64_MAX - 1,
		.deliveries_before = INT64_MIN,
		.executions_before = INT64_MIN};
	struct retain_place place = {0};
	static struct retain_step step;

	while (!place.is_done) {
		CHECK_OK(store_retain_find(store, &limits, &place, &step));
		TEST_COMMIT(store, {.kind = STORE_RETAIN, .retain = &step});
	}
}

TEST(store_in_row, both_sorts_go_with_their_event)
{
	begin();
	repeat(LATER, 2, 3);
	repeat(LATER + 1, 3, 3); /* the highest stays, and its event */
	retain();
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), 1);
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries WHERE event < 3"),
		0);
	end();
}

TEST(store_in_row, one_that_waits_keeps_its_event)
{
	struct delivery_row row = test_delivery(LATER, 1, 1);

	begin();
	publish(4, FIRST + 2 * HOOKS, DELIVERY_WAITING);
	publish(5, FIRST + 3 * HOOKS, DELIVERY_DELIVERED);
	TEST_COMMIT(store, ADD_DELIVERY(&row)); /* of event 1, waits */
	repeat(LATER + 1, 5, 3);
	retain();
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"
					" WHERE sequence IN (1, 4, 5)"),
		3);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM events"), 3);
	end();
}

/* Rows of versions before 3 say nothing of a row. */
TEST(store_in_row, an_event_that_says_none_has_all_in_the_index)
{
	static const uint64_t expected[] = {2, 3, 40};
	struct event_row event = test_event(7, &arena);

	begin();
	event.matched = 100;
	TEST_COMMIT(store, ADD_EVENT(&event));
	repeat(2, 7, 1);
	repeat(3, 7, 2);
	repeat(LATER, 7, 1);
	check_found(7, expected, COUNT_OF(expected));
	end();
}
