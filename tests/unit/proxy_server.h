#pragma once
/*
 * A proxy for tests: answers each CONNECT with what it was told to, and on a
 * 200 carries bytes to 127.0.0.1, whatever host it was asked for, at the port
 * it was asked for. One thread, one connection after the other.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

struct proxy_server {
	const char *answer; /* NULL: hold; "": close */
	int listener;
	uint16_t port;
	pthread_t thread;
	struct buf requests; /* all heads; look after the stop */
	atomic_size_t connections;
};

/** `answer` is borrowed until the stop: "HTTP/1.1 200 OK\r\n\r\n". */
void proxy_server_start(struct proxy_server *server, const char *answer);

/** The client's connections must be closed before. */
void proxy_server_stop(struct proxy_server *server);
