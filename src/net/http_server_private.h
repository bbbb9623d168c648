#pragma once
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/http_server.h"

/*
 * What the files of the HTTP server share: http_server.c (life of the
 * server), http_server_request.c (life of a request), http_server_call.c (what
 * a call says, how it answers), http_server_listen.c (the socket),
 * http_server_linger.c (closing a connection whose request was not read to its
 * end). Nobody else includes it.
 */
struct http_linger;

/*
 * Who may touch a call, and who wakes whom:
 *
 *          handle() returned without an answer
 *   OPEN ───────────────────────────────────────> WAITING (suspended)
 *     │ respond()                                    │ respond(): resume
 *     └──────────────────> ANSWERED <────────────────┘
 *
 * Each move is one atomic exchange, so of the loop's thread and a responder
 * exactly one sees the other's. The right to answer is claimed before the
 * answer is written, since the stop of a server may answer in the place of a
 * handler that takes too long.
 */
enum call_state { CALL_OPEN, CALL_WAITING, CALL_ANSWERED };
enum call_claim { CLAIM_NONE, CLAIM_CALLER, CLAIM_STOP };

struct call_header {
	struct call_header *next;
	struct str name;
	struct str value;
};

struct http_call {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_call *previous, *next; /* server's list, under its lock */
	atomic_int state;
	atomic_int claim;

	/* The loop's thread. */
	bool is_head_read;
	bool is_handed; /* to handle() */
	bool is_queued; /* the answer is MHD's now */
	uint64_t discarded;

	struct arena arena;
	struct str method, path, query;
	struct call_header *headers; /* of the request, in order */
	struct buf body;
	size_t body_max;
	void *slot;
	char peer[64];

	/* The answer: written by whoever claimed, read after ANSWERED. */
	struct call_header *answer_headers;
	int status;
	struct MHD_Response *response;
};

struct http_server {
	struct http_server_options options;
	struct MHD_Daemon *daemon;
	struct http_linger *linger;
	int listen_fd; /* -1: MHD closes it */
	uint16_t port;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t idle;
	struct http_call *calls;
	struct http_call *zombies; /* aborted; the late responder may come */
	size_t in_flight;
	atomic_bool is_stopping;
	atomic_uint responders; /* threads between claiming and resuming */
	struct buf *start_log;	/* during start: what MHD complains about */
};

/** Answers 503 in place of a handler that is late, unless it is not. */
void http_call_abort(struct http_call *call);

/* What MHD calls (http_server_request.c). */
/** The request line is there; `uri` as sent, query included. */
void *http_call_on_request_line(
	void *context, const char *uri, struct MHD_Connection *connection);
/** For the head, for each piece of the body, and when all is there. */
enum MHD_Result http_call_on_access(void *context,
	struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *body, size_t *body_len, void **slot);
/** The answer is out, or the connection is gone. */
void http_call_on_completed(void *context, struct MHD_Connection *connection,
	void **slot, enum MHD_RequestTerminationCode code);

void http_call_free(struct http_call *call);

/** A bound, listening, non-blocking socket. */
enum err http_server_listen(struct str listen, int *ret_fd, uint16_t *ret_port,
	struct buf *why) MUST_USE;

/*
 * A server that answers before it has read the whole request and then closes
 * makes the kernel send a reset, which can destroy the answer on its way. So
 * a duplicate of the socket is kept here, what still comes in is thrown away,
 * and it is closed when the peer has closed, after two seconds at most (RFC
 * 9112 §9.6).
 */
struct http_linger *http_linger_start(void);
/** Any thread. Does nothing when too many are lingering already. */
void http_linger_add(struct http_linger *linger, int fd);
/** Closes all. NULL is harmless. */
void http_linger_stop(struct http_linger *linger);
