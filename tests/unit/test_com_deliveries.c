#include "api/com_deliveries.h"

#include "base/json_out.h"
#include "com_double.h"

#define JOB \
	"{ \"id\":\"2b8540fc\", \"name\":\"GroupFirmwareCompliance\"," \
	"\"generation\":6 }"

static struct attempt_view *
add_attempt(struct com_hub *hub, const struct webhook *webhook, int status)
{
	struct attempt_view *view = &hub->attempts[hub->attempt_count];
	int64_t started =
		INT64_C(1698246302000000) + (int64_t)hub->attempt_count;

	*view = (struct attempt_view){
		.attempt =
			{
				.delivery = 1000 + hub->attempt_count,
				.webhook = webhook->number,
				.started = started,
				.ended = started + 250000,
				.status = status,
				.destination = STR("https://example.com/then"),
			},
		.event =
			{
				.type = STR("compute-ops/job"),
				.operation = OPERATION_CREATED,
				.form = EVENT_STATE,
				.time = INT64_C(1701356761000000),
				.body = STR(JOB),
			},
	};
	hub->attempt_count++;
	return view;
}

static const char *
item_path(struct com_hub *hub, const struct webhook *webhook, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	return com_path(hub, webhook,
		arena_printf(
			&hub->arena, "/deliveries/%s", uuid_format(id, text))
			.ptr);
}

static struct uuid
id_of(const struct attempt_view *view)
{
	return com_delivery_id(view->attempt.started, view->attempt.delivery,
		view->attempt.number);
}

TEST(com_deliveries, id_leads_back_to_delivery_and_attempt)
{
	static const struct {
		uint64_t delivery;
		uint32_t number;
	} rows[] = {{1, 0}, {1, 10}, {7, 63}, {(UINT64_C(1) << 56) - 1, 24}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t delivery;
		uint32_t number;

		com_delivery_id_read(com_delivery_id(INT64_C(1713280978205785),
					     rows[i].delivery, rows[i].number),
			&delivery, &number);
		CHECK(delivery == rows[i].delivery);
		CHECK_INT(number, rows[i].number);
	}
}

TEST(com_deliveries, item_has_the_members_of_the_reference_in_its_order)
{
	struct com_hub hub;
	struct attempt_view *view;
	struct webhook *webhook;
	CLEANUP(buf_release) struct buf text = {0};
	struct json_out out = json_out_make(&text);
	char id[UUID_TEXT_SIZE];
	struct str expected;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	CHECK_OK(uuid_parse(
		STR("75aa2a04-7349-11ee-b962-0242ac120002"), &webhook->id));
	view = add_attempt(&hub, webhook, 200);
	view->attempt.number = 2;
	com_delivery_write(&out, webhook->id, view, &hub.arena);
	uuid_format(id_of(view), id);
	expected = arena_printf(&hub.arena,
		"{\"webhookId\":\"75aa2a04-7349-11ee-b962-0242ac120002\","
		"\"id\":\"%s\","
		"\"resourceUri\":\"/compute-ops-mgmt/v1beta1/webhooks/"
		"75aa2a04-7349-11ee-b962-0242ac120002/deliveries/%s\","
		"\"type\":\"compute-ops-mgmt/webhook/delivery\","
		"\"generation\":1,"
		"\"createdAt\":\"2023-10-25T15:05:02.000000Z\","
		"\"updatedAt\":\"2023-10-25T15:05:02.250000Z\","
		"\"eventType\":\"compute-ops/jobs:CREATE\","
		"\"eventTime\":\"2023-11-30T15:06:01.000000Z\","
		"\"requestTimestamp\":\"2023-10-25T15:05:02.000000Z\","
		"\"responseTimestamp\":\"2023-10-25T15:05:02.250000Z\","
		"\"destination\":\"https://example.com/then\","
		"\"statusCode\":\"200\",\"data\":" JOB ",\"attempt\":2}",
		id, id);
	CHECK_TEXT(buf_text(&text), expected.ptr);
	com_hub_release(&hub);
}

