#include "flow/outgoing.h"

#include <pthread.h>

#include "base/clock.h"
#include "check.h"
#include "wire_server.h"

static struct address_policy lab;
static struct outgoing *outgoing;
static struct wire_server server;
static struct arena arena;
static struct outgoing_response response;
static struct failure failure;

static void
begin(const struct wire_reply *replies, size_t count)
{
	struct http_client_options options = {.policy = &lab};

	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &lab.allowed[0], NULL));
	lab.allowed_count = 1;
	lab.allow_http = true;
	outgoing = outgoing_new(&options);
	wire_server_start(&server, replies, count, NULL);
}

static void
end(void)
{
	outgoing_free(outgoing);
	wire_server_stop(&server);
	arena_release(&arena);
}

static enum failure_kind
send_to(const char *host, int64_t timeout, size_t response_max)
{
	struct outgoing_request request = {.method = "GET",
		.url = arena_printf(&arena, "http://%s:%d/", host, server.port),
		.timeout = timeout,
		.response_max = response_max};

	return outgoing_send(outgoing, &request, &arena, &response, &failure);
}

TEST(outgoing, answers_come_one_after_the_other_on_one_connection)
{
	static const struct wire_reply replies[] = {
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
		{.bytes = "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone"},
	};

	begin(replies, COUNT_OF(replies));
	CHECK_INT(send_to("127.0.0.1", 0, 0), FAILURE_NONE);
	CHECK_INT(response.status, 200);
	CHECK_STR(response.body, STR("hi"));
	CHECK_INT(send_to("127.0.0.1", 0, 0), FAILURE_NONE);
	CHECK_INT(response.status, 404);
	CHECK_INT(atomic_load(&server.connections), 1);
	CHECK_INT(outgoing_refusal(&response, response.body, &arena, &failure),
		FAILURE_DATA);
	CHECK_STR(failure.message, STR("[404] gone"));
	end();
}

TEST(outgoing, answer_that_is_too_large_is_a_failure)
{
	static const struct wire_reply replies[] = {
		{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong"},
	};

	begin(replies, COUNT_OF(replies));
	CHECK_INT(send_to("127.0.0.1", 0, 3), FAILURE_MAX_FILE_SIZE);
	CHECK(str_find(failure.message, STR("3 bytes")) != SIZE_MAX);
	end();
}

TEST(outgoing, silence_is_a_timeout_and_a_closed_door_a_connection_error)
{
	static const struct wire_reply replies[] = {
		{.bytes = "", .then = WIRE_HOLD}};

	begin(replies, COUNT_OF(replies));
	CHECK_INT(
		send_to("127.0.0.1", SECONDS / 20, 0), FAILURE_MODULE_TIMEOUT);
	CHECK_INT(send_to("127.0.0.2", SECONDS * 5, 0), FAILURE_CONNECTION);
	end();
}

TEST(outgoing, address_that_is_not_allowed_is_a_wrong_configuration)
{
	begin(NULL, 0);
	CHECK_INT(send_to("10.0.0.1", SECONDS, 0), FAILURE_CONFIGURATION);
	end();
}

static void *
interrupt(void *context)
{
	(void)context;
	while (atomic_load(&server.connections) == 0)
		sched_yield();
	outgoing_interrupt(outgoing);
	return NULL;
}

TEST(outgoing, interruption_ends_what_is_waited_for_and_all_later_calls)
{
	static const struct wire_reply replies[] = {
		{.bytes = "", .then = WIRE_HOLD}};
	pthread_t thread;

	begin(replies, COUNT_OF(replies));
	CHECK_INT(pthread_create(&thread, NULL, interrupt, NULL), 0);
	CHECK_INT(send_to("127.0.0.1", 60 * SECONDS, 0), FAILURE_INTERRUPTED);
	pthread_join(thread, NULL);
	CHECK_INT(send_to("127.0.0.1", 60 * SECONDS, 0), FAILURE_INTERRUPTED);
	end();
}

TEST(outgoing, statuses_mean_what_their_row_says)
{
	static const struct {
		int status;
		enum failure_kind kind;
	} cases[] = {{200, FAILURE_NONE}, {304, FAILURE_NONE},
		{400, FAILURE_DATA}, {401, FAILURE_ACCESS_TOKEN},
		{403, FAILURE_ACCESS_TOKEN}, {410, FAILURE_RUNTIME},
		{429, FAILURE_RATE_LIMIT}, {500, FAILURE_RUNTIME},
		{503, FAILURE_CONNECTION}, {599, FAILURE_RUNTIME}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		response.status = cases[i].status;
		CHECK_INT(outgoing_failure_of(&response), cases[i].kind);
	}
}

TEST(outgoing, refusal_says_how_long_to_wait)
{
	response = (struct outgoing_response){.status = 429,
		.head = STR("HTTP/1.1 429 No\r\nRetry-After: 7\r\n\r\n")};
	CHECK_INT(outgoing_refusal(&response, STR("slow"), &arena, &failure),
		FAILURE_RATE_LIMIT);
	CHECK_INT(failure.retry_after, 7 * SECONDS);
	arena_release(&arena);
}
