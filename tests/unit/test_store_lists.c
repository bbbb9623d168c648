#include "store_double.h"

/* Lists of deliveries and attempts: order, bounds, who belongs to them. */

static struct store *store;
static const char *directory;
static struct arena arena;

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

static void
reopen(void)
{
	store_close(store);
	store = test_store_open(directory);
}

/* What a scrape costs does not follow how many webhooks something waits for. */
TEST(store_lists, the_oldest_is_looked_for_at_so_many_webhooks_only)
{
	enum { COUNT = STORE_STATS_WEBHOOKS + 2 };
	struct store_stats stats;

	begin();
	for (uint64_t i = 1; i <= COUNT; i++) {
		struct delivery_row row = test_delivery(i, i, i);

		row.due = TEST_NOW - (int64_t)i;
		TEST_COMMIT(store, ADD_DELIVERY(&row));
	}
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, COUNT);
	CHECK_INT(stats.oldest_due, TEST_NOW - STORE_STATS_WEBHOOKS);
	end();
}

TEST(store_lists, waiting_lists_are_in_order_and_bounded)
{
	struct delivery_list list;
	uint64_t *webhooks;
	size_t count;
	struct store_stats stats;

	begin();
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.oldest_due, 0);
	for (uint64_t i = 1; i <= 40; i++) {
		struct delivery_row row = test_delivery(i, i, 1 + i % 2);

		TEST_COMMIT(store, ADD_DELIVERY(&row));
		row.attempts = 1;
		row.due = TEST_NOW - (int64_t)i;
		if (i > 20)
			TEST_COMMIT(store, SET_DELIVERY(&row));
	}
	CHECK_OK(store_waiting_first(store, 1, 4, 3, &arena, &list));
	CHECK_INT(list.count, 3);
	CHECK_INT(list.rows[0].sequence, 6);
	CHECK_INT(list.rows[2].sequence, 10);
	CHECK_OK(store_waiting_first(store, 1, 4, SIZE_MAX, &arena, &list));
	CHECK_INT(list.count, 8);
	CHECK_OK(store_waiting_retries(
		store, 2, (struct retry_place){0}, 2, &arena, &list));
	CHECK_INT(list.count, 2);
	CHECK_INT(list.rows[0].sequence, 39);
	CHECK_INT(list.rows[1].sequence, 37);
	CHECK_OK(store_waiting_retries(store, 2,
		(struct retry_place){TEST_NOW - 37, 37}, 100, &arena, &list));
	CHECK_INT(list.count, 8);
	CHECK_INT(list.rows[0].sequence, 35);
	CHECK_OK(store_waiting_webhooks(store, &arena, &webhooks, &count));
	CHECK_INT(count, 2);
	CHECK_INT(webhooks[0], 1);
	CHECK_INT(webhooks[1], 2);
	reopen();
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 40);
	CHECK_INT(stats.oldest_due, TEST_NOW - 40);
	CHECK(stats.bytes > 4096);
	end();
}

TEST(store_lists, skipping_takes_all_that_wait_of_one_webhook)
{
	struct delivery_row rows[4], got;
	const struct store_change skip = {.kind = STORE_DELIVERIES_SKIP,
		.webhook_number = 1,
		.reason = STR("webhook is off"),
		.now = TEST_NOW + 9};
	struct store_stats stats;

	begin();
	for (size_t i = 0; i < 4; i++) {
		rows[i] = test_delivery(i + 1, 1, i == 3 ? 2 : 1);
		TEST_COMMIT(store, ADD_DELIVERY(&rows[i]));
	}
	rows[1].attempts = 3;
	TEST_COMMIT(store, SET_DELIVERY(&rows[1]));
	rows[2].state = DELIVERY_DELIVERED;
	TEST_COMMIT(store, SET_DELIVERY(&rows[2]));
	TEST_COMMIT(store, skip);
	for (uint64_t i = 1; i <= 2; i++) {
		CHECK_OK(store_delivery(store, i, &arena, &got));
		CHECK_INT(got.state, DELIVERY_SKIPPED);
		CHECK_STR(got.reason, STR("webhook is off"));
		CHECK_INT(got.updated, TEST_NOW + 9);
	}
	CHECK_OK(store_delivery(store, 3, &arena, &got));
	CHECK_INT(got.state, DELIVERY_DELIVERED);
	CHECK_INT(test_waiting_first(store, 1), 0);
	CHECK_INT(test_waiting_retries(store, 1), 0);
	CHECK_INT(test_waiting_first(store, 2), 1);
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 1);
	end();
}

