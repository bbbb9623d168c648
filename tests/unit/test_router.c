#include <semaphore.h>

#include "api/media_type.h"
#include "api/router_tree.h"
#include "api_hub.h"
#include "base/desk.h"
#include "check.h"

/* ---- finding the row ---- */

TEST(router, parameters_are_decoded_segments)
{
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_get(
			  hub, "/v1/resources/compute-ops%2Fserver/a%20b?x=y"),
		200);
	CHECK(api_hub_says(hub, "{id} compute-ops/server a b "));
	CHECK_INT(api_hub_get(hub, "/v1/resources/x/latest"), 200);
	CHECK(api_hub_says(hub, "/latest x "));
	CHECK_INT(api_hub_get(hub, "/%761/resources/x/y"), 200);
	api_hub_stop(hub);
}

TEST(router, paths_that_cannot_be_decoded_are_400)
{
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_get(hub, "/v1/resources/a/%zz"), 400);
	CHECK(api_hub_says(hub, "\"errorCode\":\"BAD_REQUEST\""));
	CHECK_INT(api_hub_get(hub, "/v1/resources/a/%00"), 400);
	api_hub_stop(hub);
}

TEST(router, unknown_paths_are_404_in_the_dialects_shape)
{
	static const char *const native[] = {"/", "/v1", "/v1/", "/nothing",
		"/v1/resources/a/b/", "/v1/resources//b", "/v1/resources/a",
		"/v1/resources/a/b/c", "//v1/keys",
		"/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"};
	struct api_hub *hub = api_hub_start();

	for (size_t i = 0; i < COUNT_OF(native); i++) {
		CHECK_INT(api_hub_get(hub, native[i]), 404);
		CHECK(api_hub_says(hub, "\"errorCode\":\"NOT_FOUND\""));
	}
	CHECK_INT(api_hub_get(hub, COM "/nothing"), 404);
	CHECK(api_hub_says(hub,
		"{\"httpStatusCode\":404,\"errorCode\":"
		"\"HPE_GL_ERROR_NOT_FOUND\",\"message\":"
		"\"There is no such resource\",\"debugId\":\""));
	CHECK_INT(api_hub_get(hub, "/as/nothing"), 404);
	CHECK(api_hub_says(hub, "{\"error\":\"invalid_request\","
				"\"error_description\":"));
	api_hub_stop(hub);
}

TEST(router, wrong_method_is_told_what_is_allowed)
{
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_request(hub, -1, "DELETE " COM "/webhooks/1", "", ""),
		405);
	CHECK(api_hub_says(hub, "Allow: GET, HEAD, PATCH, OPTIONS\r\n"));
	CHECK(api_hub_says(hub, "HPE_GL_ERROR_METHOD_NOT_ALLOWED"));
	CHECK_INT(
		api_hub_request(hub, -1, "OPTIONS " COM "/webhooks/1", "", ""),
		204);
	CHECK(api_hub_says(hub, "Allow: GET, HEAD, PATCH, OPTIONS\r\n"));
	CHECK_INT(api_hub_request(hub, -1, "get /livez", "", ""), 405);
	CHECK_INT(api_hub_request(hub, -1, "HEAD /livez", "", ""), 200);
	CHECK_STR(api_hub_body(hub), STR(""));
	api_hub_stop(hub);
}

