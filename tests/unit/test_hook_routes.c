#include "api/hook_routes.h"

#include <pthread.h>
#include <unistd.h>

#include "api/keys.h"
#include "api/router.h"
#include "base/clock.h"
#include "base/desk.h"
#include "check.h"
#include "hook_world.h"
#include "http_peer.h"

/* Hooks through the real router and server; the runner is a double. */

static struct api api;
static struct str tokens[3]; /* of a key for each role */
static struct buf head, body;

static void
set_up(void)
{
	static const struct seal_key master = {{1}};
	const struct route_table table = {
		api_hook_routes, api_hook_route_count};
	struct http_server_options options = {.listen = STR("127.0.0.1:0"),
		.threads = 1,
		.admit = api_router_admit,
		.handle = api_router_handle,
		.refuse = api_router_refuse};
	struct keys_options keys = {.master = &master};
	struct http_server *server;
	struct key_view view;
	CLEANUP(buf_release) struct buf why = {0};

	hook_world_open();
	api = (struct api){.hooks = hook_world.hooks,
		.body_max = 100000,
		.bulk_body_max = 100000};
	keys.store = hook_world.store;
	keys.writer = hook_world.writer;
	CHECK_OK(keys_open(&keys, &api.keys, &why));
	for (int role = 0; role < 3; role++)
		CHECK_OK(keys_create(api.keys,
			&(struct key_draft){.workspace = 1,
				.role = (enum key_role)role,
				.name = STR("test")},
			&hook_world.arena, &view, &tokens[role]));
	api.desk = desk_start(1, 8);
	api.router = api_router_new_of(&api, &table, 1);
	options.context = api.router;
	CHECK_OK(http_server_start(&options, &server, &why));
	api.server = server;
}

static void
tear_down(void)
{
	http_server_stop(api.server, 5 * SECONDS);
	hook_world_close();
	http_server_free(api.server);
	desk_stop(api.desk);
	api_router_free(api.router);
	keys_close(api.keys);
	buf_release(&head);
	buf_release(&body);
}

static void
dial_and_send(
	int *ret_fd, const char *line, const char *headers, struct str text)
{
	*ret_fd = peer_dial(http_server_port(api.server));
	peer_send(*ret_fd, arena_printf(&hook_world.arena,
				   "%s HTTP/1.1\r\nHost: a\r\n"
				   "Content-Length: %zu\r\n%s\r\n%.*s",
				   line, text.len, headers, STR_ARG(text)));
}

static int
send_bytes(const char *line, const char *headers, struct str text)
{
	int fd, status;

	dial_and_send(&fd, line, headers, text);
	status = peer_read(fd, true, &head, &body);
	close(fd);
	return status;
}

/** With the key of a role. */
static int
ask(enum key_role role, const char *line, const char *text)
{
	struct str headers = arena_printf(&hook_world.arena,
		"Authorization: Bearer %.*s\r\n"
		"Content-Type: application/json\r\n",
		STR_ARG(tokens[role]));

	return send_bytes(line, headers.ptr, str_of(text));
}

/** The text with `what` in the place of its `@`. */
static const char *
path(const char *text, struct str what)
{
	struct str rest = str_of(text);
	struct str first = str_split(&rest, '@');

	return arena_printf(&hook_world.arena, "%.*s%.*s%.*s", STR_ARG(first),
		STR_ARG(what), STR_ARG(rest))
		.ptr;
}

/** A member of the last answer. */
static struct str
member(const char *name)
{
	struct json_doc doc;

	CHECK_OK(json_read(arena_copy(&hook_world.arena, buf_str(&body)),
		&hook_world.arena, &doc, NULL));
	return json_string(
		json_path(json_root(&doc), str_of(name)), &hook_world.arena);
}

static bool
says(const struct buf *text, const char *what)
{
	return str_find(buf_str(text), str_of(what)) != SIZE_MAX;
}

TEST(hook_routes, a_hook_is_made_shown_changed_and_deleted)
{
	struct str id, token;

	set_up();
	CHECK_INT(ask(ROLE_ADMIN, "POST /v1/hooks",
			  "{\"name\":\"h\",\"apiKeys\":[\"topsecret\"]}"),
		201);
	id = member("id");
	token = member("token");
	CHECK_INT(token.len, HOOK_TOKEN_LEN);
	CHECK(says(&head, path("/v1/hooks/@", id)));
	CHECK(!says(&body, "topsecret"));
	CHECK_INT(ask(ROLE_ADMIN, "GET /v1/hooks", ""), 200);
	CHECK(says(&body, "\"total\":1"));
	CHECK_INT(ask(ROLE_VIEWER, "GET /v1/hooks", ""), 403);
	CHECK_INT(ask(ROLE_ADMIN, path("PATCH /v1/hooks/@", id),
			  "{\"challenges\":[\"com\"],\"apiKeys\":null}"),
		200);
	CHECK(says(&head, "ETag: \"2\""));
	CHECK_INT(send_bytes(path("GET /hook/@", token),
			  "x-compute-ops-mgmt-verification-challenge: t\r\n",
			  STR("")),
		200);
	CHECK_STR(buf_str(&body), STR("{\"verification\":\"t\"}"));
	CHECK_INT(ask(ROLE_VIEWER, path("GET /v1/hooks/@/log", id), ""), 200);
	CHECK(says(&body, "\"outcome\":\"challenge\""));
	CHECK(says(&body, "\"address\":\"127.0.0.1\""));
	CHECK_INT(ask(ROLE_ADMIN, path("DELETE /v1/hooks/@", id), ""), 204);
	CHECK_INT(ask(ROLE_ADMIN, path("DELETE /v1/hooks/@", id), ""), 404);
	CHECK_INT(ask(ROLE_ADMIN, path("GET /v1/hooks/@", id), ""), 404);
	CHECK_INT(send_bytes(path("GET /hook/@", token), "", STR("")), 410);
	tear_down();
}

