#include "pipeline/backtest.h"

#include "store_double.h"

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

/** A state of a resource that is nobody's to monitor. */
static void
add(uint64_t sequence, uint32_t workspace, int64_t accepted)
{
	struct event_row event = test_event(sequence, &arena);

	event.workspace = workspace;
	event.type = STR("shop/order");
	event.accepted = accepted;
	event.previous = sequence > 1 ? sequence - 1 : 0;
	TEST_COMMIT(store, ADD_EVENT(&event));
}

static struct backtest
make(const char *text, int64_t since)
{
	struct backtest backtest = {
		.store = store,
		.workspace = WORKSPACE_DEFAULT,
		.since = since,
		.samples_max = 3,
	};
	size_t column;

	CHECK_OK(filter_compile(
		str_of(text), &arena, &backtest.filter, &column, NULL));
	return backtest;
}

static int
run(struct backtest *backtest)
{
	int steps = 0;

	while (!backtest->is_complete) {
		CHECK_OK(backtest_step(backtest));
		CHECK(++steps < 1000);
	}
	return steps;
}

TEST(backtest, store_without_events_is_done_at_once)
{
	struct backtest backtest;

	begin();
	backtest = make("true", 0);
	CHECK_INT(run(&backtest), 1);
	CHECK_INT(backtest.scanned, 0);
	CHECK_INT(backtest_sample_count(&backtest), 0);
	backtest_release(&backtest);
	end();
}

TEST(backtest, counts_by_hour_and_keeps_the_latest_samples)
{
	struct backtest backtest;
	int64_t since = TEST_NOW / HOURS * HOURS + 30 * MINUTES;

	begin();
	add(1, WORKSPACE_DEFAULT, since - 1);
	for (uint64_t i = 2; i <= 9; i++)
		add(i, WORKSPACE_DEFAULT, since + (int64_t)i * 20 * MINUTES);
	add(10, 2, since + 5 * HOURS);
	backtest = make("n ge 4 and old/n eq n sub 1", since);
	run(&backtest);
	CHECK_INT(backtest.scanned, 8);
	CHECK_INT(backtest.matched, 6);
	CHECK_INT(backtest.hours[0], 0);
	CHECK_INT(backtest.hours[1], 1); /* 4 at 1:50 */
	CHECK_INT(backtest.hours[2], 3);
	CHECK_INT(backtest.hours[3], 2); /* 8 at 3:10 */
	CHECK_INT(
		backtest_hour(&backtest, 1), TEST_NOW / HOURS * HOURS + HOURS);
	CHECK_INT(backtest_sample_count(&backtest), 3);
	CHECK_INT(backtest_sample(&backtest, 0), 9);
	CHECK_INT(backtest_sample(&backtest, 2), 7);
	backtest_release(&backtest);
	end();
}

TEST(backtest, steps_are_bounded_and_go_on_where_they_ended)
{
	struct backtest first, second;

	begin();
	for (uint64_t i = 1; i <= 2 * BACKTEST_STEP_EVENTS + 5; i++)
		add(i, WORKSPACE_DEFAULT, TEST_NOW + (int64_t)i);
	first = make("type eq 'shop/order'", TEST_NOW);
	first.samples_max = 0;
	CHECK_OK(backtest_step(&first));
	CHECK(!first.is_complete);
	CHECK_INT(first.scanned, BACKTEST_STEP_EVENTS);
	second = make("type eq 'shop/order'", TEST_NOW);
	second.next = first.next;
	run(&second);
	CHECK_INT(second.scanned, BACKTEST_STEP_EVENTS + 5);
	CHECK_INT(second.matched, BACKTEST_STEP_EVENTS + 5);
	CHECK_INT(backtest_sample_count(&first), 0);
	backtest_release(&first);
	backtest_release(&second);
	end();
}

TEST(backtest, step_that_takes_long_ends_before_the_next_event)
{
	struct backtest backtest;
	struct buf text = {0};
	struct event_row event;

	begin();
	buf_append(&text, STR("{\"a\":["));
	for (int i = 0; i < 3000; i++)
		buf_append(&text, STR("1,"));
	buf_append(&text, STR("1]}"));
	for (uint64_t i = 1; i <= 20; i++) {
		event = test_event(i, &arena);
		event.type = STR("shop/order");
		event.body = buf_str(&text);
		TEST_COMMIT(store, ADD_EVENT(&event));
	}
	/* Each takes all the work that one match may. */
	backtest = make("a/all(x: a/all(y: x eq y))", TEST_NOW);
	CHECK_OK(backtest_step(&backtest));
	CHECK(!backtest.is_complete);
	CHECK(backtest.scanned < 20);
	CHECK_INT(backtest.next, backtest.scanned + 1);
	run(&backtest);
	CHECK_INT(backtest.scanned, 20);
	CHECK_INT(backtest.matched, 0);
	backtest_release(&backtest);
	buf_release(&text);
	end();
}

TEST(backtest, event_of_another_type_is_not_read)
{
	struct backtest backtest;

	begin();
	add(1, WORKSPACE_DEFAULT, TEST_NOW);
	backtest = make("type eq 'x' or type eq 'y' and n eq 1", 0);
	run(&backtest);
	CHECK_INT(backtest.scanned, 1);
	CHECK_INT(backtest.matched, 0);
	backtest_release(&backtest);
	end();
}

TEST(backtest, event_accepted_before_the_time_does_not_count)
{
	struct backtest backtest;

	begin();
	add(1, WORKSPACE_DEFAULT, TEST_NOW);
	/* Numbered later, although accepted a moment earlier. */
	add(2, WORKSPACE_DEFAULT, TEST_NOW - 1);
	add(3, WORKSPACE_DEFAULT, TEST_NOW + 1);
	backtest = make("true", TEST_NOW);
	backtest.next = 1;
	run(&backtest);
	CHECK_INT(backtest.scanned, 2);
	CHECK_INT(backtest.matched, 2);
	backtest_release(&backtest);
	end();
}

TEST(backtest, clock_put_back_counts_in_the_last_hour)
{
	struct backtest backtest;

	begin();
	add(1, WORKSPACE_DEFAULT, TEST_NOW + 5000 * HOURS);
	backtest = make("true", TEST_NOW);
	run(&backtest);
	CHECK_INT(backtest.hours[COUNT_OF(backtest.hours) - 1], 1);
	backtest_release(&backtest);
	end();
}
