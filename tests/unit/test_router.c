#include <arpa/inet.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/keys.h"
#include "api/media_type.h"
#include "api/router.h"
#include "api/router_tree.h"
#include "api_double.h"
#include "base/clock.h"
#include "base/desk.h"
#include "base/encode.h"
#include "check.h"

/* ---- a hub with a few routes of its own ---- */

static sem_t entered, leave;

/** "GET one two role" with the parameters of the call. */
static void
handle_show(struct api_call *call)
{
	struct str text = arena_printf(call->arena, "%s %.*s %.*s %.*s",
		call->route->path, STR_ARG(call->parameters[0]),
		STR_ARG(call->parameters[1]), STR_ARG(call->who.key_id));

	http_call_respond(call->http, 200, "text/plain", text);
}

static void
handle_json(struct api_call *call)
{
	struct str name =
		json_string(json_member(call->json, STR("name")), call->arena);

	http_call_respond(call->http, 200, "text/plain", name);
}

static void
handle_len(struct api_call *call)
{
	http_call_respond(call->http, 200, "text/plain",
		arena_printf(
			call->arena, "%zu", http_call_body(call->http).len));
}

static void
handle_gate(struct api_call *call)
{
	sem_post(&entered);
	sem_wait(&leave);
	http_call_respond(call->http, 200, "text/plain", STR("passed"));
}

static void
handle_problem(struct api_call *call)
{
	api_respond_problem(call, &(struct api_problem){.status = 429,
					  .message = STR("Too \"often\""),
					  .source = "field",
					  .subject = STR("state"),
					  .retry_after = 1500 * MILLISECONDS});
}

#define COM "/compute-ops-mgmt/v1beta1"

const struct route api_com_routes[] = {
	{.method = "GET",
		.path = COM "/webhooks/{id}",
		.dialect = API_COM,
		.access = ACCESS_VIEWER,
		.handle = handle_show},
	{.method = "PATCH",
		.path = COM "/webhooks/{id}",
		.dialect = API_COM,
		.access = ACCESS_ADMIN,
		.body = BODY_MERGE_PATCH,
		.handle = handle_json},
	{.method = "GET",
		.path = COM "/webhooks/{id}/deliveries/{delivery}",
		.dialect = API_COM,
		.access = ACCESS_VIEWER,
		.handle = handle_show},
	{.method = "GET",
		.path = COM "/problem",
		.dialect = API_COM,
		.handle = handle_problem},
};
const size_t api_com_route_count = COUNT_OF(api_com_routes);

const struct route api_native_routes[] = {
	{.method = "PUT",
		.path = "/v1/resources/{type}/{id}",
		.access = ACCESS_PUBLISHER,
		.body = BODY_JSON,
		.handle = handle_json},
	{.method = "GET",
		.path = "/v1/resources/{type}/{id}",
		.handle = handle_show},
	{.method = "GET",
		.path = "/v1/resources/{type}/latest",
		.handle = handle_show},
	{.method = "GET", .path = "/v1/problem", .handle = handle_problem},
	{.method = "GET",
		.path = "/v1/gate",
		.blocks = true,
		.handle = handle_gate},
	{.method = "POST",
		.path = "/v1/small",
		.body = BODY_ANY,
		.handle = handle_len},
	{.method = "POST",
		.path = "/v1/bulk",
		.body = BODY_ANY,
		.is_bulk = true,
		.handle = handle_len},
};
const size_t api_native_route_count = COUNT_OF(api_native_routes);

struct hub_double {
	struct api api;
	struct arena arena;
	struct str texts[3]; /* of a key for each role */
	struct str answer;   /* whole, of the last request */
};

