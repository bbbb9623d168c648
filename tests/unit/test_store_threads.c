#include <pthread.h>
#include <stdatomic.h>

#include "store_double.h"

/* One thread commits while others read: nobody waits, nobody sees halves. */
enum { READERS = 4, COMMITS = 300 };

struct shared {
	struct store *store;
	atomic_uint_fast64_t committed;
	atomic_bool is_done;
};

static void
read_all(struct store *store, uint64_t sequence, struct arena *arena)
{
	struct event_row event;
	struct delivery_row delivery;
	struct delivery_list list;
	struct attempt_view view;
	struct attempt_list shown;
	struct store_counters counters;
	struct store_stats stats;

	CHECK_OK(store_event(store, sequence, arena, &event));
	CHECK_OK(store_delivery(store, sequence, arena, &delivery));
	CHECK_INT(delivery.event, sequence);
	CHECK_OK(store_attempt(store, 1, sequence, 0, arena, &view));
	CHECK_STR(view.event.body, event.body);
	CHECK_OK(store_waiting_first(store, 1, sequence, 10, arena, &list));
	CHECK_OK(store_waiting_retries(
		store, 1, (struct retry_place){0}, 10, arena, &list));
	CHECK_OK(store_attempts_shown(store, 1, 10, 5, arena, &shown));
	CHECK(shown.count > 0);
	CHECK_OK(store_counters(store, &counters, NULL));
	CHECK(counters.event >= sequence);
	CHECK_INT(counters.event, counters.delivery);
	CHECK_OK(store_stats(store, &stats));
}

static void *
read_until_done(void *context)
{
	struct shared *shared = context;
	struct arena arena = {0};

	while (!atomic_load(&shared->is_done)) {
		uint64_t committed = atomic_load(&shared->committed);

		if (committed)
			read_all(shared->store, committed, &arena);
		arena_reset(&arena);
	}
	arena_release(&arena);
	return NULL;
}

TEST(store_threads, reads_succeed_while_commits_run)
{
	struct store_options options = {
		.directory = check_temp_dir(), .readers = 2};
	struct shared shared = {0};
	pthread_t threads[READERS];
	struct arena arena = {0};
	struct store_stats stats;

	CHECK_OK(store_open(&options, &shared.store, NULL));
	for (size_t i = 0; i < READERS; i++)
		CHECK_INT(pthread_create(
				  &threads[i], NULL, read_until_done, &shared),
			0);
	for (uint64_t i = 1; i <= COMMITS; i++) {
		struct event_row event = test_event(i, &arena);
		struct delivery_row delivery = test_delivery(i, i, 1);
		struct attempt_row attempt =
			test_attempt(i, 0, 1, TEST_NOW + (int64_t)i);

		event.body = str_make(arena_alloc(&arena, 20000), 20000);
		attempt.is_acknowledged = i % 3 == 0;
		TEST_COMMIT(shared.store, ADD_EVENT(&event),
			ADD_DELIVERY(&delivery), ADD_ATTEMPT(&attempt));
		atomic_store(&shared.committed, i);
		arena_reset(&arena);
	}
	atomic_store(&shared.is_done, true);
	for (size_t i = 0; i < READERS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	CHECK_OK(store_stats(shared.store, &stats));
	CHECK_INT(stats.waiting, COMMITS);
	store_close(shared.store);
	arena_release(&arena);
}
