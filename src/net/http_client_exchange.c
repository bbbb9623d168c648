#include "net/http_client_exchange.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_client_failure.h"

enum {
	BODY_KEPT = 64 * 1024,	/* buffer an idle exchange may hold on to */
	IDLE_SECONDS = 55,	/* just below what most servers wait */
	LIFETIME_SECONDS = 600, /* so that changes in DNS are followed */
	RECEIVE_BUFFER = 16 * 1024,
};

#define DEFAULT_TIMEOUT (30 * SECONDS)
#define DEFAULT_CONNECT_TIMEOUT (10 * SECONDS)

/** Setting an option fails only for want of memory or by a bug. */
static void
require(CURLcode code)
{
	if (code == CURLE_OK)
		return;
	log_error(
		"http_client.option", "error=\"%s\"", curl_easy_strerror(code));
	abort();
}

#define SET(exchange, option, value) \
	require(curl_easy_setopt((exchange)->easy, option, value))

static void
note_error(struct http_exchange *exchange, int error)
{
	exchange->connect_error =
		http_connect_error(exchange->connect_error, error);
}

static int
last_error(const struct http_exchange *exchange)
{
	long error = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &error);
	return (int)error;
}

void
http_exchange_note_error(struct http_exchange *exchange)
{
	/* It is a former request's until one of this one's has failed. */
	if (exchange->sockets_made > 0)
		note_error(exchange, last_error(exchange));
}

/** CURLOPT_OPENSOCKETFUNCTION: the one gate to the network. */
static curl_socket_t
on_open_socket(
	void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_exchange *exchange = context;
	int fd;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	/* Addresses of a family are tried one after the other; one of the
	   other family may not have failed yet, it is only slow. */
	if (exchange->family == address->family ||
		last_error(exchange) != exchange->former_error)
		http_exchange_note_error(exchange);
	exchange->addresses_tried++;
	if (!http_exchange_may_connect(exchange, &address->addr)) {
		exchange->addresses_refused++;
		return CURL_SOCKET_BAD;
	}
	fd = http_sockets_connect(exchange->sockets, address);
	if (fd < 0) {
		note_error(exchange, errno);
		return CURL_SOCKET_BAD;
	}
	exchange->sockets_made++;
	exchange->family = address->family;
	return fd;
}

