#include "net/wire_connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/congestion.h"

/* A head and a small body go as one TLS record, which is worth a copy. */
enum { TLS_JOINED_MAX = 16 * 1024 };

static const char *const state_names[] = {
	[WIRE_CONNECTING] = "CONNECTING",
	[WIRE_SECURING] = "SECURING",
	[WIRE_OPEN] = "OPEN",
};

static const bool moves[COUNT_OF(state_names)][COUNT_OF(state_names)] = {
	[WIRE_CONNECTING] = {[WIRE_SECURING] = true, [WIRE_OPEN] = true},
	[WIRE_SECURING] = {[WIRE_OPEN] = true},
};

static void
move(struct wire_connection *connection, enum wire_connection_state to)
{
	if (!moves[connection->state][to]) { /* a bug */
		log_error("wire.connection", "from=%s to=%s",
			state_names[connection->state], state_names[to]);
		abort();
	}
	connection->state = to;
}

static socklen_t
address_length(const struct sockaddr *address)
{
	return address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6);
}

struct wire_connection *
wire_connection_open(
	struct http_sockets *sockets, const struct sockaddr *address)
{
	CLEANUP(buf_release) struct buf peer = {0};
	struct wire_connection *connection;
	int one = 1;
	int fd = socket(address->sa_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return NULL;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	congestion_spare_loopback(fd, address);
	if (connect(fd, address, address_length(address)) != 0 &&
		errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		errno = error;
		return NULL;
	}
	connection = MEM_NEW(struct wire_connection);
	connection->fd = fd;
	connection->sockets = sockets;
	connection->opened = clock_monotonic();
	address_append(&peer, address);
	snprintf(connection->peer, sizeof(connection->peer), "%s",
		buf_text(&peer));
	http_sockets_watch(sockets, fd, &connection->watcher, EPOLLOUT);
	return connection;
}

void
wire_connection_close(struct wire_connection *connection)
{
	if (connection == NULL)
		return;
	http_sockets_unwatch(connection->sockets, connection->fd);
	wire_ssl_close(connection->ssl, connection->state == WIRE_OPEN);
	close(connection->fd);
	mem_free(connection);
}

int
wire_connection_try(struct wire_connection *connection, bool *ret_done)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int error = 0;
	socklen_t size = sizeof(error);

	*ret_done = false;
	if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return errno;
	if (error)
		return error;
	/* An event may be of a descriptor that had the number before. */
	*ret_done = getpeername(connection->fd,
			    (struct sockaddr *)(void *)&address, &len) == 0;
	return 0;
}

enum err
wire_connection_secure(struct wire_connection *connection, struct wire_ssl *tls,
	const struct url *url, struct buf *why)
{
	enum err err =
		wire_ssl_open(tls, connection->fd, url, &connection->ssl, why);

	if (err == ERR_OK)
		move(connection, WIRE_SECURING);
	return err;
}

enum wire_io
wire_connection_shake_hands(struct wire_connection *connection, struct buf *why)
{
	enum wire_io io = wire_ssl_shake_hands(connection->ssl, why);

	if (io == WIRE_IO_OK)
		move(connection, WIRE_OPEN);
	else
		wire_connection_watch(connection, io == WIRE_IO_WAIT_WRITE);
	return io;
}

void
wire_connection_opened(struct wire_connection *connection)
{
	move(connection, WIRE_OPEN);
}

void
wire_connection_watch(struct wire_connection *connection, bool is_writing)
{
	http_sockets_watch(connection->sockets, connection->fd,
		&connection->watcher,
		is_writing ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

bool
wire_connection_is_later(int error)
{
	return error == EAGAIN || error == EINTR;
}

/* ---- sending ---- */

static enum wire_io
send_plain(struct wire_connection *connection, const struct str parts[2],
	size_t *sent)
{
	struct iovec pieces[2];
	struct msghdr message = {.msg_iov = pieces};
	size_t skip = *sent;
	ssize_t count;

	for (size_t i = 0; i < 2; i++) {
		struct str left = str_skip(parts[i], skip);

		skip -= parts[i].len - left.len;
		if (left.len == 0)
			continue;
		pieces[message.msg_iovlen++] =
			(struct iovec){(void *)(uintptr_t)left.ptr, left.len};
	}
	count = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
	if (count >= 0) {
		*sent += (size_t)count;
		return WIRE_IO_OK;
	}
	return wire_connection_is_later(errno) ? WIRE_IO_WAIT_WRITE
					       : WIRE_IO_ERROR;
}

static enum wire_io
send_secure(struct wire_connection *connection, const struct str parts[2],
	size_t *sent, struct buf *why)
{
	char joined[TLS_JOINED_MAX];
	struct str head = str_skip(parts[0], *sent);
	size_t in_body = *sent > parts[0].len ? *sent - parts[0].len : 0;
	struct str body = str_skip(parts[1], in_body);
	struct str piece = head.len ? head : body;
	size_t count = 0;
	enum wire_io io;

	if (head.len && head.len + body.len <= sizeof(joined)) {
		memcpy(joined, head.ptr, head.len);
		if (body.len)
			memcpy(joined + head.len, body.ptr, body.len);
		piece = str_make(joined, head.len + body.len);
	}
	io = wire_ssl_write(connection->ssl, piece, &count, why);
	if (io == WIRE_IO_OK)
		*sent += count;
	return io;
}

enum wire_io
wire_connection_send(struct wire_connection *connection,
	const struct str parts[2], size_t *sent, struct buf *why)
{
	size_t all = parts[0].len + parts[1].len;
	enum wire_io io = WIRE_IO_OK;

	while (io == WIRE_IO_OK && *sent < all)
		io = connection->ssl ? send_secure(connection, parts, sent, why)
				     : send_plain(connection, parts, sent);
	return io;
}

/* ---- receiving ---- */

enum wire_io
wire_connection_read(struct wire_connection *connection, char *buffer,
	size_t size, size_t *ret, struct buf *why)
{
	ssize_t count;

	if (connection->ssl)
		return wire_ssl_read(connection->ssl, buffer, size, ret, why);
	count = recv(connection->fd, buffer, size, 0);
	if (count > 0) {
		*ret = (size_t)count;
		return WIRE_IO_OK;
	}
	if (count == 0)
		return WIRE_IO_END;
	return wire_connection_is_later(errno) ? WIRE_IO_WAIT_READ
					       : WIRE_IO_ERROR;
}

bool
wire_connection_has_more(const struct wire_connection *connection)
{
	return connection->ssl && wire_ssl_has_more(connection->ssl);
}
