#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>

#include "base/clock.h"
#include "check.h"
#include "http_engines.h"
#include "net/http_client.h"
#include "wire_server.h"

/* Names, by a name server of the test's own, and what is done about them. */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

enum { DEADLINE = 30 };

/* What the name server says: addresses with blanks between. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int code;
	const char *addresses;
	bool is_held;
	int asked;
} names = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void
read_address(const char *text, union resolver_address *ret)
{
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1)
		ret->v4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1)
		ret->v6.sin6_family = AF_INET6;
	else
		check_failed(__FILE__, __LINE__, "no address: %s", text);
}

static int
look_up(void *context, const char *host, struct resolver_addresses *ret)
{
	struct str rest;
	int code;

	(void)context;
	(void)host;
	pthread_mutex_lock(&names.lock);
	names.asked++;
	while (names.is_held)
		pthread_cond_wait(&names.changed, &names.lock);
	rest = str_of(names.addresses);
	while (rest.len > 0) {
		char text[64];
		struct str part = str_split(&rest, ' ');

		snprintf(text, sizeof(text), "%.*s", STR_ARG(part));
		read_address(text, &ret->list[ret->count++]);
	}
	code = names.code;
	pthread_mutex_unlock(&names.lock);
	return code;
}

static void
say(int code, const char *addresses, bool is_held)
{
	pthread_mutex_lock(&names.lock);
	names.code = code;
	names.addresses = addresses;
	names.is_held = is_held;
	pthread_cond_broadcast(&names.changed);
	pthread_mutex_unlock(&names.lock);
}

struct got {
	size_t count;
	enum http_failure failure;
	int status;
	struct http_timings timings;
	char error[512];
	char peer[64];
};

static struct address_policy policy = {.allow_http = true};
static struct http_client *client;
static struct wire_server server;

static void
on_done(void *context, const struct http_result *result)
{
	struct got *got = context;

	got->count++;
	got->failure = result->failure;
	got->status = result->status;
	got->timings = result->timings;
	snprintf(
		got->error, sizeof(got->error), "%.*s", STR_ARG(result->error));
	snprintf(got->peer, sizeof(got->peer), "%.*s", STR_ARG(result->peer));
}

static void
begin(const struct wire_reply *replies, size_t count)
{
	struct resolver_options resolver = {
		.look_up = look_up, .ttl = 60 * SECONDS};
	struct http_client_options options = {.policy = &policy,
		.connect_timeout = 200 * MILLISECONDS,
		.resolver = &resolver,
		.engine = engine,
		.ring = ring};
	struct buf why = {0};

	CHECK_OK(address_network_parse(
		STR("127.0.0.1"), &policy.allowed[0], &why));
	policy.allowed_count = 1;
	wire_server_start(&server, replies, count, NULL);
	client = http_client_new(&options);
}

static void
end(void)
{
	http_client_free(client);
	wire_server_stop(&server);
}

static struct got
get(const char *host)
{
	int64_t deadline = clock_monotonic() + DEADLINE * SECONDS;
	char url[128];
	struct got got = {0};
	struct http_request request = {.method = "GET",
		.timeout = DEADLINE * SECONDS,
		.response_max = 64,
		.context = &got,
		.done = on_done};

	snprintf(url, sizeof(url), "http://%s:%u/", host, server.port);
	request.url = str_of(url);
	http_client_send(client, &request);
	while (got.count == 0) {
		CHECK(clock_monotonic() < deadline);
		http_client_wait(client, -1, SECONDS);
	}
	CHECK_INT(got.count, 1);
	return got;
}

static const struct wire_reply reply = {.bytes = OK, .then = WIRE_CLOSE};

ENGINES_TEST(a_name_is_reached_by_the_address_it_was_given)
{
	struct got got;

	begin(&reply, 1);
	say(0, "127.0.0.1", false);
	got = get("a.example");
	CHECK_INT(got.status, 200);
	CHECK_TEXT(got.peer, "127.0.0.1");
	CHECK(got.timings.name_resolved > 0);
	CHECK(got.timings.name_resolved <= got.timings.connected);
	CHECK(got.timings.connected <= got.timings.first_byte);
	CHECK(got.timings.first_byte <= got.timings.total);
	end();
	CHECK(str_find(buf_str(&server.requests), STR("Host: a.example:")) !=
		SIZE_MAX);
}

ENGINES_TEST(a_name_that_leads_inside_is_refused_whatever_it_is)
{
	static const char *const inside[] = {"127.0.0.2", "10.0.0.1",
		"172.16.0.1", "192.168.0.1", "169.254.169.254", "169.254.1.1",
		"100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
		"192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fd00::1",
		"fe80::1", "ff02::1", "fd00:ec2::254", "::ffff:10.0.0.1",
		"::10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1",
		"2002:a00:1::1", "2001:0:808:808:0:0:f5ff:fffe",
		"10.0.0.1 169.254.169.254"};
	int count = 0;

	begin(&reply, 1);
	for (size_t i = 0; i < COUNT_OF(inside); i++) {
		char host[32];
		struct got got;

		snprintf(host, sizeof(host), "n%d.example", count++);
		say(0, inside[i], false);
		got = get(host);
		if (got.failure != HTTP_NOT_ALLOWED)
			check_failed(__FILE__, __LINE__, "%s: %s", inside[i],
				http_failure_name(got.failure));
		CHECK(strstr(got.error, "not on the allow-list"));
		CHECK(strstr(got.error, host));
	}
	CHECK_INT(atomic_load(&server.connections), 0);
	end();
}

ENGINES_TEST(of_several_addresses_only_the_allowed_one_is_used)
{
	struct got got;

	begin(&reply, 1);
	say(0, "169.254.169.254 10.0.0.1 ::1 127.0.0.1", false);
	got = get("a.example");
	CHECK_INT(got.status, 200);
	CHECK_TEXT(got.peer, "127.0.0.1");
	end();
}

/**
 * An endpoint that is down, in front of an address of the other family that
 * this machine has no route to: the resolver puts such ones last.
 */
