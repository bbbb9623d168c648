#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "late_double.h"

/*
 * Rows that are written late, and those who look on: readers on other threads,
 * and whoever starts after a kill -9.
 */
enum { READERS = 3, STEP = 3500, END = 20 * STEP, COMMITS = 150, BUSY = 300 };

static struct {
	_Atomic uint64_t floor[END]; /* what was committed for sure */
	atomic_size_t end;	     /* resources that are there */
	atomic_bool is_done;
	atomic_uint_fast64_t reads;
} shared;

static void *
read_until_done(void *context)
{
	static _Thread_local uint64_t seen[END];
	struct arena arena = {0};

	(void)context;
	while (!atomic_load(&shared.is_done)) {
		size_t end = atomic_load(&shared.end);
		struct resource_row row;
		uint64_t floor;
		char id[16];
		size_t key;

		if (end == 0)
			continue;
		key = random_below(2) ? (size_t)random_below(end)
				      : end - 1 - (size_t)random_below(BUSY);
		floor = atomic_load(&shared.floor[key]);
		snprintf(id, sizeof(id), "r%zu", key);
		CHECK_OK(store_resource(late.store, WORKSPACE_DEFAULT,
			STR("compute-ops/server"), str_of(id), &arena, &row));
		CHECK(row.last >= floor && row.last >= seen[key]);
		seen[key] = row.last;
		arena_reset(&arena);
		atomic_fetch_add(&shared.reads, 1);
	}
	arena_release(&arena);
	return NULL;
}

static void
publish(size_t from, size_t end)
{
	CHECK_OK(late_publish(from, end));
	for (size_t i = from; i < end; i++)
		atomic_store(&shared.floor[i], late.last_of[i]);
	if (end > atomic_load(&shared.end))
		atomic_store(&shared.end, end);
}

TEST(store_resource_readers, never_see_a_state_go_back_or_vanish)
{
	pthread_t readers[READERS];

	late_start();
	for (size_t i = 0; i < READERS; i++)
		CHECK_INT(pthread_create(
				  &readers[i], NULL, read_until_done, NULL),
			0);
	for (size_t i = 0; i < END; i += STEP)
		publish(i, i + STEP);
	/* Rounds, and what memory has no room for is let go of. */
	for (size_t i = 0; i < COMMITS; i++) {
		publish(END - BUSY, END);
		if (i % 20 == 0)
			CHECK_OK(late_want_round());
	}
	atomic_store(&shared.is_done, true);
	for (size_t i = 0; i < READERS; i++)
		CHECK_INT(pthread_join(readers[i], NULL), 0);
	CHECK(atomic_load(&shared.reads) > 0);
	late_check(late.store, END);
	store_close(late.store);
	CHECK_INT(late_rows(), END);
}

/* ---- kill -9 ---- */

enum { ROUNDS = 12, RESOURCES = 1500 };

static _Noreturn void
publish_for_ever(int out)
{
	struct store_counters counters;

	late.store = test_store_open(late.directory);
	CHECK_OK(store_counters(late.store, &counters, NULL));
	late.last_event = counters.event;
	for (unsigned i = 0;; i++) {
		size_t from = (size_t)random_below(RESOURCES);
		size_t end = from + 1 + (size_t)random_below(RESOURCES - from);

		CHECK_OK(late_publish(from, end));
		if (i % 4 == 0)
			CHECK_OK(late_want_round());
		CHECK_INT(
			write(out, late.last_of, sizeof(uint64_t) * RESOURCES),
			sizeof(uint64_t) * RESOURCES);
	}
}

/** Into late.last_of what the child told last that it had committed. */
static void
run_and_kill(void)
{
	static char told[sizeof(uint64_t) * RESOURCES];
	uint64_t left = random_below(25);
	size_t len = 0;
	ssize_t got;
	int ends[2];
	pid_t child;

	CHECK_INT(pipe(ends), 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		close(ends[0]);
		publish_for_ever(ends[1]);
	}
	close(ends[1]);
	while ((got = read(ends[0], told + len, sizeof(told) - len)) > 0) {
		len += (size_t)got;
		if (len < sizeof(told))
			continue;
		memcpy(late.last_of, told, sizeof(told));
		len = 0;
		if (left-- == 0)
			CHECK_INT(kill(child, SIGKILL), 0);
	}
	close(ends[0]);
	CHECK_INT(waitpid(child, NULL, 0), child);
}

/** What was told, or what the killed one had committed after that. */
static void
check_found(size_t key)
{
	struct arena arena = {0};
	struct resource_row row = {0};
	struct event_row event;
	char id[16];
	enum err err;

	snprintf(id, sizeof(id), "r%zu", key);
	err = store_resource(late.store, WORKSPACE_DEFAULT,
		STR("compute-ops/server"), str_of(id), &arena, &row);
	CHECK(row.last >= late.last_of[key]);
	CHECK(err == ERR_OK || late.last_of[key] == 0);
	if (err == ERR_OK) {
		CHECK_OK(store_event(late.store, row.last, &arena, &event));
		CHECK_TEXT(event.subject.ptr, id);
		CHECK_INT(event.accepted, row.updated);
	}
	late.last_of[key] = row.last;
	arena_release(&arena);
}

TEST(store_resource_readers, find_every_state_after_a_kill_at_any_moment)
{
	static const char wrong[] =
		"SELECT count(*) FROM (SELECT subject, max(sequence) AS last"
		" FROM events GROUP BY subject) e LEFT JOIN resources r"
		" ON r.id = e.subject WHERE r.last IS NOT e.last";

	late.directory = check_temp_dir();
	for (int round = 0; round < ROUNDS; round++) {
		run_and_kill();
		late.store = test_store_open(late.directory);
		for (size_t i = 0; i < RESOURCES; i++)
			check_found(i);
		store_close(late.store);
		CHECK_INT(test_count(late.directory, wrong), 0);
	}
}
