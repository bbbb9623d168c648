/* The response's half of http_client_exchange.h. */
#include "base/clock.h"
#include "net/http_client_exchange.h"
#include "net/http_client_failure.h"

static int64_t
read_time(struct http_exchange *exchange, CURLINFO info)
{
	curl_off_t value = 0;

	curl_easy_getinfo(exchange->easy, info, &value);
	return value;
}

static long
read_long(struct http_exchange *exchange, CURLINFO info)
{
	long value = 0;

	curl_easy_getinfo(exchange->easy, info, &value);
	return value;
}

/** A new status line begins a new head; 1xx ones only count. */
static bool
begin_head(struct http_exchange *exchange)
{
	if (exchange->head.len > 0 &&
		++exchange->interim_count > HTTP_INTERIM_MAX) {
		exchange->stop = HTTP_STOP_INTERIM_FLOOD;
		return false;
	}
	buf_clear(&exchange->head);
	exchange->is_head_begun = true;
	return true;
}

/** "HTTP/1.1 1xx …" */
static bool
is_interim(struct str head)
{
	size_t blank = str_find_char(head, ' ');

	return blank < head.len - 1 && head.ptr[blank + 1] == '1';
}

int64_t
http_exchange_first_byte_due(struct http_exchange *exchange)
{
	int64_t sent = read_time(exchange, CURLINFO_PRETRANSFER_TIME_T);
	int64_t timeout = exchange->request.first_byte_timeout;

	if (exchange->head.len > 0)
		return INT64_MAX;
	if (sent == 0)
		return clock_monotonic() + timeout;
	return exchange->began + exchange->waited + sent + timeout;
}

size_t
http_exchange_on_header(char *ptr, size_t size, size_t count, void *context)
{
	struct http_exchange *exchange = context;
	struct str line = str_make(ptr, size * count);

	if (!exchange->is_head_begun && !exchange->is_head_done &&
		!begin_head(exchange))
		return 0;
	/* Trailers come after the body, where nobody asked for them. */
	if (exchange->is_head_done) {
		exchange->body_seen += line.len;
		if (exchange->body_seen <= HTTP_READ_ON_MAX)
			return line.len;
		exchange->stop = HTTP_STOP_BODY_ENOUGH;
		return 0;
	}
	if (exchange->head.len + line.len > HTTP_HEAD_MAX) {
		exchange->stop = HTTP_STOP_HEAD_TOO_LARGE;
		return 0;
	}
	buf_append(&exchange->head, line);
	if (str_is_empty(str_trim(line))) {
		exchange->is_head_begun = false;
		exchange->is_head_done = !is_interim(buf_str(&exchange->head));
	}
	return line.len;
}

size_t
http_exchange_on_body(char *ptr, size_t size, size_t count, void *context)
{
	struct http_exchange *exchange = context;
	struct str bytes = str_make(ptr, size * count);
	size_t room = exchange->request.response_max - exchange->body.len;

	buf_append(&exchange->body, str_head(bytes, room));
	exchange->body_seen += bytes.len;
	if (bytes.len > room && exchange->body_seen > HTTP_READ_ON_MAX) {
		exchange->stop = HTTP_STOP_BODY_ENOUGH;
		return 0;
	}
	return bytes.len;
}

/** libcurl begins to count when the addresses are there. */
static int64_t
since_begin(struct http_exchange *exchange, CURLINFO info)
{
	int64_t time = read_time(exchange, info);

	return time > 0 ? time + exchange->waited : 0;
}

/** There was a connection, new or kept, ready for the request. */
static bool
was_connected(struct http_exchange *exchange)
{
	return read_time(exchange, CURLINFO_PRETRANSFER_TIME_T) > 0;
}

static bool
is_reused(struct http_exchange *exchange)
{
	return exchange->addresses_tried == 0 && was_connected(exchange) &&
	       read_long(exchange, CURLINFO_NUM_CONNECTS) == 0;
}

/** The proxy has let us through to the destination. */
static bool
is_through(struct http_exchange *exchange)
{
	return read_long(exchange, CURLINFO_HTTP_CONNECTCODE) / 100 == 2 ||
	       was_connected(exchange);
}

/**
 * Before we are through it is the proxy's affair, which is ours, unless it
 * says that it could not reach the destination (RFC 9110 §15.6.3, §15.6.5).
 */
