#include "net/http_client.h"

#include "base/clock.h"
#include "check.h"
#include "http_engines.h"
#include "wire_server.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Way: there\r\n\r\nhi"
#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"

enum { DEADLINE = 30 }; /* seconds for whatever a test waits for */

/* A copy of what `done` was told. */
struct got {
	size_t count;
	enum http_failure failure;
	int status;
	struct buf head, body, error, peer;
	bool body_was_cut;
	bool is_reused;
	struct http_timings timings;
};

static struct address_policy lab;
static struct http_client *client;
static struct wire_server server;

static void
copy(struct buf *to, struct str bytes)
{
	buf_clear(to);
	buf_append(to, bytes);
}

static void
on_done(void *context, const struct http_result *result)
{
	struct got *got = context;

	got->count++;
	got->failure = result->failure;
	got->status = result->status;
	got->body_was_cut = result->body_was_cut;
	got->is_reused = result->is_reused_connection;
	got->timings = result->timings;
	copy(&got->head, result->head);
	copy(&got->body, result->body);
	copy(&got->error, result->error);
	copy(&got->peer, result->peer);
}

static void
open_client(const char *ca_file)
{
	struct http_client_options options = {.policy = &lab,
		.ca_file = ca_file,
		.engine = engine,
		.ring = ring};

	client = http_client_new(&options);
}

/** A client that may reach loopback, and a server with these replies. */
static void
begin(const struct wire_reply *replies, size_t count)
{
	struct buf why = {0};

	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &lab.allowed[0], &why));
	lab.allowed_count = 1;
	lab.allow_http = true;
	open_client(NULL);
	wire_server_start(&server, replies, count, NULL);
}

static void
end(void)
{
	http_client_free(client);
	wire_server_stop(&server);
}

static void
wait_for(const struct got *got, size_t count)
{
	int64_t deadline = clock_monotonic() + DEADLINE * SECONDS;

	while (got->count < count) {
		CHECK(clock_monotonic() < deadline);
		http_client_wait(client, -1, SECONDS);
	}
}

static struct str
server_url(const char *path)
{
	static char url[128];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server.port, path);
	return str_of(url);
}

static struct http_request
request_to(struct str url, struct got *got)
{
	return (struct http_request){.method = "GET",
		.url = url,
		.timeout = DEADLINE * SECONDS,
		.response_max = 64,
		.context = got,
		.done = on_done};
}

/** One request from start to end; `got` is static. */
static struct got *
run(const struct http_request *template)
{
	static struct got got;
	struct http_request request = *template;

	request.context = &got;
	http_client_send(client, &request);
	wait_for(&got, got.count + 1);
	return &got;
}

static struct got *
get(struct str url)
{
	struct http_request request = request_to(url, NULL);

	return run(&request);
}

/** A GET of the one reply ends in this failure. */
static struct got *
check_failure(const struct wire_reply *reply, enum http_failure failure)
{
	struct got *got;

	begin(reply, 1);
	got = get(server_url("/"));
	end();
	CHECK_INT(got->failure, failure);
	CHECK_INT(got->status, 0);
	CHECK(got->error.len > 0);
	return got;
}

ENGINES_TEST(every_status_is_an_answer)
{
	static const struct wire_reply replies[] = {{.bytes = OK},
		{.bytes = NO_CONTENT},
		{.bytes = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"},
		{.bytes = "HTTP/1.0 429 \r\nRetry-After: 7\r\n\r\nlater",
			.then = WIRE_CLOSE}};
	static const int statuses[] = {200, 204, 500, 429};

	begin(replies, COUNT_OF(replies));
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		struct got *got = get(server_url("/"));

		CHECK_INT(got->failure, HTTP_NO_FAILURE);
		CHECK_INT(got->status, statuses[i]);
		CHECK_INT(got->error.len, 0);
	}
	end();
}

ENGINES_TEST(a_result_has_head_body_peer_and_timings)
{
	static const struct wire_reply reply = {.bytes = OK};
	struct got *got;
	struct str value;

	begin(&reply, 1);
	got = get(server_url("/"));
	CHECK_STR(buf_str(&got->head),
		STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		    "X-Way: there\r\n\r\n"));
	CHECK(http_head_find(buf_str(&got->head), STR("x-way"), &value));
	CHECK_STR(value, STR("there"));
	CHECK_TEXT(buf_text(&got->body), "hi");
	CHECK(!got->body_was_cut);
	CHECK_TEXT(buf_text(&got->peer), "127.0.0.1");
	CHECK(got->timings.connected > 0 && got->timings.tls_done == 0);
	CHECK(got->timings.first_byte >= got->timings.connected);
	CHECK(got->timings.total >= got->timings.first_byte);
	end();
}

