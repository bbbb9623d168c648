#include "base/clock.h"
#include "check.h"
#include "http_engines.h"
#include "wire_server.h"

/* Connections that are kept: when they are used again, and when they die. */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"

enum { DEADLINE = 30 };

struct got {
	size_t count;
	enum http_failure failure;
	int status;
	size_t body_len;
	bool is_reused;
	char error[256];
};

static struct address_policy policy = {.allow_http = true};
static struct http_client *client;
static struct wire_server server;
static SSL_CTX *tls;

static void
on_done(void *context, const struct http_result *result)
{
	struct got *got = context;

	got->count++;
	got->failure = result->failure;
	got->status = result->status;
	got->body_len = result->body.len;
	got->is_reused = result->is_reused_connection;
	snprintf(
		got->error, sizeof(got->error), "%.*s", STR_ARG(result->error));
}

static void
begin(const struct wire_reply *replies, size_t count, bool is_secure)
{
	struct http_client_options options = {
		.policy = &policy, .engine = engine, .ring = ring};
	static char path[600];
	struct buf why = {0};

	CHECK_OK(address_network_parse(
		STR("127.0.0.1"), &policy.allowed[0], &why));
	policy.allowed_count = 1;
	if (is_secure) {
		snprintf(path, sizeof(path), "%s/ca.pem", check_temp_dir());
		tls = wire_tls_new("IP:127.0.0.1", path);
		options.ca_file = path;
	}
	wire_server_start(&server, replies, count, tls);
	client = http_client_new(&options);
}

static void
end(void)
{
	http_client_free(client);
	wire_server_stop(&server);
	SSL_CTX_free(tls);
}

static struct got
post(struct str body)
{
	int64_t deadline = clock_monotonic() + DEADLINE * SECONDS;
	char url[128];
	struct got got = {0};
	struct http_request request = {.method = "POST",
		.timeout = DEADLINE * SECONDS,
		.response_max = 1024 * 1024,
		.body = body,
		.has_body = true,
		.context = &got,
		.done = on_done};

	snprintf(url, sizeof(url), "%s://127.0.0.1:%u/", tls ? "https" : "http",
		server.port);
	request.url = str_of(url);
	http_client_send(client, &request);
	while (got.count == 0) {
		CHECK(clock_monotonic() < deadline);
		http_client_wait(client, -1, SECONDS);
	}
	CHECK_INT(got.count, 1);
	return got;
}

ENGINES_TEST(a_kept_connection_that_dies_before_its_answer_is_tried_anew)
{
	static const struct wire_reply replies[] = {{.bytes = OK},
		{.bytes = "", .then = WIRE_RESET}, {.bytes = NO_CONTENT}};
	struct got got;

	begin(replies, COUNT_OF(replies), false);
	CHECK_INT(post(STR("a")).status, 200);
	got = post(STR("b"));
	CHECK_INT(got.failure, HTTP_NO_FAILURE);
	CHECK_INT(got.status, 204);
	CHECK(!got.is_reused);
	CHECK_INT(atomic_load(&server.connections), 2);
	end();
}

ENGINES_TEST(a_fresh_connection_that_dies_is_not_tried_anew)
{
	static const struct wire_reply replies[] = {{.bytes = OK},
		{.bytes = "", .then = WIRE_CLOSE},
		{.bytes = "", .then = WIRE_CLOSE}, {.bytes = OK}};

	begin(replies, COUNT_OF(replies), false);
	CHECK_INT(post(STR("a")).status, 200);
	CHECK_INT(post(STR("b")).failure, HTTP_BROKEN);
	CHECK_INT(atomic_load(&server.connections), 2);
	end();
}

ENGINES_TEST(an_answer_that_has_begun_is_not_asked_for_anew)
{
	static const struct wire_reply replies[] = {{.bytes = OK},
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh",
			.then = WIRE_CLOSE},
		{.bytes = OK}};
	struct got got;

	begin(replies, COUNT_OF(replies), false);
	CHECK_INT(post(STR("a")).status, 200);
	got = post(STR("b"));
	CHECK_INT(got.failure, HTTP_BROKEN);
	CHECK(got.is_reused && got.error[0] != '\0');
	CHECK_INT(atomic_load(&server.connections), 1);
	end();
}

