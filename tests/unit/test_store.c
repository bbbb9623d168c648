#include "store_double.h"

/* Units, conflicts and rows: what goes in comes out. */

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

TEST(store, event_comes_back_as_it_was_also_after_reopening)
{
	struct event_row event, got;

	begin();
	event = test_event(7, &arena);
	event.attributes = STR("{\"x\":1}");
	event.previous = 3;
	event.form = EVENT_CHANGE;
	TEST_COMMIT(store, ADD_EVENT(&event));
	reopen();
	CHECK_OK(store_event(store, 7, &arena, &got));
	CHECK_INT(got.sequence, 7);
	CHECK_INT(got.workspace, WORKSPACE_DEFAULT);
	CHECK_STR(got.id, event.id);
	CHECK_STR(got.source, event.source);
	CHECK_INT(got.is_id_given, false);
	CHECK_STR(got.type, event.type);
	CHECK_STR(got.type_as_received, event.type_as_received);
	CHECK_STR(got.subject, event.subject);
	CHECK_INT(got.operation, event.operation);
	CHECK_INT(got.form, event.form);
	CHECK_INT(got.previous, 3);
	CHECK_INT(got.time, event.time);
	CHECK_INT(got.accepted, event.accepted);
	CHECK_STR(got.attributes, event.attributes);
	CHECK_STR(got.publisher, event.publisher);
	CHECK_INT(got.matched, 1);
	CHECK_STR(got.body, event.body);
	CHECK_INT(store_event(store, 8, &arena, &got), ERR_NOT_FOUND);
	end();
}

static struct str
upper(struct str text)
{
	char *copy = arena_alloc(&arena, text.len);

	for (size_t i = 0; i < text.len; i++) {
		bool is_lower = text.ptr[i] >= 'a' && text.ptr[i] <= 'z';

		copy[i] = (char)(text.ptr[i] - (is_lower ? 'a' - 'A' : 0));
	}
	return str_make(copy, text.len);
}

TEST(store, event_is_found_by_our_id_and_by_a_given_one)
{
	struct event_row own, given, like_ours, got;
	char text[UUID_TEXT_SIZE];

	begin();
	own = test_event(1, &arena);
	given = test_event(2, &arena);
	given.id = STR("order-1");
	given.is_id_given = true;
	like_ours = test_event(3, &arena);
	like_ours.id = arena_copy(&arena,
		str_of(uuid_format(uuid_from_sequence(TEST_NOW, 1), text)));
	like_ours.is_id_given = true;
	TEST_COMMIT(store, ADD_EVENT(&own));
	TEST_COMMIT(store, ADD_EVENT(&given));
	TEST_COMMIT(store, ADD_EVENT(&like_ours));
	CHECK_OK(store_event_by_id(store, 1, own.id, &arena, &got));
	CHECK_INT(got.sequence, 1);
	CHECK_OK(store_event_by_id(store, 1, STR("order-1"), &arena, &got));
	CHECK_INT(got.sequence, 2);
	CHECK_OK(store_event_by_id(store, 1, like_ours.id, &arena, &got));
	CHECK_INT(got.sequence, 3);
	CHECK_INT(store_event_by_id(store, 2, own.id, &arena, &got),
		ERR_NOT_FOUND);
	CHECK_INT(store_event_by_id(store, 2, STR("order-1"), &arena, &got),
		ERR_NOT_FOUND);
	CHECK_INT(store_event_by_id(store, 1, STR(""), &arena, &got),
		ERR_NOT_FOUND);
	CHECK_OK(store_event_by_id(store, 1, upper(own.id), &arena, &got));
	CHECK_INT(got.sequence, 1);
	CHECK_INT(store_event_by_id(store, 1, STR("ORDER-1"), &arena, &got),
		ERR_NOT_FOUND);
	/* The sequence of an event, with another time of creation. */
	uuid_format(uuid_from_sequence(TEST_NOW + 77, 1), text);
	CHECK_INT(store_event_by_id(store, 1, str_of(text), &arena, &got),
		ERR_NOT_FOUND);
	end();
}