TEST(router, tree_finds_each_row_of_a_table)
{
	static const struct route routes[] = {
		{.method = "GET", .path = "/a"},
		{.method = "POST", .path = "/a"},
		{.method = "GET", .path = "/a/{x}"},
		{.method = "GET", .path = "/a/b/{y}"},
		{.method = "GET", .path = "/a/{x}/c/{y}"},
	};
	struct arena arena = {0};
	struct route_node root = {0};
	struct str parameters[ROUTE_PARAMETERS_MAX];
	const struct route_node *node;

	for (size_t i = 0; i < COUNT_OF(routes); i++)
		route_node_add(&root, &arena, &routes[i]);
	node = route_node_find(&root, STR("/a"), &arena, parameters);
	CHECK(route_node_method(node, STR("POST")) == &routes[1]);
	CHECK(route_node_method(node, STR("HEAD")) == &routes[0]);
	CHECK(route_node_method(node, STR("PUT")) == NULL);
	node = route_node_find(&root, STR("/a/b"), &arena, parameters);
	CHECK(node->routes[0] == &routes[2]); /* back from the written b */
	CHECK_STR(parameters[0], STR("b"));
	node = route_node_find(&root, STR("/a/b/c"), &arena, parameters);
	CHECK(node->routes[0] == &routes[3]);
	node = route_node_find(&root, STR("/a/b/c/d"), &arena, parameters);
	CHECK(node->routes[0] == &routes[4]);
	CHECK_STR(parameters[0], STR("b"));
	CHECK_STR(parameters[1], STR("d"));
	CHECK(route_node_find(&root, STR("a"), &arena, parameters) == NULL);
	CHECK(route_node_find(&root, STR(""), &arena, parameters) == NULL);
	arena_release(&arena);
}

/* ---- credentials ---- */

TEST(router, credentials_are_asked_and_checked)
{
	static const char line[] = "GET " COM "/webhooks/1";
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_request(hub, -1, line, "", ""), 401);
	CHECK(api_hub_says(hub, "WWW-Authenticate: Bearer\r\n"));
	CHECK(api_hub_says(hub, "HPE_GL_ERROR_UNAUTHORIZED"));
	CHECK_INT(api_hub_request(
			  hub, -1, line, "Authorization: Bearer x\r\n", ""),
		401);
	CHECK(api_hub_says(hub, "error=\"invalid_token\""));
	CHECK_INT(api_hub_request(
			  hub, -1, line, "Authorization: Basic eDp5\r\n", ""),
		401);
	CHECK_INT(
		api_hub_request(hub, -1, line, "Authorization: Bearer\r\n", ""),
		401);
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, line, "", ""), 403);
	CHECK(api_hub_says(hub, "HPE_GL_ERROR_FORBIDDEN"));
	CHECK_INT(api_hub_request(hub, ROLE_VIEWER, line, "", ""), 200);
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, line, "", ""), 200);
	api_hub_stop(hub);
}

/* ---- the body ---- */

TEST(router, content_type_must_fit_the_row)
{
	static const char put[] = "PUT /v1/resources/a/b";
	static const char patch[] = "PATCH " COM "/webhooks/1";
	static const char merge[] =
		"Content-Type: application/merge-patch+json\r\n";
	static const char body[] = "{\"name\":\"x\"}";
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put, JSON, body), 200);
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put,
			  "content-type: Application/JSON; charset=utf-8\r\n",
			  body),
		200);
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put, "", body), 415);
	CHECK(api_hub_says(hub, "\"subject\":\"Content-Type\""));
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put, merge, body), 415);
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put,
			  "Content-Type: text/json\r\n", body),
		415);
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, patch, merge, body), 200);
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, patch, JSON, body), 200);
	CHECK_INT(api_hub_request(hub, ROLE_ADMIN, patch, FORM, body), 415);
	CHECK(api_hub_says(hub, "HPE_GL_ERROR_UNSUPPORTED_MEDIA_TYPE"));
	api_hub_stop(hub);
}

TEST(router, broken_json_is_told_where)
{
	static const char put[] = "PUT /v1/resources/a/b";
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put, JSON, "{\"a\" 1}"),
		400);
	CHECK(api_hub_says(hub, "line 1 column "));
	CHECK(api_hub_says(hub, "\"errorCode\":\"BAD_REQUEST\""));
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put, JSON, ""), 400);
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put, "", ""), 400);
	CHECK_INT(api_hub_request(hub, ROLE_PUBLISHER, put, JSON, "\"\xff\""),
		400);
	api_hub_stop(hub);
}

TEST(router, body_limit_is_the_rows)
{
	struct api_hub *hub = api_hub_start();
	char body[1002] = {0};

	memset(body, 'x', 1001);
	CHECK_INT(api_hub_request(hub, -1, "POST /v1/bulk", "", body), 413);
	CHECK(api_hub_says(hub, "\"errorCode\":\"PAYLOAD_TOO_LARGE\""));
	body[1000] = '\0';
	CHECK_INT(api_hub_request(hub, -1, "POST /v1/bulk", "", body), 200);
	body[301] = '\0';
	CHECK_INT(api_hub_request(hub, -1, "POST /v1/small", "", body), 413);
	body[300] = '\0';
	CHECK_INT(api_hub_request(hub, -1, "POST /v1/small", "", body), 200);
	CHECK_STR(api_hub_body(hub), STR("300"));
	api_hub_stop(hub);
}

