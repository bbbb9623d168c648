#include "com_double.h"

TEST(com_requests, create_answers_201_with_the_resource_and_its_location)
{
	struct com_hub hub;
	struct com_answer got, again;
	struct str uri;

	com_hub_init(&hub);
	got = com_post(&hub, "/webhooks", COM_CREATE);
	CHECK_INT(got.status, 201);
	CHECK_STR(com_text_at(&hub, &got, "status"), STR("PENDING"));
	CHECK_STR(com_text_at(&hub, &got, "statusReason"),
		STR("User enabled the webhook."));
	uri = com_text_at(&hub, &got, "resourceUri");
	CHECK_HAS(got.headers,
		arena_printf(&hub.arena, "Location: %.*s\n", STR_ARG(uri)).ptr);
	CHECK_HAS(got.headers, "ETag: \"1\"\n");
	again = com_follow(&hub, uri);
	CHECK_INT(again.status, 200);
	CHECK_STR(again.body, got.body);
	com_hub_release(&hub);
}

TEST(com_requests, headers_are_never_returned)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	got = com_post(&hub, "/webhooks",
		"{\"name\":\"n\",\"destination\":\"https://example.com/\","
		"\"state\":\"DISABLED\",\"eventFilter\":\"type eq 'x'\","
		"\"headers\":{\"exampleCustomHeader\":\"secretValue\"}}");
	CHECK_INT(got.status, 201);
	CHECK_INT(hub.webhooks[0]->header_count, 1);
	CHECK(str_find(got.body, STR("headers")) == SIZE_MAX);
	CHECK(str_find(got.body, STR("secretValue")) == SIZE_MAX);
	got = com_get(&hub, "/webhooks");
	CHECK(str_find(got.body, STR("secretValue")) == SIZE_MAX);
	com_hub_release(&hub);
}

TEST(com_requests, bad_create_reaches_nothing_and_names_all)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	got = com_post(&hub, "/webhooks", "{\"name\":\"n\",\"colour\":1}");
	CHECK_INT(got.status, 400);
	CHECK_STR(got.message, STR("5 things are wrong with the body"));
	CHECK_STR(got.issues, STR("field destination: is mandatory\n"
				  "field state: is mandatory\n"
				  "field eventFilter: is mandatory\n"
				  "field headers: is mandatory\n"
				  "field colour: there is no such member\n"));
	got = com_post(&hub, "/webhooks",
		"{\"name\":\"n\",\"destination\":\"https://example.com/\","
		"\"state\":\"ENABLED\",\"eventFilter\":\"type eq 'x'\"}");
	CHECK_INT(got.status, 400);
	CHECK_STR(got.message, STR("headers: is mandatory"));
	got = com_post(&hub, "/webhooks", "[]");
	CHECK_INT(got.status, 400);
	CHECK_STR(got.message,
		STR("expected the body to be an object, found an array"));
	CHECK_INT(hub.changes, 0);
	com_hub_release(&hub);
}

TEST(com_requests, what_the_registry_refuses_gets_its_status)
{
	static const struct {
		enum err err;
		const char *field, *why;
		int64_t retry_after;
		int status;
		int64_t expected_retry_after;
		const char *issues;
	} rows[] = {
		{ERR_INVALID, "destination", "column 9: no host", 0, 400, 0,
			"field destination: column 9: no host\n"},
		{ERR_DENIED, "destination", "must be https", 0, 400, 0,
			"field destination: must be https\n"},
		{ERR_DENIED, "headers.X", "is reserved", 0, 400, 0,
			"field headers.X: is reserved\n"},
		{ERR_LIMIT, NULL, "25 webhooks already", 0, 409, 0, ""},
		{ERR_LIMIT, "eventFilter", "too long", 0, 400, 0,
			"field eventFilter: too long\n"},
		{ERR_BUSY, NULL, "enabled 5 times", 900000000, 429, 900000000,
			""},
		{ERR_BUSY, "state", "enabled 5 times", 1, 429, 1, ""},
		{ERR_BUSY, NULL, "", 0, 429, 1000000, ""},
		{ERR_TIMEOUT, NULL, "", 0, 503, 1000000, ""},
		{ERR_IO, NULL, "disk", 0, 503, 5000000, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct com_hub hub;
		struct com_answer got;

		com_hub_init(&hub);
		hub.refusal = rows[i].err;
		hub.refusal_field = rows[i].field;
		hub.refusal_why = rows[i].why;
		hub.refusal_retry_after = rows[i].retry_after;
		got = com_post(&hub, "/webhooks", COM_CREATE);
		CHECK_INT(got.status, rows[i].status);
		CHECK_INT(got.retry_after, rows[i].expected_retry_after);
		CHECK_TEXT(got.issues.ptr, rows[i].issues);
		CHECK(got.message.len > 0);
		CHECK_INT(hub.changes, 0);
		com_hub_release(&hub);
	}
}

TEST(com_requests, webhook_limit_has_a_code_of_its_own)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	hub.refusal = ERR_LIMIT;
	got = com_post(&hub, "/webhooks", COM_CREATE);
	CHECK_TEXT(got.code, "HPE_GL_COMPUTE_OPS_WEBHOOK_LIMIT");
	hub.refusal = ERR_LIMIT;
	hub.refusal_field = "name";
	got = com_post(&hub, "/webhooks", COM_CREATE);
	CHECK(got.code == NULL);
	com_hub_release(&hub);
}