TEST(store, given_id_is_unique_by_workspace_and_source)
{
	struct event_row first, second;
	struct resource_row resource = test_resource("r", 2);
	struct resource_row got;

	begin();
	first = test_event(1, &arena);
	first.id = STR("x");
	first.is_id_given = true;
	second = first;
	second.sequence = 2;
	TEST_COMMIT(store, ADD_EVENT(&first));
	TEST_CONFLICT(store, 0, ADD_EVENT(&second), SET_RESOURCE(&resource, 0));
	CHECK_INT(
		store_resource(store, 1, resource.type, STR("r"), &arena, &got),
		ERR_NOT_FOUND);
	second.source = STR("other");
	TEST_COMMIT(store, ADD_EVENT(&second));
	second.sequence = 3;
	second.workspace = 2;
	TEST_COMMIT(store, ADD_EVENT(&second));
	end();
}

TEST(store, resource_is_set_only_from_the_expected_event)
{
	struct resource_row row = test_resource("r", 5), got;

	begin();
	TEST_CONFLICT(store, 0, SET_RESOURCE(&row, 4));
	TEST_COMMIT(store, SET_RESOURCE(&row, 0));
	TEST_CONFLICT(store, 0, SET_RESOURCE(&row, 0));
	row.last = 6;
	row.is_deleted = true;
	row.updated++;
	TEST_CONFLICT(store, 0, SET_RESOURCE(&row, 4));
	TEST_COMMIT(store, SET_RESOURCE(&row, 5));
	CHECK_OK(store_resource(store, 1, row.type, STR("r"), &arena, &got));
	CHECK_INT(got.last, 6);
	CHECK(got.is_deleted);
	CHECK_INT(got.updated, row.updated);
	CHECK_STR(got.id, STR("r"));
	CHECK_INT(store_resource(store, 2, row.type, STR("r"), &arena, &got),
		ERR_NOT_FOUND);
	end();
}

TEST(store, later_conflict_undoes_the_unit_and_spares_its_neighbours)
{
	struct resource_row a = test_resource("a", 1),
			    b = test_resource("b", 1);
	struct resource_row c = test_resource("c", 1), got;
	struct delivery_row delivery = test_delivery(1, 1, 9);
	const struct store_change first[] = {SET_RESOURCE(&a, 0)};
	const struct store_change second[] = {SET_RESOURCE(&b, 0),
		ADD_DELIVERY(&delivery), SET_RESOURCE(&a, 0)};
	const struct store_change third[] = {SET_RESOURCE(&c, 0)};
	struct store_unit units[] = {{.changes = first, .count = 1},
		{.changes = second, .count = 3},
		{.changes = third, .count = 1}};
	struct store_unit *list[] = {&units[0], &units[1], &units[2]};
	struct store_stats stats;

	begin();
	CHECK_OK(store_commit(store, list, 3, NULL));
	CHECK_INT(units[0].result, ERR_OK);
	CHECK_INT(units[1].result, ERR_CONFLICT);
	CHECK_INT(units[1].conflicted, 2);
	CHECK_INT(units[2].result, ERR_OK);
	CHECK_OK(store_resource(store, 1, a.type, STR("a"), &arena, &got));
	CHECK_INT(store_resource(store, 1, a.type, STR("b"), &arena, &got),
		ERR_NOT_FOUND);
	CHECK_OK(store_resource(store, 1, a.type, STR("c"), &arena, &got));
	CHECK_INT(test_waiting_first(store, 9), 0);
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 0);
	end();
}

