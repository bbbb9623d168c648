#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_server_private.h"

enum {
	/* So often a connection reads, or does something with what it read,
	   before it is others' turn. */
	STEPS_A_TURN = 32,
	HEAD_STEP = 4096, /* a head that comes in pieces grows by this */
	/* What comes with a head is copied to its body: the rest of a large
	   one is read to where it stays. */
	FIRST_STEP = 16 * 1024,
	BODY_STEP = 64 * 1024,
	LINGER_MAX = 8 << 20, /* so many bytes are thrown away */
};

static const int64_t linger_time = 2 * SECONDS;

/* ---- states ---- */

static const char *const state_names[] = {
	[CONNECTION_SHAKING] = "SHAKING",
	[CONNECTION_HEAD] = "HEAD",
	[CONNECTION_BODY] = "BODY",
	[CONNECTION_WAITING] = "WAITING",
	[CONNECTION_SENDING] = "SENDING",
	[CONNECTION_LINGERING] = "LINGERING",
	[CONNECTION_CLOSED] = "CLOSED",
};

/* Rows: from, columns: to, both in the order of the enum. */
static const bool moves[COUNT_OF(state_names)][COUNT_OF(state_names)] = {
	[CONNECTION_SHAKING] = {0, 1, 0, 0, 0, 0, 1},
	[CONNECTION_HEAD] = {0, 0, 1, 1, 1, 0, 1},
	[CONNECTION_BODY] = {0, 0, 0, 1, 1, 0, 1},
	[CONNECTION_WAITING] = {0, 0, 0, 0, 1, 0, 1},
	[CONNECTION_SENDING] = {0, 1, 0, 0, 0, 1, 1},
	[CONNECTION_LINGERING] = {0, 0, 0, 0, 0, 0, 1},
};

void
server_connection_move(
	struct server_connection *connection, enum connection_state to)
{
	if (!moves[connection->state][to]) { /* a bug */
		log_error("http.connection", "from=%s to=%s",
			state_names[connection->state], state_names[to]);
		abort();
	}
	connection->state = to;
}

/* ---- bytes ---- */

static enum wire_io
read_bytes(struct server_connection *connection, char *at, size_t size,
	size_t *ret)
{
	CLEANUP(buf_release) struct buf why = {0};
	ssize_t count;

	if (connection->ssl)
		return wire_ssl_read(connection->ssl, at, size, ret, &why);
	count = recv(connection->fd, at, size, 0);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? WIRE_IO_WAIT_READ
							 : WIRE_IO_ERROR;
	if (count == 0)
		return WIRE_IO_END;
	*ret = (size_t)count;
	/* A short read has emptied the socket; the next byte, or the end, is
	   another event, unless the end has been told of already. */
	if (*ret < size && !connection->is_hung_up)
		connection->is_readable = false;
	return WIRE_IO_OK;
}

static enum wire_io
write_bytes(
	struct server_connection *connection, struct str bytes, size_t *sent)
{
	CLEANUP(buf_release) struct buf why = {0};
	enum wire_io io = WIRE_IO_OK;

	while (io == WIRE_IO_OK && *sent < bytes.len) {
		struct str rest = str_skip(bytes, *sent);
		size_t count = 0;
		ssize_t plain;

		if (connection->ssl) {
			io = wire_ssl_write(
				connection->ssl, rest, &count, &why);
			*sent += count;
			continue;
		}
		plain = send(connection->fd, rest.ptr, rest.len, MSG_NOSIGNAL);
		if (plain >= 0)
			*sent += (size_t)plain;
		else if (errno == EAGAIN)
			io = WIRE_IO_WAIT_WRITE;
		else if (errno != EINTR)
			io = WIRE_IO_ERROR;
	}
	return io;
}

bool
server_connection_send_now(
	struct server_connection *connection, struct str bytes)
{
	size_t sent = 0;

	return write_bytes(connection, bytes, &sent) == WIRE_IO_OK;
}

/* ---- the end ---- */

static void
unlink_connection(struct server_connection *connection)
{
	struct server_loop *loop = connection->loop;

	if (connection->previous)
		connection->previous->next = connection->next;
	else
		loop->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	heap_remove(&loop->timers, &connection->timer);
}

static void
leave_call(struct server_connection *connection)
{
	struct http_call *call = connection->call;

	connection->call = NULL;
	if (call == NULL)
		return;
	if (connection->state == CONNECTION_WAITING)
		call->connection = NULL;
	else
		server_call_end(call);
}