static const struct {
	const char *line, *body;
	int status;
	const char *says;
} bad[] = {
	{"POST /v1/hooks", "", 400, "JSON"},
	{"POST /v1/hooks", "{", 400, "JSON"},
	{"POST /v1/hooks", "[]", 400, "expected an object"},
	{"POST /v1/hooks", "{}", 400, "mandatory"},
	{"POST /v1/hooks", "{\"name\":\"h\",\"nope\":1}", 400, "no member"},
	{"POST /v1/hooks",
		"{\"name\":\"h\",\"scenarioId\":"
		"\"00000000-0000-4000-8000-000000000001\"}",
		400, "no such scenario"},
	{"POST /v1/hooks", "{\"name\":\"h\",\"apiKeys\":[1]}", 400, "apiKeys"},
	{"GET /v1/hooks/x", "", 404, "no such hook"},
	{"PATCH /v1/hooks/x", "{}", 404, "no such hook"},
	{"DELETE /v1/hooks/x", "", 404, "no such hook"},
	{"GET /v1/hooks/x/log", "", 404, "no such hook"},
	{"PUT /v1/hooks/x", "{}", 405, ""},
};

TEST(hook_routes, what_is_wrong_is_told)
{
	set_up();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		int status = ask(ROLE_ADMIN, bad[i].line, bad[i].body);

		if (status != bad[i].status || !says(&body, bad[i].says))
			check_failed(__FILE__, __LINE__, "%s %s: %d %s",
				bad[i].line, bad[i].body, status,
				buf_text(&body));
	}
	CHECK_INT(send_bytes("GET /v1/hooks", "", STR("")), 401);
	tear_down();
}

static const struct hook *
usual(void)
{
	struct str scenario = hook_world_scenario(false, true);

	return hook_world_hook(path("\"scenarioId\":\"@\"", scenario));
}

TEST(hook_routes, every_method_needs_no_key_and_is_stored_first)
{
	static const char *const lines[] = {"GET /hook/@?a=b",
		"POST /hook/@?a=b", "PUT /hook/@?a=b", "PATCH /hook/@?a=b",
		"DELETE /hook/@?a=b", "OPTIONS /hook/@?a=b"};
	const struct hook *hook;

	set_up();
	hook = usual();
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		CHECK_INT(send_bytes(path(lines[i], hook->token),
				  "Content-Type: application/json\r\n"
				  "Accept: text/html\r\n",
				  STR("{\"c\":1}")),
			200);
		CHECK_STR(buf_str(&body), STR("Accepted"));
		CHECK_STR(hook_world.trigger, STR("{\"c\":1,\"a\":\"b\"}"));
	}
	CHECK_INT(hook_world.begun, COUNT_OF(lines));
	hook_unref(hook);
	tear_down();
}

TEST(hook_routes, a_body_has_a_limit_of_its_own)
{
	struct hook_report report;
	const struct hook *hook;
	struct buf large = {0};

	set_up();
	hook = usual();
	memset(buf_reserve(&large, (5 << 20) + 1), 'x', (5 << 20) + 1);
	large.len = 5 << 20;
	CHECK_INT(send_bytes(path("POST /hook/@", hook->token),
			  "Content-Type: text/plain\r\n", buf_str(&large)),
		200);
	large.len++;
	CHECK_INT(send_bytes(path("POST /hook/@", hook->token),
			  "Content-Type: text/plain\r\n", buf_str(&large)),
		413);
	CHECK_INT(hook_world.begun, 1);
	hook_life_report(hook->life, &hook_world.arena, &report);
	CHECK_INT(report.counts[HOOK_REFUSED], 1);
	buf_release(&large);
	hook_unref(hook);
	tear_down();
}

/** Plays the writer: waits for the order, then says that it is stored. */
static void *
store_later(void *context)
{
	enum err *err = context;

	sem_wait(&hook_world.has_begun);
	hook_world_stored(*err);
	return NULL;
}

TEST(hook_routes, an_answer_comes_from_another_thread)
{
	static const int statuses[] = {200, 503};
	static enum err results[] = {ERR_OK, ERR_IO};
	const struct hook *hook;

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		pthread_t thread;

		set_up();
		hook = usual();
		hook_world.waits_for_store = true;
		pthread_create(&thread, NULL, store_later, &results[i]);
		CHECK_INT(send_bytes(path("POST /hook/@", hook->token), "",
				  STR("hello")),
			statuses[i]);
		pthread_join(thread, NULL);
		hook_unref(hook);
		tear_down();
	}
}
