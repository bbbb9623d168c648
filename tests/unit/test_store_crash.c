#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "store_double.h"

/*
 * kill -9 at random moments. The child commits units of an event, a resource
 * and two deliveries and tells the sequence of each once it is acknowledged.
 */
enum { ROUNDS = 20, BATCH = 4 };

static void
commit_batch(struct store *store, uint64_t first, int out)
{
	struct arena arena = {0};
	struct event_row events[BATCH];
	struct resource_row resources[BATCH];
	struct delivery_row deliveries[BATCH][2];
	struct store_change changes[BATCH][4];
	struct store_unit units[BATCH], *list[BATCH];

	for (uint64_t i = 0; i < BATCH; i++) {
		uint64_t sequence = first + i;

		events[i] = test_event(sequence, &arena);
		events[i].body = str_make(arena_alloc(&arena, 3000), 3000);
		resources[i] = test_resource(events[i].id.ptr, sequence);
		deliveries[i][0] = test_delivery(sequence * 2, sequence, 1);
		deliveries[i][1] = test_delivery(sequence * 2 + 1, sequence, 2);
		changes[i][0] =
			(struct store_change)SET_RESOURCE(&resources[i], 0);
		changes[i][1] = (struct store_change)ADD_EVENT(&events[i]);
		changes[i][2] =
			(struct store_change)ADD_DELIVERY(&deliveries[i][0]);
		changes[i][3] =
			(struct store_change)ADD_DELIVERY(&deliveries[i][1]);
		units[i] =
			(struct store_unit){.changes = changes[i], .count = 4};
		list[i] = &units[i];
	}
	CHECK_OK(store_commit(store, list, BATCH, NULL));
	for (uint64_t i = 0; i < BATCH; i++) {
		uint64_t sequence = first + i;

		CHECK(write(out, &sequence, sizeof(sequence)) ==
			(ssize_t)sizeof(sequence));
	}
	arena_release(&arena);
}

static _Noreturn void
run_child(const char *directory, int out)
{
	struct store *store = test_store_open(directory);
	struct store_counters counters;

	CHECK_OK(store_counters(store, &counters, NULL));
	for (uint64_t next = counters.event + 1;; next += BATCH)
		commit_batch(store, next, out);
}

/** The last sequence acknowledged by a child that is killed on its way. */
static uint64_t
run_and_kill(const char *directory)
{
	uint64_t sequence = 0, last = 0;
	uint64_t left = random_below(200);
	int ends[2];
	pid_t child;

	CHECK_INT(pipe(ends), 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		close(ends[0]);
		run_child(directory, ends[1]);
	}
	close(ends[1]);
	while (left-- && read(ends[0], &sequence, sizeof(sequence)) > 0)
		last = sequence;
	CHECK_INT(kill(child, SIGKILL), 0);
	/* What it told before it died was acknowledged too. */
	while (read(ends[0], &sequence, sizeof(sequence)) ==
		(ssize_t)sizeof(sequence))
		last = sequence;
	close(ends[0]);
	CHECK_INT(waitpid(child, NULL, 0), child);
	return last;
}

/** Every unit up to `highest` is whole. */
static void
check_units(struct store *store, uint64_t highest)
{
	struct arena arena = {0};

	for (uint64_t i = 1; i <= highest; i++) {
		struct event_row event;
		struct resource_row resource;
		struct delivery_list list;

		CHECK_OK(store_event(store, i, &arena, &event));
		CHECK_INT(event.body.len, 3000);
		CHECK_OK(store_resource(store, WORKSPACE_DEFAULT,
			STR("compute-ops/server"), event.id, &arena,
			&resource));
		CHECK_INT(resource.last, i);
		CHECK_OK(store_deliveries_of_event(store, i, &arena, &list));
		CHECK_INT(list.count, 2);
		arena_reset(&arena);
	}
	arena_release(&arena);
}

TEST(store_crash, kill_at_any_moment_loses_nothing_and_halves_nothing)
{
	const char *directory = check_temp_dir();
	uint64_t acknowledged = 0;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t last = run_and_kill(directory);
		struct store_counters counters;
		struct store *store = test_store_open(directory);

		if (last)
			acknowledged = last;
		CHECK_OK(store_counters(store, &counters, NULL));
		CHECK(counters.event >= acknowledged);
		CHECK_INT(counters.event % BATCH, 0);
		CHECK_INT(counters.delivery,
			counters.event ? counters.event * 2 + 1 : 0);
		check_units(store, counters.event);
		store_close(store);
		CHECK_INT(
			test_count(directory, "SELECT count(*) FROM resources"),
			counters.event);
		CHECK_INT(test_count(directory,
				  "SELECT integrity_check = 'ok' FROM "
				  "pragma_integrity_check"),
			1);
	}
	CHECK(acknowledged > 0);
}
