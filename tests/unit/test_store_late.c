#include "fault_vfs.h"
#include "late_deliveries.h"
#include "store/retain.h"
#include "store/sqlite_late.h"
#include "store/sqlite_store.h"

/* Deliveries whose row is written when their outcome is known. */

static const char one_row[] =
	"SELECT count(*) FROM deliveries d JOIN events e ON e.sequence = d.event"
	" WHERE d.is_in_row = 1 AND d.sequence >= e.first_delivery"
	" AND d.sequence < e.first_delivery + e.matched"
	" AND d.created = e.accepted AND d.workspace = e.workspace"
	" AND d.webhook = d.sequence - e.first_delivery + 1"
	" AND d.resource = 0 AND d.spent = 0 AND d.since = 0";

/** The store that a crash would leave: so many wait, and these can be set. */
static void
check_crash(uint64_t waiting, uint64_t last)
{
	struct store *after = late_open_copy();
	struct store_counters counters;

	CHECK_INT(published_waiting(after), waiting);
	CHECK_OK(store_counters(after, &counters, NULL));
	CHECK_INT(counters.delivery, last);
	store_close(after);
}

/* ---- one row ---- */

TEST(store_late, a_delivery_that_succeeds_is_written_once_and_as_it_ended)
{
	late_start();
	CHECK_OK(published_add(20, 2));
	CHECK_INT(published_rows(), 0);
	CHECK_INT(published_waiting(late.store), 40);
	for (uint64_t i = 1; i <= 40; i++)
		published_check(late.store, i, DELIVERY_WAITING);
	CHECK_OK(published_set_all(3, 32, DELIVERY_DELIVERED));
	CHECK_INT(published_rows(), 30);
	CHECK_INT(published_waiting_rows(), 0);
	CHECK_INT(published_waiting(late.store), 10);
	for (uint64_t i = 1; i <= 40; i++)
		published_check(late.store, i,
			i < 3 || i > 32 ? DELIVERY_WAITING
					: DELIVERY_DELIVERED);
	CHECK_INT(test_count(late.directory, one_row), 30);
	store_close(late.store);
	CHECK_INT(published_rows(), 40);
	CHECK_INT(test_count(late.directory, one_row), 40);
	CHECK_INT(published_mark(), 20);
	late.store = test_store_open(late.directory);
	CHECK_INT(published_waiting(late.store), 10);
	CHECK_INT(test_waiting_first(late.store, 1), 5);
	store_close(late.store);
}

TEST(store_late, a_first_try_that_fails_makes_the_row_of_a_retry)
{
	late_start();
	CHECK_OK(published_add(3, 1));
	CHECK_OK(published_set(2, DELIVERY_WAITING));
	CHECK_INT(published_rows(), 1);
	CHECK_INT(published_waiting(late.store), 3);
	published_check(late.store, 2, DELIVERY_WAITING);
	CHECK_INT(test_waiting_first(late.store, 1), 2);
	CHECK_INT(test_waiting_retries(late.store, 1), 1);
	CHECK_OK(published_set(2, DELIVERY_DELIVERED));
	CHECK_INT(test_waiting_retries(late.store, 1), 0);
	CHECK_INT(published_waiting(late.store), 2);
	store_close(late.store);
}

TEST(store_late, what_was_set_is_set_no_more)
{
	struct store_change skip = {.kind = STORE_DELIVERIES_SKIP,
		.webhook_number = 1,
		.reason = STR("off"),
		.now = TEST_NOW};

	late_start();
	CHECK_OK(published_add(4, 1));
	CHECK_OK(published_set(1, DELIVERY_DELIVERED));
	CHECK_INT(published_set(1, DELIVERY_DEAD), ERR_CONFLICT);
	CHECK_INT(published_set(5, DELIVERY_DEAD), ERR_CONFLICT);
	/* Skipped while its last attempt was on the way, which went well. */
	CHECK_OK(late_commit(skip));
	CHECK_INT(published_waiting(late.store), 0);
	CHECK_INT(published_waiting_rows(), 0);
	CHECK_OK(published_set(2, DELIVERY_DELIVERED));
	CHECK_INT(published_set(3, DELIVERY_DEAD), ERR_CONFLICT);
	CHECK_INT(test_count(late.directory,
			  "SELECT count(*) FROM deliveries WHERE state = 3"),
		2);
	check_crash(0, 4);
	store_close(late.store);
}

