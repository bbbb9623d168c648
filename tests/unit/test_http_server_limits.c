#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "check.h"
#include "echo_server.h"
#include "http_peer.h"

TEST(http_server, length_over_the_limit_is_refused_before_the_body)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd,
		STR("POST /small HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 11\r\n\r\n"),
		413, STR("refused"));
	CHECK(peer_is_closed(fd));
	close(fd);
	fd = echo_server_dial(echo);
	peer_exchange(fd,
		STR("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Content-Length: 99999999999\r\n\r\n"),
		413, STR("refused"));
	close(fd);
	fd = echo_server_dial(echo);
	peer_exchange(fd,
		STR("POST /small HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 10\r\n\r\n0123456789"),
		200, STR("0123456789"));
	close(fd);
	CHECK_INT(atomic_load(&echo->handled), 1);
	echo_server_stop(echo);
}

TEST(http_server, sender_of_too_much_can_read_the_refusal)
{
	enum { SIZE = 3 << 20 };
	struct echo_server *echo = echo_server_start_plain();
	char *bytes = mem_alloc(SIZE);
	int fd = echo_server_dial(echo);

	peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: 3145728\r\n\r\n"));
	peer_send(fd, str_make(bytes, SIZE));
	peer_exchange(fd, STR(""), 413, STR("refused"));
	close(fd);
	mem_free(bytes);
	echo_server_stop(echo);
}

TEST(http_server, chunks_over_the_limit_are_refused)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd,
		STR("POST /small HTTP/1.1\r\nHost: a\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"
		    "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n"),
		413, STR("refused"));
	CHECK(peer_is_closed(fd));
	close(fd);
	/* As soon as a chunk says it, without its bytes. */
	fd = echo_server_dial(echo);
	peer_exchange(fd,
		STR("POST /small HTTP/1.1\r\nHost: a\r\n"
		    "Transfer-Encoding: chunked\r\n\r\nb\r\n"),
		413, STR("refused"));
	CHECK(peer_is_closed(fd));
	close(fd);
	CHECK_INT(atomic_load(&echo->refused), 2);
	CHECK_INT(atomic_load(&echo->handled), 0);
	echo_server_stop(echo);
}

TEST(http_server, endless_chunks_are_cut)
{
	struct echo_server *echo = echo_server_start_plain();
	char *piece = mem_alloc(0x10000);
	int fd = echo_server_dial(echo);
	bool is_cut = false;

	peer_send(fd, STR("POST /small HTTP/1.1\r\nHost: a\r\n"
			  "Transfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 10000 && !is_cut; i++)
		is_cut = send(fd, "10000\r\n", 7, MSG_NOSIGNAL) != 7 ||
			 send(fd, piece, 0x10000, MSG_NOSIGNAL) != 0x10000 ||
			 send(fd, "\r\n", 2, MSG_NOSIGNAL) != 2;
	CHECK(is_cut);
	close(fd);
	mem_free(piece);
	echo_server_stop(echo);
}

TEST(http_server, unusable_heads_are_refused)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{"GET \r\nHost: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\n\r\n", 400}, /* no Host */
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		{"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
			400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		 "Content-Length: 4\r\n\r\n",
			400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
			400},
		{"POST / HTTP/1.1\r\nHost: a\r\n"
		 "Transfer-Encoding: gzip\r\n\r\n",
			501},
		{"POST / HTTP/1.1\r\nHost: a\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
			400},
		{"POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417},
		{"GET / HTTP/7.1\r\nHost: a\r\n\r\n", 505},
	};
	struct echo_server *echo = echo_server_start_plain();
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = echo_server_dial(echo);

		peer_send(fd, str_of(cases[i].request));
		CHECK_INT(peer_read(fd, true, &head, &body), cases[i].status);
		CHECK_STR(buf_str(&body), STR("refused"));
		CHECK(str_find(buf_str(&head), STR("Connection: close\r\n")) !=
			SIZE_MAX);
		CHECK(peer_is_closed(fd));
		close(fd);
	}
	CHECK_INT(atomic_load(&echo->handled), 0);
	echo_server_stop(echo);
}

TEST(http_server, line_that_is_no_request_is_refused)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_exchange(fd, STR("nonsense\r\n\r\n"), 400, STR("refused"));
	CHECK(peer_is_closed(fd));
	close(fd);
	fd = echo_server_dial(echo);
	peer_exchange(fd, GET("/x"), 200, STR("GET /x "));
	close(fd);
	echo_server_stop(echo);
}

TEST(http_server, head_over_its_limit_is_refused)
{
	struct echo_server *echo = echo_server_start(
		(struct http_server_options){.threads = 1, .head_max = 4096});
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	char filler[8000];
	int fd = echo_server_dial(echo);

	memset(filler, 'a', sizeof(filler));
	peer_send(fd, STR("GET / HTTP/1.1\r\nHost: a\r\nX: "));
	peer_send(fd, str_make(filler, sizeof(filler)));
	peer_send(fd, STR("\r\n\r\n"));
	CHECK_INT(peer_read(fd, true, &head, &body), 431);
	close(fd);
	echo_server_stop(echo);
}
