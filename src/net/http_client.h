#pragma once
#include "net/http_way.h"
#include "net/resolver.h"
#include "rule/retry.h"

/*
 * The one way out: every request the program makes leaves through here.
 *
 * A client belongs to one thread, which calls http_client_wait() in a loop;
 * requests are started with http_client_send() and end in their `done`
 * callback, on the same thread, inside http_client_wait() (never inside
 * http_client_send()). Connections are kept alive and reused by origin. Every
 * address is vetted against the policy at the moment of connecting, redirects
 * are never followed, TLS is verified, no proxy is taken from the
 * environment, decompression is off, cookies do not exist.
 *
 * A request may have a way of its own (net/http_way.h) and an allow-list;
 * connections are used again only by requests for which both are the same.
 * What a request's own name server, proxy and machine are to blame for is told
 * from what its peer did (enum http_failure).
 *
 * How the bytes travel is behind this header: over an engine of our own, over
 * libcurl's multi interface for whatever that one does not do, or, to a hook
 * of this process, not at all (net/http_local.h).
 */
struct http_client;
struct http_local; /* net/http_local.h */

/** How the bytes travel; everything else is the same. */
enum http_engine {
	HTTP_ENGINE_ANY,  /* by what a request needs */
	HTTP_ENGINE_WIRE, /* our own */
	HTTP_ENGINE_CURL, /* libcurl */
};

/** Whether what goes at the same time goes together, by io_uring. */
enum http_ring {
	HTTP_RING_MANY, /* when there are several, and where the kernel can */
	HTTP_RING_NEVER,
	HTTP_RING_ALWAYS, /* for tests: a single one, too */
};

struct http_client_options {
	const struct address_policy *policy; /* borrowed for life */
	const char *user_agent;
	const char *ca_file;	 /* NULL: the system's */
	size_t connections_max;	 /* idle ones kept in the pool; 0: 1024 */
	int64_t connect_timeout; /* name, connect, TLS; microseconds; 0: 10 s */
	const struct resolver_options *resolver; /* copied; NULL: defaults */
	/* For all that is not excepted; copied; NULL: none. Its address is not
	   vetted: the operator has set it. http_proxy_read() has read it. */
	const struct http_proxy *proxy;
	const struct str *no_proxy; /* http_no_proxy_holds(); copied */
	size_t no_proxy_count;
	enum http_engine engine; /* for tests: this one only */
	enum http_ring ring;
	/* Where requests to "hook:…" arrive; borrowed for life; NULL: such an
	   URL is like any that cannot be used. */
	struct http_local *local;
};

/** NULL for a field's default is 0/NULL. Aborts when libcurl cannot start. */
struct http_client *http_client_new(const struct http_client_options *options);

/**
 * Requests still running end with HTTP_ABORTED first, and so does what `done`
 * sends meanwhile. Does not wait for peers or name servers.
 */
void http_client_free(struct http_client *client);

struct http_header {
	struct str name;
	struct str value;
};

/* Microseconds since the start; 0: did not get there, or was not needed on a
   connection that was open. */
struct http_timings {
	int64_t name_resolved;
	int64_t connected;
	int64_t tls_done;
	int64_t first_byte;
	int64_t total;
};

struct http_result {
	enum http_failure failure;
	int status; /* 0 when failure is set */
	struct str
		head; /* status line and header lines, CRLF, final response */
	struct str body; /* at most response_max bytes */
	bool body_was_cut;
	struct str error; /* one sentence when failure is set */
	struct str peer;  /* address connected to, may be empty */
	struct http_timings timings;
	bool is_reused_connection;
};

struct http_request {
	const char *method; /* "GET", "POST", "OPTIONS", … */
	struct str url;
	const struct http_header *headers;
	size_t header_count;
	struct str body; /* sent as it is when has_body */
	bool has_body;
	const struct http_way *way;	 /* NULL: none of its own */
	const struct address_list *list; /* NULL: none */
	uint32_t workspace;		 /* whose hooks it may reach; 0: none */
	int64_t timeout;		 /* all of it, microseconds; 0: 30 s */
	int64_t first_byte_timeout; /* once connected; 0: none of its own */
	size_t response_max; /* body bytes kept; reading goes on up to 1 MiB to
				keep the connection, then it is closed */
	void *context;
	/* `result` and all it points to are borrowed for the call. */
	void (*done)(void *context, const struct http_result *result);
};

/**
 * Starts a request. Everything `request` points to must stay until `done`;
 * the struct itself is copied. The headers must have been vetted
 * (http_header_is_sendable); Connection, Content-Length, Expect,
 * Transfer-Encoding and Upgrade are the client's own. Never fails: an URL
 * that cannot be used ends in `done` with a failure like everything else.
 */
void http_client_send(
	struct http_client *client, const struct http_request *request);

/**
 * Whether a client with these options sends the request straight to its
 * destination with nothing of its own to it: no way, no allow-list, no proxy.
 * `host` is that of its URL.
 */
bool http_request_is_plain(const struct http_client_options *options,
	const struct http_request *request, struct str host);

/** Requests started and not yet done. */
size_t http_client_running(const struct http_client *client);

/**
 * Sleeps until something happened on a socket, `extra_fd` (<0: none; watched
 * edge-triggered for reading, as mailbox_fd() asks for) became readable, or
 * `timeout` microseconds passed, then does the work that is due and calls
 * `done` for what ended.
 *
 * Returns for how many microseconds it slept, 0 when there was something to do
 * at once. It looks before it sleeps, so having been preempted is no sleep;
 * waiting for a processor once it was woken is.
 */
int64_t http_client_wait(
	struct http_client *client, int extra_fd, int64_t timeout);

/** RFC 9110 token name, visible-ASCII/space/tab/obs-text value, no CR/LF/NUL.
 */
bool http_header_is_sendable(struct str name, struct str value);

/** The value of a header in a response head, trimmed; first one counts. */
bool http_head_find(struct str head, struct str name, struct str *ret);