TEST(store_late, one_transaction_may_do_all_to_one)
{
	struct arena arena = {0};
	struct published published;
	struct delivery_row first = {.sequence = 1, .attempts = 1};
	struct delivery_row second = {
		.sequence = 1, .state = DELIVERY_DELIVERED, .attempts = 2};
	struct delivery_row again = {.sequence = 2, .attempts = 0};
	struct store_change changes[] = {SET_DELIVERY(&first),
		SET_DELIVERY(&second), SET_DELIVERY(&second),
		{.kind = STORE_DELIVERY_AGAIN, .delivery = &again}};
	struct store_unit units[4], *list[5];

	late_start();
	list[0] = published_make(&published, 2, &arena);
	for (size_t i = 0; i < 4; i++) {
		units[i] =
			(struct store_unit){.changes = &changes[i], .count = 1};
		list[1 + i] = &units[i];
	}
	CHECK_OK(store_commit(late.store, list, 5, NULL));
	CHECK_OK(units[0].result);
	CHECK_OK(units[1].result);
	CHECK_INT(units[2].result, ERR_CONFLICT);
	CHECK_INT(units[3].result, ERR_CONFLICT); /* it waits */
	CHECK_INT(published_waiting(late.store), 1);
	CHECK_INT(published_rows(), 1);
	store_close(late.store);
	CHECK_INT(published_rows(), 2);
	CHECK_INT(published_waiting_rows(), 1);
	arena_release(&arena);
}

/* ---- which are late ---- */

enum spoil {
	TOLD,
	SKIPPED_ONE,
	ORDERED_ONE,
	DUE_LATER,
	OTHER_NUMBER,
	APART,
	TOO_MANY,
	SPOILS,
};

static void
spoil(struct published *published, enum spoil how)
{
	struct delivery_row *row = &published->deliveries[1];

	switch (how) {
	case SKIPPED_ONE: row->state = DELIVERY_SKIPPED; break;
	case ORDERED_ONE: row->resource = 77; break;
	case DUE_LATER: row->due++; break;
	case OTHER_NUMBER: published->event.first_delivery++; break;
	case APART: row->is_in_row = false; break;
	case TOLD:
	case TOO_MANY:
	case SPOILS: break;
	}
}

TEST(store_late, what_the_event_does_not_tell_to_the_letter_is_written_at_once)
{
	struct arena arena = {0};
	struct published published;
	int64_t rows = 0;

	late_start();
	for (int how = TOLD; how < SPOILS; how++) {
		size_t hooks = how == TOO_MANY ? SQLITE_LATE_EACH + 1
					       : SQLITE_LATE_EACH;

		published_make(&published, hooks, &arena);
		spoil(&published, (enum spoil)how);
		CHECK_OK(test_commit(late.store, published.unit.changes,
			published.unit.count));
		rows += how == TOLD ? 0 : (int64_t)hooks;
		CHECK_INT(published_rows(), rows);
	}
	check_crash(published_waiting(late.store), published_last());
	store_close(late.store);
	CHECK_INT(published_rows(), published_last());
	arena_release(&arena);
}

TEST(store_late, an_event_that_comes_behind_the_mark_has_its_rows_at_once)
{
	struct arena arena = {0};
	struct published one, other;

	late_start();
	published_make(&one, 1, &arena);
	published_make(&other, 1, &arena);
	CHECK_OK(test_commit(late.store, other.unit.changes, 2));
	published_write_all();
	CHECK_INT(published_mark(), 2);
	CHECK_OK(test_commit(late.store, one.unit.changes, 2));
	CHECK_INT(published_rows(), 2);
	check_crash(2, 2);
	store_close(late.store);
	arena_release(&arena);
}

/* ---- what is taken back ---- */