static struct hub_double *
start(void)
{
	static struct hub_double hub;
	static const struct seal_key master = {{1}};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct keys_options key_options = {.store = api_double_store(),
		.writer = api_double_writer(),
		.master = &master};
	struct http_server_options options = {.listen = STR("127.0.0.1:0"),
		.threads = 1,
		.admit = api_router_admit,
		.handle = api_router_handle,
		.refuse = api_router_refuse};
	struct key_view view;

	sem_init(&entered, 0, 0);
	sem_init(&leave, 0, 0);
	hub.api.store = key_options.store;
	hub.api.writer = key_options.writer;
	CHECK_OK(keys_open(&key_options, &hub.api.keys, &why));
	for (int role = 0; role < 3; role++)
		CHECK_OK(keys_create(hub.api.keys,
			&(struct key_draft){WORKSPACE_DEFAULT,
				(enum key_role)role, STR("test")},
			&hub.arena, &view, &hub.texts[role]));
	hub.api.desk = desk_start(1, 1);
	hub.api.body_max = 300;
	hub.api.bulk_body_max = 1000;
	hub.api.router = api_router_new(&hub.api);
	options.context = hub.api.router;
	CHECK_OK(http_server_start(&options, &hub.api.server, &why));
	return &hub;
}

static void
stop(struct hub_double *hub)
{
	http_server_stop(hub->api.server, 5 * SECONDS);
	desk_stop(hub->api.desk);
	api_router_free(hub->api.router);
	keys_close(hub->api.keys);
	arena_release(&hub->arena);
}

