#pragma once
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/heap.h"
#include "base/mailbox.h"
#include "net/http_answer.h"
#include "net/http_server.h"
#include "net/request_body.h"
#include "net/wire_ssl.h"

/*
 * What the files of the HTTP server share: http_server.c (life of the server),
 * http_server_loop.c (a thread, its epoll, its timers), http_server_accept.c
 * (new connections), http_server_connection.c (bytes in and out, states),
 * http_server_request.c (a request's way through a connection),
 * http_server_call.c (what a call says, how it is answered),
 * http_server_listen.c (the socket), http_server_tls.c. Nobody else includes
 * it.
 */
struct server_loop;
struct server_tls;

/*
 * A connection. It belongs to its loop's thread.
 *
 *   SHAKING ──> HEAD ──> BODY ──> WAITING ──> SENDING ──> HEAD …
 *                │        │                    ^  │
 *                └────────┴────(answered)──────┘  └─> LINGERING
 *
 * and from each to CLOSED. In HEAD it is idle as long as no byte has come.
 * LINGERING: an answer was sent although not all of the request was read.
 * Closing then would make the kernel send a reset, which can destroy the
 * answer on its way; so what still comes is thrown away until the peer closes
 * or its time is over (RFC 9112 §9.6).
 *
 * Its socket is registered with the epoll once, edge-triggered, for reading
 * and writing. So `is_readable` remembers that there may be something to read
 * until a read has found the socket empty.
 */
enum connection_state {
	CONNECTION_SHAKING,
	CONNECTION_HEAD,
	CONNECTION_BODY,
	CONNECTION_WAITING,
	CONNECTION_SENDING,
	CONNECTION_LINGERING,
	CONNECTION_CLOSED,
};

struct server_connection {
	struct server_loop *loop;
	enum connection_state state;
	int fd;
	struct ssl_st *ssl;			   /* NULL: plain */
	struct server_connection *previous, *next; /* the loop's list */
	struct server_connection *next_again;	   /* its list of those */
	struct message message;			   /* on its way to its loop */
	struct heap_node timer;
	int64_t due;   /* when its time is over; may be after timer's key */
	int64_t began; /* this head, body or answer */
	bool is_readable;
	bool is_hung_up;   /* the peer has closed its half at least */
	bool is_again;	   /* stands in the list */
	bool is_borrowing; /* `unread` is in the loop's buffer: its turn only */
	struct buf in;	   /* bytes that wait, and … */
	struct str unread; /* … those of them that are not used yet */
	size_t scanned;	   /* of `unread`, for the end of a head */
	size_t discarded;  /* while lingering */
	struct http_call *call;
	char peer[INET6_ADDRSTRLEN];
};

/*
 * Who may touch a call, and who wakes whom:
 *
 *          handle() returned without an answer
 *   OPEN ───────────────────────────────────────> WAITING
 *     │ respond()                                    │ respond(): a message
 *     └──────────────────> ANSWERED <────────────────┘
 *
 * Each move is one atomic exchange, so of the loop's thread and a responder
 * exactly one sees the other's. The right to answer is claimed before the
 * answer is written, since the stop of a server may answer in the place of a
 * handler that takes too long.
 */
enum call_state { CALL_OPEN, CALL_WAITING, CALL_ANSWERED };
enum call_claim { CLAIM_NONE, CLAIM_CALLER, CLAIM_STOP };

/** Lives in its own arena. */
struct http_call {
	struct message message; /* answered, on its way to its loop */
	struct server_loop *loop;
	/* NULL: its connection has gone meanwhile (the loop's thread). */
	struct server_connection *connection;
	struct http_call *previous, *next; /* the loop's waiting ones */
	atomic_int state;
	atomic_int claim;

	/* The loop's thread. */
	struct request_body reading;
	bool is_whole;	/* the request has been read to its end */
	bool is_handed; /* to handle() */
	bool is_cut;	/* an answer now leaves a body unread: close then */

	struct arena arena;
	struct str method, path, query;
	const struct request_header *headers; /* of the request, in order */
	size_t header_count;
	struct buf body;
	size_t body_max;
	void *slot;
	char peer[INET6_ADDRSTRLEN];

	/* The answer: written by whoever claimed, read after ANSWERED. */
	struct http_answer_header *answer_headers;
	struct http_answer_header **answer_headers_end;
	struct str answer;
	size_t sent;
	bool is_http_1_0;
	bool is_last; /* the connection is closed after its answer */
};

enum { LOOP_BUFFER = 64 * 1024 };

/** What comes to a loop's mailbox. */
enum server_message { SERVER_MESSAGE_CONNECTION, SERVER_MESSAGE_ANSWER };