TEST(store_late, a_unit_rolled_back_leaves_no_trace)
{
	struct arena arena = {0};
	struct published published[3];
	struct store_unit *list[3];
	struct resource_row resource = test_resource("r", 1);
	struct store_change skip = {
		.kind = STORE_DELIVERIES_SKIP, .webhook_number = 1};
	struct store_change changes[3][3];
	struct delivery_row set[2] = {
		{.sequence = 1, .state = DELIVERY_DELIVERED, .attempts = 1},
		{.sequence = 999, .state = DELIVERY_DELIVERED, .attempts = 1}};

	late_start();
	for (size_t i = 0; i < 3; i++) {
		list[i] = published_make(&published[i], 1, &arena);
		published[i].event.is_id_given = true;
		published[i].event.id = i < 2 ? STR("given") : STR("other");
		changes[i][0] = published[i].changes[0];
		changes[i][1] = published[i].changes[1];
		changes[i][2] = (struct store_change)SET_RESOURCE(
			&resource, i == 2 ? 5 : 0);
		list[i]->changes = changes[i];
		list[i]->count = i == 2 ? 3 : 2;
	}
	CHECK_OK(store_commit(late.store, list, 3, NULL));
	CHECK_OK(list[0]->result);
	CHECK_INT(list[1]->result, ERR_CONFLICT);
	CHECK_INT(list[2]->result, ERR_CONFLICT);
	CHECK_INT(list[2]->conflicted, 2);
	CHECK_INT(published_waiting(late.store), 1);
	CHECK_INT(published_set(2, DELIVERY_DELIVERED), ERR_CONFLICT);
	CHECK_INT(published_set(3, DELIVERY_DELIVERED), ERR_CONFLICT);
	/* Taken, and put back. */
	TEST_CONFLICT(
		late.store, 1, SET_DELIVERY(&set[0]), SET_DELIVERY(&set[1]));
	CHECK_INT(published_rows(), 0);
	published_check(late.store, 1, DELIVERY_WAITING);
	/* All written, and the mark moved, and both taken back. */
	TEST_CONFLICT(late.store, 1, skip, SET_DELIVERY(&set[1]));
	published_check(late.store, 1, DELIVERY_WAITING);
	CHECK_INT(published_mark(), 0);
	published_write_all();
	CHECK_INT(published_mark(), 3);
	CHECK_OK(published_set(1, DELIVERY_DELIVERED));
	CHECK_INT(published_waiting(late.store), 0);
	store_close(late.store);
	CHECK_INT(published_rows(), 1);
	arena_release(&arena);
}

TEST(store_late, a_failed_commit_leaves_no_trace)
{
	uint64_t done = 0, last = 0, waiting = 0;

	fault_install();
	late_start();
	for (int at = 0; at < 8; at++) {
		CHECK_OK(published_add(20, 2));
		last = published_last();
		waiting += 40;
		fault_arm(FAULT_IO, at % 4, false);
		if (published_set_all(done + 1, done + 30,
			    DELIVERY_DELIVERED) == ERR_OK) {
			done += 30;
			waiting -= 30;
		}
		fault_disarm();
		CHECK_INT(published_waiting(late.store), waiting);
		published_check(late.store, last, DELIVERY_WAITING);
		if (done)
			published_check(late.store, done, DELIVERY_DELIVERED);
		/* Until then a sync that failed may have been none. */
		CHECK_OK(late_probe());
		CHECK_INT(published_rows(), done);
		check_crash(waiting, last);
	}
	CHECK(done > 0 && done < 240);
	/* Of events that were refused nothing is there. */
	fault_arm(FAULT_NO_SPACE, 0, true);
	CHECK_INT(published_add(20, 2), ERR_LIMIT);
	fault_disarm();
	CHECK_OK(late_probe());
	CHECK_INT(published_set(published_last(), DELIVERY_DEAD), ERR_CONFLICT);
	CHECK_INT(published_waiting(late.store), waiting);
	store_close(late.store);
}

/* ---- crashes, and what bounds them ---- */

TEST(store_late, a_crash_takes_no_delivery)
{
	struct store *after;

	late_start();
	CHECK_OK(published_add(300, 3));
	check_crash(900, 900);
	CHECK_OK(published_set_all(100, 499, DELIVERY_DELIVERED));
	CHECK_OK(published_set_all(600, 610, DELIVERY_WAITING));
	check_crash(500, 900);
	/* What comes after one is as before it. */
	after = late_open_copy();
	store_close(late.store);
	late.store = after;
	CHECK_OK(published_set(7, DELIVERY_DELIVERED));
	CHECK_INT(published_set(100, DELIVERY_DELIVERED), ERR_CONFLICT);
	CHECK_OK(published_set(605, DELIVERY_DELIVERED));
	for (uint64_t i = 1; i <= 900; i++)
		published_check(after, i,
			i == 7 || i == 605 || (i >= 100 && i < 500)
				? DELIVERY_DELIVERED
				: DELIVERY_WAITING);
	CHECK_OK(published_add(10, 3));
	CHECK_INT(published_waiting(after), 498 + 30);
	store_close(after);
}

