#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * An HTTP/1.1 server (RFC 9112; 1.0 too), with TLS or without: threads with an
 * epoll each. A request is a `struct http_call`. When its head has been read,
 * `admit` is called; when the whole body is in, `handle`. Either may answer at
 * once; a handler that cannot answer yet just returns, and http_call_respond()
 * is called later from any thread. Requests of one connection are handled one
 * after the other.
 *
 * Heads and chunks that could be understood in two ways are refused, see
 * request_head.h; whatever is refused before it was read to its end closes the
 * connection, after its answer had time to be read.
 *
 * Event-loop threads run admit and handle: they must not block.
 */
struct http_server;
struct http_call;

struct http_server_options {
	struct str listen; /* "127.0.0.1:8080", "[::1]:0", "0.0.0.0:8080" */
	const char *tls_certificate; /* PEM file; NULL: plain HTTP */
	const char *tls_key;
	unsigned threads;	  /* 0: one a processor */
	unsigned connections_max; /* 0: 4096; others wait in the queue */
	/* Seconds; 0: 60. So long a connection may be idle, and so long a TLS
	   handshake, a head, a body, an answer may take; the latter two longer
	   as far as they move at 1 KiB/s without such a pause. */
	unsigned idle_timeout;
	size_t head_max; /* bytes of request head a connection; 0: 32 KiB */
	size_t body_max; /* default for a call; 0: 1 MiB */
	void *context;
	/* May be NULL. May respond (then the body is not read) or change the
	   call's body_max. */
	void (*admit)(void *context, struct http_call *call);
	void (*handle)(void *context, struct http_call *call);
	/* Answers for the server itself in the caller's own error shape: 413
	   when a body is over its limit, 400, 408, 414, 417, 431, 501 or 505
	   when the request cannot be used; method and path may be empty then.
	   May respond; if it does not, a plain text is sent. May be NULL. */
	void (*refuse)(void *context, struct http_call *call, int status,
		struct str reason);
};

/** ERR_IO/ERR_INVALID with why (address in use, certificate unreadable…). */
enum err http_server_start(const struct http_server_options *options,
	struct http_server **ret, struct buf *why) MUST_USE;

/** The port that is really listened on. */
uint16_t http_server_port(const struct http_server *server);

/** Stops accepting; calls in flight go on. */
void http_server_quiesce(struct http_server *server);

/** Calls not yet answered. */
size_t http_server_in_flight(const struct http_server *server);

/**
 * Waits up to `timeout` microseconds for the calls in flight, then answers the
 * rest with 503 and closes all connections. Whoever still holds a call may
 * look at it and respond (which does nothing) until http_server_free().
 */
void http_server_stop(struct http_server *server, int64_t timeout);

/** After http_server_stop(). NULL is harmless. */
void http_server_free(struct http_server *server);

/* What a call says. All valid until it is responded to. */
struct str http_call_method(const struct http_call *call);
/** The path as sent, percent-escapes not undone, without the query. */
struct str http_call_path(const struct http_call *call);
/** The raw query, without '?'. */
struct str http_call_query(const struct http_call *call);
/** A header by name in any case; empty when absent. */
struct str http_call_header(const struct http_call *call, const char *name);
/** All headers, in order. Stops when `each` returns false. */
void http_call_each_header(const struct http_call *call,
	bool (*each)(void *context, struct str name, struct str value),
	void *context);
struct str http_call_body(const struct http_call *call);
/** The peer's address as text. */
struct str http_call_peer(const struct http_call *call);
/** Memory that lives as long as the call. */
struct arena *http_call_arena(struct http_call *call);
void http_call_set_body_max(struct http_call *call, size_t max);
/** A place for the caller's own per-call data; NULL at first. */
void **http_call_slot(struct http_call *call);

/**
 * The decoded value of a query parameter ('+' is a space) in the call's
 * arena. ERR_NOT_FOUND when absent, ERR_INVALID when it cannot be decoded or
 * is given twice.
 */
enum err http_call_parameter(
	struct http_call *call, const char *name, struct str *ret) MUST_USE;

/** Adds a header to the answer; copied. Names and values are trusted. */
void http_call_add_header(
	struct http_call *call, const char *name, struct str value);

/**
 * Answers, from any thread, exactly once; `body` is copied. After it the call
 * may be gone at any moment. HEAD, 204 and 304 are sent without body.
 */
void http_call_respond(struct http_call *call, int status,
	const char *content_type, struct str body);
