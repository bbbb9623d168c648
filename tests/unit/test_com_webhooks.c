#include "api/com_webhooks.h"

#include "api/com_call.h"
#include "api/native_webhooks.h"
#include "base/json_out.h"
#include "com_double.h"

TEST(com_webhooks, resource_has_the_members_of_the_reference_in_its_order)
{
	struct com_hub hub;
	struct webhook *webhook;
	CLEANUP(buf_release) struct buf text = {0};
	struct json_out out = json_out_make(&text);
	static const struct webhook_header secret = {
		STR_INIT("Authorization"), STR_INIT("Basic c2VjcmV0")};

	com_hub_init(&hub);
	webhook = com_hub_add(&hub, "Servers that get \"unhealthy\"");
	webhook->headers = &secret;
	webhook->header_count = 1;
	webhook->secret = STR("whsec_c2VjcmV0");
	CHECK_OK(uuid_parse(
		STR("200039ff-0c27-4d1f-aa7b-791d40dc4348"), &webhook->id));
	com_webhook_write(&out, webhook);
	CHECK_TEXT(buf_text(&text),
		"{\"name\":\"Servers that get \\\"unhealthy\\\"\","
		"\"destination\":\"https://example.com/webhookDestination\","
		"\"state\":\"ENABLED\","
		"\"eventFilter\":\"type eq 'compute-ops/server'\","
		"\"type\":\"compute-ops-mgmt/webhook\","
		"\"id\":\"200039ff-0c27-4d1f-aa7b-791d40dc4348\","
		"\"generation\":1,"
		"\"createdAt\":\"2024-04-16T15:22:58.205785Z\","
		"\"updatedAt\":\"2024-04-16T15:22:58.245366Z\","
		"\"status\":\"ACTIVE\","
		"\"statusReason\":\"Webhook handshake accepted.\","
		"\"resourceUri\":\"/compute-ops-mgmt/v1beta1/webhooks/"
		"200039ff-0c27-4d1f-aa7b-791d40dc4348\","
		"\"deliveriesUri\":\"/compute-ops-mgmt/v1beta1/webhooks/"
		"200039ff-0c27-4d1f-aa7b-791d40dc4348/deliveries\"}");
	com_hub_release(&hub);
}

static const struct route *
find_route(const char *method, const char *path)
{
	for (size_t i = 0; i < api_com_route_count; i++)
		if (!strcmp(api_com_routes[i].method, method) &&
			!strcmp(api_com_routes[i].path, path))
			return &api_com_routes[i];
	check_failed(__FILE__, __LINE__, "no %s %s", method, path);
}

TEST(com_webhooks, viewers_may_look_and_admins_change)
{
	static const struct {
		const char *method, *path;
		enum api_access access;
		enum api_body body;
		bool blocks;
	} rows[] = {
		{"GET", COM_WEBHOOKS_URI, ACCESS_VIEWER, BODY_NONE, false},
		{"POST", COM_WEBHOOKS_URI, ACCESS_ADMIN, BODY_JSON, true},
		{"GET", COM_WEBHOOKS_URI "/{id}", ACCESS_VIEWER, BODY_NONE,
			false},
		{"PATCH", COM_WEBHOOKS_URI "/{id}", ACCESS_ADMIN,
			BODY_MERGE_PATCH, true},
		{"DELETE", COM_WEBHOOKS_URI "/{id}", ACCESS_ADMIN, BODY_NONE,
			true},
		{"GET", COM_WEBHOOKS_URI "/{id}/deliveries", ACCESS_VIEWER,
			BODY_NONE, true},
		{"GET", COM_WEBHOOKS_URI "/{id}/deliveries/{delivery}",
			ACCESS_VIEWER, BODY_NONE, true},
	};

	CHECK_INT(api_com_route_count, COUNT_OF(rows));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct route *route =
			find_route(rows[i].method, rows[i].path);

		CHECK_INT(route->dialect, API_COM);
		CHECK_INT(route->access, rows[i].access);
		CHECK_INT(route->body, rows[i].body);
		CHECK(route->blocks == rows[i].blocks);
	}
}

TEST(com_webhooks, secret_is_the_administrators_and_native)
{
	size_t found = 0;

	for (size_t i = 0; i < api_webhook_route_count; i++) {
		const struct route *route = &api_webhook_routes[i];

		if (strstr(route->path, "/secret") == NULL)
			continue;
		CHECK_INT(route->dialect, API_NATIVE);
		CHECK_INT(route->access, ACCESS_ADMIN);
		CHECK(route->blocks);
		found++;
	}
	CHECK_INT(found, 2);
}