TEST(com_requests, list_of_nothing_has_a_total_of_0)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	got = com_get(&hub, "/webhooks?limit=100&offset=0");
	CHECK_INT(got.status, 200);
	CHECK_STR(got.body,
		STR("{\"count\":0,\"offset\":0,\"total\":0,\"items\":[]}"));
	com_hub_release(&hub);
}

TEST(com_requests, list_holds_this_workspace_and_dialect_oldest_first)
{
	struct com_hub hub;
	struct com_answer got;
	struct json items;

	com_hub_init(&hub);
	com_hub_add(&hub, "first");
	com_hub_add(&hub, "elsewhere")->workspace = 2;
	com_hub_add(&hub, "greenlake")->dialect = STR("greenlake");
	com_hub_add(&hub, "second");
	got = com_get(&hub, "/webhooks");
	items = json_member(com_json(&hub, &got), STR("items"));
	CHECK_INT(json_count(items), 2);
	CHECK(json_string_equal(
		json_member(json_element(items, 0), STR("name")),
		STR("first")));
	CHECK(json_string_equal(
		json_member(json_element(items, 1), STR("name")),
		STR("second")));
	for (size_t i = 1; i < 3; i++) {
		const char *path = com_path(&hub, hub.webhooks[i], "");

		CHECK_INT(com_get(&hub, path).status, 404);
		CHECK_INT(com_ask(&hub, "PATCH", path, NULL, "{}").status, 404);
		CHECK_INT(
			com_ask(&hub, "DELETE", path, NULL, NULL).status, 404);
	}
	CHECK_INT(hub.changes, 0);
	com_hub_release(&hub);
}

TEST(com_requests, list_is_filtered_sorted_and_paged)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	com_hub_add(&hub, "b");
	com_hub_add(&hub, "a")->health.state = WEBHOOK_DISABLED;
	com_hub_add(&hub, "c");
	got = com_get(&hub,
		"/webhooks?filter=state%20eq%20%27ENABLED%27&sort=name%20desc"
		"&limit=1&offset=1");
	CHECK(str_starts_with(
		got.body, STR("{\"count\":1,\"offset\":1,\"total\":2,")));
	CHECK_HAS(got.body, "\"name\":\"b\"");
	com_hub_release(&hub);
}

TEST(com_requests, bad_query_parameters_are_named)
{
	static const struct {
		const char *query, *issue;
	} rows[] = {
		{"limit=-1", "query.parameter limit: expected a whole"},
		{"limit=1001", "query.parameter limit: expected a whole"},
		{"limit=1&limit=2", "query.parameter limit: given twice"},
		{"offset=x", "query.parameter offset: expected a whole"},
		{"offset=%zz", "query.parameter offset: given twice, or"},
		{"filter=name%20eq", "query.parameter filter: column "},
		{"filter=", "query.parameter filter: column 1: "},
		{"sort=name%20down", "query.parameter sort: column 1: "},
	};
	struct com_hub hub;

	com_hub_init(&hub);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct com_answer got = com_get(&hub,
			arena_printf(&hub.arena, "/webhooks?%s", rows[i].query)
				.ptr);

		CHECK_INT(got.status, 400);
		CHECK_HAS(got.issues, rows[i].issue);
	}
	com_hub_release(&hub);
}

TEST(com_requests, unknown_webhooks_are_not_found)
{
	static const char *const paths[] = {
		"/webhooks/00000000-0000-4000-8000-000000000000", "/webhooks/7",
		"/webhooks/", "/webhooks/not-an-id?limit=100"};
	struct com_hub hub;

	com_hub_init(&hub);
	com_hub_add(&hub, "n");
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		CHECK_INT(com_get(&hub, paths[i]).status, 404);
		/* Also when the body is wrong besides. */
		CHECK_INT(com_ask(&hub, "PATCH", paths[i], NULL, "[]").status,
			404);
		CHECK_INT(com_ask(&hub, "DELETE", paths[i], NULL, NULL).status,
			404);
	}
	com_hub_release(&hub);
}

TEST(com_requests, patch_changes_what_it_names)
{
	struct com_hub hub;
	struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	got = com_patch(&hub, webhook, NULL, "{\"state\":\"DISABLED\"}");
	CHECK_INT(got.status, 200);
	CHECK_STR(com_text_at(&hub, &got, "state"), STR("DISABLED"));
	CHECK_STR(com_text_at(&hub, &got, "name"), STR("n"));
	CHECK_HAS(got.headers, "ETag: \"2\"\n");
	com_hub_release(&hub);
}