TEST(com_deliveries, event_types_are_collections_with_verbs)
{
	static const struct {
		const char *type;
		enum operation operation;
		const char *expected;
	} rows[] = {
		{"compute-ops/server", OPERATION_UPDATED,
			"compute-ops/servers:UPDATE"},
		{"compute-ops/alert", OPERATION_CREATED,
			"compute-ops/alerts:CREATE"},
		{"compute-ops/group", OPERATION_DELETED,
			"compute-ops/groups:DELETE"},
		{"compute-ops/group/compliance", OPERATION_UPDATED,
			"compute-ops/groups/compliance:UPDATE"},
		{"compute-ops/server-setting", OPERATION_UPDATED,
			"compute-ops/server-settings:UPDATE"},
		{"compute-ops/job", OPERATION_CREATED,
			"compute-ops/jobs:CREATE"},
		{"compute-ops/firmware-bundle", OPERATION_UPDATED,
			"compute-ops/firmware-bundles:UPDATE"},
		{"com.example.order", OPERATION_CREATED,
			"com.example.order:CREATE"},
		{"com.example.ping", OPERATION_NONE, "com.example.ping"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_release) struct buf text = {0};

		com_event_type(&text, str_of(rows[i].type), rows[i].operation);
		CHECK_TEXT(buf_text(&text), rows[i].expected);
	}
}

/* The raw `data` of the only delivery. */
static void
expect_data(const struct event_row *event, const char *previous,
	const char *expected)
{
	struct com_hub hub;
	struct attempt_view *view;
	const struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	view = add_attempt(&hub, webhook, 500);
	view->event = *event;
	view->previous_body = str_of(previous);
	got = com_get(&hub, item_path(&hub, webhook, id_of(view)));
	CHECK_INT(got.status, 200);
	CHECK_STR(json_raw(json_member(com_json(&hub, &got), STR("data"))),
		str_of(expected));
	com_hub_release(&hub);
}

TEST(com_deliveries, data_is_the_body_that_was_posted)
{
	struct event_row event = {
		.type = STR("x"),
		.operation = OPERATION_UPDATED,
		.form = EVENT_STATE,
		.body = STR("{ \"a\": 1.0 }"),
	};

	expect_data(&event, "{\"a\":0}", "{ \"a\": 1.0 }");
	event.operation = OPERATION_DELETED;
	event.body = STR("");
	expect_data(&event, "{\"a\" :0}", "{\"a\" :0}");
	expect_data(&event, "", "null");
	event.form = EVENT_CHANGE;
	event.body = STR("{\"old\":{\"a\": 2},\"new\":null}");
	expect_data(&event, "", "{\"a\": 2}");
	event.form = EVENT_DATA;
	event.body = STR("plain \"text\"");
	expect_data(&event, "", "\"plain \\\"text\\\"\"");
	event.body = STR("");
	expect_data(&event, "", "null");
}

TEST(com_deliveries, without_a_response_the_status_code_is_0)
{
	struct com_hub hub;
	const struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	got = com_get(&hub,
		item_path(&hub, webhook, id_of(add_attempt(&hub, webhook, 0))));
	CHECK_HAS(got.body, "\"statusCode\":\"0\"");
	CHECK_HAS(got.body,
		"\"responseTimestamp\":\"2023-10-25T15:05:02.250000Z\"");
	com_hub_release(&hub);
}

TEST(com_deliveries, list_asks_for_ten_latest_and_five_failures)
{
	struct com_hub hub;
	const struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	add_attempt(&hub, webhook, 200);
	add_attempt(&hub, com_hub_add(&hub, "another"), 200);
	add_attempt(&hub, webhook, 500);
	got = com_get(&hub, com_path(&hub, webhook, "/deliveries"));
	CHECK_INT(got.status, 200);
	CHECK_INT(hub.asked_recent, 10);
	CHECK_INT(hub.asked_failed, 5);
	CHECK(str_starts_with(got.body,
		STR("{\"count\":2,\"offset\":0,\"total\":2,\"items\":[{")));
	com_hub_release(&hub);
}

