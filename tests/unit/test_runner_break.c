#include "runner_rig.h"
#include "wire_server.h"

/* What a Break handler puts aside of steps that a service refuses. */

static struct wire_server wire;
static struct address_policy policy;

#define REFUSING(id_, break_) \
	"{\"flow\":[" MODULE(id_, "http:ActionSendData", \
		",\"parameters\":{\"handleErrors\":true}" MAPPER( \
			"{\"url\":\"http://127.0.0.1:%d/\",\"method\":" \
			"\"get\"}") ",\"onerror\":[" MODULE(break_, \
			"builtin:Break", \
			MAPPER("{\"retry\":true,\"count\":\"2\"," \
			       "\"interval\":\"7\"}")) "]") "]}"

static void
begin(const struct wire_reply *replies, size_t count)
{
	CHECK_OK(address_network_parse(
		STR("127.0.0.0/8"), &policy.allowed[0], NULL));
	policy.allowed_count = 1;
	policy.allow_http = true;
	wire_server_start(&wire, replies, count, NULL);
	rig_begin();
	rig_stop();
	rig.usual.http = (struct http_client_options){
		.policy = &policy, .user_agent = "test"};
	rig_start();
}

static void
end(void)
{
	rig_end();
	wire_server_stop(&wire);
	buf_release(&wire.requests);
}

TEST(runner_break, waits_as_long_as_the_service_asks_and_then_ends_well)
{
	static const struct wire_reply replies[] = {
		{"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\n"
		 "Content-Length: 0\r\nConnection: close\r\n\r\n",
			.then = WIRE_CLOSE},
		{"HTTP/1.1 503 Off\r\nContent-Length: 0\r\n"
		 "Connection: close\r\n\r\n",
			.then = WIRE_CLOSE},
		{"HTTP/1.1 429 Slow\r\nRetry-After: 7200\r\n"
		 "Content-Length: 0\r\nConnection: close\r\n\r\n",
			.then = WIRE_CLOSE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
		 "Connection: close\r\n\r\n",
			.then = WIRE_CLOSE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
		 "Connection: close\r\n\r\n",
			.then = WIRE_CLOSE},
	};
	const struct scenario *scenario;
	uint64_t first;

	begin(replies, COUNT_OF(replies));
	scenario = rig_import(arena_printf(&rig.arena,
		SCENARIO("\"dlq\":true",
			MODULE(2, "builtin:BasicRouter",
				",\"routes\":[" REFUSING(3, 5) "," REFUSING(
					4, 6) "]")),
		wire.port, wire.port)
				      .ptr);
	CHECK_OK(rig_order(scenario, 0, "{}"));
	first = rig_sequence_of(0);
	AWAIT(rig_state_of(first) == EXECUTION_WARNING);
	/* An hour for the first, the handler's seven minutes for the other. */
	CHECK(rig_execution_of(first + 1).due > clock_now() + 59 * MINUTES);
	CHECK(rig_execution_of(first + 2).due > clock_now() + 6 * MINUTES);
	CHECK(rig_execution_of(first + 2).due < clock_now() + 8 * MINUTES);

	CHECK_OK(runner_retry(rig.runner, first + 2));
	AWAIT(rig_execution_of(first + 2).attempts == 1);
	CHECK(rig_execution_of(first + 2).due > clock_now() + 119 * MINUTES);

	/* The other's Break came before it in the run: not its concern. */
	CHECK_OK(runner_retry(rig.runner, first + 2));
	AWAIT(rig_state_of(first + 2) == EXECUTION_SUCCESS);
	CHECK_OK(runner_retry(rig.runner, first + 1));
	AWAIT(rig_state_of(first + 1) == EXECUTION_SUCCESS);
	scenario_unref(scenario);
	end();
}
