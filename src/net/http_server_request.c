#include "base/clock.h"
#include "net/http_server_private.h"

enum {
	/* A body no bigger than this is read although its call is answered
	   already, so that the connection stays of use. */
	DISCARD_SMALL = 16 * 1024,
	/* So much of a body is made room for before it has come, and so many
	   times what has come with its head. */
	BODY_FIRST = 64 * 1024,
	BODY_TIMES = 4,
	/* A request or an answer has the idle timeout in all, and longer only
	   as far as it moves at this rate: bytes a second. */
	RATE_MIN = 1024,
};

int64_t
server_request_due(const struct server_connection *connection, uint64_t count)
{
	const struct server_loop *loop = connection->loop;
	int64_t timeout = (int64_t)loop->server->options.idle_timeout * SECONDS;
	int64_t silent = loop->now + timeout;
	int64_t slow = connection->began + timeout +
		       (int64_t)(count / RATE_MIN) * SECONDS;

	return slow < silent ? slow : silent;
}

/* ---- answering ---- */

static enum request_step
send_answer(struct server_connection *connection)
{
	server_connection_move(connection, CONNECTION_SENDING);
	server_connection_send(connection);
	return connection->state == CONNECTION_HEAD ? REQUEST_GOES_ON
						    : REQUEST_WAITS;
}

/** In the caller's own shape; nothing follows it. */
static enum request_step
refuse(struct server_connection *connection, int status, struct str reason)
{
	struct http_call *call = connection->call;
	const struct http_server_options *options =
		&connection->loop->server->options;

	call->is_last = true;
	if (options->refuse)
		options->refuse(options->context, call, status, reason);
	if (!server_call_is_answered(call))
		http_call_respond(call, status, "text/plain", reason);
	return send_answer(connection);
}

/** The request is all there: hand it out, or send its answer. */
static enum request_step
hand_out(struct server_connection *connection)
{
	struct http_call *call = connection->call;
	const struct http_server_options *options =
		&call->loop->server->options;
	int open = CALL_OPEN;

	call->is_whole = true;
	if (atomic_load(&call->loop->server->is_stopping))
		server_call_abort(call);
	if (server_call_is_answered(call))
		return send_answer(connection);
	call->is_handed = true;
	options->handle(options->context, call);
	if (server_call_is_answered(call))
		return send_answer(connection);
	/* On the list before anybody can end it. */
	server_call_link(call);
	server_connection_move(connection, CONNECTION_WAITING);
	server_connection_set_due(connection, INT64_MAX);
	atomic_compare_exchange_strong(&call->state, &open, CALL_WAITING);
	if (open == CALL_OPEN)
		return REQUEST_WAITS;
	server_call_unlink(call);
	return send_answer(connection);
}

/* ---- bodies ---- */

static enum request_step
after_body(
	struct server_connection *connection, enum request_body_verdict verdict)
{
	struct request_body *body = &connection->call->reading;

	switch (verdict) {
	case REQUEST_BODY_MORE:
		server_connection_set_due(
			connection, server_request_due(connection, body->seen));
		return REQUEST_READS;
	case REQUEST_BODY_DONE: return hand_out(connection);
	case REQUEST_BODY_TOO_LARGE:
		return refuse(connection, 413, STR("The body is too large.\n"));
	case REQUEST_BODY_BROKEN: break;
	}
	return refuse(connection, 400,
		STR("The body's chunks are not as they should be.\n"));
}

static enum request_step
read_body(struct server_connection *connection)
{
	struct http_call *call = connection->call;
	bool is_dropped = server_call_is_answered(call);
	enum request_body_verdict verdict;
	size_t used;

	if (connection->unread.len == 0)
		return REQUEST_READS;
	verdict = request_body_take(&call->reading, connection->unread,
		is_dropped ? NULL : &call->body, &used);
	connection->unread = str_skip(connection->unread, used);
	return after_body(connection, verdict);
}

enum request_step
server_request_body_came(struct server_connection *connection, size_t count)
{
	struct request_body *body = &connection->call->reading;

	body->seen += count;
	body->left -= count;
	return after_body(
		connection, body->left ? REQUEST_BODY_MORE : REQUEST_BODY_DONE);
}

/** Its answer is written already; the body is dropped, or not waited for. */
static enum request_step
answer_early(
	struct server_connection *connection, enum request_body_verdict verdict)
{
	if (verdict == REQUEST_BODY_DONE)
		return hand_out(connection);
	if (connection->call->is_cut)
		return send_answer(connection);
	server_connection_move(connection, CONNECTION_BODY);
	return read_body(connection);
}

/** Those who wait for it are told to go on (RFC 9110 §10.1.1). */
static bool
tell_to_continue(
	struct server_connection *connection, const struct request_head *head)
{
	static const struct str answer =
		STR_INIT("HTTP/1.1 100 Continue\r\n\r\n");

	if (!head->is_expecting || connection->unread.len > 0)
		return true;
	return server_connection_send_now(connection, answer);
}

