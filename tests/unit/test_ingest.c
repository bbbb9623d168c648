#include "base/log.h"
#include "fault_vfs.h"
#include "pipeline_world.h"

#define CHANGE(id_, data_) \
	"{\"specversion\":\"1.0\",\"id\":\"" id_ "\",\"source\":\"/s\"," \
	"\"type\":\"compute-ops/server\",\"subject\":\"r\",\"data\":" data_ \
	"}"

static struct event_row
last(struct world *world, struct arena *arena)
{
	return world_last(world, "r", arena);
}

TEST(ingest, the_first_state_creates_the_next_updates_and_a_delete_deletes)
{
	struct world world;
	struct arena arena = {0};
	struct event_row created, updated, deleted;

	world_open(&world, 0, 0);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	created = last(&world, &arena);
	CHECK_INT(created.operation, OPERATION_CREATED);
	CHECK_INT(created.previous, 0);
	world_put_is(&world, "r", "{\"n\":2}", PUBLISH_ACCEPTED);
	updated = last(&world, &arena);
	CHECK_INT(updated.operation, OPERATION_UPDATED);
	CHECK_INT(updated.previous, created.sequence);
	world_delete_is(&world, "r", PUBLISH_ACCEPTED);
	deleted = last(&world, &arena);
	CHECK_INT(deleted.operation, OPERATION_DELETED);
	CHECK_INT(deleted.previous, updated.sequence);
	CHECK_INT(deleted.body.len, 0);
	world_put_is(&world, "r", "{\"n\":2}", PUBLISH_ACCEPTED);
	CHECK_INT(last(&world, &arena).operation, OPERATION_CREATED);
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, filters_see_attributes_of_the_envelope)
{
	static const char *const filters[] = {"subject eq 'r'",
		"source eq '/s' and new/n eq 1", "rack eq '7'",
		"startswith(time,'20')", "datacontenttype eq null", "id eq '9'",
		"subject eq 'other'"};
	struct world world;
	struct published published;

	world_open(&world, 0, 0);
	for (uint64_t i = 0; i < COUNT_OF(filters); i++) {
		struct webhook *webhook = world_webhook(i + 1, filters[i]);

		match_set(world.match, webhook);
		webhook_unref(webhook);
	}
	world_event(&world, &published,
		"{\"specversion\":\"1.0\",\"id\":\"9\",\"source\":\"/s\","
		"\"type\":\"t\",\"subject\":\"r\",\"rack\":\"7\","
		"\"data\":{\"n\":1}}");
	world_await(&published);
	/* All but the last. */
	CHECK_INT(published.matched, COUNT_OF(filters) - 1);
	world_close(&world);
}

TEST(ingest, an_event_says_which_deliveries_are_its_own)
{
	enum { HOOKS = 6 };
	struct world world;

	world_open(&world, 0, 0);
	for (uint64_t i = 1; i <= HOOKS; i++) {
		struct webhook *webhook =
			world_webhook(i, i % 2 ? "new/a eq 1" : "new/a ge 1");

		match_set(world.match, webhook);
		webhook_unref(webhook);
	}
	world_put_is(&world, "r", "{\"a\":1}", PUBLISH_ACCEPTED);
	world_put_is(&world, "s", "{\"a\":2}", PUBLISH_ACCEPTED);
	world_put_is(&world, "t", "{\"a\":0}", PUBLISH_ACCEPTED);
	world_close(&world);
	CHECK_INT(test_count(world.directory,
			  "SELECT count(*) FROM events e JOIN deliveries d"
			  " ON d.event = e.sequence AND d.is_in_row = 1"
			  " AND d.sequence >= e.first_delivery"
			  " AND d.sequence < e.first_delivery + e.matched"),
		HOOKS + HOOKS / 2);
	CHECK_INT(
		test_count(world.directory, "SELECT count(*) FROM deliveries"),
		HOOKS + HOOKS / 2);
	CHECK_INT(
		test_count(world.directory,
			"SELECT first_delivery FROM events WHERE matched = 0"),
		0);
}

