#pragma once
#include "net/http_client_exchange.h"

/*
 * Exchanges that are over and wait to be used again, a few of each pool; for
 * http_client.c only. Setting one up costs more than using it.
 */

/** Frees those of a pool that goes. */
void http_idle_free(struct http_pool *pool);

/** One of the pool's, or a new one. */
struct http_exchange *http_idle_take(struct http_sockets *sockets,
	struct http_pool *pool, const struct http_client_options *options);

/** Forgets its request; keeps it unless there are enough, or all end. */
void http_idle_give_back(struct http_exchange *exchange, bool is_closing);
