#pragma once
/*
 * A server whose paths say what it does:
 *   /echo    answers the body at once
 *   /later   is answered by another thread
 *   /never   is not answered
 *   /deny    is refused by admit with 401
 *   /small   has a body_max of 10
 *   /empty   answers 204
 *   anything else: method, path and query as text
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "net/http_server.h"

struct echo_server {
	struct http_server *server;
	struct mailbox *mailbox; /* calls of /later */
	pthread_t thread;	 /* which answers them */
	atomic_bool is_ending;
	atomic_int handled;
	sem_t handled_one; /* posted for each call */
	atomic_int refused;
	struct http_call *kept; /* of /never */
};

/** Starts it on a free port; the handlers are set here. */
struct echo_server *echo_server_start(struct http_server_options options);

/** With two threads and the limits that are usual. */
struct echo_server *echo_server_start_plain(void);

/** Stops the server and frees the rest. */
void echo_server_stop(struct echo_server *echo);

/** Frees the rest when the test has stopped echo->server itself. */
void echo_server_free(struct echo_server *echo);

int echo_server_dial(const struct echo_server *echo);