TEST(ingest, the_same_state_by_value_makes_no_event_also_after_a_restart)
{
	struct world world;
	struct arena arena = {0};
	uint64_t sequence;

	world_open(&world, 0, 0);
	world_put_is(&world, "r", "{\"a\":1,\"b\":2}", PUBLISH_ACCEPTED);
	sequence = last(&world, &arena).sequence;
	world_put_is(&world, "r", " {\"b\":2.0, \"a\":1} ", PUBLISH_UNCHANGED);
	world_reopen(&world);
	world_put_is(&world, "r", " {\"b\":2.0, \"a\":1} ", PUBLISH_UNCHANGED);
	CHECK_INT(last(&world, &arena).sequence, sequence);
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, deleting_what_is_not_there_is_refused)
{
	struct world world;
	struct published published;

	world_open(&world, 0, 0);
	world_delete(&world, &published, "r");
	world_await(&published);
	CHECK_INT(published.outcome, PUBLISH_REFUSED);
	CHECK_INT(published.err, ERR_NOT_FOUND);
	world_close(&world);
}

TEST(ingest, a_type_goes_by_either_of_its_names)
{
	struct world world;
	struct arena arena = {0};

	world_open(&world, 0, 0);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	world_event_is(&world,
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\","
		"\"type\":\"compute-ops-mgmt/server\",\"subject\":\"r\","
		"\"data\":{\"new\":{\"n\":2}}}",
		PUBLISH_ACCEPTED);
	CHECK_INT(last(&world, &arena).operation, OPERATION_UPDATED);
	CHECK_STR(last(&world, &arena).type_as_received,
		STR("compute-ops-mgmt/server"));
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, an_update_goes_out_only_if_a_monitorable_property_differs)
{
	struct world world;
	struct webhook *webhook =
		world_webhook(1, "type eq 'compute-ops/server'");
	struct published published;

	world_open(&world, 0, 0);
	match_set(world.match, webhook);
	webhook_unref(webhook);
	world_put(&world, &published, "r",
		"{\"name\":\"a\",\"hardware\":{\"powerState\":\"ON\"},"
		"\"other\":1}");
	world_await(&published);
	CHECK_INT(published.matched, 1);
	world_put(&world, &published, "r",
		"{\"name\":\"a\",\"hardware\":{\"powerState\":\"ON\"},"
		"\"other\":2}");
	world_await(&published);
	CHECK_INT(published.outcome, PUBLISH_ACCEPTED);
	CHECK_INT(published.matched, 0);
	world_put(&world, &published, "r",
		"{\"name\":\"a\",\"hardware\":{\"powerState\":\"OFF\"},"
		"\"other\":2}");
	world_await(&published);
	CHECK_INT(published.matched, 1);
	CHECK_INT(atomic_load(&world.accepted_count), 2);
	world_close(&world);
}

TEST(ingest, a_webhook_that_is_not_sending_gets_a_skipped_delivery)
{
	struct world world;
	struct webhook *webhook = world_webhook(1, "new/n eq 1");
	struct delivery_list list;
	struct arena arena = {0};

	webhook->health.state = WEBHOOK_DISABLED;
	webhook->health.status = WEBHOOK_OFF;
	world_open(&world, 0, 0);
	match_set(world.match, webhook);
	webhook_unref(webhook);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	CHECK_OK(store_deliveries_of_event(
		world.store, last(&world, &arena).sequence, &arena, &list));
	CHECK_INT(list.count, 1);
	CHECK_INT(list.rows[0].state, DELIVERY_SKIPPED);
	CHECK_INT(atomic_load(&world.accepted_count), 0);
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, a_source_and_id_seen_before_is_a_duplicate_and_changes_nothing)
{
	struct world world;
	struct arena arena = {0};
	uint64_t sequence;

	world_open(&world, 0, 0);
	world_event_is(
		&world, CHANGE("1", "{\"new\":{\"n\":1}}"), PUBLISH_ACCEPTED);
	sequence = last(&world, &arena).sequence;
	world_event_is(
		&world, CHANGE("1", "{\"new\":{\"n\":2}}"), PUBLISH_DUPLICATE);
	CHECK_INT(last(&world, &arena).sequence, sequence);
	CHECK_STR(world_state(&world, "r", &arena), STR("{\"n\":1}"));
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_UNCHANGED);
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, a_change_brings_its_own_old_state_or_gets_the_one_we_know)
{
	struct world world;
	struct arena arena = {0};

	world_open(&world, 0, 0);
	world_put_is(&world, "r", " {\"n\":1} ", PUBLISH_ACCEPTED);
	world_event_is(&world,
		CHANGE("1", "{\"operation\":\"Updated\",\"new\":{\"n\":2}}"),
		PUBLISH_ACCEPTED);
	CHECK_STR(last(&world, &arena).body,
		STR("{\"operation\":\"Updated\",\"new\":{\"n\":2},"
		    "\"old\":{\"n\":1}}"));
	world_event_is(&world,
		CHANGE("2", "{\"old\":{\"n\":7}, \"new\":{\"n\":3}}"),
		PUBLISH_ACCEPTED);
	CHECK_STR(last(&world, &arena).body,
		STR("{\"old\":{\"n\":7}, \"new\":{\"n\":3}}"));
	CHECK_INT(last(&world, &arena).operation, OPERATION_UPDATED);
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, a_put_after_a_change_keeps_both_states_in_its_event)
{
	struct world world;
	struct arena arena = {0};
	struct event_row event;

	world_open(&world, 0, 0);
	world_event_is(
		&world, CHANGE("1", "{\"new\": {\"n\":1} }"), PUBLISH_ACCEPTED);
	world_put_is(&world, "r", " {\"n\":2}\n", PUBLISH_ACCEPTED);
	event = last(&world, &arena);
	CHECK_INT(event.form, EVENT_CHANGE);
	CHECK_INT(event.previous, 0);
	CHECK_STR(
		event.body, STR("{\"operation\":\"Updated\",\"new\":{\"n\":2},"
				"\"old\":{\"n\":1}}"));
	world_put_is(&world, "r", "{\"n\":3}", PUBLISH_ACCEPTED);
	CHECK_INT(last(&world, &arena).form, EVENT_CHANGE);
	world_delete_is(&world, "r", PUBLISH_ACCEPTED);
	CHECK_INT(last(&world, &arena).form, EVENT_CHANGE);
	CHECK_INT(world_state(&world, "r", &arena).len, 0);
	arena_release(&arena);
	world_close(&world);
}

