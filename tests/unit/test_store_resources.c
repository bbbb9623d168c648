#include "fault_vfs.h"
#include "late_double.h"

/* ---- late, and shown at once ---- */

TEST(store_resources, a_state_is_read_before_its_row_is_written)
{
	late_start();
	CHECK_OK(late_publish(0, 10));
	late_check(late.store, 20);
	CHECK_INT(late_rows(), 0);
	CHECK_OK(late_publish(5, 10));
	late_check(late.store, 20);
	store_close(late.store);
	CHECK_INT(late_rows(), 10);
	CHECK_INT(late_mark(), late.last_event);
	late.store = test_store_open(late.directory);
	late_check(late.store, 20);
	store_close(late.store);
}

TEST(store_resources, a_crash_takes_no_state)
{
	late_start();
	CHECK_OK(late_publish(0, 300));
	late_check_crash(300);
	CHECK_OK(late_publish(100, 200));
	late.is_deleted[7] = false;
	late_publish_at_once(7);
	late_check_crash(300);
	/* Newer than what was written at once, and the other way round. */
	CHECK_OK(late_publish(0, 20));
	late_publish_at_once(8);
	late_check_crash(300);
	store_close(late.store);
	CHECK_INT(late_rows(), 300);
}

TEST(store_resources, a_deleted_one_is_known_as_such_after_a_crash)
{
	struct arena arena = {0};
	struct late_unit *state = &late.units[0];

	late_start();
	CHECK_OK(late_publish(0, 2));
	late_make(state, 1, &arena);
	state->event.operation = OPERATION_DELETED;
	state->resource.is_deleted = true;
	CHECK_OK(test_commit(late.store, state->changes, 2));
	late.last_of[1] = late.last_event;
	late.is_deleted[1] = true;
	CHECK_INT(late_rows(), 0);
	late_check(late.store, 2);
	late_check_crash(2);
	store_close(late.store);
	CHECK_INT(test_count(late.directory,
			  "SELECT sum(is_deleted) FROM resources"
			  " JOIN events ON sequence = last"
			  " WHERE updated = accepted"),
		1);
	arena_release(&arena);
}

TEST(store_resources, an_event_that_comes_behind_later_ones_is_not_lost)
{
	struct arena arena = {0};

	late_start();
	late_make(&late.units[0], 0, &arena);
	/* Number 2 of another resource is committed first, and written. */
	late.last_event = 1;
	late_make(&late.units[1], 1, &arena);
	CHECK_OK(test_commit(late.store, late.units[1].changes, 2));
	CHECK_OK(late_want_round());
	CHECK_OK(late_probe());
	CHECK_INT(late_mark(), 2);
	CHECK_OK(test_commit(late.store, late.units[0].changes, 2));
	late.last_of[0] = 1;
	late.last_of[1] = 2;
	late_check(late.store, 2);
	late_check_crash(2);
	/* Or while a round is under way. */
	late_make(&late.units[0], 0, &arena);
	late_make(&late.units[1], 1, &arena);
	CHECK_OK(test_commit(late.store, late.units[1].changes, 2));
	CHECK_OK(late_want_round());
	CHECK_OK(test_commit(late.store, late.units[0].changes, 2));
	late.last_of[0] = 3;
	late.last_of[1] = 4;
	CHECK_INT(late_mark(), 2);
	late_check_crash(2);
	store_close(late.store);
	arena_release(&arena);
}

/* ---- what is taken back ---- */

TEST(store_resources, the_present_state_is_what_a_new_one_is_held_against)
{
	struct arena arena = {0};
	struct store_unit *list[3];

	late_start();
	CHECK_OK(late_publish(0, 1));
	/* Three in a row in one transaction, the second upon a wrong one. */
	list[0] = late_make(&late.units[0], 0, &arena);
	list[1] = late_make(&late.units[1], 0, &arena);
	late.last_of[0] = late.units[0].resource.last;
	list[2] = late_make(&late.units[2], 0, &arena);
	CHECK_OK(store_commit(late.store, list, 3, NULL));
	CHECK_OK(list[0]->result);
	CHECK_INT(list[1]->result, ERR_CONFLICT);
	CHECK_INT(list[1]->conflicted, 0);
	CHECK_OK(list[2]->result);
	late.last_of[0] = late.units[2].resource.last;
	late_check(late.store, 1);
	CHECK_INT(late_rows(), 0);
	/* The same when the table has it and memory does not. */
	store_close(late.store);
	late.store = test_store_open(late.directory);
	late_make(&late.units[0], 0, &arena);
	late.units[0].changes[0].expected = 0;
	CHECK_INT(test_conflict(late.store, late.units[0].changes, 2), 0);
	late_make(&late.units[0], 0, &arena);
	late.units[0].changes[0].expected--;
	CHECK_INT(test_conflict(late.store, late.units[0].changes, 2), 0);
	CHECK_OK(late_publish(0, 1));
	late_check(late.store, 1);
	store_close(late.store);
	arena_release(&arena);
}

TEST(store_resources, a_unit_rolled_back_leaves_no_trace)
{
	struct arena arena = {0};
	struct store_unit *list[3];

	late_start();
	CHECK_OK(late_publish(0, 2));
	list[0] = late_make(&late.units[0], 0, &arena);
	list[1] = late_make(&late.units[1], 1, &arena);
	list[2] = late_make(&late.units[2], 2, &arena);
	for (size_t i = 0; i < 3; i++) {
		late.units[i].event.is_id_given = true;
		late.units[i].event.id = STR("given");
	}
	CHECK_OK(store_commit(late.store, list, 3, NULL));
	CHECK_OK(list[0]->result);
	CHECK_INT(list[1]->result, ERR_CONFLICT);
	CHECK_INT(list[1]->conflicted, 1);
	CHECK_INT(list[2]->conflicted, 1);
	late.last_of[0] = late.units[0].resource.last;
	late_check(late.store, 3);
	late_check_crash(3);
	CHECK_OK(late_publish(0, 3));
	late_check(late.store, 3);
	store_close(late.store);
	CHECK_INT(late_rows(), 3);
	arena_release(&arena);
}

TEST(store_resources, a_failed_commit_leaves_no_trace)
{
	fault_install();
	late_start();
	CHECK_OK(late_publish(0, 20));
	for (int at = 0; at < 6; at++) {
		fault_arm(FAULT_IO, at, false);
		if (late_publish(10, 30) == ERR_OK)
			CHECK(!fault_has_struck());
		fault_disarm();
		late_check(late.store, 40);
		/* Until then a sync that failed may have been none. */
		CHECK_OK(late_probe());
		late_check_crash(40);
	}
	store_close(late.store);
}
