#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "echo_server.h"
#include "http_peer.h"

TEST(http_server, stop_answers_in_place_of_a_late_handler)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_send(fd, GET("/never"));
	sem_wait(&echo->handled_one);
	CHECK_INT(http_server_in_flight(echo->server), 1);
	http_server_stop(echo->server, 10 * MILLISECONDS);
	peer_exchange(fd, STR(""), 503, STR("The server is stopping.\n"));
	CHECK(peer_is_closed(fd));
	/* The handler comes after all: its call is there and hears nothing. */
	CHECK_STR(http_call_path(echo->kept), STR("/never"));
	http_call_respond(echo->kept, 200, "text/plain", STR("late"));
	http_server_free(echo->server);
	close(fd);
	echo_server_free(echo);
}

TEST(http_server, quiesced_server_finishes_what_it_has)
{
	struct echo_server *echo = echo_server_start_plain();
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(http_server_port(echo->server)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = echo_server_dial(echo);
	int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	peer_exchange(fd, GET("/x"), 200, STR("GET /x "));
	http_server_quiesce(echo->server);
	CHECK_INT(connect(other, (struct sockaddr *)&address, sizeof(address)),
		-1);
	peer_exchange(fd, GET("/later"), 200, STR(""));
	close(other);
	close(fd);
	echo_server_stop(echo);
}

static void
handle(void *context, struct http_call *call)
{
	(void)context;
	http_call_respond(call, 204, NULL, STR(""));
}

TEST(http_server, listen_text_must_be_host_and_port)
{
	static const char *const wrong[] = {"", "8080", ":8080", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "[::1]",
		"[::1]8080", "[::1", "::1:8080"};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *server;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct http_server_options options = {
			.listen = str_of(wrong[i]), .handle = handle};

		buf_clear(&why);
		CHECK_INT(http_server_start(&options, &server, &why),
			ERR_INVALID);
		CHECK(why.len > 0);
	}
}

TEST(http_server, address_in_use_is_told)
{
	struct echo_server *echo = echo_server_start_plain();
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *second;
	char listen[64];
	struct http_server_options options = {.handle = handle};

	snprintf(listen, sizeof(listen), "127.0.0.1:%u",
		http_server_port(echo->server));
	options.listen = str_of(listen);
	CHECK_INT(http_server_start(&options, &second, &why), ERR_IO);
	CHECK(str_find(buf_str(&why), STR("in use")) != SIZE_MAX);
	echo_server_stop(echo);
}