static enum http_failure
proxy_failure(struct http_exchange *exchange)
{
	long code = read_long(exchange, CURLINFO_HTTP_CONNECTCODE);

	return code == 502 || code == 504 ? HTTP_CANNOT_CONNECT
					  : HTTP_PROXY_DOWN;
}

static enum http_failure
failure_of(struct http_exchange *exchange, CURLcode code, int64_t resolved)
{
	struct http_verdict verdict = {
		.code = code,
		.is_resolved = resolved > 0 || exchange->addresses_tried > 0,
	};

	if (code == CURLE_COULDNT_CONNECT && exchange->addresses_tried > 0 &&
		exchange->addresses_refused == exchange->addresses_tried)
		return HTTP_NOT_ALLOWED;
	if (exchange->stop == HTTP_STOP_HEAD_TOO_LARGE)
		return HTTP_TOO_LARGE;
	/* How libcurl says that one header line was over its own limit. */
	if (code == CURLE_OUT_OF_MEMORY && was_connected(exchange) &&
		!exchange->is_head_done)
		return HTTP_TOO_LARGE;
	if (exchange->stop == HTTP_STOP_BODY_ENOUGH)
		return HTTP_NO_FAILURE;
	if (code != CURLE_OK && exchange->proxy && !is_through(exchange))
		return proxy_failure(exchange);
	http_exchange_note_error(exchange);
	verdict.os_error = exchange->connect_error;
	return http_verdict_failure(&verdict);
}

/** What libcurl said, with its own word for the proxy's answer. */
static void
say_reason(struct http_exchange *exchange, enum http_failure failure,
	CURLcode code)
{
	struct buf *why = &exchange->why;
	long answer = read_long(exchange, CURLINFO_HTTP_CONNECTCODE);

	if (exchange->proxy && failure == HTTP_PROXY_DOWN && answer == 407)
		buf_append(why, STR("the proxy wants other credentials (407)"));
	else if (exchange->proxy && !is_through(exchange) && answer)
		buf_printf(why, "the proxy answered with status %ld", answer);
	else
		buf_printf(why, "%s%s",
			failure == HTTP_PROXY_DOWN ? "proxy: " : "",
			exchange->error[0] ? exchange->error
					   : curl_easy_strerror(code));
}

static struct str
sentence(struct http_exchange *exchange, enum http_failure failure,
	CURLcode code)
{
	struct buf *why = &exchange->why;

	if (failure == HTTP_NOT_ALLOWED)
		return buf_str(why);
	buf_clear(why);
	if (failure == HTTP_TOO_LARGE)
		buf_printf(why, "the response's head is over %d bytes",
			HTTP_HEAD_MAX);
	else if (exchange->stop == HTTP_STOP_INTERIM_FLOOD)
		buf_printf(why, "over %d interim (1xx) responses",
			HTTP_INTERIM_MAX);
	else if (exchange->stop == HTTP_STOP_NO_FIRST_BYTE)
		buf_printf(why, "no answer began within %lld ms",
			(long long)(exchange->request.first_byte_timeout /
				    MILLISECONDS));
	else
		say_reason(exchange, failure, code);
	return buf_str(why);
}

void
http_exchange_result(
	struct http_exchange *exchange, CURLcode code, struct http_result *ret)
{
	struct http_timings timings = {
		since_begin(exchange, CURLINFO_NAMELOOKUP_TIME_T),
		since_begin(exchange, CURLINFO_CONNECT_TIME_T),
		since_begin(exchange, CURLINFO_APPCONNECT_TIME_T),
		since_begin(exchange, CURLINFO_STARTTRANSFER_TIME_T),
		since_begin(exchange, CURLINFO_TOTAL_TIME_T),
	};
	char *peer = NULL;

	*ret = (struct http_result){.timings = timings};
	curl_easy_getinfo(exchange->easy, CURLINFO_PRIMARY_IP, &peer);
	ret->peer = str_of(peer);
	ret->is_reused_connection = is_reused(exchange);
	if (ret->is_reused_connection) {
		ret->timings.name_resolved = exchange->waited;
		ret->timings.connected = 0;
		ret->timings.tls_done = 0;
	}
	ret->failure = failure_of(exchange, code, timings.name_resolved);
	ret->head = buf_str(&exchange->head);
	ret->body = buf_str(&exchange->body);
	ret->body_was_cut = exchange->body_seen > exchange->body.len;
	if (ret->failure != HTTP_NO_FAILURE)
		ret->error = sentence(exchange, ret->failure, code);
	else
		ret->status = (int)read_long(exchange, CURLINFO_RESPONSE_CODE);
}