static int
dial(const struct hub_double *hub)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(http_server_port(hub->api.server)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
send_request(struct hub_double *hub, int fd, const char *line,
	const char *headers, struct str body)
{
	struct str text = arena_printf(&hub->arena,
		"%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		"Content-Length: %zu\r\n%s\r\n%.*s",
		line, body.len, headers, STR_ARG(body));

	CHECK_INT(send(fd, text.ptr, text.len, MSG_NOSIGNAL), (int)text.len);
}

/** The status; the whole answer is in hub->answer. */
static int
read_answer(struct hub_double *hub, int fd)
{
	CLEANUP(buf_release) struct buf all = buf_make(0);
	char bytes[4096];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_append(&all, str_make(bytes, (size_t)got));
	close(fd);
	CHECK(all.len > 12);
	hub->answer = arena_copy(&hub->arena, buf_str(&all));
	return (int)strtol(hub->answer.ptr + 9, NULL, 10);
}

/** `role` -1: without credentials. */
static int
request(struct hub_double *hub, int role, const char *line, const char *headers,
	const char *body)
{
	int fd = dial(hub);
	struct str all = str_of(headers);

	if (role >= 0)
		all = arena_printf(&hub->arena,
			"Authorization: Bearer %.*s\r\n%s",
			STR_ARG(hub->texts[role]), headers);
	send_request(hub, fd, line, all.ptr, str_of(body));
	return read_answer(hub, fd);
}

static int
get(struct hub_double *hub, const char *path)
{
	struct str line = arena_printf(&hub->arena, "GET %s", path);

	return request(hub, -1, line.ptr, "", "");
}

static bool
answer_has(const struct hub_double *hub, const char *text)
{
	return str_find(hub->answer, str_of(text)) != SIZE_MAX;
}

static struct str
answer_body(const struct hub_double *hub)
{
	return str_skip(
		hub->answer, str_find(hub->answer, STR("\r\n\r\n")) + 4);
}

#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

/* ---- finding the row ---- */

TEST(router, parameters_are_decoded_segments)
{
	struct hub_double *hub = start();

	CHECK_INT(
		get(hub, "/v1/resources/compute-ops%2Fserver/a%20b?x=y"), 200);
	CHECK(answer_has(hub, "{id} compute-ops/server a b "));
	CHECK_INT(get(hub, "/v1/resources/x/latest"), 200);
	CHECK(answer_has(hub, "/latest x "));
	CHECK_INT(get(hub, "/%761/resources/x/y"), 200);
	stop(hub);
}

TEST(router, paths_that_cannot_be_decoded_are_400)
{
	struct hub_double *hub = start();

	CHECK_INT(get(hub, "/v1/resources/a/%zz"), 400);
	CHECK(answer_has(hub, "\"errorCode\":\"BAD_REQUEST\""));
	CHECK_INT(get(hub, "/v1/resources/a/%00"), 400);
	stop(hub);
}

TEST(router, unknown_paths_are_404_in_the_dialects_shape)
{
	static const char *const native[] = {"/", "/v1", "/v1/", "/nothing",
		"/v1/resources/a/b/", "/v1/resources//b", "/v1/resources/a",
		"/v1/resources/a/b/c", "//v1/keys",
		"/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"};
	struct hub_double *hub = start();

	for (size_t i = 0; i < COUNT_OF(native); i++) {
		CHECK_INT(get(hub, native[i]), 404);
		CHECK(answer_has(hub, "\"errorCode\":\"NOT_FOUND\""));
	}
	CHECK_INT(get(hub, COM "/nothing"), 404);
	CHECK(answer_has(hub, "{\"httpStatusCode\":404,\"errorCode\":"
			      "\"HPE_GL_ERROR_NOT_FOUND\",\"message\":"
			      "\"There is no such resource\",\"debugId\":\""));
	CHECK_INT(get(hub, "/as/nothing"), 404);
	CHECK(answer_has(hub, "{\"error\":\"invalid_request\","
			      "\"error_description\":"));
	stop(hub);
}

TEST(router, wrong_method_is_told_what_is_allowed)
{
	struct hub_double *hub = start();

	CHECK_INT(request(hub, -1, "DELETE " COM "/webhooks/1", "", ""), 405);
	CHECK(answer_has(hub, "Allow: GET, HEAD, PATCH, OPTIONS\r\n"));
	CHECK(answer_has(hub, "HPE_GL_ERROR_METHOD_NOT_ALLOWED"));
	CHECK_INT(request(hub, -1, "OPTIONS " COM "/webhooks/1", "", ""), 204);
	CHECK(answer_has(hub, "Allow: GET, HEAD, PATCH, OPTIONS\r\n"));
	CHECK_INT(request(hub, -1, "get /livez", "", ""), 405);
	CHECK_INT(request(hub, -1, "HEAD /livez", "", ""), 200);
	CHECK_STR(answer_body(hub), STR(""));
	stop(hub);
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
	struct hub_double *hub = start();

	CHECK_INT(request(hub, -1, line, "", ""), 401);
	CHECK(answer_has(hub, "WWW-Authenticate: Bearer\r\n"));
	CHECK(answer_has(hub, "HPE_GL_ERROR_UNAUTHORIZED"));
	CHECK_INT(
		request(hub, -1, line, "Authorization: Bearer x\r\n", ""), 401);
	CHECK(answer_has(hub, "error=\"invalid_token\""));
	CHECK_INT(request(hub, -1, line, "Authorization: Basic eDp5\r\n", ""),
		401);
	CHECK_INT(request(hub, -1, line, "Authorization: Bearer\r\n", ""), 401);
	CHECK_INT(request(hub, ROLE_PUBLISHER, line, "", ""), 403);
	CHECK(answer_has(hub, "HPE_GL_ERROR_FORBIDDEN"));
	CHECK_INT(request(hub, ROLE_VIEWER, line, "", ""), 200);
	CHECK_INT(request(hub, ROLE_ADMIN, line, "", ""), 200);
	stop(hub);
}

/* ---- the body ---- */

TEST(router, content_type_must_fit_the_row)
{
	static const char put[] = "PUT /v1/resources/a/b";
	static const char patch[] = "PATCH " COM "/webhooks/1";
	static const char merge[] =
		"Content-Type: application/merge-patch+json\r\n";
	static const char body[] = "{\"name\":\"x\"}";
	struct hub_double *hub = start();

	CHECK_INT(request(hub, ROLE_PUBLISHER, put, JSON, body), 200);
	CHECK_INT(request(hub, ROLE_PUBLISHER, put,
			  "content-type: Application/JSON; charset=utf-8\r\n",
			  body),
		200);
	CHECK_INT(request(hub, ROLE_PUBLISHER, put, "", body), 415);
	CHECK(answer_has(hub, "\"subject\":\"Content-Type\""));
	CHECK_INT(request(hub, ROLE_PUBLISHER, put, merge, body), 415);
	CHECK_INT(request(hub, ROLE_PUBLISHER, put,
			  "Content-Type: text/json\r\n", body),
		415);
	CHECK_INT(request(hub, ROLE_ADMIN, patch, merge, body), 200);
	CHECK_INT(request(hub, ROLE_ADMIN, patch, JSON, body), 200);
	CHECK_INT(request(hub, ROLE_ADMIN, patch, FORM, body), 415);
	CHECK(answer_has(hub, "HPE_GL_ERROR_UNSUPPORTED_MEDIA_TYPE"));
	stop(hub);
}

TEST(router, broken_json_is_told_where)
{
	static const char put[] = "PUT /v1/resources/a/b";
	struct hub_double *hub = start();

	CHECK_INT(request(hub, ROLE_PUBLISHER, put, JSON, "{\"a\" 1}"), 400);
	CHECK(answer_has(hub, "line 1 column "));
	CHECK(answer_has(hub, "\"errorCode\":\"BAD_REQUEST\""));
	CHECK_INT(request(hub, ROLE_PUBLISHER, put, JSON, ""), 400);
	CHECK_INT(request(hub, ROLE_PUBLISHER, put, "", ""), 400);
	CHECK_INT(request(hub, ROLE_PUBLISHER, put, JSON, "\"\xff\""), 400);
	stop(hub);
}

TEST(router, body_limit_is_the_rows)
{
	struct hub_double *hub = start();
	char body[1002] = {0};

	memset(body, 'x', 1001);
	CHECK_INT(request(hub, -1, "POST /v1/bulk", "", body), 413);
	CHECK(answer_has(hub, "\"errorCode\":\"PAYLOAD_TOO_LARGE\""));
	body[1000] = '\0';
	CHECK_INT(request(hub, -1, "POST /v1/bulk", "", body), 200);
	body[301] = '\0';
	CHECK_INT(request(hub, -1, "POST /v1/small", "", body), 413);
	body[300] = '\0';
	CHECK_INT(request(hub, -1, "POST /v1/small", "", body), 200);
	CHECK_STR(answer_body(hub), STR("300"));
	stop(hub);
}

TEST(router, accept_that_excludes_json_is_406)
{
	struct hub_double *hub = start();

	CHECK_INT(request(hub, -1, "GET /v1/problem", "Accept: text/html\r\n",
			  ""),
		406);
	CHECK_INT(request(hub, -1, "GET /v1/problem",
			  "Accept: text/html, */*;q=0.1\r\n", ""),
		429);
	CHECK_INT(request(hub, ROLE_VIEWER, "GET /metrics",
			  "Accept: text/plain\r\n", ""),
		200);
	stop(hub);
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
	struct hub_double *hub = start();
	int first = dial(hub), second = dial(hub);

	send_request(hub, first, "GET /v1/gate", "", STR(""));
	sem_wait(&entered);
	CHECK_INT(get(hub, "/livez"), 200); /* one loop thread, still free */
	send_request(hub, second, "GET /v1/gate", "", STR(""));
	while (desk_waiting(hub->api.desk) == 0)
		CHECK_INT(get(hub, "/livez"), 200);
	CHECK_INT(get(hub, "/v1/gate"), 503);
	CHECK(answer_has(hub, "Retry-After: 1\r\n"));
	sem_post(&leave);
	sem_post(&leave);
	CHECK_INT(read_answer(hub, first), 200);
	CHECK_INT(read_answer(hub, second), 200);
	stop(hub);
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
	struct hub_double *hub = start();

	CHECK_INT(get(hub, COM "/problem"), 429);
	CHECK(answer_has(hub, "Retry-After: 2\r\n"));
	CHECK(answer_has(hub, "Content-Type: application/json\r\n"));
	CHECK(answer_has(hub, "\"httpStatusCode\":429,\"errorCode\":"
			      "\"HPE_GL_ERROR_TOO_MANY_REQUESTS\",\"message\":"
			      "\"Too \\\"often\\\"\",\"debugId\":\""));
	CHECK(answer_has(hub, details));
	CHECK_INT(get(hub, "/v1/problem"), 429);
	CHECK(answer_has(hub, "\"errorCode\":\"TOO_MANY_REQUESTS\""));
	CHECK(answer_has(hub, details));
	stop(hub);
}

/* ---- OAuth ---- */

static int
ask_token(struct hub_double *hub, struct str id, struct str secret)
{
	struct str body = arena_printf(&hub->arena,
		"grant_type=client_credentials&client_id=%.*s"
		"&client_secret=%.*s",
		STR_ARG(id), STR_ARG(secret));

	return request(hub, -1, "POST /as/token.oauth2", FORM, body.ptr);
}

TEST(oauth, key_is_exchanged_for_a_token_that_works)
{
	struct hub_double *hub = start();
	struct str text = hub->texts[ROLE_VIEWER], token, header;
	struct str id = str_head(text, 15), secret = str_skip(text, 16);

	CHECK_INT(ask_token(hub, id, secret), 200);
	CHECK(answer_has(hub, "\"token_type\":\"Bearer\","
			      "\"expires_in\":7199}"));
	CHECK(answer_has(hub, "Cache-Control: no-store\r\n"));
	token = str_skip(answer_body(hub), strlen("{\"access_token\":\""));
	token = str_head(token, str_find_char(token, '"'));
	header = arena_printf(
		&hub->arena, "Authorization: Bearer %.*s\r\n", STR_ARG(token));
	CHECK_INT(request(hub, -1, "GET " COM "/webhooks/1", header.ptr, ""),
		200);
	CHECK(answer_has(hub, arena_copy(&hub->arena, id).ptr));
	CHECK_INT(request(hub, -1, "GET /v1/keys", header.ptr, ""), 403);
	CHECK_INT(ask_token(hub, id, text), 200);
	CHECK_INT(ask_token(hub, id, STR("wrong")), 401);
	CHECK(answer_has(hub, "{\"error\":\"invalid_client\""));
	CHECK(answer_has(hub, "WWW-Authenticate: Basic"));
	stop(hub);
}

TEST(oauth, client_may_come_by_http_basic)
{
	struct hub_double *hub = start();
	CLEANUP(buf_release) struct buf basic = buf_make(0);
	struct str text = hub->texts[ROLE_ADMIN], plain, header;

	plain = arena_printf(&hub->arena, "%.15s:%.*s", text.ptr,
		STR_ARG(str_skip(text, 16)));
	encode_base64(&basic, plain);
	header = arena_printf(&hub->arena, FORM "Authorization: Basic %s\r\n",
		buf_text(&basic));
	CHECK_INT(request(hub, -1, "POST /as/token.oauth2", header.ptr,
			  "grant_type=client_credentials"),
		200);
	CHECK_INT(request(hub, -1, "POST /as/token.oauth2", header.ptr,
			  "grant_type=client_credentials&client_secret=x"),
		400);
	stop(hub);
}

TEST(oauth, bad_requests_have_the_codes_of_the_rfc)
{
	static const struct {
		const char *headers;
		const char *body;
		int status;
		const char *error;
	} cases[] = {
		{FORM, "", 400, "invalid_request"},
		{FORM, "client_id=a&client_secret=b", 400, "invalid_request"},
		{FORM, "grant_type=password", 400, "unsupported_grant_type"},
		{FORM, "grant_type=client_credentials", 401, "invalid_client"},
		{FORM,
			"grant_type=client_credentials"
			"&grant_type=client_credentials",
			400, "invalid_request"},
		{FORM,
			"grant_type=client_credentials&client_id=%zz"
			"&client_secret=b",
			400, "invalid_request"},
		{FORM "Authorization: Basic !!!\r\n",
			"grant_type=client_credentials", 400,
			"invalid_request"},
		{JSON, "{}", 415, "invalid_request"},
	};
	struct hub_double *hub = start();

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str expected = arena_printf(
			&hub->arena, "{\"error\":\"%s\"", cases[i].error);

		CHECK_INT(request(hub, -1, "POST /as/token.oauth2",
				  cases[i].headers, cases[i].body),
			cases[i].status);
		CHECK(str_starts_with(answer_body(hub), expected));
	}
	stop(hub);
}

