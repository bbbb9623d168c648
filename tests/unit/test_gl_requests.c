#include "api/gl_call.h"
#include "api/gl_webhooks.h"
#include "com_double.h"

#define BASE "/events/v1beta1/webhooks"
#define CREATE \
	"{\"name\":\"License Notification\",\"description\":" \
	"\"Webhook for receiving license notifications\",\"destination\":" \
	"\"https://example.com/new-endpoint\",\"secret\":\"s3cr3tKey\"}"

static struct webhook *
add(struct com_hub *hub, const char *name)
{
	struct webhook *webhook = com_hub_add(hub, name);

	webhook->dialect = STR("greenlake");
	return webhook;
}

static const char *
path_of(struct com_hub *hub, const struct webhook *webhook)
{
	return arena_printf(
		&hub->arena, "/events/v1beta1%s", com_path(hub, webhook, ""))
		.ptr;
}

TEST(gl_requests, create_answers_201_with_the_resource_and_its_location)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	got = com_post(&hub, BASE, CREATE);
	CHECK_INT(got.status, 201);
	CHECK_STR(com_text_at(&hub, &got, "status"), STR("PENDING"));
	CHECK_STR(com_text_at(&hub, &got, "type"), STR("events/webhook"));
	CHECK_HAS(got.headers,
		arena_printf(&hub.arena, "Location: %.*s\n",
			STR_ARG(com_text_at(&hub, &got, "resourceUri")))
			.ptr);
	CHECK(str_find(got.body, STR("s3cr3tKey")) == SIZE_MAX);
	com_hub_release(&hub);
}

TEST(gl_requests, a_bad_body_is_422_and_reaches_nothing)
{
	struct com_hub hub;
	struct com_answer got;
	struct webhook *webhook;

	com_hub_init(&hub);
	got = com_post(&hub, BASE, "{\"name\":\"n\",\"colour\":1}");
	CHECK_INT(got.status, 422);
	CHECK_STR(got.issues, STR("field destination: is mandatory\n"
				  "field secret: is mandatory\n"
				  "field colour: there is no such member\n"));
	webhook = add(&hub, "w");
	got = com_ask(&hub, "PATCH", path_of(&hub, webhook), NULL,
		"{\"status\":\"ACTIVE\"}");
	CHECK_INT(got.status, 422);
	CHECK_STR(got.issues, STR("field status: is read-only\n"));
	CHECK_INT(hub.changes, 0);
	com_hub_release(&hub);
}

TEST(gl_requests, what_the_registry_refuses_has_its_status)
{
	static const struct {
		enum err err;
		const char *field;
		int status;
		const char *code;
	} rows[] = {
		{ERR_INVALID, "destination", 422, NULL},
		{ERR_DENIED, "destination", 422, NULL},
		{ERR_CONFLICT, "name", 409, NULL},
		{ERR_LIMIT, NULL, 403,
			"HPE_GL_UNIFIED_EVENTS_REGISTRATION_FORBIDDEN"},
		{ERR_BUSY, "state", 429, NULL},
		{ERR_IO, NULL, 500, NULL},
		{ERR_TIMEOUT, NULL, 500, NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct com_hub hub;
		struct com_answer got;

		com_hub_init(&hub);
		hub.refusal = rows[i].err;
		hub.refusal_field = rows[i].field;
		hub.refusal_why = "because";
		got = com_post(&hub, BASE, CREATE);
		CHECK_INT(got.status, rows[i].status);
		CHECK_STR(got.message, STR("because"));
		CHECK_STR(str_of(got.code), str_of(rows[i].code));
		com_hub_release(&hub);
	}
}

TEST(gl_requests, a_list_has_the_newest_first_and_only_the_dialects)
{
	struct com_hub hub;
	struct com_answer got;

	com_hub_init(&hub);
	add(&hub, "first");
	com_hub_add(&hub, "of COM");
	add(&hub, "last");
	got = com_get(&hub, BASE);
	CHECK_INT(got.status, 200);
	CHECK(str_find(got.body, STR("\"last\"")) <
		str_find(got.body, STR("\"first\"")));
	CHECK_HAS(got.body, "\"count\":2,\"offset\":0,\"total\":2}");
	got = com_get(&hub, BASE "?limit=1&offset=1");
	CHECK_HAS(got.body, "\"first\"");
	CHECK_HAS(got.body, "\"count\":1,\"offset\":1,\"total\":2}");
	got = com_get(&hub, BASE "?limit=100000");
	CHECK_INT(got.status, 200);
	com_hub_release(&hub);
}

TEST(gl_requests, bad_parameters_are_400_and_named)
{
	static const struct {
		const char *path, *issue;
	} rows[] = {
		{BASE "?limit=0", "limit"},
		{BASE "?limit=-1", "limit"},
		{BASE "?limit=x", "limit"},
		{BASE "?limit=", "limit"},
		{BASE "?limit=1&limit=2", "limit"},
		{BASE "?offset=-1", "offset"},
		{BASE "?offset=1.5", "offset"},
	};
	struct com_hub hub;
	struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		got = com_get(&hub, rows[i].path);
		CHECK_INT(got.status, 400);
		CHECK_HAS(got.issues, rows[i].issue);
	}
	webhook = add(&hub, "w");
	got = com_ask(&hub, "DELETE",
		arena_printf(
			&hub.arena, "%s?force=maybe", path_of(&hub, webhook))
			.ptr,
		NULL, NULL);
	CHECK_INT(got.status, 400);
	CHECK_HAS(got.issues, "force");
	CHECK_INT(hub.changes, 0);
	com_hub_release(&hub);
}

TEST(gl_requests, a_webhook_of_another_dialect_is_not_found)
{
	static const char *const methods[] = {"GET", "PATCH", "DELETE"};
	struct com_hub hub;
	struct webhook *webhook;

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "of COM");
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct com_answer got = com_ask(
			&hub, methods[i], path_of(&hub, webhook), NULL, "{}");

		CHECK_INT(got.status, 404);
		CHECK_STR(got.message, STR("Webhook not found"));
	}
	CHECK_INT(com_get(&hub, BASE "/x").status, 404);
	CHECK_INT(hub.changes, 0);
	com_hub_release(&hub);
}

TEST(gl_requests, force_deletes_without_looking_for_subscriptions)
{
	struct com_hub hub;
	struct webhook *webhook;
	struct com_answer got;

	com_hub_init(&hub);
	webhook = add(&hub, "w");
	got = com_ask(&hub, "DELETE",
		arena_printf(
			&hub.arena, "%s?force=true", path_of(&hub, webhook))
			.ptr,
		NULL, NULL);
	CHECK_INT(got.status, 204);
	CHECK_INT(hub.webhook_count, 0);
	com_hub_release(&hub);
}

TEST(gl_requests, viewers_may_look_and_admins_change)
{
	for (size_t i = 0; i < api_gl_route_count; i++) {
		const struct route *route = &api_gl_routes[i];
		bool is_read = strcmp(route->method, "GET") == 0;

		CHECK_INT(route->dialect, API_GREENLAKE);
		CHECK_INT(
			route->access, is_read ? ACCESS_VIEWER : ACCESS_ADMIN);
		CHECK(is_read || route->blocks);
	}
	CHECK_INT(api_gl_route_count, 8);
}
