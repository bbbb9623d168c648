#include "peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#define CHALLENGE "x-compute-ops-mgmt-verification-challenge: "

static void
say(struct peer_connection *connection, const char *bytes)
{
	size_t len = strlen(bytes);

	/* What the client has closed meanwhile is its own affair. */
	(void)!send(connection->fd, bytes, len, MSG_NOSIGNAL);
}

static void
answer_challenge(struct peer *peer, struct peer_connection *connection)
{
	struct str head = buf_str(&connection->in);
	size_t at = str_find(head, STR(CHALLENGE));
	struct str token;
	struct buf out = {0};

	CHECK(at != SIZE_MAX);
	head = str_skip(head, at + sizeof(CHALLENGE) - 1);
	token = atomic_load(&peer->is_lying) ? STR("no")
					     : str_split(&head, '\r');
	buf_printf(&out,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n{\"verification\":\"%.*s\"}",
		token.len + sizeof("{\"verification\":\"\"}") - 1,
		STR_ARG(token));
	say(connection, buf_text(&out));
	buf_release(&out);
}

static void
count_delivery(struct peer *peer, struct str request)
{
	size_t at = str_find(request, STR("\r\n\r\n{\"n\":"));
	unsigned long number;

	atomic_fetch_add(&peer->deliveries, 1);
	if (at == SIZE_MAX)
		return;
	number = strtoul(request.ptr + at + 9, NULL, 10);
	if (number < PEER_BODIES)
		atomic_fetch_add(&peer->copies[number], 1);
}

/** Answers the request that is in, if it is time to. */
static void
answer(struct peer *peer, struct peer_connection *connection)
{
	bool is_challenge = connection->in.ptr[0] == 'G';
	int status = is_challenge ? !atomic_load(&peer->is_silent)
				  : atomic_load(&peer->status);
	char head[128];

	if (!connection->is_held) {
		connection->is_held = true;
		connection->status = 0;
		if (is_challenge)
			atomic_fetch_add(&peer->challenges, 1);
		else if (atomic_fetch_sub(&peer->failures, 1) > 0)
			connection->status = 503;
		else
			count_delivery(peer, buf_str(&connection->in));
	}
	if (connection->status == 0)
		connection->status = status;
	if (connection->status == 0)
		return;
	if (is_challenge) {
		answer_challenge(peer, connection);
	} else {
		snprintf(head, sizeof(head),
			"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n",
			connection->status);
		say(connection, head);
	}
	connection->is_held = false;
	buf_clear(&connection->in);
}

static bool
is_whole(const struct buf *in)
{
	struct str text = buf_str(in);
	size_t head = str_find(text, STR("\r\n\r\n"));
	size_t at = str_find(text, STR("Content-Length: "));
	size_t body = 0;

	if (head == SIZE_MAX)
		return false;
	if (at < head)
		body = strtoul(text.ptr + at + 16, NULL, 10);
	return text.len >= head + 4 + body;
}

static void
hang_up(struct peer_connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
	connection->is_held = false;
	buf_release(&connection->in);
	connection->in = (struct buf){0};
}

static void
hear(struct peer *peer, struct peer_connection *connection)
{
	char bytes[4096];
	ssize_t count =
		recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (count <= 0) {
		hang_up(connection);
		return;
	}
	buf_append(&connection->in, str_make(bytes, (size_t)count));
	if (is_whole(&connection->in))
		answer(peer, connection);
}

static void
accept_one(struct peer *peer)
{
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct peer_connection *connection = &peer->connections[i];

		if (connection->fd >= 0)
			continue;
		connection->fd =
			accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
		return;
	}
	check_failed(__FILE__, __LINE__, "too many connections");
}

static void
answer_held(struct peer *peer)
{
	char bytes[64];

	(void)!read(peer->wake[0], bytes, sizeof(bytes));
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		if (peer->connections[i].is_held)
			answer(peer, &peer->connections[i]);
	}
}

static void *
serve(void *context)
{
	struct peer *peer = context;
	struct pollfd fds[2 + PEER_CONNECTIONS];

	for (;;) {
		fds[0] = (struct pollfd){peer->listener, POLLIN, 0};
		fds[1] = (struct pollfd){peer->wake[0], POLLIN, 0};
		for (int i = 0; i < PEER_CONNECTIONS; i++)
			fds[i + 2] = (struct pollfd){
				peer->connections[i].fd, POLLIN, 0};
		if (poll(fds, COUNT_OF(fds), -1) < 0)
			continue;
		if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			return NULL;
		for (int i = 0; i < PEER_CONNECTIONS; i++) {
			if (fds[i + 2].revents)
				hear(peer, &peer->connections[i]);
		}
		if (fds[0].revents)
			accept_one(peer);
		if (fds[1].revents)
			answer_held(peer);
	}
}

void
peer_start(struct peer *peer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *any = (struct sockaddr *)(void *)&address;
	socklen_t len = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	*peer = (struct peer){.status = 200};
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		peer->connections[i].fd = -1;
	CHECK(pipe(peer->wake) == 0);
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(peer->listener, any, len) == 0);
	CHECK(listen(peer->listener, 1024) == 0);
	CHECK(getsockname(peer->listener, any, &len) == 0);
	peer->port = ntohs(address.sin_port);
	CHECK(pthread_create(&peer->thread, NULL, serve, peer) == 0);
}

void
peer_stop(struct peer *peer)
{
	shutdown(peer->listener, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		if (peer->connections[i].fd >= 0)
			hang_up(&peer->connections[i]);
	}
	close(peer->listener);
	close(peer->wake[0]);
	close(peer->wake[1]);
}

void
peer_answer(struct peer *peer, int status)
{
	atomic_store(&peer->status, status);
	CHECK(write(peer->wake[1], "x", 1) == 1);
}