/* ---- operations ---- */

TEST(operations, keys_are_made_listed_and_revoked)
{
	struct hub_double *hub = start();
	struct str line, id;

	CHECK_INT(request(hub, ROLE_ADMIN, "POST /v1/keys", JSON,
			  "{\"name\":\"ci\",\"role\":\"publisher\"}"),
		201);
	CHECK(str_starts_with(answer_body(hub), STR("{\"id\":\"gk_")));
	CHECK(answer_has(hub, "\"role\":\"publisher\",\"name\":\"ci\","
			      "\"createdAt\":\""));
	CHECK(answer_has(hub, "\"key\":\"gk_"));
	id = str_head(str_skip(answer_body(hub), 7), 15);
	CHECK(answer_has(hub, "Location: /v1/keys/gk_"));
	CHECK_INT(request(hub, ROLE_ADMIN, "GET /v1/keys", "", ""), 200);
	CHECK(answer_has(hub, "\"count\":4"));
	CHECK(!answer_has(hub, "\"key\""));
	line = arena_printf(&hub->arena, "DELETE /v1/keys/%.*s", STR_ARG(id));
	CHECK_INT(request(hub, ROLE_VIEWER, line.ptr, "", ""), 403);
	CHECK_INT(request(hub, ROLE_ADMIN, line.ptr, "", ""), 204);
	CHECK_INT(request(hub, ROLE_ADMIN, line.ptr, "", ""), 404);
	line = arena_printf(&hub->arena, "DELETE /v1/keys/%.15s",
		hub->texts[ROLE_ADMIN].ptr);
	CHECK_INT(request(hub, ROLE_ADMIN, line.ptr, "", ""), 409);
	stop(hub);
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
	struct hub_double *hub = start();

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_INT(request(hub, ROLE_ADMIN, "POST /v1/keys", JSON,
				  cases[i].body),
			400);
		if (cases[i].subject)
			CHECK(answer_has(hub,
				arena_printf(&hub->arena, "\"subject\":\"%s\"",
					cases[i].subject)
					.ptr));
	}
	api_double.commit_error = ERR_IO;
	CHECK_INT(request(hub, ROLE_ADMIN, "POST /v1/keys", JSON,
			  "{\"name\":\"x\",\"role\":\"admin\"}"),
		503);
	CHECK_INT(keys_count(hub->api.keys), 3);
	stop(hub);
}