TEST(store_late, one_that_lies_far_behind_is_written_and_the_mark_moves_on)
{
	enum { A_COMMIT = 2048 };
	uint64_t mark = 0;

	late_start();
	for (uint64_t done = 0; published_last() < 180000; done += A_COMMIT) {
		CHECK_OK(published_add(A_COMMIT, 1));
		/* All but the first of each commit. */
		CHECK_OK(published_set_all(
			done + 2, done + A_COMMIT, DELIVERY_DELIVERED));
		CHECK(published_mark() >= mark);
		mark = published_mark();
		CHECK(published_last() - mark < DELIVERY_RING_MAX);
	}
	CHECK(mark > 0);
	CHECK(published_waiting_rows() > 0);
	CHECK(late.store->late.ring.cap <= DELIVERY_RING_MAX);
	CHECK_INT(published_waiting(late.store),
		(published_last() + A_COMMIT - 1) / A_COMMIT);
	check_crash(published_waiting(late.store), published_last());
	store_close(late.store);
	CHECK_INT(published_rows(), published_last());
}

TEST(store_late, memory_and_what_a_start_reads_are_bounded_when_none_succeeds)
{
	enum { A_COMMIT = 3000 };

	late_start();
	while (published_last() < 200000) {
		CHECK_OK(published_add(A_COMMIT, 1));
		CHECK(late.store->late.ring.count <=
			SQLITE_LATE_LAG + 2 * A_COMMIT);
	}
	CHECK(published_last() - published_mark() < DELIVERY_RING_MAX);
	CHECK_INT(published_rows() + (int64_t)late.store->late.ring.count,
		published_last());
	CHECK_INT(published_waiting(late.store), published_last());
	check_crash(published_last(), published_last());
	CHECK_OK(published_set(1, DELIVERY_DELIVERED));
	CHECK_OK(published_set(published_last(), DELIVERY_DELIVERED));
	store_close(late.store);
	CHECK_INT(published_waiting_rows(), published_last() - 2);
}

TEST(store_late, events_without_deliveries_do_not_keep_the_mark_behind)
{
	late_start();
	CHECK_OK(published_add(1, 1));
	for (int i = 0; i < 40; i++)
		CHECK_OK(published_add(2000, 0));
	CHECK(published_mark() > 1);
	CHECK_INT(published_rows(), 1);
	check_crash(1, 1);
	store_close(late.store);
}

TEST(store_late, a_row_that_says_what_cannot_be_is_told_at_the_start)
{
	struct store_options options = {0};
	struct store *store = NULL;
	struct buf why = {0};

	late_start();
	options.directory = late.directory;
	CHECK_OK(published_add(3, 1));
	store_close(late.store);
	CHECK_INT(published_rows(), 3);
	CHECK_INT(test_count(late.directory,
			  "UPDATE marks SET deliveries_to = 0 RETURNING 0"),
		0);
	/* A number that does not end is none. */
	CHECK_INT(test_count(late.directory,
			  "UPDATE events SET webhooks = x'8080', first_delivery"
			  " = 99 WHERE sequence = 2 RETURNING 0"),
		0);
	CHECK_INT(test_count(late.directory,
			  "DELETE FROM deliveries WHERE sequence = 1"
			  " RETURNING 0"),
		0);
	late.store = test_store_open(late.directory);
	CHECK_INT(published_waiting(late.store), 3);
	store_close(late.store);
	CHECK_INT(test_count(late.directory,
			  "UPDATE marks SET deliveries_to = 0 RETURNING 0"),
		0);
	CHECK_INT(test_count(late.directory,
			  "DELETE FROM deliveries WHERE sequence = 1"
			  " RETURNING 0"),
		0);
	CHECK_INT(test_count(late.directory,
			  "UPDATE events SET webhooks = x'01', first_delivery"
			  " = 99999999 WHERE sequence = 2 RETURNING 0"),
		0);
	CHECK_INT(store_open(&options, &store, &why), ERR_INVALID);
	CHECK(strstr(buf_text(&why), "the deliveries of event 2"));
	buf_release(&why);
}

/* ---- removing ---- */

