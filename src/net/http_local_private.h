#pragma once
#include <stdatomic.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/mailbox.h"
#include "net/http_local.h"

/*
 * Private to http_local.c (the place, and answers) and local_engine.c (a
 * client's side).
 */
enum local_state { LOCAL_SHUT, LOCAL_OPEN, LOCAL_CLOSED };

/** Where a client's answers come; lives as long as any is awaited. */
struct local_box {
	struct mailbox *mailbox; /* struct http_local_call */
	atomic_size_t refs;	 /* the engine's, and each awaited answer's */
	struct local_box *next;	 /* of the place, under its lock */
	struct local_box **at;
};

struct http_local_call {
	struct message message;
	struct local_box *box;
	atomic_uint refs; /* the engine's, and the answerer's */
	struct http_request request;

	/* The engine's thread. */
	struct http_local_call *next; /* running; newest first */
	struct http_local_call **at;
	struct http_local_call *next_waiting;
	bool is_waiting; /* to arrive */
	bool has_waited;
	struct heap_node timer; /* monotonic */
	struct heap_node again; /* the same, when it was not taken */
	int64_t started;
	bool is_over; /* `done` was called */

	/* Whoever answers; the engine's once the message is with it. */
	enum http_failure failure;
	int status;
	struct buf head;
	struct buf body; /* cut */
	bool body_was_cut;
	struct buf why;
	int64_t answered; /* monotonic */
};

void local_box_unref(struct local_box *box);
void local_call_unref(struct http_local_call *call);

/** The answer is there: the answerer's references go with the message. */
void local_call_post(struct http_local_call *call);

/** NULL unless it is LOCAL_OPEN. */
const struct http_local_receiver *http_local_receiver(
	struct http_local *local, enum local_state *ret_state);

/** To be woken when the place opens. */
void http_local_join(struct http_local *local, struct local_box *box);
void http_local_leave(struct http_local *local, struct local_box *box);