TEST(router, accept_that_excludes_json_is_406)
{
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_request(hub, -1, "GET /v1/problem",
			  "Accept: text/html\r\n", ""),
		406);
	CHECK_INT(api_hub_request(hub, -1, "GET /v1/problem",
			  "Accept: text/html, */*;q=0.1\r\n", ""),
		429);
	CHECK_INT(api_hub_request(hub, ROLE_VIEWER, "GET /metrics",
			  "Accept: text/plain\r\n", ""),
		200);
	api_hub_stop(hub);
}

TEST(media_type, accept_is_understood)
{
	static const struct {
		const char *accept;
		bool is_accepted;
	} cases[] = {
		{"", true},
		{"*/*", true},
		{"application/json", true},
		{"APPLICATION/JSON;q=0.5", true},
		{"application/*", true},
		{"text/html,application/xml;q=0.9,*/*;q=0.8", true},
		{"text/html", false},
		{"application/json;q=0", false},
		{"application/json; q=0.000, */*", false},
		{"*/*, application/json;q=0", false},
		{"application/*;q=0, application/json", true},
		{"application/xml, text/*", false},
		{"application/jsonp", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_INT(media_type_accepts_json(str_of(cases[i].accept)),
			cases[i].is_accepted);
}

/* ---- the desk ---- */

TEST(router, blocking_rows_do_not_hold_the_loop_and_a_full_desk_is_503)
{
	struct api_hub *hub = api_hub_start();
	int first = api_hub_dial(hub), second = api_hub_dial(hub);

	api_hub_send(hub, first, "GET /v1/gate", "", STR(""));
	sem_wait(&api_hub_entered);
	CHECK_INT(api_hub_get(hub, "/livez"),
		200); /* one loop thread, still free */
	api_hub_send(hub, second, "GET /v1/gate", "", STR(""));
	while (desk_waiting(hub->api.desk) == 0)
		CHECK_INT(api_hub_get(hub, "/livez"), 200);
	CHECK_INT(api_hub_get(hub, "/v1/gate"), 503);
	CHECK(api_hub_says(hub, "Retry-After: 1\r\n"));
	sem_post(&api_hub_leave);
	sem_post(&api_hub_leave);
	CHECK_INT(api_hub_read(hub, first), 200);
	CHECK_INT(api_hub_read(hub, second), 200);
	api_hub_stop(hub);
}

/* ---- problems ---- */

TEST(problem, shapes_are_the_dialects)
{
	static const char details[] =
		"\"errorDetails\":[{\"type\":\"hpe.greenlake.bad_request\","
		"\"issues\":[{\"source\":\"field\",\"subject\":\"state\","
		"\"description\":\"Too \\\"often\\\"\"}]},"
		"{\"type\":\"hpe.greenlake.retry_info\","
		"\"retryAfterSeconds\":2}]}";
	struct api_hub *hub = api_hub_start();

	CHECK_INT(api_hub_get(hub, COM "/problem"), 429);
	CHECK(api_hub_says(hub, "Retry-After: 2\r\n"));
	CHECK(api_hub_says(hub, "Content-Type: application/json\r\n"));
	CHECK(api_hub_says(hub,
		"\"httpStatusCode\":429,\"errorCode\":"
		"\"HPE_GL_ERROR_TOO_MANY_REQUESTS\",\"message\":"
		"\"Too \\\"often\\\"\",\"debugId\":\""));
	CHECK(api_hub_says(hub, details));
	CHECK_INT(api_hub_get(hub, "/v1/problem"), 429);
	CHECK(api_hub_says(hub, "\"errorCode\":\"TOO_MANY_REQUESTS\""));
	CHECK(api_hub_says(hub, details));
	api_hub_stop(hub);
}
