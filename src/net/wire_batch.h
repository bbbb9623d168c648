#pragma once
#include "net/http_client.h"

/*
 * The sends and receives of many exchanges over plain sockets, gathered during
 * a turn of the client and done together by net/socket_ring.h; for the wire
 * engine only, one thread. Where there is no ring nothing is gathered, and a
 * single one is done by itself, since that is cheaper.
 */
struct wire_batch;
struct wire_exchange;

struct wire_batch *wire_batch_new(enum http_ring use);
/** It must be empty. NULL is harmless. */
void wire_batch_free(struct wire_batch *batch);

/**
 * Gathers the send of an exchange's whole request, or one receive, until
 * wire_batch_run(), which then calls wire_exchange_sent() or
 * wire_exchange_received(). What was gathered is run first when it is full. An
 * exchange that stands in it already stays there as it is. False: it is the
 * caller's to do.
 */
bool wire_batch_add(
	struct wire_batch *batch, struct wire_exchange *exchange, bool is_send);

/** It ends: nothing is done for it any more. */
void wire_batch_remove(
	struct wire_batch *batch, struct wire_exchange *exchange);

/** Does all that was gathered; nothing when called by what it calls. */
void wire_batch_run(struct wire_batch *batch);