/* In each form: what GET says does not change by a restart. */
TEST(ingest, a_state_reads_the_same_before_and_after_a_restart)
{
	struct world world;
	struct arena arena = {0};
	struct str before;

	world_open(&world, 0, 0);
	world_put_is(&world, "r", " {\"n\":1}\n", PUBLISH_ACCEPTED);
	before = world_state(&world, "r", &arena);
	CHECK_STR(before, STR(" {\"n\":1}\n"));
	world_reopen(&world);
	CHECK_STR(world_state(&world, "r", &arena), before);
	world_event_is(
		&world, CHANGE("1", "{\"new\": {\"n\":2} }"), PUBLISH_ACCEPTED);
	world_put_is(&world, "r", "  {\"n\":3}\n", PUBLISH_ACCEPTED);
	before = world_state(&world, "r", &arena);
	world_reopen(&world);
	CHECK_STR(world_state(&world, "r", &arena), before);
	arena_release(&arena);
	world_close(&world);
}

/* ---- ahead of the disk ---- */

TEST(ingest, unchanged_is_said_when_the_state_it_equals_is_on_disk)
{
	struct world world;
	struct published first, again;
	struct gate gate;

	world_open(&world, 0, 0);
	gate_close(&gate, world.writer);
	world_put(&world, &first, "r", "{\"n\":1}");
	world_put(&world, &again, "r", "{\"n\":1}");
	CHECK(!world_has_ended(&again));
	gate_open(&gate);
	world_await(&first);
	world_await(&again);
	CHECK_INT(first.outcome, PUBLISH_ACCEPTED);
	CHECK_INT(again.outcome, PUBLISH_UNCHANGED);
	world_close(&world);
}

TEST(ingest, unchanged_is_not_said_of_a_state_that_could_not_be_stored)
{
	struct world world;
	struct published first, again;
	struct arena arena = {0};
	struct gate gate;

	fault_install();
	world_open(&world, 0, 0);
	gate_close(&gate, world.writer);
	world_put(&world, &first, "r", "{\"n\":1}");
	world_put(&world, &again, "r", "{\"n\":1}");
	fault_arm(FAULT_IO, 0, true);
	gate_open(&gate);
	world_await(&first);
	world_await(&again);
	fault_disarm();
	CHECK_INT(first.outcome, PUBLISH_REFUSED);
	CHECK_INT(again.outcome, PUBLISH_REFUSED);
	CHECK_INT(again.err, ERR_IO);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	CHECK_INT(last(&world, &arena).operation, OPERATION_CREATED);
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, a_way_back_is_not_taken_for_unchanged_with_a_tiny_cache)
{
	struct world world;
	struct published there, other, back;
	struct arena arena = {0};
	struct gate gate;

	world_open(&world, 1, 0);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	gate_close(&gate, world.writer);
	world_put(&world, &there, "r", "{\"n\":2}");
	/* Enough of others to push it out of every corner of the cache. */
	for (int i = 0; i < 500; i++)
		world_state(&world, arena_printf(&arena, "x%d", i).ptr, &arena);
	world_put(&world, &back, "r", "{\"n\":1}");
	world_delete(&world, &other, "nobody");
	gate_open(&gate);
	world_await(&there);
	world_await(&back);
	world_await(&other);
	CHECK_INT(there.outcome, PUBLISH_ACCEPTED);
	CHECK_INT(back.outcome, PUBLISH_ACCEPTED);
	CHECK_INT(other.outcome, PUBLISH_REFUSED);
	CHECK_STR(last(&world, &arena).body, STR("{\"n\":1}"));
	CHECK_INT(last(&world, &arena).operation, OPERATION_UPDATED);
	arena_release(&arena);
	world_close(&world);
}

