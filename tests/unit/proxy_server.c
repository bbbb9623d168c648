#include "proxy_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { PEER_MILLISECONDS = 20000 };

/** The head of one request; false at the end. */
static bool
hear_head(struct proxy_server *server, int fd, uint16_t *ret_port)
{
	size_t start = server->requests.len;
	struct str head;
	char c;

	for (;;) {
		if (recv(fd, &c, 1, 0) != 1)
			return false;
		buf_append_char(&server->requests, c);
		head = str_skip(buf_str(&server->requests), start);
		if (str_ends_with(head, STR("\r\n\r\n")))
			break;
	}
	head = str_head(head, str_find(head, STR(" HTTP/1.1")));
	for (size_t i = 0; i < head.len; i++) {
		if (head.ptr[i] == ':')
			*ret_port =
				(uint16_t)strtoul(head.ptr + i + 1, NULL, 10);
	}
	return true;
}

static bool
carry_some(int from, int to)
{
	char bytes[4096];
	ssize_t count = recv(from, bytes, sizeof(bytes), 0);

	return count > 0 &&
	       send(to, bytes, (size_t)count, MSG_NOSIGNAL) == count;
}

static void
carry(int client, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd both[2] = {{.fd = client, .events = POLLIN},
		{.fd = peer, .events = POLLIN}};

	if (connect(peer, (struct sockaddr *)(void *)&address,
		    sizeof(address)) == 0) {
		while (poll(both, 2, PEER_MILLISECONDS) > 0) {
			if (both[0].revents && !carry_some(client, peer))
				break;
			if (both[1].revents && !carry_some(peer, client))
				break;
		}
	}
	close(peer);
}

static void
serve_one(struct proxy_server *server, int fd)
{
	struct pollfd peer = {.fd = fd, .events = POLLIN};
	uint16_t port = 0;
	size_t len;

	if (!hear_head(server, fd, &port))
		return;
	if (server->answer == NULL) {
		poll(&peer, 1, PEER_MILLISECONDS);
		return;
	}
	len = strlen(server->answer);
	if (send(fd, server->answer, len, MSG_NOSIGNAL) != (ssize_t)len)
		return;
	if (strstr(server->answer, " 200 "))
		carry(fd, port);
}

static void *
serve(void *context)
{
	struct proxy_server *server = context;

	for (;;) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return NULL;
		atomic_fetch_add(&server->connections, 1);
		serve_one(server, fd);
		close(fd);
	}
}

void
proxy_server_start(struct proxy_server *server, const char *answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *any = (struct sockaddr *)(void *)&address;
	socklen_t len = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	*server = (struct proxy_server){.answer = answer,
		.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	CHECK(bind(server->listener, any, len) == 0);
	CHECK(listen(server->listener, 64) == 0);
	CHECK(getsockname(server->listener, any, &len) == 0);
	server->port = ntohs(address.sin_port);
	CHECK(pthread_create(&server->thread, NULL, serve, server) == 0);
}

void
proxy_server_stop(struct proxy_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
}
