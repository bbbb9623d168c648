#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "check.h"
#include "echo_server.h"
#include "http_peer.h"

/*
 * Clients that are slow, leave, or want much at once. Where time passes, the
 * clock is the test's and the server has one thread: two exchanges of another
 * connection make sure that it has seen what was sent before them.
 */

enum { LARGE = 16 << 20 };

static struct echo_server *
start_one_thread(unsigned connections_max)
{
	clock_test_set(1000 * SECONDS, 1000 * SECONDS);
	return echo_server_start((struct http_server_options){.threads = 1,
		.connections_max = connections_max,
		.idle_timeout = 60,
		.body_max = LARGE});
}

static void
let_turns_pass(struct echo_server *echo)
{
	int fd = echo_server_dial(echo);

	peer_exchange(fd, GET("/x"), 200, STR("GET /x "));
	peer_exchange(fd, GET("/y"), 200, STR("GET /y "));
	close(fd);
}

/** The server sees that so many seconds have passed. */
static void
pass(struct echo_server *echo, int64_t seconds)
{
	let_turns_pass(echo);
	clock_test_advance(seconds * SECONDS);
	let_turns_pass(echo);
}

static void
stop(struct echo_server *echo)
{
	echo_server_stop(echo);
	clock_test_release();
}

TEST(http_server, idle_connection_is_closed_after_the_timeout)
{
	struct echo_server *echo = start_one_thread(0);
	int silent = echo_server_dial(echo), used = echo_server_dial(echo);

	pass(echo, 40);
	peer_exchange(used, GET("/x"), 200, STR("GET /x "));
	pass(echo, 40);
	CHECK(peer_is_closed(silent));
	peer_exchange(used, GET("/y"), 200, STR("GET /y "));
	pass(echo, 61);
	CHECK(peer_is_closed(used));
	close(silent);
	close(used);
	stop(echo);
}

TEST(http_server, head_that_drips_is_ended_although_it_goes_on)
{
	struct echo_server *echo = start_one_thread(0);
	int fd = echo_server_dial(echo);

	peer_send(fd, STR("GET /x HTTP/1.1\r\n"));
	pass(echo, 30);
	peer_send(fd, STR("Host: a\r\n"));
	pass(echo, 31);
	peer_exchange(fd, STR(""), 408, STR("refused"));
	CHECK(peer_is_closed(fd));
	close(fd);
	stop(echo);
}

TEST(http_server, body_may_take_as_long_as_it_comes_fast_enough)
{
	struct echo_server *echo = start_one_thread(0);
	int slow = echo_server_dial(echo), fast = echo_server_dial(echo);
	struct str head = STR("POST /empty HTTP/1.1\r\nHost: a\r\n"
			      "Content-Length: 200000\r\n\r\n");
	char bytes[50000] = {0};

	peer_send(slow, head);
	peer_send(fast, head);
	for (int i = 0; i < 3; i++) {
		pass(echo, 25);
		peer_send(fast, str_make(bytes, sizeof(bytes)));
		(void)!send(slow, "x", 1, MSG_NOSIGNAL);
	}
	peer_exchange(slow, STR(""), 408, STR("refused"));
	CHECK(peer_is_closed(slow));
	peer_exchange(fast, str_make(bytes, sizeof(bytes)), 204, STR(""));
	close(slow);
	close(fast);
	stop(echo);
}

/** A request for LARGE bytes, handled; nothing of the answer is read. */
static int
ask_for_much(struct echo_server *echo, char *bytes)
{
	int fd = echo_server_dial(echo);

	peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: 16777216\r\n\r\n"));
	peer_send(fd, str_make(bytes, LARGE));
	sem_wait(&echo->handled_one);
	return fd;
}

static size_t
read_to_end(int fd, char *bytes)
{
	size_t all = 0;
	ssize_t count;

	while ((count = recv(fd, bytes, LARGE, 0)) > 0)
		all += (size_t)count;
	return all;
}

TEST(http_server, answer_that_nobody_reads_is_given_up)
{
	struct echo_server *echo = start_one_thread(0);
	char *bytes = mem_alloc(LARGE);
	int fd = ask_for_much(echo, bytes);

	pass(echo, 61);
	CHECK(read_to_end(fd, bytes) < LARGE);
	close(fd);
	mem_free(bytes);
	stop(echo);
}

