#include "api_hub.h"

#include <sys/socket.h>
#include <unistd.h>

#include "api/keys.h"
#include "api/router.h"
#include "api_double.h"
#include "base/clock.h"
#include "base/desk.h"
#include "check.h"
#include "http_peer.h"

sem_t api_hub_entered, api_hub_leave;

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
	sem_post(&api_hub_entered);
	sem_wait(&api_hub_leave);
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

struct api_hub *
api_hub_start(void)
{
	static struct api_hub hub;
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
	struct http_server *server;
	struct key_view view;

	sem_init(&api_hub_entered, 0, 0);
	sem_init(&api_hub_leave, 0, 0);
	hub.api.store = key_options.store;
	hub.api.writer = key_options.writer;
	CHECK_OK(keys_open(&key_options, &hub.api.keys, &why));
	for (int role = 0; role < 3; role++)
		CHECK_OK(keys_create(hub.api.keys,
			&(struct key_draft){WORKSPACE_DEFAULT,
				(enum key_role)role, STR("test"), 0},
			&hub.arena, &view, &hub.texts[role]));
	hub.api.desk = desk_start(1, 1);
	hub.api.body_max = 300;
	hub.api.bulk_body_max = 1000;
	hub.api.router = api_router_new(&hub.api);
	options.context = hub.api.router;
	CHECK_OK(http_server_start(&options, &server, &why));
	hub.api.server = server;
	return &hub;
}

void
api_hub_stop(struct api_hub *hub)
{
	http_server_stop(hub->api.server, 5 * SECONDS);
	http_server_free(hub->api.server);
	desk_stop(hub->api.desk);
	api_router_free(hub->api.router);
	keys_close(hub->api.keys);
	arena_release(&hub->arena);
}

int
api_hub_dial(const struct api_hub *hub)
{
	return peer_dial(http_server_port(hub->api.server));
}

void
api_hub_send(struct api_hub *hub, int fd, const char *line, const char *headers,
	struct str body)
{
	struct str text = arena_printf(&hub->arena,
		"%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		"Content-Length: %zu\r\n%s\r\n%.*s",
		line, body.len, headers, STR_ARG(body));

	peer_send(fd, text);
}

int
api_hub_read(struct api_hub *hub, int fd)
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

int
api_hub_request(struct api_hub *hub, int role, const char *line,
	const char *headers, const char *body)
{
	int fd = api_hub_dial(hub);
	struct str all = str_of(headers);

	if (role >= 0)
		all = arena_printf(&hub->arena,
			"Authorization: Bearer %.*s\r\n%s",
			STR_ARG(hub->texts[role]), headers);
	api_hub_send(hub, fd, line, all.ptr, str_of(body));
	return api_hub_read(hub, fd);
}

int
api_hub_get(struct api_hub *hub, const char *path)
{
	struct str line = arena_printf(&hub->arena, "GET %s", path);

	return api_hub_request(hub, -1, line.ptr, "", "");
}

bool
api_hub_says(const struct api_hub *hub, const char *text)
{
	return str_find(hub->answer, str_of(text)) != SIZE_MAX;
}

struct str
api_hub_body(const struct api_hub *hub)
{
	return str_skip(
		hub->answer, str_find(hub->answer, STR("\r\n\r\n")) + 4);
}
