#include <pthread.h>
#include <stdatomic.h>

#include "late_deliveries.h"
#include "store/explain.h"
#include "store/replay.h"
#include "store/sqlite_store.h"

/* Who reads deliveries sees those that have no row yet, each once. */

static struct arena arena;

static void
check_sequences(const struct delivery_list *list, const uint64_t *expected,
	size_t count)
{
	CHECK_INT(list->count, count);
	for (size_t i = 0; i < count && i < list->count; i++)
		CHECK_INT(list->rows[i].sequence, expected[i]);
}

/**
 * Events 1 to 4 to three webhooks. Deliveries 1 to 3 are written as waiting,
 * 5 and 7 are delivered, 8 is tried again, the rest has no row.
 */
static void
begin(void)
{
	late_start();
	for (uint64_t number = 1; number <= 3; number++) {
		struct webhook_row webhook = test_webhook(number);

		TEST_COMMIT(late.store, ADD_WEBHOOK(&webhook));
	}
	CHECK_OK(published_add(1, 3));
	published_write_all();
	CHECK_OK(published_add(3, 3));
	CHECK_OK(published_set(5, DELIVERY_DELIVERED));
	CHECK_OK(published_set(7, DELIVERY_DELIVERED));
	CHECK_OK(published_set(8, DELIVERY_WAITING));
	CHECK_INT(published_rows(), 6);
}

static void
end(void)
{
	store_close(late.store);
	CHECK_INT(published_rows(), 12);
	arena_release(&arena);
}

TEST(store_late_readers, what_waits_untried_is_in_its_order)
{
	static const uint64_t of_one[] = {1, 4, 10}, of_two[] = {2, 11},
			      of_three[] = {3, 6, 9, 12};
	struct delivery_list list;
	uint64_t *webhooks;
	size_t count;
	struct store_stats stats;

	begin();
	CHECK_OK(store_waiting_first(late.store, 1, 0, 100, &arena, &list));
	check_sequences(&list, of_one, 3);
	CHECK_OK(store_waiting_first(late.store, 1, 0, 2, &arena, &list));
	check_sequences(&list, of_one, 2);
	CHECK_OK(store_waiting_first(late.store, 1, 4, 2, &arena, &list));
	check_sequences(&list, of_one + 2, 1);
	CHECK_OK(store_waiting_first(late.store, 2, 0, 100, &arena, &list));
	check_sequences(&list, of_two, 2);
	CHECK_OK(store_waiting_first(late.store, 3, 3, 100, &arena, &list));
	check_sequences(&list, of_three + 1, 3);
	CHECK_OK(store_waiting_first(late.store, 4, 0, 100, &arena, &list));
	CHECK_INT(list.count, 0);
	CHECK_OK(store_waiting_webhooks(late.store, &arena, &webhooks, &count));
	CHECK_INT(count, 3);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(webhooks[i], i + 1);
	CHECK_OK(store_stats(late.store, &stats));
	CHECK_INT(stats.oldest_due, TEST_NOW + 1);
	CHECK_INT(stats.waiting, 10);
	end();
}

TEST(store_late_readers, webhooks_that_have_only_such_ones_are_told)
{
	uint64_t *webhooks;
	size_t count;
	struct store_stats stats;

	late_start();
	CHECK_OK(published_add(2, 3));
	CHECK_OK(store_stats(late.store, &stats));
	CHECK_INT(stats.oldest_due, TEST_NOW + 1);
	CHECK_OK(store_waiting_webhooks(late.store, &arena, &webhooks, &count));
	CHECK_INT(count, 3);
	CHECK_OK(published_set_all(1, 6, DELIVERY_DELIVERED));
	CHECK_OK(store_waiting_webhooks(late.store, &arena, &webhooks, &count));
	CHECK_INT(count, 0);
	CHECK_OK(store_stats(late.store, &stats));
	CHECK_INT(stats.oldest_due, 0);
	store_close(late.store);
	arena_release(&arena);
}

