#include "api/keys.h"
#include "api_double.h"
#include "api_hub.h"
#include "check.h"

TEST(operations, keys_are_made_listed_and_revoked)
{
	struct api_hub *hub = api_hub_start();
	struct str line, id;

	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, "POST /v1/keys", JSON,
			  "{\"name\":\"ci\",\"role\":\"publisher\"}"),
		201);
	CHECK(str_starts_with(api_hub_body(hub), STR("{\"id\":\"gk_")));
	CHECK(api_hub_says(hub, "\"role\":\"publisher\",\"name\":\"ci\","
				"\"createdAt\":\""));
	CHECK(api_hub_says(hub, "\"key\":\"gk_"));
	id = str_head(str_skip(api_hub_body(hub), 7), 15);
	CHECK(api_hub_says(hub, "Location: /v1/keys/gk_"));
	CHECK_INT(
		api_hub_request(hub, ROLE_ADMIN, "GET /v1/keys", "", ""), 200);
	CHECK(api_hub_says(hub, "\"count\":4"));
	CHECK(!api_hub_says(hub, "\"key\""));
	line = arena_printf(&hub->arena, "DELETE /v1/keys/%.*s", STR_ARG(id));
	CHECK_INT(api_hub_request(hub, ROLE_VIEWER, line.ptr, "", ""), 403);
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, line.ptr, "", ""), 204);
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, line.ptr, "", ""), 404);
	line = arena_printf(&hub->arena, "DELETE /v1/keys/%.15s",
		hub->texts[ROLE_ADMIN].ptr);
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, line.ptr, "", ""), 409);
	api_hub_stop(hub);
}

TEST(operations, bad_keys_are_told_what_is_wrong)
{
	static const struct {
		const char *body;
		const char *subject; /* NULL: no field */
	} cases[] = {
		{"[]", NULL},
		{"{}", "name"},
		{"{\"name\":\"x\"}", "role"},
		{"{\"name\":\"x\",\"role\":\"root\"}", "role"},
		{"{\"name\":\"x\",\"role\":1}", "role"},
		{"{\"name\":7,\"role\":\"admin\"}", "name"},
		{"{\"name\":\"\",\"role\":\"admin\"}", "name"},
		{"{\"name\":\"x\",\"role\":\"admin\",\"id\":\"y\"}", "id"},
	};
	struct api_hub *hub = api_hub_start();

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_INT(api_hub_request(hub, ROLE_ADMIN, "POST /v1/keys",
				  JSON, cases[i].body),
			400);
		if (cases[i].subject)
			CHECK(api_hub_says(hub,
				arena_printf(&hub->arena, "\"subject\":\"%s\"",
					cases[i].subject)
					.ptr));
	}
	api_double.commit_error = ERR_IO;
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, "POST /v1/keys", JSON,
			  "{\"name\":\"x\",\"role\":\"admin\"}"),
		503);
	CHECK_INT(keys_count(hub->api.keys), 3);
	api_hub_stop(hub);
}

TEST(operations, readiness_proves_that_a_commit_works)
{
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_get(hub, "/livez"), 200);
	CHECK_STR(api_hub_body(hub), STR("{\"status\":\"ok\"}"));
	CHECK_INT(api_hub_get(hub, "/readyz"), 200);
	api_double.commit_error = ERR_LIMIT;
	CHECK_INT(api_hub_get(hub, "/readyz"), 503);
	CHECK(api_hub_says(hub, "Not ready: "));
	api_double.commit_error = ERR_OK;
	CHECK_INT(api_hub_get(hub, "/readyz"), 200);
	CHECK_INT(api_hub_get(hub, "/livez"), 200);
	api_hub_stop(hub);
}

TEST(operations, readiness_does_not_wait_for_ever)
{
	struct api_hub *hub = api_hub_start();

	api_double.is_stuck = true;
	CHECK_INT(api_hub_get(hub, "/readyz"), 503);
	CHECK(api_hub_says(hub, "TIMEOUT"));
	api_double.stuck->done(api_double.stuck); /* late: frees the probe */
	api_hub_stop(hub);
}

TEST(operations, metrics_need_a_viewer_unless_public)
{
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_get(hub, "/metrics"), 401);
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, "GET /metrics", "", ""),
		403);
	CHECK_INT(
		api_hub_request(hub, ROLE_VIEWER, "GET /metrics", "", ""), 200);
	CHECK(api_hub_says(hub, "Content-Type: text/plain; version=0.0.4"));
	CHECK(api_hub_says(hub, "# TYPE grapnel_writer_commits_total counter\n"
				"grapnel_writer_commits_total 7\n"));
	CHECK(api_hub_says(hub, "grapnel_writer_last_commit_seconds 1.5\n"));
	CHECK(api_hub_says(hub,
		"grapnel_writer_commit_seconds_bucket{le=\"0.001\"} 5\n"
		"grapnel_writer_commit_seconds_bucket{le=\"0.003\"} 7\n"));
	CHECK(api_hub_says(hub, "grapnel_writer_commit_seconds_sum 0.009\n"
				"grapnel_writer_commit_seconds_count 7\n"));
	CHECK(api_hub_says(hub, "grapnel_writer_holds_total 3\n"));
	CHECK(api_hub_says(hub, "grapnel_writer_held_seconds_total 0.0125\n"));
	CHECK(api_hub_says(hub, "grapnel_webhooks{status=\"ACTIVE\"} 1\n"));
	CHECK(!api_hub_says(hub, "grapnel_resident_memory_bytes 0\n"));
	api_hub_stop(hub);
}

TEST(operations, metrics_may_be_public)
{
	struct api_hub *hub = api_hub_start();

	hub->api.are_metrics_public = true;
	CHECK_INT(api_hub_get(hub, "/metrics"), 200);
	api_hub_stop(hub);
}