TEST(store_lists, attempts_shown_are_the_latest_and_the_latest_failed)
{
	struct event_row before, event;
	struct attempt_list list;
	struct attempt_view view;

	begin();
	before = test_event(1, &arena);
	event = test_event(2, &arena);
	event.previous = 1;
	TEST_COMMIT(store, ADD_EVENT(&before), ADD_EVENT(&event));
	for (uint64_t i = 1; i <= 20; i++) {
		struct delivery_row row = test_delivery(i, 2, i == 20 ? 2 : 1);
		struct attempt_row attempt = test_attempt(
			i, 0, row.webhook, TEST_NOW + (int64_t)(i * 10));

		row.attempts = 1;
		attempt.is_acknowledged = i > 6 && i != 19;
		TEST_COMMIT(store, ADD_DELIVERY(&row), ADD_ATTEMPT(&attempt));
	}
	CHECK_OK(store_attempts_shown(store, 1, 3, 4, &arena, &list));
	CHECK_INT(list.count, 6); /* 19 18 17, and of 19 6 5 4 three more */
	CHECK_INT(list.rows[0].attempt.delivery, 19);
	CHECK_INT(list.rows[2].attempt.delivery, 17);
	CHECK_INT(list.rows[3].attempt.delivery, 6);
	CHECK_INT(list.rows[5].attempt.delivery, 4);
	CHECK_INT(list.rows[5].delivery.sequence, 4);
	CHECK_INT(list.rows[5].event.sequence, 2);
	CHECK_STR(list.rows[5].event.body, event.body);
	CHECK_STR(list.rows[5].previous_body, before.body);
	CHECK_OK(store_attempts_shown(store, 3, 3, 4, &arena, &list));
	CHECK_INT(list.count, 0);

	CHECK_OK(store_attempt(store, 2, 20, 0, &arena, &view));
	CHECK_INT(view.attempt.status, 204);
	CHECK_INT(view.attempt.started, TEST_NOW + 200);
	CHECK_INT(view.attempt.ended, TEST_NOW + 200 + 5 * MILLISECONDS);
	CHECK_INT(view.attempt.first_byte, 4321);
	CHECK_STR(view.attempt.response_body, STR("a\0b"));
	CHECK_STR(
		view.attempt.response_head, STR("HTTP/1.1 204 No Content\r\n"));
	CHECK_INT(store_attempt(store, 1, 20, 0, &arena, &view), ERR_NOT_FOUND);
	CHECK_INT(store_attempt(store, 2, 20, 1, &arena, &view), ERR_NOT_FOUND);
	end();
}

TEST(store_lists, deliveries_of_an_event_are_in_order_of_webhook)
{
	struct delivery_list list;

	begin();
	for (uint64_t i = 1; i <= 9; i++) {
		struct delivery_row row =
			test_delivery(i, i == 5 ? 1 : 2, 100 - i);

		TEST_COMMIT(store, ADD_DELIVERY(&row));
	}
	CHECK_OK(store_deliveries_of_event(store, 2, &arena, &list));
	CHECK_INT(list.count, 8);
	CHECK_INT(list.rows[0].webhook, 91);
	CHECK_INT(list.rows[7].webhook, 99);
	CHECK_OK(store_deliveries_of_event(store, 3, &arena, &list));
	CHECK_INT(list.count, 0);
	end();
}

TEST(store_lists, of_one_resource_only_the_earliest_is_behind_none)
{
	static const uint64_t resources[] = {0, 7, 7, 8, 7, 0, UINT64_MAX};
	struct delivery_list list;

	begin();
	for (uint64_t i = 1; i <= COUNT_OF(resources); i++) {
		struct delivery_row row = test_delivery(i, i, 1);

		row.resource = resources[i - 1];
		TEST_COMMIT(store, ADD_DELIVERY(&row));
		row.attempts = 1;
		if (i == 2)
			TEST_COMMIT(store, SET_DELIVERY(&row));
	}
	CHECK_OK(store_waiting_first(store, 1, 0, 10, &arena, &list));
	CHECK_INT(list.count, 6);
	for (size_t i = 0; i < list.count; i++)
		CHECK_INT(list.rows[i].is_behind,
			list.rows[i].sequence == 3 ||
				list.rows[i].sequence == 5);
	CHECK(list.rows[5].resource == UINT64_MAX);
	CHECK_OK(store_waiting_retries(
		store, 1, (struct retry_place){0}, 10, &arena, &list));
	CHECK_INT(list.count, 1);
	CHECK(!list.rows[0].is_behind);
	CHECK_OK(store_waiting_of_resource(store, 1, 7, 2, &arena, &list));
	CHECK_INT(list.count, 2);
	CHECK_INT(list.rows[0].sequence, 2);
	CHECK_INT(list.rows[0].attempts, 1);
	CHECK_INT(list.rows[1].sequence, 3);
	CHECK_OK(store_waiting_of_resource(store, 2, 7, 2, &arena, &list));
	CHECK_INT(list.count, 0);
	end();
}

TEST(store_lists, an_ended_delivery_waits_again_once_and_is_counted)
{
	struct event_row event;
	struct delivery_row row = test_delivery(1, 1, 1);
	struct store_change again = {
		.kind = STORE_DELIVERY_AGAIN, .delivery = &row};
	struct store_stats stats;

	begin();
	event = test_event(1, &arena);
	TEST_COMMIT(store, ADD_EVENT(&event));
	row.state = DELIVERY_DEAD;
	row.attempts = 3;
	TEST_COMMIT(store, ADD_DELIVERY(&row));
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 0);
	row.state = DELIVERY_WAITING;
	/* Looked at before its last attempt ended. */
	row.attempts = 2;
	TEST_CONFLICT(store, 0, again);
	row.attempts = 3;
	TEST_COMMIT(store, again);
	CHECK_INT(test_waiting_retries(store, 1), 1);
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 1);
	TEST_CONFLICT(store, 0, again);
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 1);
	end();
}
