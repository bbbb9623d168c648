#include "store_double.h"

/* Removing a webhook: gone at once for readers, from disk bit by bit. */

enum { MANY = 9000, GONE = 5, STAYS = 6 };

static struct store *store;
static const char *directory;
static struct arena arena;

static void
add_rows(uint64_t first, uint64_t count, uint64_t webhook)
{
	struct delivery_row *rows =
		arena_alloc_array(&arena, count, sizeof(*rows));
	struct attempt_row *attempts =
		arena_alloc_array(&arena, count, sizeof(*attempts));
	struct store_change *changes =
		arena_alloc_array(&arena, count * 2, sizeof(*changes));

	for (uint64_t i = 0; i < count; i++) {
		rows[i] = test_delivery(first + i, 1, webhook);
		attempts[i] = test_attempt(
			first + i, 0, webhook, TEST_NOW + (int64_t)i);
		rows[i].attempts = i % 2;
		changes[2 * i] = (struct store_change)ADD_DELIVERY(&rows[i]);
		changes[2 * i + 1] =
			(struct store_change)ADD_ATTEMPT(&attempts[i]);
	}
	CHECK_OK(test_commit(store, changes, count * 2));
}

static void
begin(void)
{
	struct webhook_row gone = test_webhook(GONE);
	struct webhook_row stays = test_webhook(STAYS);
	struct event_row event = test_event(1, &arena);

	directory = check_temp_dir();
	store = test_store_open(directory);
	TEST_COMMIT(store, ADD_EVENT(&event), ADD_WEBHOOK(&gone),
		ADD_WEBHOOK(&stays));
	add_rows(1, MANY, GONE);
	add_rows(MANY + 1, 10, STAYS);
	add_rows(MANY + 11, 1, GONE);
}

static void
end(void)
{
	store_close(store);
	arena_release(&arena);
}

/** Commits until the purge is through; the number of commits. */
static int
commit_until_purged(void)
{
	const struct store_change probe = {.kind = STORE_PROBE};
	int commits = 0;

	while (test_count(directory, "SELECT count(*) FROM purges")) {
		TEST_COMMIT(store, probe);
		CHECK(++commits < 1000);
	}
	return commits;
}

static bool
count_webhook(void *context, const struct webhook_row *row)
{
	CHECK_INT(row->number, STAYS);
	++*(int *)context;
	return true;
}

static void
check_invisible(void)
{
	struct delivery_list deliveries;
	struct delivery_row delivery;
	struct attempt_list attempts;
	struct attempt_view view;
	struct store_stats stats;
	uint64_t *webhooks;
	size_t count;
	int seen = 0;

	CHECK_OK(store_each_webhook(store, &arena, count_webhook, &seen));
	CHECK_INT(seen, 1);
	CHECK_INT(test_waiting_first(store, GONE), 0);
	CHECK_INT(test_waiting_retries(store, GONE), 0);
	CHECK_INT(test_waiting_first(store, STAYS), 5);
	CHECK_INT(test_waiting_retries(store, STAYS), 5);
	CHECK_OK(store_waiting_webhooks(store, &arena, &webhooks, &count));
	CHECK_INT(count, 1);
	CHECK_INT(webhooks[0], STAYS);
	CHECK_INT(
		store_delivery(store, MANY, &arena, &delivery), ERR_NOT_FOUND);
	CHECK_OK(store_deliveries_of_event(store, 1, &arena, &deliveries));
	CHECK_INT(deliveries.count, 10);
	CHECK_OK(store_attempts_shown(store, GONE, 10, 5, &arena, &attempts));
	CHECK_INT(attempts.count, 0);
	CHECK_INT(store_attempt(store, GONE, MANY, 0, &arena, &view),
		ERR_NOT_FOUND);
	/* Of those that count as tried. */
	CHECK_OK(store_attempts_shown(store, STAYS, 10, 5, &arena, &attempts));
	CHECK_INT(attempts.count, 5);
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 10);
	CHECK_INT(stats.oldest_due, TEST_NOW + MANY + 1);
}

