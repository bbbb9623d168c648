#include <netdb.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "http_engines.h"
#include "wire_server.h"

/* What the client refuses, how it starts and ends, and TLS. */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

enum { DEADLINE = 30 };

struct got {
	size_t count;
	size_t by_failure[HTTP_ABORTED + 1];
	enum http_failure failure;
	int status;
	bool is_reused;
	char error[512];
	struct http_timings timings;
};

static struct address_policy policy = {.allow_http = true};
static struct http_client *client;
static struct wire_server server;

static void
on_done(void *context, const struct http_result *result)
{
	struct got *got = context;

	got->count++;
	got->by_failure[result->failure]++;
	got->failure = result->failure;
	got->status = result->status;
	got->timings = result->timings;
	got->is_reused = result->is_reused_connection;
	snprintf(
		got->error, sizeof(got->error), "%.*s", STR_ARG(result->error));
}

static void
allow_loopback(void)
{
	struct buf why = {0};

	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &policy.allowed[0], &why));
	policy.allowed_count = 1;
}

static void
open_client(const char *ca_file)
{
	struct http_client_options options = {.policy = &policy,
		.ca_file = ca_file,
		.connections_max = 2048,
		.engine = engine,
		.ring = ring};

	client = http_client_new(&options);
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

static struct http_request
request_to(const char *url, struct got *got)
{
	return (struct http_request){.method = "GET",
		.url = str_of(url),
		.timeout = DEADLINE * SECONDS,
		.response_max = 64,
		.context = got,
		.done = on_done};
}

static struct got
get(const char *url)
{
	struct got got = {0};
	struct http_request request = request_to(url, &got);

	http_client_send(client, &request);
	CHECK_INT(got.count, 0);
	CHECK_INT(http_client_running(client), 1);
	wait_for(&got, 1);
	CHECK_INT(http_client_running(client), 0);
	return got;
}

static const char *
local_url(const char *scheme, const char *host)
{
	static char url[128];

	snprintf(url, sizeof(url), "%s://%s:%u/", scheme, host, server.port);
	return url;
}

ENGINES_TEST(a_literal_address_that_is_not_allowed_is_refused)
{
	static const struct wire_reply reply = {.bytes = OK};
	struct got got;

	wire_server_start(&server, &reply, 1, NULL);
	open_client(NULL);
	got = get(local_url("http", "127.0.0.1"));
	CHECK_INT(got.failure, HTTP_NOT_ALLOWED);
	CHECK_TEXT(got.error,
		"address 127.0.0.1 is loopback: not on the allow-list");
	CHECK_INT(atomic_load(&server.connections), 0);
	http_client_free(client);
	wire_server_stop(&server);
}

ENGINES_TEST(a_name_that_leads_to_such_an_address_is_refused)
{
	static const struct wire_reply reply = {.bytes = OK};
	struct got got;

	wire_server_start(&server, &reply, 1, NULL);
	open_client(NULL);
	got = get(local_url("http", "localhost"));
	CHECK_INT(got.failure, HTTP_NOT_ALLOWED);
	CHECK(strstr(got.error, "host \"localhost\" is at "));
	CHECK(strstr(got.error, "(loopback): not on the allow-list"));
	CHECK_INT(atomic_load(&server.connections), 0);
	http_client_free(client);
	wire_server_stop(&server);
}

ENGINES_TEST(one_allowed_address_of_a_name_is_enough)
{
	static const struct wire_reply reply = {.bytes = OK};

	allow_loopback(); /* but not ::1 */
	wire_server_start(&server, &reply, 1, NULL);
	open_client(NULL);
	CHECK_INT(get(local_url("http", "localhost")).status, 200);
	http_client_free(client);
	wire_server_stop(&server);
}

ENGINES_TEST(plain_http_needs_to_be_allowed)
{
	policy.allow_http = false;
	open_client(NULL);
	CHECK_INT(get("http://example.com/").failure, HTTP_NOT_ALLOWED);
	http_client_free(client);
}

ENGINES_TEST(what_is_no_url_ends_in_done)
{
	open_client(NULL);
	CHECK_INT(get("").failure, HTTP_BAD_URL);
	CHECK_INT(get("ftp://example.com/").failure, HTTP_BAD_URL);
	CHECK_INT(get("https://u:p@example.com/").failure, HTTP_BAD_URL);
	http_client_free(client);
}

ENGINES_TEST(a_closed_port_is_not_our_fault)
{
	allow_loopback();
	wire_server_start(&server, NULL, 0, NULL);
	wire_server_stop(&server);
	open_client(NULL);
	CHECK_INT(get(local_url("http", "127.0.0.1")).failure,
		HTTP_CANNOT_CONNECT);
	http_client_free(client);
}

ENGINES_TEST(a_name_nobody_has_is_told_from_a_name_server_that_failed)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int code;

	open_client(NULL);
	code = getaddrinfo("no-such-host.invalid", NULL, &hints, &found);
	CHECK(code != 0);
	CHECK_INT(get("http://no-such-host.invalid/").failure,
		resolver_failure(code));
	http_client_free(client);
}

