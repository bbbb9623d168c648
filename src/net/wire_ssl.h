#pragma once
#include <stdbool.h>

#include "net/url.h"

/*
 * TLS for the wire engine, by OpenSSL on sockets that do not block. TLS
 * 1.2 or later; the certificate must lead to a known authority and be for the
 * host (RFC 9110 §4.3.4). One thread. What handles an open connection serves
 * the HTTP server's as well, which makes them itself.
 */
struct wire_ssl; /* what all connections share */
struct ssl_st;	 /* OpenSSL's SSL: a connection */

enum wire_io {
	WIRE_IO_OK,
	WIRE_IO_WAIT_READ,  /* until the socket is readable */
	WIRE_IO_WAIT_WRITE, /* until it is writable */
	WIRE_IO_END,	    /* the peer has ended it in order */
	WIRE_IO_ERROR,	    /* errno, or `why` */
};

/**
 * `ca_file`: PEM file of authorities, borrowed; NULL: the system's. They are
 * read when they are first needed. While they cannot be, wire_ssl_open() says
 * so, and tries again once a second.
 */
struct wire_ssl *wire_ssl_new(const char *ca_file);
void wire_ssl_free(struct wire_ssl *tls);

/** ERR_IO with `why` when there are no authorities to trust, or no memory. */
enum err wire_ssl_open(struct wire_ssl *tls, int fd, const struct url *url,
	struct ssl_st **ret, struct buf *why) MUST_USE;
/** NULL is harmless. `is_open`: says good-bye if that does not block. */
void wire_ssl_close(struct ssl_st *ssl, bool is_open);

/** A step of the handshake; OK: it is over. */
enum wire_io wire_ssl_shake_hands(struct ssl_st *ssl, struct buf *why);

/** OK: some bytes went, `*ret`. */
enum wire_io wire_ssl_write(
	struct ssl_st *ssl, struct str bytes, size_t *ret, struct buf *why);

/** OK: some bytes came, `*ret`. */
enum wire_io wire_ssl_read(struct ssl_st *ssl, char *buffer, size_t size,
	size_t *ret, struct buf *why);

/** Whether bytes have come that wire_ssl_read() has not given yet. */
bool wire_ssl_has_more(struct ssl_st *ssl);

/** The reason that OpenSSL gives; its queue of errors is empty afterwards. */
void wire_ssl_explain(struct buf *why);
