#pragma once
#include "net/http_client.h"
#include "net/http_client_destination.h"
#include "net/http_client_socket.h"

/*
 * The lean engine behind http_client.h, for http_client.c only: HTTP/1.1 over
 * plain sockets or TLS, nothing else. It keeps the same contract as the other
 * one (net/http_client_exchange.h) at a third of the cost; proxies, client
 * certificates and whatever else is special are not for it. One thread.
 */
struct wire_engine;
struct resolver;

struct wire_engine_options {
	const struct http_client_options *client; /* all borrowed for life */
	struct http_sockets *sockets;
	struct http_destinations *destinations;
	struct resolver *resolver;
};

struct wire_engine *wire_engine_new(const struct wire_engine_options *options);

/** As http_client_free(). The sockets must still be open. */
void wire_engine_free(struct wire_engine *engine);

/** As http_client_send(); `done` is called by wire_engine_run(). */
void wire_engine_send(
	struct wire_engine *engine, const struct http_request *request);

/** Requests started and not yet done. */
size_t wire_engine_running(const struct wire_engine *engine);

/** When wire_engine_run() has something to do by the clock; or INT64_MAX. */
int64_t wire_engine_due(const struct wire_engine *engine);

/** Does the sends and receives that were gathered so far (net/wire_batch.h). */
void wire_engine_flush(struct wire_engine *engine);

/**
 * Tells those that have ended, once their time has come or because of what
 * happened on their sockets. `is_due`: wire_engine_due() was slept for, so it
 * is over even if the clock stands still. What was sent meanwhile has left
 * when it returns. False when nobody has ended.
 */
bool wire_engine_run(struct wire_engine *engine, bool is_due);