struct server_loop {
	struct http_server *server;
	pthread_t thread;
	bool is_started;
	int epoll;
	struct mailbox *mailbox; /* answered calls, new connections */
	/* Read by other threads. */
	atomic_size_t connection_count;
	atomic_size_t in_flight; /* calls begun and not ended */
	atomic_uint responders;	 /* threads within http_call_respond() */
	/* The thread's own. */
	int64_t now; /* of this turn */
	char *buffer;
	struct request_head *head;
	struct heap timers;
	struct server_connection *connections;
	struct server_connection *closed; /* freed when the turn ends */
	struct server_connection *again;  /* have more to do next turn */
	struct http_call *waiting;
	struct http_call *zombies; /* aborted; the late responder may come */
	bool is_aborted;
};

struct http_server {
	struct http_server_options options;
	struct server_tls *tls; /* NULL: plain */
	struct server_loop *loops;
	unsigned loop_count;
	int listen_fd;
	uint16_t port;
	atomic_size_t connection_count;
	atomic_bool is_quiesced;
	atomic_bool is_stopping; /* calls that wait are answered 503 */
	atomic_bool is_ending;	 /* the loops end */
	atomic_bool is_accepting_paused;
	/* The first loop's: it accepts for all. */
	bool is_listening;
	int64_t accept_again; /* after an error; 0: whenever there is room */
	/* For whoever waits until nothing is in flight. */
	pthread_mutex_t lock;
	pthread_cond_t idle;
	atomic_bool is_waited_for;
};

/* ---- http_server_loop.c ---- */

/** False with errno. */
bool server_loop_open(struct server_loop *loop, struct http_server *server);
bool server_loop_start(struct server_loop *loop);
/** After the thread has ended, or was never started. */
void server_loop_release(struct server_loop *loop);
/** Watches a new connection; its loop's thread. */
void server_loop_add(
	struct server_loop *loop, struct server_connection *connection);
/** The connection has more to do than fits its turn. */
void server_loop_again(struct server_connection *connection);
/** When its time is over; INT64_MAX: never. */
void server_connection_set_due(
	struct server_connection *connection, int64_t due);

/* ---- http_server_accept.c: the first loop's thread ---- */

void server_accept(struct http_server *server, int64_t now);
/** Goes on accepting when there is room again. */
void server_accept_resume(struct http_server *server, int64_t now);

/* ---- http_server_connection.c ---- */

/** The only one that writes a connection's state. */
void server_connection_move(
	struct server_connection *connection, enum connection_state to);
/** EPOLL… events. */
void server_connection_ready(
	struct server_connection *connection, uint32_t events);
/** Does what there is to do, as far as its turn goes. */
void server_connection_run(struct server_connection *connection);
/** Sends what is left of its call's answer, then ends the call. */
void server_connection_send(struct server_connection *connection);
/** False when they do not go at once, as to a socket without a backlog. */
bool server_connection_send_now(
	struct server_connection *connection, struct str bytes);
/** The answer of its call has come. */
void server_connection_answered(struct server_connection *connection);
void server_connection_time_over(struct server_connection *connection);
/** At once; a call that waits goes on without it. */
void server_connection_close(struct server_connection *connection);
void server_connection_free(struct server_connection *connection);

/* ---- http_server_request.c ---- */

enum request_step {
	REQUEST_GOES_ON, /* something was done */
	REQUEST_READS,	 /* more bytes are needed */
	REQUEST_WAITS,	 /* for its answer, to be sent, or it is closed */
};

/** In HEAD, BODY: makes use of `unread`. */
enum request_step server_request_step(struct server_connection *connection);
/** The same after bytes of the body came straight into call->body. */
enum request_step server_request_body_came(
	struct server_connection *connection, size_t count);
/** A request whose time is over before it is whole. */
void server_request_late(struct server_connection *connection);
/** How long a head, body or answer of which `count` bytes moved may take. */
int64_t server_request_due(
	const struct server_connection *connection, uint64_t count);

/* ---- http_server_call.c ---- */

struct http_call *server_call_new(struct server_connection *connection);
/** It is over: freed, or kept for a responder that is late. */
void server_call_end(struct http_call *call);
void server_call_free(struct http_call *call);
/** Answers 503 in place of a handler that is late, unless it is not. */
void server_call_abort(struct http_call *call);
bool server_call_is_answered(const struct http_call *call);
/** On and off the loop's list of those that wait. */
void server_call_link(struct http_call *call);
void server_call_unlink(struct http_call *call);

/* ---- http_server_listen.c ---- */

/** A bound, listening, non-blocking socket. */
enum err http_server_listen(struct str listen, int *ret_fd, uint16_t *ret_port,
	struct buf *why) MUST_USE;

/* ---- http_server_tls.c ---- */

/** What all connections share; PEM files. ERR_IO with `why`. */
enum err server_tls_open(const char *certificate, const char *key,
	struct server_tls **ret, struct buf *why) MUST_USE;
/** NULL is harmless. */
void server_tls_close(struct server_tls *tls);
/** NULL when there is no memory for it. */
struct ssl_st *server_tls_accept(struct server_tls *tls, int fd);
