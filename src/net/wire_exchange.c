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

/** False when no more is to be read now. */
static bool
take(struct wire_exchange *exchange, struct str bytes)
{
	enum wire_verdict verdict;
	size_t used;

	exchange->timings.total = wire_exchange_elapsed(exchange);
	if (exchange->timings.first_byte == 0)
		exchange->timings.first_byte = exchange->timings.total;
	verdict = wire_response_take(&exchange->response, bytes, &used);
	if (verdict == WIRE_MORE)
		return exchange->connection->ssl ||
		       bytes.len == WIRE_RECEIVE_BUFFER;
	end_by(exchange, verdict, used == bytes.len);
	return false;
}

/** False when no more is to be read now. */
static bool
receive_some(struct wire_exchange *exchange)
{
	struct wire_connection *connection = exchange->connection;
	char *buffer = exchange->engine->buffer;
	size_t count = 0;

	errno = 0;
	switch (wire_connection_read(connection, buffer, WIRE_RECEIVE_BUFFER,
		&count, &exchange->why)) {
	case WIRE_IO_OK: return take(exchange, str_make(buffer, count));
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

static void
receive(struct wire_exchange *exchange)
{
	bool is_secure = exchange->connection->ssl != NULL;

	/* What TLS has decrypted already makes no socket readable. */
	for (int i = 0; is_secure || i < READS_AT_ONCE; i++) {
		if (!receive_some(exchange))
			return;
	}
}

/* ---- sending ---- */

static void
send_on(struct wire_exchange *exchange)
{
	const struct str parts[2] = {
		buf_str(&exchange->head),
		http_request_has_body(&exchange->request)
			? exchange->request.body
			: STR(""),
	};
	enum wire_io io = wire_connection_send(
		exchange->connection, parts, &exchange->sent, &exchange->why);

	wire_connection_watch(exchange->connection, io == WIRE_IO_WAIT_WRITE);
	if (io != WIRE_IO_ERROR && io != WIRE_IO_END)
		return;
	/* It may have answered before it stopped to read. */
	exchange->is_send_broken = true;
	receive(exchange);
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
	send_on(exchange);
}

void
wire_exchange_go_on(struct wire_exchange *exchange, uint32_t events)
{
	if (exchange->sent < whole_length(exchange) &&
		!exchange->is_send_broken)
		send_on(exchange);
	if (exchange->state == WIRE_EXCHANGING && exchange->connection &&
		(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		receive(exchange);
}