TEST(store, units_of_one_commit_see_each_other)
{
	struct resource_row a = test_resource("a", 1),
			    b = test_resource("a", 2);
	const struct store_change first[] = {SET_RESOURCE(&a, 0)};
	const struct store_change second[] = {SET_RESOURCE(&b, 1)};
	const struct store_change third[] = {SET_RESOURCE(&b, 1)};
	struct store_unit units[] = {{.changes = first, .count = 1},
		{.changes = second, .count = 1},
		{.changes = third, .count = 1}};
	struct store_unit *list[] = {&units[0], &units[1], &units[2]};

	begin();
	CHECK_OK(store_commit(store, list, 3, NULL));
	CHECK_INT(units[1].result, ERR_OK);
	CHECK_INT(units[2].result, ERR_CONFLICT);
	CHECK_INT(units[2].conflicted, 0);
	end();
}

TEST(store, broken_constraint_fails_the_commit_and_changes_nothing)
{
	struct delivery_row row = test_delivery(1, 1, 9);
	struct delivery_row other = test_delivery(2, 1, 9);
	const struct store_change good[] = {ADD_DELIVERY(&other)};
	const struct store_change bad[] = {ADD_DELIVERY(&row)};
	struct store_unit units[] = {
		{.changes = good, .count = 1}, {.changes = bad, .count = 1}};
	struct store_unit *list[] = {&units[0], &units[1]};
	struct store_stats stats;
	struct buf why = {0};

	begin();
	TEST_COMMIT(store, ADD_DELIVERY(&row));
	CHECK_INT(store_commit(store, list, 2, &why), ERR_INVALID);
	CHECK_INT(units[0].result, ERR_INVALID);
	CHECK_INT(units[1].result, ERR_INVALID);
	CHECK_TEXT(buf_text(&why),
		"database: UNIQUE constraint failed: deliveries.sequence");
	CHECK_INT(test_waiting_first(store, 9), 1);
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 1);
	TEST_COMMIT(store, ADD_DELIVERY(&other));
	CHECK_INT(test_waiting_first(store, 9), 2);
	buf_release(&why);
	end();
}

TEST(store, delivery_moves_only_from_waiting)
{
	struct delivery_row row = test_delivery(4, 2, 9), got;
	struct attempt_row attempt = test_attempt(4, 0, 9, TEST_NOW);
	struct attempt_view view;

	begin();
	TEST_CONFLICT(store, 0, SET_DELIVERY(&row));
	TEST_COMMIT(store, ADD_DELIVERY(&row));
	row.attempts = 1;
	row.due += 99;
	row.reason = STR("timed out");
	TEST_COMMIT(store, SET_DELIVERY(&row));
	row.state = DELIVERY_DELIVERED;
	row.attempts = 2;
	row.updated += 5;
	row.reason = STR("");
	TEST_COMMIT(store, SET_DELIVERY(&row));
	row.state = DELIVERY_DEAD;
	TEST_CONFLICT(store, 0, SET_DELIVERY(&row), ADD_ATTEMPT(&attempt));
	CHECK_OK(store_delivery(store, 4, &arena, &got));
	CHECK_INT(got.state, DELIVERY_DELIVERED);
	CHECK_INT(got.attempts, 2);
	CHECK_INT(got.event, 2);
	CHECK_INT(got.webhook, 9);
	CHECK_INT(got.due, row.due);
	CHECK_INT(got.created, TEST_NOW);
	CHECK_INT(got.updated, row.updated);
	CHECK_STR(got.reason, STR(""));
	CHECK_INT(store_attempt(store, 9, 4, 0, &arena, &view), ERR_NOT_FOUND);
	CHECK_INT(store_delivery(store, 5, &arena, &got), ERR_NOT_FOUND);
	end();
}

static bool
take_webhook(void *context, const struct webhook_row *row)
{
	struct webhook_row *got = context;

	*got = *row;
	return false;
}