ENGINES_TEST(a_connection_said_to_close_is_not_used_again)
{
	static const struct wire_reply replies[] = {
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
			  "Connection: close\r\n\r\n",
			.then = WIRE_CLOSE},
		{.bytes = OK}};

	begin(replies, COUNT_OF(replies), false);
	CHECK_INT(post(STR("a")).status, 200);
	CHECK(!post(STR("b")).is_reused);
	end();
}

ENGINES_TEST(what_follows_an_answer_is_not_the_next_one)
{
	static const struct wire_reply replies[] = {
		{.bytes = OK "HTTP/1.1 500 Smuggled\r\n\r\n",
			.then = WIRE_CLOSE},
		{.bytes = NO_CONTENT}};
	struct got got;

	begin(replies, COUNT_OF(replies), false);
	CHECK_INT(post(STR("a")).status, 200);
	got = post(STR("b"));
	CHECK_INT(got.status, 204);
	CHECK(!got.is_reused);
	end();
}

ENGINES_TEST(a_kept_tls_connection_is_used_again)
{
	static const struct wire_reply replies[] = {
		{.bytes = OK}, {.bytes = OK}, {.bytes = NO_CONTENT}};

	begin(replies, COUNT_OF(replies), true);
	CHECK(!post(STR("a")).is_reused);
	/* The session's tickets, which come by and by, do not disturb it. */
	http_client_wait(client, -1, 20 * MILLISECONDS);
	CHECK(post(STR("b")).is_reused);
	CHECK(post(STR("c")).is_reused);
	CHECK_INT(atomic_load(&server.connections), 1);
	end();
}

ENGINES_TEST(large_bodies_go_both_ways_over_tls)
{
	enum { LARGE = 1000000 };
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n",
		.more = "0123456789",
		.more_count = 50000};
	static char body[LARGE];
	struct got got;
	struct str sent;

	for (size_t i = 0; i < LARGE; i++)
		body[i] = (char)(i % 251);
	begin(&reply, 1, true);
	got = post(str_make(body, LARGE));
	CHECK_INT(got.failure, HTTP_NO_FAILURE);
	CHECK_INT(got.body_len, 500000);
	end();
	sent = buf_str(&server.requests);
	CHECK(sent.len > LARGE);
	CHECK(!memcmp(sent.ptr + sent.len - LARGE, body, LARGE));
}

ENGINES_TEST(a_tls_peer_may_close_without_a_word)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\n\r\nuntil", .then = WIRE_CLOSE};

	begin(&reply, 1, true);
	CHECK_INT(post(STR("a")).body_len, 5);
	end();
}

/** Another request after `idle`; whether the connection was kept. */
static bool
is_kept_for(const char *first, int64_t idle)
{
	struct wire_reply replies[] = {{.bytes = first}, {.bytes = OK}};
	bool is_kept;

	engine = HTTP_ENGINE_WIRE;
	clock_test_set(0, 1000 * SECONDS);
	begin(replies, COUNT_OF(replies), false);
	CHECK_INT(post(STR("a")).status, 200);
	clock_test_advance(idle);
	is_kept = post(STR("b")).is_reused;
	clock_test_release();
	end();
	buf_release(&server.requests);
	return is_kept;
}

TEST(http_client, a_connection_is_kept_for_less_than_a_minute)
{
	CHECK(is_kept_for(OK, 54 * SECONDS));
	CHECK(!is_kept_for(OK, 56 * SECONDS));
}

TEST(http_client, a_connection_is_kept_for_no_longer_than_its_peer_says)
{
	static const char *const five =
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
		"Keep-Alive: timeout=5\r\n\r\n";

	CHECK(is_kept_for(five, 3 * SECONDS));
	CHECK(!is_kept_for(five, 4 * SECONDS + 1));
}