ENGINES_TEST(a_kept_connection_is_used_again)
{
	static const struct wire_reply replies[] = {
		{.bytes = OK}, {.bytes = OK}, {.bytes = NO_CONTENT}};

	begin(replies, COUNT_OF(replies));
	CHECK(!get(server_url("/1"))->is_reused);
	CHECK(get(server_url("/2"))->is_reused);
	CHECK(get(server_url("/3"))->is_reused);
	CHECK_INT(atomic_load(&server.connections), 1);
	end();
}

ENGINES_TEST(a_kept_connection_that_died_is_replaced)
{
	static const struct wire_reply replies[] = {
		{.bytes = OK, .then = WIRE_CLOSE}, {.bytes = NO_CONTENT}};
	struct got *got;

	begin(replies, COUNT_OF(replies));
	CHECK_INT(get(server_url("/1"))->status, 200);
	got = get(server_url("/2"));
	CHECK_INT(got->failure, HTTP_NO_FAILURE);
	CHECK_INT(got->status, 204);
	CHECK_INT(atomic_load(&server.connections), 2);
	end();
}

ENGINES_TEST(the_request_arrives_as_it_was_given)
{
	static const struct wire_reply replies[] = {{.bytes = NO_CONTENT}};
	static const char body[] = "\0\r\n\r\n\xff{\"a\":1}";
	struct http_header headers[] = {
		{STR("Content-Type"), STR("application/json")},
		{STR("X-Empty"), STR("")}, {STR("webhook-id"), STR("msg:1 ")}};
	struct http_request request;

	begin(replies, 1);
	request = request_to(server_url("/a/b?c=d"), NULL);
	request.method = "PUT";
	request.headers = headers;
	request.header_count = COUNT_OF(headers);
	request.body = str_make(body, sizeof(body));
	request.has_body = true;
	CHECK_INT(run(&request)->status, 204);
	end();
	{
		char expected[512];
		int len = snprintf(expected, sizeof(expected),
			"PUT /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
			"User-Agent: grapnel/" GRAPNEL_VERSION "\r\n"
			"Accept: */*\r\nContent-Type: application/json\r\n"
			"X-Empty:\r\nwebhook-id: msg:1\r\n"
			"Content-Length: %zu\r\n\r\n",
			server.port, sizeof(body));
		struct str got = buf_str(&server.requests);

		CHECK_STR(str_head(got, (size_t)len),
			str_make(expected, (size_t)len));
		CHECK_STR(str_skip(got, (size_t)len),
			str_make(body, sizeof(body)));
	}
}

ENGINES_TEST(methods_do_not_rub_off_on_the_next_request)
{
	static const struct wire_reply replies[] = {{.bytes = NO_CONTENT},
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
		{.bytes = NO_CONTENT}, {.bytes = OK}, {.bytes = NO_CONTENT}};
	static const char *const methods[] = {
		"POST", "HEAD", "OPTIONS", "GET", "DELETE"};

	begin(replies, COUNT_OF(replies));
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		struct http_request request = request_to(server_url("/"), NULL);
		struct got *got;

		request.method = methods[i];
		request.has_body = i == 0;
		request.body = i == 0 ? STR("once") : STR("");
		got = run(&request);
		CHECK_INT(got->failure, HTTP_NO_FAILURE);
		CHECK_INT(got->body.len, i == 3 ? 2 : 0);
	}
	end();
	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s / HTTP/1.1\r\n", methods[i]);
		CHECK(str_find(buf_str(&server.requests), str_of(line)) !=
			SIZE_MAX);
	}
	CHECK(str_find(buf_str(&server.requests), STR("Content-Type")) ==
		SIZE_MAX);
	CHECK(str_find(buf_str(&server.requests), STR("Expect")) == SIZE_MAX);
}

ENGINES_TEST(a_redirect_is_an_answer_and_not_followed)
{
	static const struct wire_reply replies[] = {
		{.bytes = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
			  "Content-Length: 0\r\n\r\n"},
		{.bytes = OK}};

	begin(replies, COUNT_OF(replies));
	CHECK_INT(get(server_url("/"))->status, 302);
	CHECK_INT(get(server_url("/"))->status, 200);
	end();
}

ENGINES_TEST(interim_responses_are_passed_over)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n"
			 "HTTP/1.1 100 Continue\r\n\r\n" OK};
	struct got *got;

	begin(&reply, 1);
	got = get(server_url("/"));
	CHECK_INT(got->status, 200);
	CHECK(str_starts_with(buf_str(&got->head), STR("HTTP/1.1 200")));
	CHECK(str_find(buf_str(&got->head), STR("Link")) == SIZE_MAX);
	end();
}

ENGINES_TEST(a_flood_of_interim_responses_is_broken_off)
{
	static const struct wire_reply reply = {.bytes = "",
		.more = "HTTP/1.1 100 Continue\r\n\r\n",
		.more_count = 100000,
		.then = WIRE_CLOSE};

	CHECK_TEXT(buf_text(&check_failure(&reply, HTTP_BROKEN)->error),
		"over 16 interim (1xx) responses");
}