TEST(com_deliveries, list_takes_limit_offset_filter_and_sort)
{
	struct com_hub hub;
	const struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	for (int i = 0; i < 4; i++)
		add_attempt(&hub, webhook, i % 2 ? 500 : 200);
	got = com_get(&hub, com_path(&hub, webhook,
				    "/deliveries?filter=statusCode+eq+%27500%27"
				    "&sort=requestTimestamp%20desc&limit=1"));
	CHECK(str_starts_with(
		got.body, STR("{\"count\":1,\"offset\":0,\"total\":2,")));
	CHECK_HAS(got.body,
		"\"requestTimestamp\":\"2023-10-25T15:05:02.000003Z\"");
	got = com_get(&hub, com_path(&hub, webhook, "/deliveries?limit=-1"));
	CHECK_INT(got.status, 400);
	CHECK_HAS(got.issues, "query.parameter limit: ");
	com_hub_release(&hub);
}

TEST(com_deliveries, each_item_of_the_list_is_found_by_its_id)
{
	struct com_hub hub;
	const struct webhook *webhook;
	struct com_answer list;
	struct json_walk walk;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	for (int i = 0; i < 3; i++)
		add_attempt(&hub, webhook, 500)->attempt.number = (uint32_t)i;
	list = com_get(&hub, com_path(&hub, webhook, "/deliveries"));
	walk = json_walk(json_member(com_json(&hub, &list), STR("items")));
	while (json_walk_next(&walk)) {
		struct str uri =
			json_string(json_member(walk.value, STR("resourceUri")),
				&hub.arena);
		struct com_answer got = com_follow(&hub, uri);

		CHECK_INT(got.status, 200);
		CHECK_STR(got.body, json_raw(walk.value));
	}
	com_hub_release(&hub);
}

TEST(com_deliveries, unknown_ids_are_not_found)
{
	struct com_hub hub;
	const struct webhook *webhook, *another;
	const struct attempt_row *row;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	another = com_hub_add(&hub, "another");
	row = &add_attempt(&hub, webhook, 200)->attempt;
	/* Another webhook's, another attempt, another time, random, no id. */
	CHECK_INT(com_get(&hub, item_path(&hub, another,
					com_delivery_id(row->started,
						row->delivery, 0)))
			  .status,
		404);
	CHECK_INT(com_get(&hub, item_path(&hub, webhook,
					com_delivery_id(row->started,
						row->delivery, 1)))
			  .status,
		404);
	CHECK_INT(com_get(&hub, item_path(&hub, webhook,
					com_delivery_id(row->started + 1,
						row->delivery, 0)))
			  .status,
		404);
	CHECK_INT(com_get(&hub, item_path(&hub, webhook, uuid_random())).status,
		404);
	CHECK_INT(
		com_get(&hub, com_path(&hub, webhook, "/deliveries/7")).status,
		404);
	CHECK_INT(com_get(&hub, "/webhooks/nonsense/deliveries").status, 404);
	CHECK_INT(com_get(&hub, "/webhooks/nonsense/deliveries/x").status, 404);
	com_hub_release(&hub);
}

TEST(com_deliveries, store_that_cannot_be_read_is_503)
{
	struct com_hub hub;
	const struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	hub.store_failure = ERR_IO;
	got = com_get(&hub, com_path(&hub, webhook, "/deliveries"));
	CHECK_INT(got.status, 503);
	CHECK(got.retry_after > 0);
	got = com_get(&hub, item_path(&hub, webhook, uuid_random()));
	CHECK_INT(got.status, 503);
	com_hub_release(&hub);
}