/* ---- heads ---- */

/** What was said of a head stays with its call, NUL after each text. */
static void
keep_head(struct http_call *call, const struct request_head *head, char *bytes,
	size_t len)
{
	struct request_header *headers = arena_alloc_raw(
		&call->arena, head->header_count * sizeof(*headers));
	const struct str texts[] = {head->method, head->path, head->query};

	memcpy(headers, head->headers, head->header_count * sizeof(*headers));
	call->headers = headers;
	call->header_count = head->header_count;
	call->method = head->method;
	call->path = head->path;
	call->query = head->query;
	call->is_http_1_0 = head->is_http_1_0;
	call->is_last = !head->can_keep;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		size_t end = (size_t)(texts[i].ptr + texts[i].len - bytes);

		if (texts[i].ptr >= bytes && end < len)
			bytes[end] = '\0';
	}
	for (size_t i = 0; i < head->header_count; i++) {
		const struct request_header *header = &head->headers[i];

		bytes[header->name.ptr + header->name.len - bytes] = '\0';
		bytes[header->value.ptr + header->value.len - bytes] = '\0';
	}
}

/** For a body of which some has come: who only says much gets little. */
static void
make_room(struct buf *body, uint64_t length, size_t come)
{
	uint64_t room = BODY_TIMES * (uint64_t)come;

	if (room < BODY_FIRST)
		room = BODY_FIRST;
	buf_reserve(body, (size_t)(length < room ? length : room));
}

/** With a head that is as it should be. */
static enum request_step
admit(struct server_connection *connection, const struct request_head *head)
{
	struct http_call *call = connection->call;
	const struct http_server_options *options =
		&call->loop->server->options;
	enum request_body_verdict verdict;

	call->is_cut = head->is_chunked || head->length > DISCARD_SMALL ||
		       (head->is_expecting && head->length > 0);
	if (options->admit)
		options->admit(options->context, call);
	verdict = request_body_begin(&call->reading, head, call->body_max);
	connection->began = call->loop->now;
	if (server_call_is_answered(call))
		return answer_early(connection, verdict);
	if (verdict == REQUEST_BODY_TOO_LARGE)
		return after_body(connection, verdict);
	call->is_cut = false;
	if (verdict == REQUEST_BODY_DONE)
		return hand_out(connection);
	if (!tell_to_continue(connection, head)) {
		server_connection_close(connection);
		return REQUEST_WAITS;
	}
	server_connection_move(connection, CONNECTION_BODY);
	server_connection_set_due(
		connection, server_request_due(connection, 0));
	if (connection->unread.len > 0 && !head->is_chunked)
		make_room(&call->body, head->length, connection->unread.len);
	return read_body(connection);
}

static enum request_step
read_head(struct server_connection *connection, size_t len)
{
	struct request_head *head = connection->loop->head;
	struct http_call *call = server_call_new(connection);
	char *bytes = arena_alloc_raw(&call->arena, len);
	bool is_good;

	memcpy(bytes, connection->unread.ptr, len);
	connection->unread = str_skip(connection->unread, len);
	connection->scanned = 0;
	connection->call = call;
	is_good = request_head_read(str_make(bytes, len),
		connection->loop->server->options.head_max, head);
	keep_head(call, head, bytes, len);
	return is_good ? admit(connection, head)
		       : refuse(connection, head->status, head->reason);
}

/** A head that is not whole: too much already, or to be waited for. */
static enum request_step
wait_for_head(struct server_connection *connection)
{
	struct server_loop *loop = connection->loop;

	if (request_head_is_possible(connection->unread,
		    loop->server->options.head_max, loop->head)) {
		if (connection->began == 0) {
			connection->began = loop->now;
			server_connection_set_due(
				connection, server_request_due(connection, 0));
		}
		return REQUEST_READS;
	}
	connection->call = server_call_new(connection);
	return refuse(connection, loop->head->status, loop->head->reason);
}

static enum request_step
find_head(struct server_connection *connection)
{
	size_t len, blank = request_head_skip(connection->unread);

	if (blank) {
		connection->unread = str_skip(connection->unread, blank);
		connection->scanned = 0;
	}
	if (connection->unread.len == 0)
		return REQUEST_READS;
	len = request_head_find(connection->unread, &connection->scanned);
	return len ? read_head(connection, len) : wait_for_head(connection);
}

enum request_step
server_request_step(struct server_connection *connection)
{
	return connection->state == CONNECTION_HEAD ? find_head(connection)
						    : read_body(connection);
}

void
server_request_late(struct server_connection *connection)
{
	if (connection->call == NULL)
		connection->call = server_call_new(connection);
	if (server_call_is_answered(connection->call)) {
		/* Its body was to be dropped, and does not come. */
		connection->call->is_last = true;
		send_answer(connection);
		return;
	}
	refuse(connection, 408, STR("The request took too long.\n"));
}
