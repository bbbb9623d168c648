#pragma once
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A mail server on a loopback port that takes mails one connection after the
 * other and keeps what it heard. It offers STARTTLS when it has a TLS context
 * (or begins with TLS), and AUTH PLAIN; and says `reply` to the first command
 * that begins with `to`.
 */
struct smtp_server {
	SSL_CTX *tls;	/* NULL: none */
	bool is_tls;	/* from the first byte */
	const char *to; /* NULL: everything is taken */
	const char *reply;
	int listener;
	uint16_t port;
	pthread_t thread;
	struct buf commands; /* "EHLO …\nMAIL FROM:…\n"; look after the stop */
	struct buf data;     /* of the last mail, dots undone */
};

/** The members above `listener` are set by the caller. */
void smtp_server_start(struct smtp_server *server);
void smtp_server_stop(struct smtp_server *server);
