#pragma once
#include "net/http_client_socket.h"
#include "net/http_local.h"

/*
 * The engine behind http_client.h for requests that stay in the process, for
 * http_client.c only. It keeps the same contract as the others. One thread,
 * but for the answers, which come on any: they are posted to the client's.
 */
struct local_engine;

/** NULL when the options have no place where such requests arrive. */
struct local_engine *local_engine_new(const struct http_client_options *options,
	struct http_sockets *sockets);

/** As http_client_free(). The sockets must still be open. */
void local_engine_free(struct local_engine *engine);

/** As http_client_send(); `done` is called by local_engine_run(). */
void local_engine_send(
	struct local_engine *engine, const struct http_request *request);

/* The rest for NULL too, which has nothing to do. */

/** Requests started and not yet done. */
size_t local_engine_running(const struct local_engine *engine);

/** When local_engine_run() has something to do by the clock; or INT64_MAX. */
int64_t local_engine_due(const struct local_engine *engine);

/**
 * Hands over what waited for the place to open, and tells those that were
 * answered or whose time is over. `is_due`: local_engine_due() was slept for,
 * so it is over even if the clock stands still. False when there was nobody.
 */
bool local_engine_run(struct local_engine *engine, bool is_due);
