#pragma once
#include "base/map.h"
#include "net/wire_connection.h"

/*
 * The wire engine's connections by origin, and those that are idle. The one
 * used last is taken first; the one idle for longest goes first when there are
 * too many. One thread.
 */
#define WIRE_IDLE_TIME (55 * SECONDS) /* just below what most servers wait */
#define WIRE_LIFETIME \
	(600 * SECONDS) /* so that changes in DNS are followed \
			 */

struct wire_origin {
	struct str text; /* scheme://host:port */
	size_t connections;
	struct wire_connection *idle; /* newest first */
};

struct wire_pool {
	struct map by_origin;
	struct wire_connection *oldest, *newest;
	size_t idle_count;
	size_t idle_max;
};

/** Closes the idle ones; there must be no others. */
void wire_pool_release(struct wire_pool *pool);

/** A new connection to the origin, which is its own from here on. */
void wire_pool_add(struct wire_pool *pool, struct str origin,
	struct wire_connection *connection);

/** An idle connection to the origin, idle no more; NULL: none. */
struct wire_connection *wire_pool_take(
	struct wire_pool *pool, struct str origin, int64_t now);

/** It is idle for at most `keep_time` (0: the default), or closed at once. */
void wire_pool_keep(struct wire_pool *pool, struct wire_connection *connection,
	int64_t keep_time, int64_t now);

/** Closes a connection, idle or not. */
void wire_pool_close(
	struct wire_pool *pool, struct wire_connection *take_connection);

/** When the oldest idle one is to be closed; INT64_MAX: there is none. */
int64_t wire_pool_due(const struct wire_pool *pool);

/** Closes those idle for too long. */
void wire_pool_expire(struct wire_pool *pool, int64_t now);