void
server_connection_close(struct server_connection *connection)
{
	struct server_loop *loop = connection->loop;
	struct http_server *server = loop->server;

	if (connection->state == CONNECTION_CLOSED)
		return;
	leave_call(connection);
	unlink_connection(connection);
	wire_ssl_close(connection->ssl,
		connection->state != CONNECTION_SHAKING &&
			connection->state != CONNECTION_LINGERING);
	connection->ssl = NULL;
	close(connection->fd);
	server_connection_move(connection, CONNECTION_CLOSED);
	connection->next = loop->closed;
	loop->closed = connection;
	atomic_fetch_sub(&loop->connection_count, 1);
	atomic_fetch_sub(&server->connection_count, 1);
	if (atomic_load(&server->is_accepting_paused))
		mailbox_wake(server->loops[0].mailbox);
}

void
server_connection_free(struct server_connection *connection)
{
	buf_release(&connection->in);
	mem_free(connection);
}

static void
discard(struct server_connection *connection)
{
	for (int i = 0; i < STEPS_A_TURN && connection->is_readable; i++) {
		ssize_t count = recv(connection->fd, connection->loop->buffer,
			LOOP_BUFFER, 0);

		if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
			connection->is_readable = false;
			return;
		}
		if (count > 0)
			connection->discarded += (size_t)count;
		if (count <= 0 || connection->discarded > LINGER_MAX) {
			server_connection_close(connection);
			return;
		}
	}
	if (connection->is_readable)
		server_loop_again(connection);
}

static void
linger(struct server_connection *connection)
{
	server_connection_move(connection, CONNECTION_LINGERING);
	if (connection->ssl)
		wire_ssl_close(connection->ssl, true);
	connection->ssl = NULL;
	shutdown(connection->fd, SHUT_WR);
	buf_release(&connection->in);
	connection->unread = (struct str){0};
	server_connection_set_due(
		connection, connection->loop->now + linger_time);
	discard(connection);
}

/* ---- answers ---- */

static void
end_answer(struct server_connection *connection)
{
	struct http_call *call = connection->call;
	struct server_loop *loop = connection->loop;
	bool is_last = call->is_last, is_whole = call->is_whole;

	connection->call = NULL;
	server_call_end(call);
	if (!is_last) {
		server_connection_move(connection, CONNECTION_HEAD);
		connection->began = 0;
		server_connection_set_due(connection,
			loop->now +
				(int64_t)loop->server->options.idle_timeout *
					SECONDS);
	} else if (is_whole && connection->unread.len == 0 &&
		   !connection->is_readable) {
		server_connection_close(connection);
	} else {
		linger(connection);
	}
}

void
server_connection_send(struct server_connection *connection)
{
	struct http_call *call = connection->call;

	if (call->sent == 0)
		connection->began = connection->loop->now;
	switch (write_bytes(connection, call->answer, &call->sent)) {
	case WIRE_IO_OK: end_answer(connection); break;
	case WIRE_IO_WAIT_READ:
	case WIRE_IO_WAIT_WRITE:
		server_connection_set_due(
			connection, server_request_due(connection, call->sent));
		break;
	case WIRE_IO_END:
	case WIRE_IO_ERROR: server_connection_close(connection); break;
	}
}

void
server_connection_answered(struct server_connection *connection)
{
	server_connection_move(connection, CONNECTION_SENDING);
	server_connection_send(connection);
	if (connection->state == CONNECTION_HEAD &&
		(connection->unread.len || connection->is_readable))
		server_connection_run(connection);
}

/* ---- a turn ---- */

/** What is not used yet leaves the loop's buffer, which is others'. */
static void
keep_unread(struct server_connection *connection)
{
	if (connection->unread.len == 0) {
		buf_release(&connection->in);
		connection->unread = (struct str){0};
	} else if (connection->is_borrowing) {
		buf_clear(&connection->in);
		buf_append(&connection->in, connection->unread);
		connection->unread = buf_str(&connection->in);
	}
	connection->is_borrowing = false;
}