TEST(http_server, large_answer_goes_as_the_client_reads_it)
{
	struct echo_server *echo = echo_server_start(
		(struct http_server_options){.threads = 1, .body_max = LARGE});
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	char *bytes = mem_alloc(LARGE);
	size_t all = 0;
	int fd = ask_for_much(echo, bytes);

	CHECK_INT(peer_read(fd, false, &head, &body), 200);
	while (all < LARGE) {
		ssize_t count = recv(fd, bytes, LARGE - all, 0);

		CHECK(count > 0);
		all += (size_t)count;
	}
	peer_exchange(fd, GET("/x"), 200, STR("GET /x "));
	close(fd);
	mem_free(bytes);
	echo_server_stop(echo);
}

/** Closes so that the server's side is told by a reset. */
static void
reset(int fd)
{
	struct linger linger = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

TEST(http_server, client_that_leaves_while_it_waits_makes_room)
{
	struct echo_server *echo =
		echo_server_start((struct http_server_options){
			.threads = 2, .connections_max = 1});
	int fd = echo_server_dial(echo);

	peer_send(fd, GET("/never"));
	sem_wait(&echo->handled_one);
	reset(fd);
	fd = echo_server_dial(echo);
	peer_exchange(fd, GET("/x"), 200, STR("GET /x "));
	/* Its handler has not answered: the call is still there. */
	CHECK(http_server_in_flight(echo->server) >= 1);
	CHECK_STR(http_call_path(echo->kept), STR("/never"));
	http_call_respond(echo->kept, 200, "text/plain", STR("late"));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, connections_over_the_limit_wait_their_turn)
{
	struct echo_server *echo =
		echo_server_start((struct http_server_options){
			.threads = 2, .connections_max = 2});
	int fds[6];
	char c;

	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = echo_server_dial(echo);
		peer_send(fds[i], GET("/x"));
	}
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		peer_exchange(fds[i], STR(""), 200, STR("GET /x "));
		if (i == 1) {
			peer_exchange(fds[0], GET("/y"), 200, STR("GET /y "));
			CHECK_INT(recv(fds[2], &c, 1, MSG_DONTWAIT), -1);
			close(fds[0]);
		}
		if (i > 0)
			close(fds[i]);
	}
	echo_server_stop(echo);
}

TEST(http_server, many_pipelined_requests_are_answered_in_order)
{
	enum { REQUESTS = 300 };
	struct echo_server *echo = echo_server_start_plain();
	CLEANUP(buf_release) struct buf all = buf_make(0);
	int fd = echo_server_dial(echo);
	char expected[64];

	for (int i = 0; i < REQUESTS; i++)
		buf_printf(&all,
			"POST %s HTTP/1.1\r\nHost: a\r\n"
			"Content-Length: 3\r\n\r\n%03d",
			i % 3 ? "/echo" : "/later", i);
	peer_send(fd, buf_str(&all));
	for (int i = 0; i < REQUESTS; i++) {
		snprintf(expected, sizeof(expected), "%03d", i);
		peer_exchange(fd, STR(""), 200, str_of(expected));
	}
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, body_that_is_expected_is_asked_for)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd,
		STR("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Content-Length: 2\r\n\r\n"),
		100, STR(""));
	peer_exchange(fd, STR("hi"), 200, STR("hi"));
	/* Who sends it with its head has not waited. */
	peer_exchange(fd,
		STR("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Content-Length: 2\r\n\r\nho"),
		200, STR("ho"));
	peer_exchange(fd,
		STR("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"),
		100, STR(""));
	peer_exchange(fd, STR("1\r\nx\r\n0\r\n\r\n"), 200, STR("x"));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, http_1_0_is_closed_unless_it_asks)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd,
		STR("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 200,
		STR("GET /x "));
	peer_exchange(fd, STR("GET /y HTTP/1.0\r\n\r\n"), 200, STR("GET /y "));
	CHECK(peer_is_closed(fd));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, another_protocol_is_not_changed_to)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd,
		STR("GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\n\r\n"),
		200, STR("GET /x "));
	peer_exchange(fd, GET("/y"), 200, STR("GET /y "));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, bytes_after_the_last_request_do_not_cost_its_answer)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_send(fd, STR("GET /later HTTP/1.1\r\nHost: a\r\n"
			  "Connection: close\r\n\r\nGET /more"));
	peer_exchange(fd, STR(""), 200, STR(""));
	CHECK(peer_is_closed(fd));
	close(fd);
	echo_server_stop(echo);
}