TEST(store, webhook_changes_by_revision_and_health_without)
{
	struct webhook_row row = test_webhook(3), got = {0};
	struct store_change health = {.kind = STORE_HEALTH_SET,
		.webhook_number = 3,
		.health = {
			.window = 0x3FF, .count = 10, .failures_in_a_row = 4}};

	begin();
	TEST_COMMIT(store, ADD_WEBHOOK(&row));
	TEST_CONFLICT(store, 0, SET_WEBHOOK(&row));
	row.revision = 2;
	row.name = STR("renamed");
	row.health.status = WEBHOOK_WARNING;
	row.workspace = 77; /* is not changed */
	TEST_COMMIT(store, SET_WEBHOOK(&row));
	TEST_CONFLICT(store, 0, SET_WEBHOOK(&row));
	TEST_COMMIT(store, health);
	CHECK_OK(store_each_webhook(store, &arena, take_webhook, &got));
	CHECK_INT(got.number, 3);
	CHECK_INT(got.revision, 2);
	CHECK_INT(got.workspace, WORKSPACE_DEFAULT);
	CHECK(uuid_equal(got.id, row.id));
	CHECK_STR(got.dialect, STR("com"));
	CHECK_STR(got.name, STR("renamed"));
	CHECK_STR(got.destination, row.destination);
	CHECK_STR(got.filter, row.filter);
	CHECK_INT(got.health.state, WEBHOOK_ENABLED);
	CHECK_INT(got.health.status, WEBHOOK_WARNING);
	CHECK_INT(got.health.window, 0x3FF);
	CHECK_INT(got.health.count, 10);
	CHECK_INT(got.health.failures_in_a_row, 4);
	CHECK_STR(got.status_reason, row.status_reason);
	CHECK_INT(got.generation, 1);
	CHECK_INT(got.created, TEST_NOW);
	CHECK_STR(got.options, row.options);
	CHECK_STR(got.sealed, STR("\1\0\2"));
	end();
}

static bool
count_key(void *context, const struct key_row *row)
{
	size_t *count = context;

	CHECK_STR(row->id, STR("gk_1"));
	CHECK_INT(row->role, ROLE_PUBLISHER);
	CHECK_STR(row->name, STR("ci"));
	CHECK_INT(row->salt[15], 15);
	CHECK_INT(row->hash[31], 31);
	CHECK(row->is_seeded);
	CHECK_INT(row->created, TEST_NOW);
	++*count;
	return true;
}

TEST(store, keys_are_added_once_and_removed_once)
{
	struct key_row row = {.id = STR("gk_1"),
		.workspace = 1,
		.role = ROLE_PUBLISHER,
		.name = STR("ci"),
		.is_seeded = true,
		.created = TEST_NOW};
	struct store_change add = {.kind = STORE_KEY_ADD, .key = &row};
	struct store_change del = {
		.kind = STORE_KEY_REMOVE, .key_id = STR("gk_1")};
	size_t count = 0;

	begin();
	row.salt[15] = 15;
	row.hash[31] = 31;
	TEST_CONFLICT(store, 0, del);
	TEST_COMMIT(store, add);
	TEST_CONFLICT(store, 0, add);
	CHECK_OK(store_each_key(store, &arena, count_key, &count));
	CHECK_INT(count, 1);
	TEST_COMMIT(store, del);
	CHECK_OK(store_each_key(store, &arena, count_key, &count));
	CHECK_INT(count, 1);
	end();
}

TEST(store, probe_writes_a_row)
{
	const struct store_change probe = {.kind = STORE_PROBE};

	begin();
	TEST_COMMIT(store, probe);
	TEST_COMMIT(store, probe);
	end();
	CHECK_INT(test_count(directory, "SELECT probes FROM marks"), 2);
}

