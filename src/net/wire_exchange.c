/* Talking over a connection that is there. */
#include "net/wire_exchange.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"

/* Buffers read at once from a plain socket, before others have their turn. */
enum { READS_AT_ONCE = 16 };

static size_t
whole_length(const struct wire_exchange *exchange)
{
	size_t body = http_request_has_body(&exchange->request)
			      ? exchange->request.body.len
			      : 0;

	return exchange->head.len + body;
}

/* ---- how it ends ---- */

/** The connection is free: kept if it is as it should be. */
static void
part(struct wire_exchange *exchange, bool can_keep)
{
	struct wire_engine *engine = exchange->engine;
	struct wire_connection *connection = exchange->connection;
	const struct wire_response *response = &exchange->response;

	if (!can_keep || !response->can_keep || exchange->is_send_broken ||
		exchange->sent < whole_length(exchange) ||
		wire_connection_has_more(connection))
		return;
	exchange->connection = NULL;
	connection->exchange = NULL;
	wire_pool_keep(&engine->pool, connection, response->keep_time,
		exchange->started + exchange->timings.first_byte);
}

static void
end_by(struct wire_exchange *exchange, enum wire_verdict verdict,
	bool is_all_used)
{
	switch (verdict) {
	case WIRE_DONE:
	case WIRE_ENOUGH:
		part(exchange, verdict == WIRE_DONE && is_all_used);
		wire_exchange_end(exchange, HTTP_NO_FAILURE);
		return;
	case WIRE_TOO_LARGE:
		wire_exchange_fail(exchange, HTTP_TOO_LARGE,
			"the response's head is over %d bytes", WIRE_HEAD_MAX);
		return;
	case WIRE_MORE:
	case WIRE_BROKEN:
		wire_exchange_fail(
			exchange, HTTP_BROKEN, "%s", exchange->response.error);
		return;
	}
}

/**
 * A kept connection that the peer closed before a byte of the answer came: it
 * most likely never saw the request. Once more, over a fresh one.
 */
static bool
begin_again(struct wire_exchange *exchange)
{
	const struct http_request *request = &exchange->request;

	if (!exchange->is_reused || exchange->timings.first_byte)
		return false;
	wire_pool_close(&exchange->engine->pool, exchange->connection);
	exchange->connection = NULL;
	exchange->is_reused = false;
	exchange->sent = 0;
	exchange->is_send_broken = false;
	wire_response_begin(&exchange->response,
		!strcmp(request->method, "HEAD"), request->response_max);
	wire_dial(exchange, false);
	return true;
}

static void
lost(struct wire_exchange *exchange)
{
	int error = errno;

	if (begin_again(exchange))
		return;
	if (exchange->why.len > 0)
		wire_exchange_end(exchange, HTTP_BROKEN);
	else
		wire_exchange_fail(exchange, HTTP_BROKEN,
			"the connection was lost: %s",
			error ? strerrordesc_np(error) : "no reason is known");
}

/* ---- receiving ---- */

/** False when no more is to be read now; `is_full`: bytes may wait. */
static bool
take(struct wire_exchange *exchange, struct str bytes, bool is_full)
{
	enum wire_verdict verdict;
	size_t used;

	exchange->timings.total = wire_exchange_elapsed(exchange);
	if (exchange->timings.first_byte == 0)
		exchange->timings.first_byte = exchange->timings.total;
	verdict = wire_response_take(&exchange->response, bytes, &used);
	if (verdict == WIRE_MORE)
		return exchange->connection->ssl || is_full;
	end_by(exchange, verdict, used == bytes.len);
	return false;
}

/** The same; errno and `why` are of an error. */
static bool
take_io(struct wire_exchange *exchange, enum wire_io io, struct str bytes,
	bool is_full)
{
	switch (io) {
	case WIRE_IO_OK: return take(exchange, bytes, is_full);
	case WIRE_IO_WAIT_READ:
	case WIRE_IO_WAIT_WRITE:
		if (exchange->is_send_broken)
			lost(exchange);
		return false;
	case WIRE_IO_END:
		exchange->timings.total = 0; /* it ends now */
		if (!begin_again(exchange))
			end_by(exchange, wire_response_end(&exchange->response),
				true);
		return false;
	case WIRE_IO_ERROR: lost(exchange); return false;
	}
	return false;
}