ENGINES_TEST(freeing_does_not_wait_for_a_name_server)
{
	struct got got = {0};
	struct http_request request =
		request_to("http://no-such-host.invalid/", &got);
	int64_t start = clock_monotonic();

	open_client(NULL);
	for (int i = 0; i < 2 * RESOLVER_THREADS_MAX; i++)
		http_client_send(client, &request);
	http_client_wait(client, -1, 0);
	http_client_wait(client, -1, 10 * MILLISECONDS);
	http_client_free(client);
	CHECK_INT(got.count, 2 * RESOLVER_THREADS_MAX);
	CHECK(clock_monotonic() - start < 2 * SECONDS);
}

ENGINES_TEST(want_of_descriptors_is_our_fault)
{
	struct rlimit limit;
	int next;

	allow_loopback();
	open_client(NULL);
	next = dup(0);
	close(next);
	limit = (struct rlimit){(rlim_t)next, (rlim_t)next};
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK_INT(get("http://127.0.0.1:1/").failure, HTTP_OUR_FAULT);
	http_client_free(client);
}

ENGINES_TEST(a_header_that_cannot_be_sent_ends_in_done)
{
	static const struct http_header wrong[] = {
		{STR_INIT("X-A"), STR_INIT("b\r\nX-C: d")},
		{STR_INIT("X A"), STR_INIT("b")},
		{STR_INIT("Content-Length"), STR_INIT("0")},
		{STR_INIT("transfer-encoding"), STR_INIT("chunked")}};

	open_client(NULL);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct got got = {0};
		struct http_request request =
			request_to("https://example.com/", &got);

		request.headers = &wrong[i];
		request.header_count = 1;
		http_client_send(client, &request);
		wait_for(&got, 1);
		CHECK_INT(got.failure, HTTP_OUR_FAULT);
		CHECK(strstr(got.error, "cannot be sent"));
	}
	http_client_free(client);
}

ENGINES_TEST(freeing_ends_what_runs_with_aborted)
{
	static const struct wire_reply reply = {.bytes = "", .then = WIRE_HOLD};
	struct got got = {0};
	struct http_request request;

	allow_loopback();
	wire_server_start(&server, &reply, 1, NULL);
	open_client(NULL);
	request = request_to(local_url("http", "127.0.0.1"), &got);
	for (int i = 0; i < 3; i++)
		http_client_send(client, &request);
	http_client_wait(client, -1, 0);
	request.url = STR("nonsense");
	http_client_send(client, &request);
	CHECK_INT(http_client_running(client), 4);
	http_client_free(client);
	CHECK_INT(got.count, 4);
	CHECK_INT(got.by_failure[HTTP_ABORTED], 3);
	CHECK_INT(got.by_failure[HTTP_BAD_URL], 1);
	wire_server_stop(&server);
}

static void
send_again(void *context, const struct http_result *result)
{
	struct got *got = context;
	struct http_request request = request_to("nonsense", got);

	on_done(got, result);
	if (got->count < 10)
		request.done = send_again;
	if (got->count < 11)
		http_client_send(client, &request);
}

ENGINES_TEST(done_may_send_even_while_the_client_is_freed)
{
	struct got got = {0};
	struct http_request request = request_to("nonsense", &got);

	open_client(NULL);
	request.done = send_again;
	http_client_send(client, &request);
	http_client_wait(client, -1, 0);
	CHECK_INT(got.count, 1);
	CHECK_INT(http_client_running(client), 1);
	http_client_free(client);
	CHECK_INT(got.count, 11);
	CHECK_INT(got.by_failure[HTTP_ABORTED], 9);
}

/** The last of the replies ends in a time-out, whatever it is. */
static struct got
check_timeout(const struct wire_reply *replies, size_t count)
{
	struct got got = {0};
	struct http_request request;

	allow_loopback();
	wire_server_start(&server, replies, count, NULL);
	open_client(NULL);
	for (size_t i = 0; i + 1 < count; i++)
		CHECK_INT(get(local_url("http", "127.0.0.1")).status, 200);
	request = request_to(local_url("http", "127.0.0.1"), &got);
	request.timeout = 200 * MILLISECONDS;
	http_client_send(client, &request);
	wait_for(&got, 1);
	CHECK_INT(got.failure, HTTP_TIMED_OUT);
	CHECK(got.timings.total >= 200 * MILLISECONDS);
	http_client_free(client);
	wire_server_stop(&server);
	return got;
}

ENGINES_TEST(silence_ends_by_the_timeout)
{
	static const struct wire_reply reply = {.bytes = "", .then = WIRE_HOLD};

	CHECK(!check_timeout(&reply, 1).is_reused);
}