TEST(store_purge, removed_webhook_is_invisible_at_once)
{
	begin();
	TEST_COMMIT(store, REMOVE_WEBHOOK(GONE));
	CHECK(test_count_attempts(directory) > MANY / 2);
	check_invisible();
	TEST_CONFLICT(store, 0, REMOVE_WEBHOOK(GONE));
	end();
}

TEST(store_purge, later_commits_delete_in_bounded_steps)
{
	begin();
	TEST_COMMIT(store, REMOVE_WEBHOOK(GONE));
	CHECK(commit_until_purged() >= 5);
	CHECK_INT(test_count_attempts(directory), 10);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM deliveries"), 10);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM health"), 1);
	check_invisible();
	end();
}

TEST(store_purge, goes_on_after_reopening)
{
	begin();
	TEST_COMMIT(store, REMOVE_WEBHOOK(GONE));
	store_close(store);
	store = test_store_open(directory);
	check_invisible();
	commit_until_purged();
	CHECK_INT(test_count(directory, "SELECT count(*) FROM deliveries"), 10);
	end();
}

TEST(store_purge, rows_of_a_removed_webhook_that_come_late_are_dropped)
{
	struct delivery_row late = test_delivery(MANY + 100, 1, GONE);
	struct delivery_row outcome = test_delivery(1, 1, GONE);
	struct attempt_row attempt = test_attempt(1, 1, GONE, TEST_NOW);

	begin();
	outcome.state = DELIVERY_DELIVERED;
	TEST_COMMIT(store, REMOVE_WEBHOOK(GONE));
	TEST_CONFLICT(store, 0, SET_DELIVERY(&outcome), ADD_ATTEMPT(&attempt));
	TEST_COMMIT(store, ADD_DELIVERY(&late));
	TEST_COMMIT(store, ADD_ATTEMPT(&attempt));
	check_invisible();
	commit_until_purged();
	TEST_COMMIT(store, ADD_DELIVERY(&late));
	CHECK_INT(test_count(directory, "SELECT count(*) FROM deliveries"), 10);
	CHECK_INT(test_count_attempts(directory), 10);
	end();
}

TEST(store_purge, keys_of_removed_rows_are_not_given_out_again)
{
	struct webhook_row last = test_webhook(7);
	struct store_counters counters;

	begin();
	TEST_COMMIT(store, ADD_WEBHOOK(&last));
	TEST_COMMIT(store, REMOVE_WEBHOOK(7));
	TEST_COMMIT(store, REMOVE_WEBHOOK(GONE));
	commit_until_purged();
	store_close(store);
	store = test_store_open(directory);
	CHECK_OK(store_counters(store, &counters, NULL));
	CHECK_INT(counters.event, 1);
	CHECK_INT(counters.webhook, 7);
	CHECK_INT(counters.delivery, MANY + 11);
	end();
}

TEST(store_purge, undone_removal_leaves_the_webhook)
{
	struct delivery_row row = test_delivery(MANY + 50, 1, GONE);

	begin();
	TEST_CONFLICT(store, 1, REMOVE_WEBHOOK(GONE), REMOVE_WEBHOOK(99));
	TEST_COMMIT(store, ADD_DELIVERY(&row));
	CHECK_INT(test_count(directory,
			  "SELECT count(*) FROM deliveries WHERE webhook = 5"),
		MANY + 2);
	TEST_COMMIT(store, REMOVE_WEBHOOK(GONE));
	check_invisible();
	end();
}

TEST(store_purge, several_removed_at_once_all_go)
{
	begin();
	TEST_COMMIT(store, REMOVE_WEBHOOK(STAYS), REMOVE_WEBHOOK(GONE));
	commit_until_purged();
	CHECK_INT(test_count(directory, "SELECT count(*) FROM deliveries"), 0);
	CHECK_INT(test_count_attempts(directory), 0);
	CHECK_INT(
		test_count(directory, "SELECT count(*) FROM tried_blocks"), 0);
	CHECK_INT(test_count(directory, "SELECT count(*) FROM webhooks"), 0);
	end();
}