/** Where to read to: behind what is there, or into the loop's buffer. */
static char *
make_room(struct server_connection *connection, size_t *ret_size)
{
	struct buf *in = &connection->in;

	if (connection->unread.len == 0) {
		connection->is_borrowing = true;
		*ret_size = FIRST_STEP;
		return connection->loop->buffer;
	}
	keep_unread(connection);
	if (connection->unread.ptr != in->ptr)
		memmove(in->ptr, connection->unread.ptr,
			connection->unread.len);
	buf_truncate(in, connection->unread.len);
	*ret_size = HEAD_STEP;
	connection->unread.ptr = buf_reserve(in, HEAD_STEP) - in->len;
	return in->ptr + in->len;
}

static enum request_step
stop_reading(struct server_connection *connection, enum wire_io io)
{
	if (io == WIRE_IO_WAIT_READ || io == WIRE_IO_WAIT_WRITE)
		connection->is_readable = false;
	else
		server_connection_close(connection);
	return REQUEST_WAITS;
}

/** A body that has a length is read to where it stays. */
static enum request_step
fill_body(struct server_connection *connection, uint64_t left)
{
	struct buf *body = &connection->call->body;
	size_t size = left < BODY_STEP ? (size_t)left : BODY_STEP, count = 0;
	char *at = buf_reserve(body, size);
	enum wire_io io = read_bytes(connection, at, size, &count);

	buf_filled(body, count);
	return io == WIRE_IO_OK ? server_request_body_came(connection, count)
				: stop_reading(connection, io);
}

static enum request_step
fill(struct server_connection *connection)
{
	struct http_call *call = connection->call;
	size_t size, count = 0;
	enum wire_io io;
	char *at;

	if (!connection->is_readable)
		return REQUEST_WAITS;
	if (call && !server_call_is_answered(call) &&
		request_body_left(&call->reading))
		return fill_body(connection, request_body_left(&call->reading));
	at = make_room(connection, &size);
	io = read_bytes(connection, at, size, &count);
	if (io != WIRE_IO_OK)
		return stop_reading(connection, io);
	if (connection->is_borrowing) {
		connection->unread = str_make(at, count);
	} else {
		buf_filled(&connection->in, count);
		connection->unread.len += count;
	}
	return REQUEST_GOES_ON;
}

void
server_connection_run(struct server_connection *connection)
{
	enum request_step step = REQUEST_GOES_ON;

	for (int i = 0; i < STEPS_A_TURN && step != REQUEST_WAITS; i++)
		step = step == REQUEST_GOES_ON ? server_request_step(connection)
					       : fill(connection);
	if (connection->state == CONNECTION_CLOSED)
		return;
	keep_unread(connection);
	if (step != REQUEST_WAITS)
		server_loop_again(connection);
}

static void
shake_hands(struct server_connection *connection)
{
	CLEANUP(buf_release) struct buf why = {0};

	switch (wire_ssl_shake_hands(connection->ssl, &why)) {
	case WIRE_IO_OK:
		server_connection_move(connection, CONNECTION_HEAD);
		/* OpenSSL does not say whether it took all there was. */
		connection->is_readable = true;
		server_connection_run(connection);
		break;
	case WIRE_IO_WAIT_READ:
	case WIRE_IO_WAIT_WRITE: break;
	case WIRE_IO_END:
	case WIRE_IO_ERROR:
		log_debug("http.tls", "peer=%s error=\"%s\"", connection->peer,
			buf_text(&why));
		server_connection_close(connection);
		break;
	}
}

void
server_connection_ready(struct server_connection *connection, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		connection->is_readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		connection->is_hung_up = true;
	switch (connection->state) {
	case CONNECTION_SHAKING: shake_hands(connection); break;
	case CONNECTION_HEAD:
	case CONNECTION_BODY: server_connection_run(connection); break;
	case CONNECTION_WAITING:
		/* A half that is closed may be all the client has to say;
		   this is the whole connection. */
		if (events & (EPOLLHUP | EPOLLERR))
			server_connection_close(connection);
		break;
	case CONNECTION_SENDING:
		server_connection_send(connection);
		if (connection->state == CONNECTION_HEAD)
			server_connection_run(connection);
		break;
	case CONNECTION_LINGERING: discard(connection); break;
	case CONNECTION_CLOSED: break;
	}
}

void
server_connection_time_over(struct server_connection *connection)
{
	bool is_in_request = connection->state == CONNECTION_BODY ||
			     (connection->state == CONNECTION_HEAD &&
				     connection->began != 0);

	if (is_in_request)
		server_request_late(connection);
	else
		server_connection_close(connection);
}