ENGINES_TEST(silence_on_a_kept_connection_is_a_timeout_too)
{
	static const struct wire_reply replies[] = {
		{.bytes = OK}, {.bytes = "", .then = WIRE_HOLD}};

	CHECK(check_timeout(replies, 2).is_reused);
}

ENGINES_TEST(a_dripping_head_ends_by_the_timeout)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nX: ", .then = WIRE_DRIP};

	check_timeout(&reply, 1);
}

ENGINES_TEST(a_dripping_body_ends_by_the_timeout)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
		.then = WIRE_DRIP};

	check_timeout(&reply, 1);
}

ENGINES_TEST(a_clock_that_stands_still_does_not_stop_a_timeout)
{
	static const struct wire_reply reply = {.bytes = "", .then = WIRE_HOLD};
	struct got got = {0};
	struct http_request request;

	allow_loopback();
	wire_server_start(&server, &reply, 1, NULL);
	open_client(NULL);
	clock_test_set(0, 0);
	request = request_to(local_url("http", "127.0.0.1"), &got);
	request.timeout = 100 * MILLISECONDS;
	http_client_send(client, &request);
	for (int i = 0; i < 1000 && got.count == 0; i++)
		http_client_wait(client, -1, SECONDS);
	clock_test_release();
	CHECK_INT(got.failure, HTTP_TIMED_OUT);
	http_client_free(client);
	wire_server_stop(&server);
}

ENGINES_TEST(a_large_body_arrives_whole_and_without_asking)
{
	enum { LARGE = 2 * 1024 * 1024 };
	static const struct wire_reply reply = {.bytes = OK};
	static char body[LARGE];
	struct got got = {0};
	struct http_request request;
	struct str sent;

	for (size_t i = 0; i < LARGE; i++)
		body[i] = (char)(i % 251);
	allow_loopback();
	wire_server_start(&server, &reply, 1, NULL);
	open_client(NULL);
	request = request_to(local_url("http", "127.0.0.1"), &got);
	request.method = "POST";
	request.body = str_make(body, LARGE);
	request.has_body = true;
	http_client_send(client, &request);
	wait_for(&got, 1);
	CHECK_INT(got.status, 200);
	http_client_free(client);
	wire_server_stop(&server);
	sent = buf_str(&server.requests);
	CHECK(sent.len > LARGE);
	CHECK(!memcmp(sent.ptr + sent.len - LARGE, body, LARGE));
	CHECK(str_find(sent, STR("100-continue")) == SIZE_MAX);
}

ENGINES_TEST(a_thousand_requests_run_at_once)
{
	enum { MANY = 1000 };
	static struct wire_reply replies[MANY];
	struct got got = {0};
	struct http_request request;

	for (size_t i = 0; i < MANY; i++)
		replies[i] =
			(struct wire_reply){.bytes = OK, .then = WIRE_CLOSE};
	allow_loopback();
	wire_server_start(&server, replies, MANY, NULL);
	open_client(NULL);
	request = request_to(local_url("http", "127.0.0.1"), &got);
	for (size_t i = 0; i < MANY; i++)
		http_client_send(client, &request);
	CHECK_INT(http_client_running(client), MANY);
	wait_for(&got, MANY);
	CHECK_INT(got.by_failure[HTTP_NO_FAILURE], MANY);
	CHECK_INT(http_client_running(client), 0);
	http_client_free(client);
	wire_server_stop(&server);
}

/** A GET from a TLS server whose certificate is for `name`. */
static struct got
get_by_tls(const char *name, bool is_trusted)
{
	static const struct wire_reply reply = {.bytes = OK};
	char path[600];
	struct got got;
	SSL_CTX *tls;

	snprintf(path, sizeof(path), "%s/ca.pem", check_temp_dir());
	tls = wire_tls_new(name, path);
	allow_loopback();
	wire_server_start(&server, &reply, 1, tls);
	open_client(is_trusted ? path : NULL);
	got = get(local_url("https", "127.0.0.1"));
	http_client_free(client);
	wire_server_stop(&server);
	SSL_CTX_free(tls);
	return got;
}

ENGINES_TEST(a_certificate_of_a_given_authority_is_accepted)
{
	struct got got = get_by_tls("IP:127.0.0.1", true);

	CHECK_INT(got.failure, HTTP_NO_FAILURE);
	CHECK_INT(got.status, 200);
	CHECK(got.timings.tls_done >= got.timings.connected);
}

ENGINES_TEST(a_self_signed_certificate_is_refused)
{
	struct got got = get_by_tls("IP:127.0.0.1", false);

	CHECK_INT(got.failure, HTTP_TLS_FAILED);
	CHECK(strstr(got.error, "certificate"));
}

ENGINES_TEST(a_certificate_for_another_host_is_refused)
{
	CHECK_INT(
		get_by_tls("DNS:other.example", true).failure, HTTP_TLS_FAILED);
}
