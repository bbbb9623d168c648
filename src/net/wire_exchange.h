#pragma once
#include "base/heap.h"
#include "net/resolver.h"
#include "net/wire_batch.h"
#include "net/wire_engine.h"
#include "net/wire_pool.h"
#include "net/wire_request.h"
#include "net/wire_response.h"

/*
 * One request and its response, and the engine they run in: private to the
 * wire engine (wire_engine.c: from beginning to end; wire_dial.c: getting a
 * connection; wire_exchange.c: talking over it).
 *
 *     ┌──────────────────────(one is idle)────────────────────┐
 *   NEW ─> RESOLVING ─> CONNECTING ─> SECURING ─> EXCHANGING <┘
 *              ^            ^                          │
 *              └────────────┴─(the idle one had died)──┘
 *   each of them ─> ENDED ─> NEW
 */
enum { WIRE_RECEIVE_BUFFER = 16 * 1024 };

enum wire_exchange_state {
	WIRE_NEW,
	WIRE_RESOLVING,
	WIRE_DIALLING,
	WIRE_SHAKING_HANDS,
	WIRE_EXCHANGING,
	WIRE_ENDED,
};

struct wire_exchange {
	struct wire_engine *engine;
	enum wire_exchange_state state;
	struct wire_exchange *next, *previous; /* in one of the lists */
	struct http_request request;
	struct http_destination *destination;
	struct wire_connection *connection;
	struct buf head; /* of the request */
	size_t sent;
	bool is_send_broken; /* the peer reads no more: it may have answered */
	size_t batch_place;  /* the batch's */
	struct wire_response response;

	/* Getting a connection. */
	struct resolver_wait wait;
	struct resolver_addresses addresses;
	size_t address_next;
	size_t addresses_refused;
	int connect_error; /* of those that failed (http_connect_error) */
	bool is_reused;

	/* Its times, monotonic. */
	struct heap_node timer; /* the earliest of those that count now */
	int64_t total_due;
	int64_t first_byte_due;
	int64_t connect_due; /* name, connect, TLS */
	int64_t address_due; /* of the address being tried */
	int64_t started;

	/* Its result. */
	enum http_failure failure;
	struct http_timings timings;
	struct buf why;
	char peer[INET6_ADDRSTRLEN];
};

struct wire_engine {
	struct wire_engine_options options;
	struct str user_agent;
	struct wire_pool pool;
	struct wire_ssl *tls; /* NULL until needed */
	struct wire_batch *batch;
	struct heap timers;
	struct wire_exchange *running; /* newest first */
	struct wire_exchange *ended;   /* a queue */
	struct wire_exchange **ended_end;
	struct wire_exchange *unused; /* a stack */
	size_t unused_count;
	size_t count; /* all that were not done */
	bool is_closing;
	int64_t received; /* when all that is being taken in came; 0: now */
	char *buffer;	  /* what is read goes here first */
};

/* ---- wire_engine.c ---- */

/** The only one to write the state. */
void wire_exchange_move(
	struct wire_exchange *exchange, enum wire_exchange_state to);

/** It ends like this; told at the next turn. */
void wire_exchange_end(
	struct wire_exchange *exchange, enum http_failure failure);

/** The same with a sentence. */
void wire_exchange_fail(struct wire_exchange *exchange,
	enum http_failure failure, const char *format, ...) PRINTF_LIKE(3, 4);

/** After one of its times was set. */
void wire_exchange_set_timer(struct wire_exchange *exchange);

/** Microseconds since it started; at least 1. */
int64_t wire_exchange_elapsed(const struct wire_exchange *exchange);

/* ---- wire_dial.c ---- */

/** Looks for a connection, an idle one if it may be; it is NEW, or again. */
void wire_dial(struct wire_exchange *exchange, bool may_reuse);

/** The address being tried failed by this errno: on to the next one. */
void wire_dial_next(struct wire_exchange *exchange, int error);

/** Something happened on a connection. */
void wire_dial_ready(struct http_watcher *watcher, uint32_t events);

/* ---- wire_exchange.c ---- */

/** A connection is there: the request goes out. */
void wire_exchange_begin(struct wire_exchange *exchange);

/** Something happened on its connection, which is OPEN. */
void wire_exchange_go_on(struct wire_exchange *exchange, uint32_t events);

/** Receives from it now. */
void wire_exchange_receive(struct wire_exchange *exchange);

/** Head and body of its request. */
void wire_exchange_parts(
	const struct wire_exchange *exchange, struct str ret[2]);

/** Its gathered send: so many bytes went, or a negated errno. */
void wire_exchange_sent(struct wire_exchange *exchange, int result);

/** Its gathered receive, into `size` bytes: so many came, or the same. */
void wire_exchange_received(struct wire_exchange *exchange, const char *bytes,
	size_t size, int result);