TEST(store_late, what_a_removed_webhook_had_does_not_come_back)
{
	struct webhook_row webhook = test_webhook(1);
	struct store_change remove = REMOVE_WEBHOOK(1);

	late_start();
	TEST_COMMIT(late.store, ADD_WEBHOOK(&webhook));
	CHECK_OK(published_add(10, 2));
	CHECK_OK(published_set(1, DELIVERY_DELIVERED));
	CHECK_OK(late_commit(remove));
	CHECK_INT(published_waiting(late.store), 10);
	check_crash(10, 20);
	for (int i = 0; i < 10; i++)
		CHECK_OK(late_probe());
	CHECK_INT(published_rows(), 10);
	check_crash(10, 20);
	/* One on its way while the webhook was removed. */
	CHECK_OK(published_add(1, 2));
	CHECK_INT(published_waiting(late.store), 11);
	check_crash(11, 22);
	store_close(late.store);
}

/* What stands between an event and its deliveries moves the mark. */
TEST(store_late, a_unit_that_writes_all_in_its_midst_loses_nothing)
{
	struct arena arena = {0};
	struct published published;
	struct webhook_row webhook = test_webhook(2);
	struct store_change changes[4];

	late_start();
	TEST_COMMIT(late.store, ADD_WEBHOOK(&webhook));
	published_make(&published, 2, &arena);
	changes[0] = published.changes[0];
	changes[1] = (struct store_change){
		.kind = STORE_DELIVERIES_SKIP, .webhook_number = 9};
	changes[2] = published.changes[1];
	changes[3] = published.changes[2];
	CHECK_OK(test_commit(late.store, changes, 4));
	CHECK_INT(published_waiting(late.store), 2);
	check_crash(2, 2);
	/* Nor does what is not taken any more come back. */
	published_make(&published, 2, &arena);
	changes[0] = published.changes[0];
	changes[1] = (struct store_change)REMOVE_WEBHOOK(2);
	changes[2] = published.changes[1];
	changes[3] = published.changes[2];
	CHECK_OK(test_commit(late.store, changes, 4));
	CHECK_INT(published_waiting(late.store), 2);
	check_crash(2, 3);
	store_close(late.store);
	arena_release(&arena);
}

TEST(store_late, what_retention_removes_does_not_come_back)
{
	static struct retain_step step;
	struct store_change retain = {.kind = STORE_RETAIN, .retain = &step};

	late_start();
	CHECK_OK(published_add(10, 2));
	CHECK_OK(published_set(2, DELIVERY_DELIVERED));
	CHECK_OK(published_set(7, DELIVERY_DELIVERED));
	step.limits =
		(struct retain_limits){INT64_MIN, INT64_MAX, INT64_MIN, 0};
	step.deliveries[step.delivery_count++] = 2;
	step.deliveries[step.delivery_count++] = 3;
	CHECK_OK(late_commit(retain));
	CHECK_INT(step.removed_deliveries, 1);
	check_crash(18, 20);
	store_close(late.store);
	CHECK_INT(published_rows(), 19);
	late.store = test_store_open(late.directory);
	CHECK_INT(published_set(2, DELIVERY_DELIVERED), ERR_CONFLICT);
	CHECK_OK(published_set(3, DELIVERY_DELIVERED));
	store_close(late.store);
}

TEST(store_late, retention_keeps_what_a_delivery_without_a_row_needs)
{
	const struct retain_limits all = {
		.events_before = INT64_MAX, .deliveries_before = INT64_MAX};
	static struct retain_step step;
	struct retain_place place = {0};
	struct arena arena = {0};
	struct published created, deleted;
	struct resource_row resource = test_resource("a+b", 2);

	late_start();
	published_make(&created, 0, &arena);
	published_make(&deleted, 1, &arena);
	created.event.form = deleted.event.form = EVENT_STATE;
	created.event.operation = OPERATION_CREATED;
	deleted.event.operation = OPERATION_DELETED;
	deleted.event.previous = 1;
	resource.is_deleted = true;
	TEST_COMMIT(late.store, created.changes[0]);
	TEST_COMMIT(late.store, SET_RESOURCE(&resource, 0), deleted.changes[0],
		deleted.changes[1]);
	CHECK_OK(published_add(3, 1));
	CHECK_INT(published_rows(), 0);
	for (int i = 0; !place.is_done; i++) {
		CHECK(i < 100);
		CHECK_OK(store_retain_find(late.store, &all, &place, &step));
		CHECK_OK(late_commit((struct store_change){
			.kind = STORE_RETAIN, .retain = &step}));
	}
	CHECK_INT(test_count(late.directory, "SELECT count(*) FROM events"), 5);
	CHECK_INT(published_waiting(late.store), 4);
	store_close(late.store);
	arena_release(&arena);
}