TEST(ingest, deleting_twice_ahead_of_the_disk_deletes_once)
{
	struct world world;
	struct published first, again;
	struct gate gate;

	world_open(&world, 0, 0);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	gate_close(&gate, world.writer);
	world_delete(&world, &first, "r");
	world_delete(&world, &again, "r");
	CHECK(!world_has_ended(&again));
	gate_open(&gate);
	world_await(&first);
	world_await(&again);
	CHECK_INT(first.outcome, PUBLISH_ACCEPTED);
	CHECK_INT(again.outcome, PUBLISH_REFUSED);
	CHECK_INT(again.err, ERR_NOT_FOUND);
	world_close(&world);
}

/* Each event has a transaction of its own; the first one's fails. */
TEST(ingest, what_was_built_upon_a_failed_event_is_held_against_the_store)
{
	struct world world;
	struct published first, second;
	struct arena arena = {0};
	struct event_row event, previous;
	struct gate gate;

	fault_install();
	world_open(&world, 0, 1);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	gate_close(&gate, world.writer);
	world_put(&world, &first, "r", "{\"n\":2}");
	world_put(&world, &second, "r", "{\"n\":3}");
	fault_arm(FAULT_IO, 0, false);
	gate_open(&gate);
	world_await(&first);
	world_await(&second);
	CHECK_INT(first.outcome, PUBLISH_REFUSED);
	CHECK_INT(second.outcome, PUBLISH_ACCEPTED);
	event = last(&world, &arena);
	CHECK_STR(event.body, STR("{\"n\":3}"));
	CHECK_OK(store_event(world.store, event.previous, &arena, &previous));
	CHECK_STR(previous.body, STR("{\"n\":1}"));
	arena_release(&arena);
	world_close(&world);
}

/* What the first try had matched is not told of the second one's outcome. */
TEST(ingest, an_item_that_turns_out_unchanged_matched_nothing)
{
	struct world world;
	struct published first, second, third;
	struct webhook *webhook = world_webhook(1, "new/n ge 1");
	struct gate gate;

	fault_install();
	world_open(&world, 0, 1);
	match_set(world.match, webhook);
	webhook_unref(webhook);
	world_put_is(&world, "r", "{\"n\":1}", PUBLISH_ACCEPTED);
	gate_close(&gate, world.writer);
	world_put(&world, &first, "r", "{\"n\":2}");
	world_delete(&world, &second, "r");
	world_put(&world, &third, "r", "{\"n\":1}");
	/* The deletion goes, and with it what the third was to create. */
	fault_arm(FAULT_IO, 0, false);
	gate_open(&gate);
	world_await(&first);
	world_await(&second);
	world_await(&third);
	CHECK_INT(first.outcome, PUBLISH_REFUSED);
	CHECK(third.outcome == PUBLISH_UNCHANGED ? third.matched == 0
						 : third.matched == 1);
	world_close(&world);
}

TEST(ingest, looking_ahead_changes_nothing)
{
	struct world world;
	struct arena arena = {0};

	world_open(&world, 0, 0);
	for (unsigned steps = 0; steps < 8; steps++) {
		struct published published;
		char body[32];

		snprintf(body, sizeof(body), "{\"n\":%u}", steps);
		for (unsigned again = 0; again < 2; again++) {
			world_put_ahead(&world, &published, "a", body, steps);
			world_await(&published);
			CHECK_INT(published.outcome,
				again ? PUBLISH_UNCHANGED : PUBLISH_ACCEPTED);
		}
		CHECK_INT(world_last(&world, "a", &arena).operation,
			steps ? OPERATION_UPDATED : OPERATION_CREATED);
	}
	world_put_is(&world, "a", "{\"n\":7}", PUBLISH_UNCHANGED);
	world_close(&world);
	arena_release(&arena);
}
