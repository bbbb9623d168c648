#pragma once
#include <arpa/inet.h>

#include "net/http_client_socket.h"
#include "net/wire_ssl.h"

/*
 * One connection of the wire engine: socket, TLS if need be, and what the
 * epoll watches it for. One thread.
 *
 *   CONNECTING ─> SECURING ─> OPEN
 *        └─────(no TLS)────────^
 */
enum wire_connection_state {
	WIRE_CONNECTING,
	WIRE_SECURING,
	WIRE_OPEN,
};

struct wire_engine;
struct wire_exchange;
struct wire_origin;

struct wire_connection {
	struct http_watcher watcher; /* its owner's function */
	enum wire_connection_state state;
	int fd;
	struct ssl_st *ssl; /* NULL: plain */
	struct http_sockets *sockets;
	struct wire_engine *engine;	/* its owner's */
	struct wire_exchange *exchange; /* NULL: idle */
	int64_t opened;			/* monotonic */
	int64_t keep_until;		/* when it is idle */
	char peer[INET6_ADDRSTRLEN];
	/* the pool's */
	struct wire_origin *origin;
	struct wire_connection *older, *newer; /* idle ones, all */
	struct wire_connection *below, *above; /* idle ones of the origin */
};

/**
 * Begins to connect to an address with its port. NULL with errno when there is
 * no socket or the connection fails at once.
 */
struct wire_connection *wire_connection_open(
	struct http_sockets *sockets, const struct sockaddr *address);
/** NULL is harmless. */
void wire_connection_close(struct wire_connection *connection);

/** After an event: 0 with `*ret_done`, or the errno of the failed attempt. */
int wire_connection_try(struct wire_connection *connection, bool *ret_done);

/** From CONNECTING to SECURING; errors as wire_ssl_open(). */
enum err wire_connection_secure(struct wire_connection *connection,
	struct wire_ssl *tls, const struct url *url, struct buf *why) MUST_USE;

/** A step of the handshake; OK: it is OPEN. */
enum wire_io wire_connection_shake_hands(
	struct wire_connection *connection, struct buf *why);

/** From CONNECTING to OPEN. */
void wire_connection_opened(struct wire_connection *connection);

/**
 * Sends what is left of head and body, of which `*sent` bytes have gone. OK:
 * all of it went.
 */
enum wire_io wire_connection_send(struct wire_connection *connection,
	const struct str parts[2], size_t *sent, struct buf *why);

/** OK: `*ret` bytes came. */
enum wire_io wire_connection_read(struct wire_connection *connection,
	char *buffer, size_t size, size_t *ret, struct buf *why);

/** Whether this errno of a send or receive only says: not now. */
bool wire_connection_is_later(int error);

/** Whether bytes wait inside, of which the socket does not tell. */
bool wire_connection_has_more(const struct wire_connection *connection);

/** Always for reading; for writing too when it `is_writing`. */
void wire_connection_watch(struct wire_connection *connection, bool is_writing);
