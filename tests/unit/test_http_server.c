#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "echo_server.h"
#include "http_peer.h"

TEST(http_server, path_and_query_come_as_sent)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd, GET("/a%2Fb/%zz?x=%20&y=a+b&&"), 200,
		STR("GET /a%2Fb/%zz x=%20&y=a+b&&"));
	peer_exchange(fd, GET("/?"), 200, STR("GET / "));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, pipelined_requests_are_answered_in_order)
{
	struct echo_server *echo = echo_server_start_plain();
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	int fd = echo_server_dial(echo);

	peer_send(fd, STR("POST /later HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: 3\r\n\r\none"
			  "GET /two HTTP/1.1\r\nHost: a\r\n\r\n"
			  "POST /echo HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: 5\r\n\r\nthree"));
	CHECK_INT(peer_read(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("one"));
	CHECK_INT(peer_read(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("GET /two "));
	CHECK_INT(peer_read(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("three"));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, body_in_pieces_is_put_together)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_send(fd, STR("POST /echo HTTP/1.1\r\nHo"));
	peer_send(fd, STR("st: a\r\nContent-Length: 6\r\n\r\n"));
	peer_send(fd, STR("ab"));
	peer_send(fd, STR("cd"));
	peer_exchange(fd, STR("ef"), 200, STR("abcdef"));
	peer_exchange(fd,
		STR("POST /echo HTTP/1.1\r\nHost: a\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
		200, STR("abcde"));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, client_that_closes_its_half_gets_its_answer)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_send(fd, GET("/later"));
	shutdown(fd, SHUT_WR);
	peer_exchange(fd, STR(""), 200, STR(""));
	CHECK(peer_is_closed(fd));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, client_that_is_gone_while_suspended_leaves_nothing)
{
	struct echo_server *echo = echo_server_start_plain();

	for (int i = 0; i < 20; i++) {
		int fd = echo_server_dial(echo);

		peer_send(fd, GET("/later"));
		close(fd);
		sem_wait(&echo->handled_one);
	}
	echo_server_stop(echo);
}

TEST(http_server, hundred_suspended_calls_are_answered_by_another_thread)
{
	enum { CALLS = 100, ROUNDS = 5 };
	struct echo_server *echo = echo_server_start_plain();
	int fds[CALLS];

	for (int i = 0; i < CALLS; i++)
		fds[i] = echo_server_dial(echo);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CALLS; i++)
			peer_send(fds[i],
				STR("POST /later HTTP/1.1\r\nHost: a\r\n"
				    "Content-Length: 2\r\n\r\nhi"));
		for (int i = 0; i < CALLS; i++)
			peer_exchange(fds[i], STR(""), 200, STR("hi"));
	}
	for (int i = 0; i < CALLS; i++)
		close(fds[i]);
	CHECK_INT(atomic_load(&echo->handled), CALLS * ROUNDS);
	echo_server_stop(echo);
}

TEST(http_server, early_answer_to_a_small_request_keeps_the_connection)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd, GET("/deny"), 401, STR("who?"));
	peer_exchange(fd,
		STR("POST /deny HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 4\r\n\r\nbody"),
		401, STR("who?"));
	peer_exchange(fd, GET("/x"), 200, STR("GET /x "));
	CHECK_INT(atomic_load(&echo->handled), 1);
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, early_answer_does_not_wait_for_an_expected_body)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd,
		STR("POST /deny HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Content-Length: 4\r\n\r\n"),
		401, STR("who?"));
	CHECK(peer_is_closed(fd));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, head_and_204_have_no_body)
{
	struct echo_server *echo = echo_server_start_plain();
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	int fd = echo_server_dial(echo);

	peer_send(fd, STR("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK_INT(peer_read(fd, false, &head, &body), 200);
	CHECK(str_find(buf_str(&head), STR("Content-Length: 8")) != SIZE_MAX);
	peer_send(fd, GET("/empty"));
	CHECK_INT(peer_read(fd, true, &head, &body), 204);
	peer_exchange(fd, GET("/y"), 200, STR("GET /y "));
	close(fd);
	echo_server_stop(echo);
}

static bool
count_header(void *context, struct str name, struct str value)
{
	(void)name;
	(void)value;
	++*(int *)context;
	return true;
}

static void
check_call(void *context, struct http_call *call)
{
	struct str value;
	int count = 0;

	(void)context;
	CHECK_STR(http_call_header(call, "x-one"), STR("1"));
	CHECK_STR(http_call_header(call, "absent"), STR(""));
	CHECK_STR(http_call_peer(call), STR("127.0.0.1"));
	http_call_each_header(call, count_header, &count);
	CHECK_INT(count, 2);
	CHECK_OK(http_call_parameter(call, "a b", &value));
	CHECK_STR(value, STR("c d"));
	CHECK_OK(http_call_parameter(call, "empty", &value));
	CHECK_STR(value, STR(""));
	CHECK_INT(http_call_parameter(call, "none", &value), ERR_NOT_FOUND);
	CHECK_INT(http_call_parameter(call, "twice", &value), ERR_INVALID);
	CHECK_INT(http_call_parameter(call, "bad", &value), ERR_INVALID);
	CHECK(*http_call_slot(call) == NULL);
	http_call_add_header(call, "X-Answer", STR("yes"));
	http_call_respond(call, 200, "text/plain", STR("checked"));
}

TEST(http_server, call_tells_headers_parameters_and_peer)
{
	struct http_server_options options = {
		.listen = STR("127.0.0.1:0"), .handle = check_call};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct http_server *server;
	int fd;

	CHECK_OK(http_server_start(&options, &server, &why));
	fd = peer_dial(http_server_port(server));
	peer_send(fd, STR("GET /?a+b=c%20d&empty&twice=1&twice=2&bad=%g1 "
			  "HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\n\r\n"));
	CHECK_INT(peer_read(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("checked"));
	CHECK(str_find(buf_str(&head), STR("X-Answer: yes\r\n")) != SIZE_MAX);
	close(fd);
	http_server_stop(server, SECONDS);
	http_server_free(server);
}
