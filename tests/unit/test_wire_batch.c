#include <sched.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "check.h"
#include "net/http_client.h"
#include "refused_calls.h"
#include "wire_server.h"

/* What is gathered for one system call (net/wire_batch.h): what happens to it
   when that call, or a request, does not come about. That it goes as it does
   one by one is shown by all the tests named …_by_ring. */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

enum { DEADLINE = 30 };

static struct address_policy policy = {.allow_http = true};
static struct http_client *client;
static struct wire_server server;
static char url[64];
static size_t done_count, ok_count, late_count;

static void
on_done(void *context, const struct http_result *result)
{
	(void)context;
	done_count++;
	ok_count += result->status == 200;
	late_count += result->failure == HTTP_TIMED_OUT;
}

static void
begin(enum http_ring ring)
{
	static const struct wire_reply replies[] = {
		{.bytes = OK}, {.bytes = OK}, {.bytes = OK}};
	struct http_client_options options = {
		.policy = &policy, .engine = HTTP_ENGINE_WIRE, .ring = ring};
	struct buf why = {0};

	CHECK_OK(address_network_parse(
		STR("127.0.0.1"), &policy.allowed[0], &why));
	policy.allowed_count = 1;
	wire_server_start(&server, replies, COUNT_OF(replies), NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", server.port);
	client = http_client_new(&options);
}

static void
end(void)
{
	http_client_free(client);
	wire_server_stop(&server);
	buf_release(&server.requests);
}

static void
post_to(const char *to, const char *body)
{
	struct http_request request = {.method = "POST",
		.url = str_of(to),
		.body = str_of(body),
		.has_body = true,
		.timeout = DEADLINE * SECONDS,
		.done = on_done};

	http_client_send(client, &request);
}

static void
post(const char *body)
{
	post_to(url, body);
}

static void
wait_for(size_t count)
{
	int64_t deadline = clock_monotonic() + DEADLINE * SECONDS;

	while (done_count < count) {
		CHECK(clock_monotonic() < deadline);
		http_client_wait(client, -1, SECONDS);
	}
}

/** `number`: a system call that is forbidden before the last. */
static void
post_three(long number)
{
	begin(HTTP_RING_ALWAYS);
	post("first");
	wait_for(1);
	post("second");
	wait_for(2);
	refuse_call(number);
	post("third");
	wait_for(3);
	CHECK_INT(ok_count, 3);
	CHECK_INT(atomic_load(&server.connections), 1);
	end();
}

TEST(wire_batch, a_system_without_io_uring_is_no_hindrance)
{
	refuse_call(SYS_io_uring_setup);
	post_three(SYS_io_uring_setup);
}

TEST(wire_batch, io_uring_that_is_forbidden_in_the_midst_is_no_hindrance)
{
	post_three(SYS_io_uring_enter);
}

TEST(wire_batch, what_is_over_before_its_turn_is_not_sent)
{
	clock_test_set(0, 1000 * SECONDS);
	begin(HTTP_RING_ALWAYS);
	post("first");
	wait_for(1);
	post("second");
	clock_test_advance(DEADLINE * SECONDS);
	http_client_wait(client, -1, 0);
	CHECK_INT(done_count, 2);
	CHECK_INT(late_count, 1);
	post("third");
	wait_for(3);
	clock_test_release();
	end();
	CHECK_INT(ok_count, 2);
}

TEST(wire_batch, freeing_ends_what_was_gathered)
{
	begin(HTTP_RING_ALWAYS);
	post("first");
	wait_for(1);
	post("second");
	end();
	CHECK_INT(done_count, 2);
	CHECK_INT(ok_count, 1);
}

/* An endpoint that hangs must not hold up those that are ready. */
TEST(wire_batch, what_was_gathered_goes_before_a_connection_is_opened)
{
	int64_t deadline = clock_monotonic() + DEADLINE * SECONDS;

	begin(HTTP_RING_ALWAYS);
	post("first");
	wait_for(1);
	post("second");
	post_to("http://127.0.0.1:1/", "elsewhere");
	/* No turn of the client's in between. */
	while (atomic_load(&server.heard) < 2) {
		CHECK(clock_monotonic() < deadline);
		sched_yield();
	}
	wait_for(3);
	CHECK_INT(ok_count, 2);
	end();
}