TEST(operations, readiness_proves_that_a_commit_works)
{
	struct hub_double *hub = start();

	CHECK_INT(get(hub, "/livez"), 200);
	CHECK_STR(answer_body(hub), STR("{\"status\":\"ok\"}"));
	CHECK_INT(get(hub, "/readyz"), 200);
	api_double.commit_error = ERR_LIMIT;
	CHECK_INT(get(hub, "/readyz"), 503);
	CHECK(answer_has(hub, "Not ready: "));
	api_double.commit_error = ERR_OK;
	CHECK_INT(get(hub, "/readyz"), 200);
	CHECK_INT(get(hub, "/livez"), 200);
	stop(hub);
}

TEST(operations, readiness_does_not_wait_for_ever)
{
	struct hub_double *hub = start();

	api_double.is_stuck = true;
	CHECK_INT(get(hub, "/readyz"), 503);
	CHECK(answer_has(hub, "TIMEOUT"));
	api_double.stuck->done(api_double.stuck); /* late: frees the probe */
	stop(hub);
}

TEST(operations, metrics_need_a_viewer_unless_public)
{
	struct hub_double *hub = start();

	CHECK_INT(get(hub, "/metrics"), 401);
	CHECK_INT(request(hub, ROLE_PUBLISHER, "GET /metrics", "", ""), 403);
	CHECK_INT(request(hub, ROLE_VIEWER, "GET /metrics", "", ""), 200);
	CHECK(answer_has(hub, "Content-Type: text/plain; version=0.0.4"));
	CHECK(answer_has(hub, "# TYPE grapnel_writer_commits_total counter\n"
			      "grapnel_writer_commits_total 7\n"));
	CHECK(answer_has(hub, "grapnel_writer_last_commit_seconds 1.5\n"));
	CHECK(answer_has(hub, "grapnel_webhooks{status=\"ACTIVE\"} 1\n"));
	CHECK(!answer_has(hub, "grapnel_resident_memory_bytes 0\n"));
	stop(hub);
}

TEST(operations, metrics_may_be_public)
{
	struct hub_double *hub = start();

	hub->api.are_metrics_public = true;
	CHECK_INT(get(hub, "/metrics"), 200);
	stop(hub);
}