static bool
receive_some(struct wire_exchange *exchange)
{
	char *buffer = exchange->engine->buffer;
	size_t count = 0;
	enum wire_io io;

	errno = 0;
	io = wire_connection_read(exchange->connection, buffer,
		WIRE_RECEIVE_BUFFER, &count, &exchange->why);
	return take_io(exchange, io, str_make(buffer, count),
		count == WIRE_RECEIVE_BUFFER);
}

void
wire_exchange_receive(struct wire_exchange *exchange)
{
	bool is_secure = exchange->connection->ssl != NULL;

	/* What TLS has decrypted already makes no socket readable. */
	for (int i = 0; is_secure || i < READS_AT_ONCE; i++) {
		if (!receive_some(exchange))
			return;
	}
}

void
wire_exchange_received(struct wire_exchange *exchange, const char *bytes,
	size_t size, int result)
{
	size_t count = result > 0 ? (size_t)result : 0;
	enum wire_io io = WIRE_IO_OK;

	errno = result < 0 ? -result : 0;
	if (result == 0)
		io = WIRE_IO_END;
	else if (result < 0)
		io = wire_connection_is_later(errno) ? WIRE_IO_WAIT_READ
						     : WIRE_IO_ERROR;
	if (take_io(exchange, io, str_make(bytes, count), count == size))
		wire_exchange_receive(exchange);
}

/* ---- sending ---- */

void
wire_exchange_parts(const struct wire_exchange *exchange, struct str ret[2])
{
	ret[0] = buf_str(&exchange->head);
	ret[1] = http_request_has_body(&exchange->request)
			 ? exchange->request.body
			 : STR("");
}

/** It may have answered before it stopped to read. */
static void
send_broke(struct wire_exchange *exchange)
{
	exchange->is_send_broken = true;
	wire_exchange_receive(exchange);
}

static void
send_on(struct wire_exchange *exchange)
{
	struct str parts[2];
	enum wire_io io;

	wire_exchange_parts(exchange, parts);
	io = wire_connection_send(
		exchange->connection, parts, &exchange->sent, &exchange->why);
	wire_connection_watch(exchange->connection, io == WIRE_IO_WAIT_WRITE);
	if (io == WIRE_IO_ERROR || io == WIRE_IO_END)
		send_broke(exchange);
}

void
wire_exchange_sent(struct wire_exchange *exchange, int result)
{
	if (result > 0)
		exchange->sent += (size_t)result;
	if (result >= 0 && exchange->sent < whole_length(exchange)) {
		send_on(exchange);
		return;
	}
	wire_connection_watch(exchange->connection, result < 0);
	if (result < 0 && !wire_connection_is_later(-result))
		send_broke(exchange);
}

void
wire_exchange_begin(struct wire_exchange *exchange)
{
	int64_t timeout = exchange->request.first_byte_timeout;

	/* Over a kept connection it begins when it starts. */
	int64_t now = exchange->is_reused || timeout <= 0 ? exchange->started
							  : clock_monotonic();

	buf_clear(&exchange->why);
	exchange->first_byte_due = timeout > 0 ? now + timeout : INT64_MAX;
	wire_exchange_move(exchange, WIRE_EXCHANGING);
	wire_exchange_set_timer(exchange);
	if (!wire_batch_add(exchange->engine->batch, exchange, true))
		send_on(exchange);
}

void
wire_exchange_go_on(struct wire_exchange *exchange, uint32_t events)
{
	if (exchange->batch_place)
		return; /* it is about to be sent; what came stays to be read */
	if (exchange->sent < whole_length(exchange) &&
		!exchange->is_send_broken)
		send_on(exchange);
	if (exchange->state != WIRE_EXCHANGING || !exchange->connection ||
		!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	if (!wire_batch_add(exchange->engine->batch, exchange, false))
		wire_exchange_receive(exchange);
}