TEST(com_requests, empty_patch_changes_nothing)
{
	struct com_hub hub;
	struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	got = com_patch(&hub, webhook, NULL, "{}");
	CHECK_INT(got.status, 200);
	CHECK_HAS(got.body, "\"generation\":1,");
	CHECK_INT(hub.changes, 0);
	got = com_patch(&hub, webhook, "If-Match: \"9\"", "{}");
	CHECK_INT(got.status, 412);
	com_hub_release(&hub);
}

TEST(com_requests, patch_with_null_for_a_mandatory_member_is_refused)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	got = com_patch(&hub, com_hub_add(&hub, "n"), NULL,
		"{\"name\":null,\"state\":null}");
	CHECK_INT(got.status, 400);
	CHECK_STR(got.issues,
		STR("field name: expected a string, found null\n"
		    "field state: expected a string, found null\n"));
	CHECK_INT(hub.changes, 0);
	com_hub_release(&hub);
}

TEST(com_requests, patch_merges_headers)
{
	struct com_hub hub;
	struct webhook *webhook;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	CHECK_INT(com_patch(&hub, webhook, NULL,
			  "{\"headers\":{\"A\":\"1\",\"B\":\"2\"}}")
			  .status,
		200);
	CHECK_INT(com_patch(&hub, webhook, NULL,
			  "{\"headers\":{\"A\":null,\"C\":\"3\"}}")
			  .status,
		200);
	CHECK_INT(webhook->header_count, 2);
	CHECK_STR(webhook->headers[0].name, STR("B"));
	CHECK_STR(webhook->headers[1].name, STR("C"));
	CHECK_INT(com_patch(&hub, webhook, NULL, "{\"headers\":null}").status,
		200);
	CHECK_INT(webhook->header_count, 0);
	com_hub_release(&hub);
}

TEST(com_requests, clearing_headers_is_tried_again_when_others_are_faster)
{
	struct com_hub hub;
	struct webhook *webhook;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "n");
	com_patch(&hub, webhook, NULL, "{\"headers\":{\"A\":\"1\"}}");
	hub.conflicts = 3;
	CHECK_INT(com_patch(&hub, webhook, NULL, "{\"headers\":null}").status,
		200);
	CHECK_INT(webhook->header_count, 0);
	com_patch(&hub, webhook, NULL, "{\"headers\":{\"A\":\"1\"}}");
	hub.conflicts = 1000;
	CHECK_INT(com_patch(&hub, webhook, NULL, "{\"headers\":null}").status,
		409);
	CHECK_INT(webhook->header_count, 1);
	com_hub_release(&hub);
}

TEST(com_requests, if_match_holds_the_change_to_a_generation)
{
	static const struct {
		const char *headers;
		int status;
	} rows[] = {
		{"If-Match: \"1\"", 412},
		{"If-Match: \"0\"", 412},
		{"if-match: 99", 412},
		{"If-Match: \"\"", 400},
		{"If-Match: \"1\", \"3\"", 400},
		{"If-Match: W/\"3\"", 400},
		{"If-Match: -3", 400},
		{"If-Match: \"3\"", 200},
		{"If-Match: 3", 200},
		{"If-Match: *", 200},
		{"If-Match:", 200},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		static const char *const bodies[] = {
			"{\"name\":\"m\"}", "{\"headers\":null}"};

		for (size_t j = 0; j < COUNT_OF(bodies); j++) {
			struct com_hub hub;
			struct com_answer got;
			struct webhook *webhook;

			com_hub_init(&hub);
			webhook = com_hub_add(&hub, "n");
			webhook->generation = 3;
			got = com_patch(
				&hub, webhook, rows[i].headers, bodies[j]);
			CHECK_INT(got.status, rows[i].status);
			CHECK_INT(hub.changes, rows[i].status == 200);
			if (rows[i].status != 200)
				CHECK_HAS(got.issues, "header If-Match: ");
			com_hub_release(&hub);
		}
	}
}

TEST(com_requests, delete_answers_204_without_a_body)
{
	struct com_hub hub;
	struct com_answer got;
	const char *path;

	com_hub_init(&hub);
	path = com_path(&hub, com_hub_add(&hub, "n"), "");
	got = com_ask(&hub, "DELETE", path, "If-Match: \"2\"", NULL);
	CHECK_INT(got.status, 412);
	got = com_ask(&hub, "DELETE", path, NULL, NULL);
	CHECK_INT(got.status, 204);
	CHECK_INT(got.body.len, 0);
	CHECK_INT(com_get(&hub, path).status, 404);
	got = com_ask(&hub, "DELETE", path, NULL, NULL);
	CHECK_INT(got.status, 404);
	com_hub_release(&hub);
}
