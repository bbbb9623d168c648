#pragma once
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A peer that says exactly the bytes it is told to, for tests of the HTTP
 * client. One thread serves one connection after the other on a loopback
 * port; every request read is answered by the next reply.
 */
enum wire_then {
	WIRE_KEEP,  /* wait for the next request */
	WIRE_CLOSE, /* close in order */
	WIRE_RESET, /* close with a reset */
	WIRE_HOLD,  /* say nothing more until the peer closes */
	WIRE_DRIP,  /* say one 'x' now and then until the peer closes */
};

struct wire_reply {
	const char *bytes;
	const char *more; /* said `more_count` times after `bytes` */
	size_t more_count;
	enum wire_then then;
};

struct wire_server {
	const struct wire_reply *replies;
	size_t reply_count;
	SSL_CTX *tls; /* NULL: plain */
	int listener;
	uint16_t port;
	pthread_t thread;
	struct buf requests; /* all that was read; look after the stop */
	atomic_size_t connections;
	atomic_size_t heard; /* whole requests */
};

/** `replies` and `tls` are borrowed until the stop. */
void wire_server_start(struct wire_server *server,
	const struct wire_reply *replies, size_t reply_count, SSL_CTX *tls);

/** The client's connections must be closed before, or time out. */
void wire_server_stop(struct wire_server *server);

/**
 * A TLS server's context with a new self-signed certificate for `name` ("IP:…"
 * or "DNS:…"), which is also written to `path` as PEM. SSL_CTX_free it.
 */
SSL_CTX *wire_tls_new(const char *name, const char *path);