TEST(store_late_readers, an_event_has_all_of_its_deliveries)
{
	struct delivery_row row = {0};

	begin();
	for (uint64_t event = 1; event <= 4; event++) {
		struct delivery_list list;

		CHECK_OK(store_deliveries_of_event(
			late.store, event, &arena, &list));
		CHECK_INT(list.count, 3);
		for (size_t i = 0; i < list.count; i++) {
			CHECK_INT(list.rows[i].webhook, i + 1);
			CHECK_INT(list.rows[i].sequence, event * 3 - 2 + i);
		}
		for (uint64_t hook = 1; hook <= 3; hook++) {
			CHECK_OK(store_delivery_to(
				late.store, event, hook, &arena, &row));
			CHECK_INT(row.sequence, event * 3 - 3 + hook);
		}
	}
	/* One that was sent again. */
	row = test_delivery(13, 4, 2);
	row.state = DELIVERY_DELIVERED;
	TEST_COMMIT(late.store, ADD_DELIVERY(&row));
	CHECK_OK(store_delivery_to(late.store, 4, 2, &arena, &row));
	CHECK_INT(row.sequence, 13);
	CHECK_INT(store_delivery_to(late.store, 4, 9, &arena, &row),
		ERR_NOT_FOUND);
	CHECK_INT(store_delivery(late.store, 14, &arena, &row), ERR_NOT_FOUND);
	store_close(late.store);
	arena_release(&arena);
}

/*
 * Up to the mark the table has all. A replay asks for each event, and looking
 * through what is in memory took it 240 us each while others waited: here for
 * ever.
 */
TEST(store_late_readers, of_events_up_to_the_mark_memory_is_not_looked_at)
{
	pthread_mutex_t *lock;
	struct delivery_query query = {
		.workspace = WORKSPACE_DEFAULT, .event = 1, .limit = 10};
	struct delivery_page page;
	struct delivery_list list;
	struct delivery_row row;

	begin();
	lock = &late.store->late.ring.lock;
	CHECK(sqlite_late_complete(&late.store->late) >= 1);
	pthread_mutex_lock(lock);
	CHECK_OK(store_delivery_to(late.store, 1, 2, &arena, &row));
	CHECK_INT(row.sequence, 2);
	CHECK_OK(store_deliveries_of_event(late.store, 1, &arena, &list));
	CHECK_INT(list.count, 3);
	CHECK_OK(store_deliveries_page(late.store, &query, &arena, &page));
	CHECK_INT(page.count, 3);
	pthread_mutex_unlock(lock);
	end();
}

/** The sequences of all pages, with their number. */
static size_t
read_pages(struct delivery_query query, uint64_t *ret)
{
	size_t count = 0;

	query.workspace = WORKSPACE_DEFAULT;
	do {
		struct delivery_page page;

		CHECK_OK(store_deliveries_page(
			late.store, &query, &arena, &page));
		for (size_t i = 0; i < page.count; i++) {
			const struct delivery_entry *row = &page.rows[i];

			CHECK_INT(row->event.sequence, row->delivery.event);
			CHECK(count < 12);
			ret[count++] = row->delivery.sequence;
		}
		query.before = page.next;
	} while (query.before);
	return count;
}

static void
check_pages(struct delivery_query query, const char *expected)
{
	uint64_t sequences[12];

	for (query.limit = 1; query.limit < 14; query.limit += 3) {
		CLEANUP(buf_release) struct buf text = {0};
		size_t count = read_pages(query, sequences);

		for (size_t i = 0; i < count; i++)
			buf_printf(&text, "%s%llu", i ? " " : "",
				(unsigned long long)sequences[i]);
		CHECK_TEXT(buf_text(&text), expected);
	}
}

TEST(store_late_readers, pages_have_them_where_they_belong)
{
	begin();
	check_pages((struct delivery_query){0}, "12 11 10 9 8 7 6 5 4 3 2 1");
	check_pages((struct delivery_query){.event = 2}, "6 5 4");
	check_pages((struct delivery_query){.event = 1}, "3 2 1");
	check_pages((struct delivery_query){.webhook = 2}, "11 8 5 2");
	check_pages((struct delivery_query){.has_state = true,
			    .state = DELIVERY_WAITING},
		"12 11 10 9 8 6 4 3 2 1");
	check_pages((struct delivery_query){.webhook = 1,
			    .has_state = true,
			    .state = DELIVERY_DELIVERED},
		"7");
	check_pages((struct delivery_query){.from = TEST_NOW + 3,
			    .to = TEST_NOW + 4},
		"9 8 7");
	check_pages((struct delivery_query){.to = TEST_NOW + 2}, "3 2 1");
	check_pages((struct delivery_query){.type = STR("other")}, "");
	end();
}

