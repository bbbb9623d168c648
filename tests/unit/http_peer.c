#include "http_peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "check.h"

int
peer_dial(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void
peer_send(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);

		CHECK(sent > 0);
		text = str_skip(text, (size_t)sent);
	}
}

int
peer_read(int fd, bool has_body, struct buf *head, struct buf *body)
{
	uint64_t len = 0;
	char c;

	buf_clear(head);
	buf_clear(body);
	while (!str_ends_with(buf_str(head), STR("\r\n\r\n"))) {
		CHECK_INT(recv(fd, &c, 1, 0), 1);
		buf_append_char(head, c);
	}
	for (struct str rest = buf_str(head); rest.ptr;) {
		struct str line = str_trim(str_split(&rest, '\n'));
		struct str name = str_split(&line, ':');

		if (str_equal_nocase(name, STR("Content-Length")))
			CHECK_OK(str_to_u64(str_trim(line), &len));
	}
	while (has_body && body->len < len) {
		CHECK_INT(recv(fd, &c, 1, 0), 1);
		buf_append_char(body, c);
	}
	CHECK(head->len > 12);
	return (int)strtol(head->ptr + 9, NULL, 10);
}

bool
peer_is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) <= 0;
}

void
peer_exchange(int fd, struct str request, int status, struct str expected)
{
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);

	peer_send(fd, request);
	CHECK_INT(peer_read(fd, true, &head, &body), status);
	CHECK_STR(buf_str(&body), expected);
}
