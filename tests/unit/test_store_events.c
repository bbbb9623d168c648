#include "store_double.h"

/* Walking over events: ranges, and where a time begins. */

static struct store *store;
static struct arena arena;

static void
begin(void)
{
	store = test_store_open(check_temp_dir());
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

/** test_event() is accepted at TEST_NOW + sequence. */
static void
add(uint64_t sequence, uint32_t workspace, uint64_t previous)
{
	struct event_row event = test_event(sequence, &arena);

	event.workspace = workspace;
	event.previous = previous;
	TEST_COMMIT(store, ADD_EVENT(&event));
}

static struct stored_events
read_range(uint64_t from, size_t count, size_t bytes_max)
{
	struct event_range range = {.workspace = WORKSPACE_DEFAULT,
		.from = from,
		.count = count,
		.bytes_max = bytes_max};
	struct stored_events events;

	CHECK_OK(store_events(store, &range, &arena, &events));
	return events;
}

TEST(store_events, range_gives_a_workspaces_events_in_order)
{
	struct stored_events events;

	begin();
	add(3, WORKSPACE_DEFAULT, 0);
	add(5, WORKSPACE_DEFAULT, 3);
	add(6, 2, 3);
	add(7, WORKSPACE_DEFAULT, 0);
	events = read_range(1, 6, 1000);
	CHECK_INT(events.count, 2);
	CHECK_INT(events.next, 7);
	CHECK_INT(events.rows[0].event.sequence, 3);
	CHECK_STR(events.rows[0].event.body, STR("{\"n\":3}"));
	CHECK_STR(events.rows[0].previous_body, STR(""));
	CHECK_INT(events.rows[1].event.sequence, 5);
	CHECK_STR(events.rows[1].previous_body, STR("{\"n\":3}"));
	events = read_range(events.next, 6, 1000);
	CHECK_INT(events.count, 1);
	CHECK_INT(events.rows[0].event.sequence, 7);
	CHECK_INT(read_range(events.next, 6, 1000).count, 0);
	end();
}

TEST(store_events, range_ends_behind_the_row_that_passes_the_bytes)
{
	struct stored_events events;

	begin();
	for (uint64_t i = 1; i <= 5; i++)
		add(i, WORKSPACE_DEFAULT, 0);
	/* Seven bytes each. */
	events = read_range(1, 100, 10);
	CHECK_INT(events.count, 2);
	CHECK_INT(events.next, 3);
	events = read_range(3, 100, 0);
	CHECK_INT(events.count, 1);
	CHECK_INT(events.next, 4);
	end();
}

static uint64_t
since(int64_t accepted)
{
	uint64_t sequence;

	CHECK_OK(store_events_since(store, accepted, &sequence));
	return sequence;
}

TEST(store_events, beginning_of_a_time_is_its_first_event)
{
	begin();
	CHECK_INT(since(TEST_NOW), 1);
	/* With gaps, as purging leaves them. */
	for (uint64_t i = 10; i < 200; i += 1 + i % 7)
		add(i, 1 + (uint32_t)i % 2, 0);
	for (uint64_t i = 10, last = 0; i < 200; last = i, i += 1 + i % 7) {
		uint64_t exact = since(TEST_NOW + (int64_t)i);

		CHECK(exact > last && exact <= i);
		CHECK(since(TEST_NOW + (int64_t)i + 1) > i);
	}
	CHECK(since(TEST_NOW) <= 10);
	CHECK(since(0) <= 10);
	CHECK(since(INT64_MAX) > 190);
	end();
}