ENGINES_TEST(of_several_addresses_an_unroutable_one_excuses_no_endpoint)
{
	static const char *const addresses[] = {"127.0.0.1 ff02::1",
		"ff02::1 127.0.0.1", "127.0.0.1 224.0.0.1",
		"224.0.0.1 127.0.0.1"};
	char host[32];

	begin(&reply, 1);
	CHECK_OK(address_network_parse(
		STR("224.0.0.1"), &policy.allowed[1], NULL));
	CHECK_OK(address_network_parse(
		STR("ff02::1"), &policy.allowed[2], NULL));
	policy.allowed_count = 3;
	wire_server_stop(&server); /* nobody listens there any more */
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct got got;

		snprintf(host, sizeof(host), "n%zu.example", i);
		say(0, addresses[i], false);
		got = get(host);
		if (got.failure != HTTP_CANNOT_CONNECT)
			check_failed(__FILE__, __LINE__, "%s: %s: %s",
				addresses[i], http_failure_name(got.failure),
				got.error);
	}
	say(0, "ff02::1 224.0.0.1", false);
	CHECK_INT(get("none.example").failure, HTTP_OUR_FAULT);
	http_client_free(client);
}

/** The classic: allowed when it is looked at, inside when it is used. */
ENGINES_TEST(a_name_that_changes_its_mind_is_vetted_again)
{
	static const struct wire_reply replies[] = {
		{.bytes = OK, .then = WIRE_CLOSE},
		{.bytes = OK, .then = WIRE_CLOSE}};
	struct got got;

	begin(replies, 2);
	say(0, "127.0.0.1", false);
	clock_test_set(0, 1000 * SECONDS);
	CHECK_INT(get("a.example").status, 200);
	say(0, "127.0.0.99", false);
	/* What was vetted is what is connected to: nobody asks again. */
	CHECK_INT(get("a.example").status, 200);
	CHECK_INT(names.asked, 1);
	clock_test_advance(120 * SECONDS);
	got = get("a.example");
	clock_test_release();
	CHECK_INT(got.failure, HTTP_NOT_ALLOWED);
	CHECK_INT(names.asked, 2);
	CHECK_INT(atomic_load(&server.connections), 2);
	end();
}

ENGINES_TEST(a_name_server_that_fails_is_our_side_and_an_unknown_name_not)
{
	static const struct {
		int code;
		enum http_failure failure;
		const char *error;
	} rows[] = {
		{EAI_NONAME, HTTP_NAME_UNKNOWN,
			"host \"a.example\": there is no such name"},
		{EAI_AGAIN, HTTP_DNS_DOWN,
			"host \"b.example\": the name server did not answer"},
		{EAI_SYSTEM, HTTP_OUR_FAULT,
			"host \"c.example\": this machine could not look it "
			"up"},
	};
	static const char *const hosts[] = {
		"a.example", "b.example", "c.example"};

	begin(&reply, 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct got got;

		say(rows[i].code, "", false);
		got = get(hosts[i]);
		CHECK_INT(got.failure, rows[i].failure);
		CHECK_TEXT(got.error, rows[i].error);
	}
	end();
}

ENGINES_TEST(a_name_server_that_hangs_costs_the_time_to_connect)
{
	struct got got;

	begin(&reply, 1);
	say(0, "127.0.0.1", true);
	got = get("a.example");
	CHECK_INT(got.failure, HTTP_DNS_DOWN);
	CHECK(strstr(got.error, "did not answer in time"));
	CHECK(got.timings.total >= 200 * MILLISECONDS);
	/* Nobody else waits for it. */
	CHECK_INT(get("127.0.0.1").status, 200);
	say(0, "127.0.0.1", false);
	end();
}