ENGINES_TEST(a_head_of_many_lines_is_too_large)
{
	static const struct wire_reply reply = {.bytes = "HTTP/1.1 200 OK\r\n",
		.more = "X-Filler: 0123456789012345678901234567890123456789\r\n",
		.more_count = 1000000,
		.then = WIRE_CLOSE};

	check_failure(&reply, HTTP_TOO_LARGE);
}

ENGINES_TEST(a_head_of_one_endless_line_is_too_large)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nX-Filler: ",
		.more = "0123456789012345678901234567890123456789",
		.more_count = 1000000,
		.then = WIRE_CLOSE};

	check_failure(&reply, HTTP_TOO_LARGE);
}

ENGINES_TEST(a_head_just_below_the_limit_is_kept_whole)
{
	static const struct wire_reply reply = {.bytes = "HTTP/1.1 200 OK\r\n"
							 "X-Filler: ",
		.more = "0123456789",
		.more_count = 6500};
	static struct wire_reply whole;
	static char bytes[70000];
	size_t len = 0;

	len += (size_t)snprintf(bytes, sizeof(bytes), "%s", reply.bytes);
	for (size_t i = 0; i < reply.more_count; i++)
		len += (size_t)snprintf(
			bytes + len, sizeof(bytes) - len, "%s", reply.more);
	snprintf(bytes + len, sizeof(bytes) - len,
		"\r\nContent-Length: 0\r\n\r\n");
	whole.bytes = bytes;
	begin(&whole, 1);
	CHECK_STR(buf_str(&get(server_url("/"))->head), str_of(bytes));
	end();
}

ENGINES_TEST(nonsense_instead_of_a_status_line_is_broken)
{
	static const struct wire_reply reply = {
		.bytes = "SSH-2.0-OpenSSH_9.2\r\n\r\n", .then = WIRE_CLOSE};

	check_failure(&reply, HTTP_BROKEN);
}

ENGINES_TEST(nothing_at_all_is_broken)
{
	static const struct wire_reply reply = {
		.bytes = "", .then = WIRE_CLOSE};

	check_failure(&reply, HTTP_BROKEN);
}

ENGINES_TEST(a_reset_in_the_body_is_broken)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour",
		.then = WIRE_RESET};

	check_failure(&reply, HTTP_BROKEN);
}

ENGINES_TEST(a_body_shorter_than_announced_is_broken)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour",
		.then = WIRE_CLOSE};

	check_failure(&reply, HTTP_BROKEN);
}

ENGINES_TEST(a_chunked_body_is_put_together_and_trailers_dropped)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n"
			 "X-Trailer: 1\r\n\r\n"};
	struct got *got;

	begin(&reply, 1);
	got = get(server_url("/"));
	CHECK_TEXT(buf_text(&got->body), "hello world");
	CHECK(str_find(buf_str(&got->head), STR("Trailer")) == SIZE_MAX);
	end();
}

ENGINES_TEST(a_body_over_the_limit_is_cut_and_the_connection_kept)
{
	static const struct wire_reply replies[] = {
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n",
			.more = "0123456789",
			.more_count = 50000},
		{.bytes = OK}};
	struct got *got;

	begin(replies, COUNT_OF(replies));
	got = get(server_url("/"));
	CHECK_INT(got->status, 200);
	CHECK_INT(got->body.len, 64);
	CHECK(got->body_was_cut);
	got = get(server_url("/"));
	CHECK(got->is_reused && !got->body_was_cut);
	end();
}

ENGINES_TEST(an_endless_body_is_cut_off_and_its_status_counts)
{
	static const struct wire_reply replies[] = {
		{.bytes = "HTTP/1.1 202 Yes\r\n\r\n",
			.more = "01234567890123456789012345678901234567890123",
			.more_count = 100000000,
			.then = WIRE_CLOSE},
		{.bytes = OK}};
	struct got *got;

	begin(replies, COUNT_OF(replies));
	got = get(server_url("/"));
	CHECK_INT(got->failure, HTTP_NO_FAILURE);
	CHECK_INT(got->status, 202);
	CHECK_INT(got->body.len, 64);
	CHECK(got->body_was_cut);
	CHECK(!get(server_url("/"))->is_reused);
	end();
}

ENGINES_TEST(endless_trailers_are_cut_off)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "0\r\n",
		.more = "X-Trailer: 0123456789012345678901234567890123456789"
			"\r\n",
		.more_count = 10000000,
		.then = WIRE_CLOSE};
	struct got *got;

	begin(&reply, 1);
	got = get(server_url("/"));
	CHECK_INT(got->status, 200);
	end();
}