TEST(store_late_readers, a_time_is_found_where_nothing_has_a_row)
{
	struct replay_range range;

	late_start();
	CHECK_OK(published_add(4, 3));
	check_pages((struct delivery_query){.from = TEST_NOW + 3,
			    .to = TEST_NOW + 4},
		"9 8 7");
	CHECK_OK(store_replay_deliveries(late.store, TEST_NOW + 1,
		TEST_NOW + EXPLAIN_CLOCK_SLACK * 2, &range));
	CHECK_INT(range.first, 1);
	CHECK_INT(range.last, 12);
	store_close(late.store);
	arena_release(&arena);
}

TEST(store_late_readers, an_attempt_for_debugging_finds_its_delivery)
{
	struct attempt_row attempt =
		test_attempt(4, ATTEMPT_DEBUG_FIRST, 1, TEST_NOW);
	struct attempt_view view;

	begin();
	TEST_COMMIT(late.store, ADD_ATTEMPT(&attempt));
	CHECK_OK(store_attempt(
		late.store, 1, 4, ATTEMPT_DEBUG_FIRST, &arena, &view));
	CHECK_INT(view.delivery.sequence, 4);
	CHECK_INT(published_rows(), 7);
	published_check(late.store, 4, DELIVERY_WAITING);
	CHECK_OK(published_set(4, DELIVERY_DELIVERED));
	end();
}

/* ---- while commits run ---- */

enum { READERS = 3, COMMITS = 400, HOOKS = 4 };

struct shared {
	atomic_uint_fast64_t committed; /* events */
	atomic_uint_fast64_t set;	/* deliveries, all up to it */
	atomic_bool is_done;
};

static void
read_event(struct shared *shared, uint64_t event, struct arena *scratch)
{
	uint64_t first = (event - 1) * HOOKS + 1;
	uint64_t set = atomic_load(&shared->set);
	struct delivery_query query = {.workspace = WORKSPACE_DEFAULT,
		.event = event,
		.limit = HOOKS + 1};
	struct delivery_list list;
	struct delivery_row row;
	struct delivery_page page;

	CHECK_OK(store_deliveries_of_event(late.store, event, scratch, &list));
	CHECK_INT(list.count, HOOKS);
	CHECK_OK(store_deliveries_page(late.store, &query, scratch, &page));
	CHECK_INT(page.count, HOOKS);
	for (uint64_t i = 0; i < HOOKS; i++) {
		CHECK_OK(store_delivery(late.store, first + i, scratch, &row));
		CHECK(first + i > set || row.state == DELIVERY_DELIVERED);
	}
	CHECK_OK(store_waiting_first(late.store, 1, set, 1000, scratch, &list));
	for (size_t i = 0; i + 1 < list.count; i++)
		CHECK_INT(list.rows[i].sequence + HOOKS,
			list.rows[i + 1].sequence);
}

static void *
read_until_done(void *context)
{
	struct shared *shared = context;
	struct arena scratch = {0};

	while (!atomic_load(&shared->is_done)) {
		uint64_t event = atomic_load(&shared->committed);

		if (event)
			read_event(shared, event, &scratch);
		arena_reset(&scratch);
	}
	arena_release(&scratch);
	return NULL;
}

TEST(store_late_readers, each_delivery_is_seen_once_while_commits_run)
{
	struct shared shared = {0};
	pthread_t threads[READERS];

	late_start();
	for (size_t i = 0; i < READERS; i++)
		CHECK_INT(pthread_create(
				  &threads[i], NULL, read_until_done, &shared),
			0);
	for (uint64_t i = 1; i <= COMMITS; i++) {
		CHECK_OK(published_add(1, HOOKS));
		atomic_store(&shared.committed, i);
		if (i % 50 == 0)
			published_write_all();
		if (i <= 20)
			continue;
		CHECK_OK(published_set_all((i - 21) * HOOKS + 1,
			(i - 20) * HOOKS, DELIVERY_DELIVERED));
		atomic_store(&shared.set, (i - 20) * HOOKS);
	}
	atomic_store(&shared.is_done, true);
	for (size_t i = 0; i < READERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	CHECK_INT(published_waiting(late.store), 20 * HOOKS);
	store_close(late.store);
	CHECK_INT(published_rows(), COMMITS * HOOKS);
}
