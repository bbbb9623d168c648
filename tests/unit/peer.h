#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A webhook's endpoint that keeps any number of connections, on a thread of
 * its own: it answers challenges and counts what is delivered.
 */
enum { PEER_CONNECTIONS = 64, PEER_BODIES = 4096 };

struct peer {
	/* may be changed at any time */
	atomic_int status;     /* of deliveries; 0: none is answered */
	atomic_int failures;   /* so many deliveries get a 503 first */
	atomic_bool is_lying;  /* challenges get a wrong answer */
	atomic_bool is_silent; /* challenges get no answer */
	/* what has come */
	atomic_int deliveries;
	atomic_int challenges;
	atomic_int copies[PEER_BODIES]; /* of the body {"n":i} */
	/* its own */
	int listener;
	int wake[2];
	uint16_t port;
	pthread_t thread;
	struct peer_connection {
		int fd; /* -1: none */
		struct buf in;
		bool is_held; /* its request waits for an answer */
		int status;   /* it was given; 0: not decided */
	} connections[PEER_CONNECTIONS];
};

void peer_start(struct peer *peer);
void peer_stop(struct peer *peer);

/** Sets the status of deliveries; those held get theirs now. */
void peer_answer(struct peer *peer, int status);