static void
set_callbacks(struct http_exchange *exchange)
{
	SET(exchange, CURLOPT_PRIVATE, exchange);
	SET(exchange, CURLOPT_ERRORBUFFER, exchange->error);
	SET(exchange, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(exchange, CURLOPT_OPENSOCKETDATA, exchange);
	/* A connection may outlive the exchange that opened it. */
	SET(exchange, CURLOPT_CLOSESOCKETFUNCTION, http_sockets_closesocket);
	SET(exchange, CURLOPT_CLOSESOCKETDATA, exchange->sockets);
	SET(exchange, CURLOPT_HEADERFUNCTION, http_exchange_on_header);
	SET(exchange, CURLOPT_HEADERDATA, exchange);
	SET(exchange, CURLOPT_WRITEFUNCTION, http_exchange_on_body);
	SET(exchange, CURLOPT_WRITEDATA, exchange);
}

/** What is the same for every request of a client. */
static void
set_options(struct http_exchange *exchange)
{
	const struct http_client_options *options = exchange->options;

	SET(exchange, CURLOPT_NOSIGNAL, 1L);
	SET(exchange, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(exchange, CURLOPT_FOLLOWLOCATION, 0L);
	/* Both, or the environment is searched for every request. */
	SET(exchange, CURLOPT_PROXY, "");
	SET(exchange, CURLOPT_NOPROXY, "*");
	SET(exchange, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(exchange, CURLOPT_HTTP09_ALLOWED, 0L);
	SET(exchange, CURLOPT_SSL_ENABLE_ALPN, 0L);
	SET(exchange, CURLOPT_SSLVERSION, exchange->pool->tls_minimum);
	SET(exchange, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(exchange, CURLOPT_SSL_VERIFYHOST, 2L);
	/* Without a directory, libcurl reads the certificates only once. */
	SET(exchange, CURLOPT_CAPATH, NULL);
	if (options->ca_file)
		SET(exchange, CURLOPT_CAINFO, options->ca_file);
	SET(exchange, CURLOPT_TCP_NODELAY, 1L);
	SET(exchange, CURLOPT_TCP_KEEPALIVE, 0L);
	SET(exchange, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
	SET(exchange, CURLOPT_MAXLIFETIME_CONN, (long)LIFETIME_SECONDS);
	SET(exchange, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	/* A resolver thread that hangs must not hold up our stopping. */
	SET(exchange, CURLOPT_QUICK_EXIT, 1L);
	SET(exchange, CURLOPT_USERAGENT,
		options->user_agent ? options->user_agent
				    : "grapnel/" GRAPNEL_VERSION);
}

/** What is the same for every request of a pool. */
static void
set_pool(struct http_exchange *exchange)
{
	struct http_pool *pool = exchange->pool;

	if (pool->share)
		SET(exchange, CURLOPT_SHARE, pool->share);
	if (pool->tls) {
		SET(exchange, CURLOPT_SSL_CTX_FUNCTION, http_tls_context_apply);
		SET(exchange, CURLOPT_SSL_CTX_DATA, pool->tls);
	}
	/* Our headers are for the destination, never for a proxy. */
	SET(exchange, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	SET(exchange, CURLOPT_HTTPPROXYTUNNEL, 1L);
	SET(exchange, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(exchange, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
}

static void
set_proxy(struct http_exchange *exchange, const struct http_proxy_way *proxy)
{
	if (exchange->proxy == proxy)
		return;
	exchange->proxy = proxy;
	SET(exchange, CURLOPT_PROXY, proxy ? proxy->url.origin.ptr : "");
	SET(exchange, CURLOPT_NOPROXY, proxy ? "" : "*");
	SET(exchange, CURLOPT_PROXYUSERNAME,
		proxy && proxy->username.len ? proxy->username.ptr : NULL);
	SET(exchange, CURLOPT_PROXYPASSWORD,
		proxy && proxy->username.len ? proxy->password.ptr : NULL);
}

struct http_exchange *
http_exchange_new(struct http_sockets *sockets, struct http_pool *pool,
	const struct http_client_options *options)
{
	struct http_exchange *exchange = MEM_NEW(struct http_exchange);

	exchange->sockets = sockets;
	exchange->pool = pool;
	exchange->options = options;
	exchange->head = buf_make(HTTP_HEAD_MAX);
	exchange->easy = curl_easy_init();
	if (exchange->easy == NULL)
		require(CURLE_OUT_OF_MEMORY);
	set_callbacks(exchange);
	set_options(exchange);
	set_pool(exchange);
	return exchange;
}

void
http_exchange_free(struct http_exchange *exchange)
{
	if (exchange == NULL)
		return;
	curl_easy_cleanup(exchange->easy);
	arena_release(&exchange->arena);
	buf_release(&exchange->head);
	buf_release(&exchange->body);
	buf_release(&exchange->why);
	mem_free(exchange);
}

/** libcurl only reads its list, so it may lie in the arena. */
static struct curl_slist **
add_line(struct http_exchange *exchange, struct curl_slist **end, char *line)
{
	struct curl_slist *node =
		ARENA_NEW(&exchange->arena, struct curl_slist);

	node->data = line;
	*end = node;
	return &node->next;
}

static struct curl_slist **
add_header(struct http_exchange *exchange, struct curl_slist **end,
	const struct http_header *header)
{
	struct str name = header->name;
	struct str value = str_trim(header->value);
	char *line =
		arena_alloc_raw(&exchange->arena, name.len + value.len + 3);
	char *at = line + name.len;

	memcpy(line, name.ptr, name.len);
	if (value.len == 0) {
		*at++ = ';'; /* how libcurl spells a header without value */
	} else {
		*at++ = ':';
		*at++ = ' ';
		memcpy(at, value.ptr, value.len);
		at += value.len;
	}
	*at = '\0';
	return add_line(exchange, end, line);
}

static void
set_headers(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	static char no_expect[] = "Expect:";
	static char no_type[] = "Content-Type:";
	struct curl_slist *list = NULL;
	struct curl_slist **end = &list;
	bool has_type = false;

	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		has_type |= str_equal_nocase(header->name, STR("Content-Type"));
		end = add_header(exchange, end, header);
	}
	/* Without these (a name alone takes a header away) libcurl waits for
	   a 100 (Continue) before a large body, and makes up a type. */
	if (request->has_body)
		end = add_line(exchange, end, no_expect);
	if (request->has_body && !has_type)
		add_line(exchange, end, no_type);
	SET(exchange, CURLOPT_HTTPHEADER, list);
}

static void
set_method(struct http_exchange *exchange, bool has_body)
{
	const char *method = exchange->request.method;

	if (exchange->method_has_body == has_body &&
		!strcmp(exchange->method, method))
		return;
	if (has_body)
		SET(exchange, CURLOPT_POST, 1L);
	else if (!strcmp(method, "HEAD"))
		SET(exchange, CURLOPT_NOBODY, 1L);
	else
		SET(exchange, CURLOPT_HTTPGET, 1L);
	SET(exchange, CURLOPT_CUSTOMREQUEST,
		strcmp(method, has_body ? "POST" : "GET") != 0 ? method : NULL);
	memcpy(exchange->method, method, strlen(method) + 1);
	exchange->method_has_body = has_body;
}

enum err
http_exchange_prepare(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	bool has_body = http_request_has_body(request);

	if (http_request_check(request, &exchange->why) != ERR_OK)
		return ERR_INVALID;
	set_headers(exchange);
	SET(exchange, CURLOPT_CURLU, exchange->destination->curl);
	set_proxy(exchange, http_exchange_proxy(exchange));
	set_method(exchange, has_body);
	if (has_body) {
		SET(exchange, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)request->body.len);
		SET(exchange, CURLOPT_POSTFIELDS,
			request->body.len ? request->body.ptr : "");
	}
	return ERR_OK;
}

int64_t
http_exchange_connect_timeout(const struct http_exchange *exchange)
{
	int64_t timeout = exchange->options->connect_timeout;
	int64_t all = exchange->request.timeout;

	if (timeout <= 0)
		timeout = DEFAULT_CONNECT_TIMEOUT;
	return all > 0 && all < timeout ? all : timeout;
}

/** Rounded up, since nothing means no limit to libcurl. */
static long
to_milliseconds(int64_t time)
{
	return (long)((time + MILLISECONDS - 1) / MILLISECONDS);
}

bool
http_exchange_arm(struct http_exchange *exchange)
{
	int64_t all = exchange->request.timeout > 0 ? exchange->request.timeout
						    : DEFAULT_TIMEOUT;
	long connect = to_milliseconds(
		http_exchange_connect_timeout(exchange) - exchange->waited);
	long timeout = to_milliseconds(all - exchange->waited);

	if (connect <= 0 || timeout <= 0)
		return false;
	if (exchange->connect_timeout != connect)
		SET(exchange, CURLOPT_CONNECTTIMEOUT_MS, connect);
	if (exchange->timeout != timeout)
		SET(exchange, CURLOPT_TIMEOUT_MS, timeout);
	exchange->connect_timeout = connect;
	exchange->timeout = timeout;
	exchange->has_resolve = exchange->addresses != NULL;
	if (exchange->has_resolve)
		SET(exchange, CURLOPT_RESOLVE, exchange->addresses);
	exchange->has_connect_to = exchange->connect_to != NULL;
	if (exchange->has_connect_to)
		SET(exchange, CURLOPT_CONNECT_TO, exchange->connect_to);
	return true;
}

void
http_exchange_reset(struct http_exchange *exchange)
{
	arena_reset(&exchange->arena);
	buf_clear(&exchange->head);
	buf_clear(&exchange->why);
	if (exchange->body.cap > BODY_KEPT)
		buf_release(&exchange->body);
	buf_clear(&exchange->body);
	if (exchange->has_resolve)
		SET(exchange, CURLOPT_RESOLVE, NULL);
	if (exchange->has_connect_to)
		SET(exchange, CURLOPT_CONNECT_TO, NULL);
	exchange->has_resolve = false;
	exchange->has_connect_to = false;
	exchange->addresses = NULL;
	exchange->connect_to = NULL;
	exchange->is_target_found = false;
	exchange->is_proxy_found = false;
	exchange->waited = 0;
	exchange->destination = NULL;
	exchange->failure = HTTP_NO_FAILURE;
	exchange->error[0] = '\0';
	exchange->addresses_tried = 0;
	exchange->addresses_refused = 0;
	exchange->sockets_made = 0;
	exchange->family = AF_UNSPEC;
	exchange->connect_error = 0;
	exchange->former_error = last_error(exchange);
	exchange->body_seen = 0;
	exchange->interim_count = 0;
	exchange->is_head_begun = false;
	exchange->is_head_done = false;
	exchange->stop = HTTP_STOP_NONE;
}
