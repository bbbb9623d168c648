#pragma once
#include <curl/curl.h>

#include "base/heap.h"
#include "net/http_client.h"
#include "net/http_client_header.h"
#include "net/http_client_pool.h"
#include "net/http_client_socket.h"
#include "net/resolver.h"

/*
 * One request and its response on one libcurl easy handle, for http_client.c
 * only. An exchange is configured once and then serves request after request,
 * because setting an easy handle up costs more than using it.
 */
enum {
	HTTP_HEAD_MAX = 64 * 1024,	/* of the final response */
	HTTP_INTERIM_MAX = 16,		/* 1xx responses before it */
	HTTP_READ_ON_MAX = 1024 * 1024, /* of a body nobody keeps */
};

/* Why we broke off a transfer in the midst of it. */
enum http_stop {
	HTTP_STOP_NONE,
	HTTP_STOP_HEAD_TOO_LARGE,
	HTTP_STOP_INTERIM_FLOOD,
	HTTP_STOP_BODY_ENOUGH,
	HTTP_STOP_NO_FIRST_BYTE,
};

struct http_exchange {
	CURL *easy;
	struct http_client *client;
	struct http_sockets *sockets;
	struct http_pool *pool; /* for life */
	const struct http_client_options *options;
	struct http_exchange *next; /* in one of the client's lists */
	struct http_exchange *previous;

	/* How the easy handle is set now. */
	char method[HTTP_METHOD_MAX];
	bool method_has_body;
	long timeout;
	long connect_timeout;
	const struct http_proxy_way *proxy; /* the one that is set */
	bool has_resolve;		    /* addresses of a former request */
	bool has_connect_to;

	/* This request. */
	struct http_request request;
	struct http_destination *destination;
	int64_t began;		/* monotonic */
	int64_t waited;		/* of it, for addresses */
	struct heap_node timer; /* monotonic */
	struct resolver_wait wait;
	struct curl_slist *addresses;  /* as libcurl wants to be told them */
	struct curl_slist *connect_to; /* what the proxy is asked for */
	bool is_target_found;
	bool is_proxy_found;
	bool is_running;	   /* known to the multi handle */
	enum http_failure failure; /* found before it ran */
	struct arena arena;	   /* the header list */
	char error[CURL_ERROR_SIZE];

	/* Its connecting. */
	size_t addresses_tried;
	size_t addresses_refused;
	size_t sockets_made;
	int family;	   /* of the last one */
	int connect_error; /* of those before (http_connect_error) */
	int former_error;  /* what libcurl keeps from former requests */

	/* Its response. */
	struct buf head;
	struct buf body;
	struct buf why;
	size_t body_seen;
	unsigned interim_count;
	bool is_head_begun; /* between a status line and its blank line */
	bool is_head_done;  /* of the final response; trailers may follow */
	enum http_stop stop;
};

struct http_exchange *http_exchange_new(struct http_sockets *sockets,
	struct http_pool *pool, const struct http_client_options *options);
/** Must not be running. */
void http_exchange_free(struct http_exchange *exchange);

/**
 * Sets the handle up for `exchange->request`, whose destination is taken.
 * ERR_INVALID with `exchange->why` when it cannot be sent as it is.
 */
enum err http_exchange_prepare(struct http_exchange *exchange) MUST_USE;

/** The next name whose address is needed; false: all are there. */
bool http_exchange_next_host(struct http_exchange *exchange, struct str *ret);

/** What the resolver said of that name; a failure with `exchange->why`. */
enum http_failure http_exchange_found(
	struct http_exchange *exchange, const struct resolver_answer *answer);

/** Its time to do so is over. */
enum http_failure http_exchange_not_found(struct http_exchange *exchange);

/**
 * Notes why the last of the addresses so far could not be connected to, which
 * is all that libcurl keeps.
 */
void http_exchange_note_error(struct http_exchange *exchange);

/** The proxy of this request, or NULL. */
const struct http_proxy_way *http_exchange_proxy(
	const struct http_exchange *exchange);

/**
 * Whether a connection to this address may be made, be it the destination's
 * or the proxy's; if not, `exchange->why` says it.
 */
bool http_exchange_may_connect(
	struct http_exchange *exchange, const struct sockaddr *address);

/** Of the client, in microseconds. */
int64_t http_exchange_connect_timeout(const struct http_exchange *exchange);

/** Sets addresses, and the time that is left; false: none is. */
bool http_exchange_arm(struct http_exchange *exchange);

/**
 * When the answer must have begun, monotonic; later than now while there is
 * no connection, INT64_MAX when it has begun. It is running.
 */
int64_t http_exchange_first_byte_due(struct http_exchange *exchange);

/** CURLOPT_HEADERFUNCTION: one line a call, trailers at the end. */
size_t http_exchange_on_header(
	char *ptr, size_t size, size_t count, void *exchange);

/** CURLOPT_WRITEFUNCTION. */
size_t http_exchange_on_body(
	char *ptr, size_t size, size_t count, void *exchange);

/** Fills `ret` from a transfer that ended; it borrows from `exchange`. */
void http_exchange_result(
	struct http_exchange *exchange, CURLcode code, struct http_result *ret);

/** Forgets the request; large buffers are let go. */
void http_exchange_reset(struct http_exchange *exchange);