TEST(store, large_bodies_and_odd_bytes_come_back_whole)
{
	struct event_row event, got;
	struct buf body = {0};

	begin();
	for (size_t i = 0; i < 3 << 20; i++)
		buf_append_char(&body, (char)(i * 31 >> 4));
	event = test_event(1, &arena);
	event.body = buf_str(&body);
	event.subject = STR("a\0\xff'\"");
	event.publisher = (struct str){NULL, 0};
	TEST_COMMIT(store, ADD_EVENT(&event));
	CHECK_OK(store_event(store, 1, &arena, &got));
	CHECK_STR(got.body, event.body);
	CHECK_STR(got.subject, event.subject);
	CHECK_STR(got.publisher, STR(""));
	buf_release(&body);
	end();
}

TEST(store, names_are_those_of_the_contract)
{
	enum key_role role;

	CHECK_TEXT(delivery_state_name(DELIVERY_WAITING), "WAITING");
	CHECK_TEXT(delivery_state_name(DELIVERY_DELIVERED), "DELIVERED");
	CHECK_TEXT(delivery_state_name(DELIVERY_DEAD), "DEAD");
	CHECK_TEXT(delivery_state_name(DELIVERY_SKIPPED), "SKIPPED");
	CHECK_TEXT(key_role_name(ROLE_VIEWER), "viewer");
	CHECK_OK(key_role_parse(STR("admin"), &role));
	CHECK_INT(role, ROLE_ADMIN);
	CHECK_OK(key_role_parse(STR("publisher"), &role));
	CHECK_INT(role, ROLE_PUBLISHER);
	CHECK_INT(key_role_parse(STR("Admin"), &role), ERR_INVALID);
	CHECK_INT(key_role_parse(STR(""), &role), ERR_INVALID);
}

TEST(store, a_skipped_delivery_counts_an_attempt_that_was_on_its_way)
{
	struct delivery_row row = test_delivery(1, 1, 1), got;
	struct attempt_row attempt = test_attempt(1, 0, 1, TEST_NOW);
	struct store_change tried[] = {
		{.kind = STORE_DELIVERY_TRIED, .delivery = &row},
		ADD_ATTEMPT(&attempt)};

	begin();
	TEST_COMMIT(store, ADD_DELIVERY(&row));
	row.attempts = 1;
	CHECK_INT(test_conflict(store, tried, 2), 0); /* it waits */
	row.attempts = 0;
	row.state = DELIVERY_SKIPPED;
	row.reason = STR("off");
	TEST_COMMIT(store, SET_DELIVERY(&row));
	row.attempts = 1;
	CHECK_OK(test_commit(store, tried, 2));
	CHECK_OK(store_delivery(store, 1, &arena, &got));
	CHECK_INT(got.attempts, 1);
	CHECK_INT(got.state, DELIVERY_SKIPPED);
	CHECK_STR(got.reason, STR("off"));
	CHECK_INT(test_conflict(store, tried, 2), 0); /* it has had it */
	/* Whoever would send it again as untried comes too late. */
	row.attempts = 0;
	TEST_CONFLICT(
		store, 0, {.kind = STORE_DELIVERY_AGAIN, .delivery = &row});
	row.attempts = 1;
	TEST_COMMIT(store, {.kind = STORE_DELIVERY_AGAIN, .delivery = &row});
	CHECK_INT(test_count_attempts(directory), 1);
	end();
}

TEST(store, a_skipped_delivery_may_still_turn_out_delivered_but_nothing_else)
{
	struct delivery_row row = test_delivery(1, 1, 1);
	struct store_stats stats;

	begin();
	TEST_COMMIT(store, ADD_DELIVERY(&row));
	row.state = DELIVERY_SKIPPED;
	TEST_COMMIT(store, SET_DELIVERY(&row));
	row.state = DELIVERY_WAITING;
	TEST_CONFLICT(store, 0, SET_DELIVERY(&row));
	row.state = DELIVERY_DELIVERED;
	TEST_COMMIT(store, SET_DELIVERY(&row));
	TEST_CONFLICT(store, 0, SET_DELIVERY(&row));
	CHECK_OK(store_stats(store, &stats));
	CHECK_INT(stats.waiting, 0);
	end();
}
