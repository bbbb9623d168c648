#include "base/log.h"
#include "base/random.h"
#include "fault_vfs.h"
#include "late_double.h"
#include "store/retain.h"
#include "store/sqlite_resources.h"
#include "store/sqlite_store.h"

/* ---- rounds ---- */

TEST(store_resource_rounds,
	a_round_writes_some_rows_a_commit_and_then_moves_the_mark)
{
	uint64_t to;
	size_t commits = 0;

	late_start();
	CHECK_OK(late_publish(0, 3000));
	to = late.last_event;
	CHECK_OK(late_want_round());
	CHECK_INT(late_rows(), 0);
	while (late_mark() == 0) {
		int64_t before = late_rows();

		CHECK_OK(late_publish(commits, commits + 1));
		CHECK(late_rows() > before);
		CHECK(late_rows() - before <= 512);
		late_check(late.store, 10);
		if (commits % 4 == 0)
			late_check_crash(3000);
		CHECK(++commits < 100);
	}
	CHECK(commits > 4);
	CHECK_INT(late_mark(), to);
	CHECK_INT(late_rows(), 3000);
	late_check(late.store, 3000);
	late_check_crash(3000);
	store_close(late.store);
	CHECK_INT(late_mark(), late.last_event);
}

TEST(store_resource_rounds, a_round_whose_commits_fail_goes_on_where_it_was)
{
	fault_install();
	log_set_level(LOG_ERROR);
	late_start();
	CHECK_OK(late_publish(0, 1000));
	CHECK_OK(late_want_round());
	for (int at = 0; late_mark() == 0; at++) {
		CHECK(at < 100);
		fault_arm(FAULT_NO_SPACE, at % 3, false);
		(void)!late_publish(0, 1);
		fault_disarm();
		late_check(late.store, 3);
		/* Without the round's rows: a full disk is not kept full. */
		if (fault_has_struck()) {
			int64_t before = late_rows();

			CHECK_OK(late_probe());
			CHECK_INT(late_rows(), before);
		}
	}
	CHECK_INT(late_rows(), 1000);
	late_check(late.store, 1000);
	late_check_crash(1000);
	store_close(late.store);
}

TEST(store_resource_rounds, the_mark_follows_events_without_being_asked)
{
	uint64_t highest = 0;

	late_start();
	for (int i = 0; i < 12; i++) {
		CHECK_OK(late_publish(0, 4000));
		CHECK(late_mark() >= highest);
		highest = late_mark();
	}
	CHECK(highest > 0);
	CHECK(late.last_event - late_mark() <= 40000);
	late_check(late.store, 4000);
	late_check_crash(4000);
	store_close(late.store);
}

TEST(store_resource_rounds, what_memory_has_no_room_for_is_found_in_the_table)
{
	late_start();
	for (size_t i = 0; i < LATE_RESOURCES; i += 3500)
		CHECK_OK(late_publish(i, i + 3500));
	for (int i = 0; i < 400; i++)
		CHECK_OK(late_publish(69000, 69300));
	late_check(late.store, LATE_RESOURCES);
	CHECK_OK(late_publish(10, 20));
	late_check(late.store, 1000);
	store_close(late.store);
	CHECK_INT(late_rows(), LATE_RESOURCES);
	CHECK_INT(test_count(late.directory,
			  "SELECT count(*) FROM resources JOIN events"
			  " ON sequence = last AND subject = resources.id"),
		LATE_RESOURCES);
}

TEST(store_resource_rounds, memory_does_not_follow_how_many_there_are)
{
	enum { A_COMMIT = 1024 };
	size_t most = 0;

	late_start();
	/* None twice, and as many a commit as the writer gathers. */
	for (size_t i = 0; i + A_COMMIT <= LATE_MAX; i += A_COMMIT) {
		size_t now;

		CHECK_OK(late_publish(i, i + A_COMMIT));
		now = sqlite_resources_in_memory(late.store->resources);
		most = most > now ? most : now;
	}
	CHECK(most > 0 && most <= (size_t)2 * SQLITE_RESOURCES_KEPT);
	late_check(late.store, 10);
	store_close(late.store);
	CHECK_INT(late_rows(), LATE_MAX / A_COMMIT * A_COMMIT);
}

/* ---- retention ---- */

TEST(store_resource_rounds,
	retention_keeps_last_states_and_waits_for_their_rows)
{
	const struct retain_limits limits = {
		INT64_MAX, INT64_MIN, INT64_MIN, 0};
	struct retain_place place = {0};
	struct retain_step step;
	int steps = 0;

	late_start();
	CHECK_OK(late_publish(0, 600));
	CHECK_OK(late_publish(0, 500));
	CHECK_OK(store_retain_find(late.store, &limits, &place, &step));
	CHECK(step.is_behind && !place.is_done);
	CHECK_INT(step.event_count, 0);
	place = (struct retain_place){0};
	while (!place.is_done) {
		CHECK(++steps < 1000);
		CHECK_OK(store_retain_find(late.store, &limits, &place, &step));
		CHECK_OK(late_commit((struct store_change){
			.kind = STORE_RETAIN, .retain = &step}));
	}
	CHECK_INT(
		test_count(late.directory, "SELECT count(*) FROM events"), 600);
	late_check(late.store, 600);
	/* A pass ends, however much is published meanwhile. */
	place = (struct retain_place){0};
	for (steps = 0; !place.is_done; steps++) {
		CHECK(steps < 1000);
		CHECK_OK(late_publish(0, 600));
		CHECK_OK(store_retain_find(late.store, &limits, &place, &step));
		CHECK_OK(late_commit((struct store_change){
			.kind = STORE_RETAIN, .retain = &step}));
		CHECK_INT(test_count(late.directory,
				  "SELECT count(*) FROM resources WHERE last"
				  " NOT IN (SELECT sequence FROM events)"),
			0);
	}
	late_check(late.store, 600);
	late_check_crash(600);
	store_close(late.store);
}

/* ---- all of it at random ---- */

static void
step_at_random(size_t count)
{
	uint64_t kind = random_below(20);
	size_t from = (size_t)random_below(count);
	size_t end = from + 1 + (size_t)random_below(count - from);

	if (random_below(6) == 0)
		fault_arm(FAULT_IO, (int)random_below(5), false);
	if (kind < 2) {
		(void)!late_want_round();
	} else if (kind < 4) {
		fault_disarm();
		late_publish_at_once(from);
	} else {
		(void)!late_publish(from, end);
	}
	fault_disarm();
}

TEST(store_resource_rounds, random_changes_end_as_if_each_was_written_at_once)
{
	enum { COUNT = 700 };

	fault_install();
	log_set_level(LOG_ERROR);
	random_test_seed(4);
	late_start();
	for (int i = 0; i < 250; i++) {
		step_at_random(COUNT);
		late_check(late.store, COUNT);
		if (random_below(10) == 0) {
			/* Until then a sync that failed may have been none. */
			CHECK_OK(late_probe());
			late_check_crash(COUNT);
		}
		if (random_below(25) == 0) {
			store_close(late.store);
			late.store = test_store_open(late.directory);
		}
	}
	store_close(late.store);
	CHECK_INT(test_count(late.directory,
			  "SELECT count(*) FROM resources r WHERE last <>"
			  " (SELECT max(sequence) FROM events e"
			  " WHERE e.subject = r.id OR (e.subject = ''"
			  " AND e.sequence = r.last))"),
		0);
}
