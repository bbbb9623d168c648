#include "net/wire_pool.h"

#include "base/clock.h"
#include "base/mem.h"

/* How much earlier than the peer we give an idle connection up. */
#define KEEP_MARGIN (1 * SECONDS)

void
wire_pool_release(struct wire_pool *pool)
{
	while (pool->oldest)
		wire_pool_close(pool, pool->oldest);
	map_release(&pool->by_origin);
}

static struct wire_origin *
origin_of(struct wire_pool *pool, struct str text)
{
	struct wire_origin *origin = map_get(&pool->by_origin, text);
	char *copy;

	if (origin)
		return origin;
	origin = mem_alloc(sizeof(*origin) + text.len);
	copy = (char *)(origin + 1);
	memcpy(copy, text.ptr, text.len);
	origin->text = str_make(copy, text.len);
	map_put(&pool->by_origin, origin->text, origin);
	return origin;
}

void
wire_pool_add(struct wire_pool *pool, struct str origin,
	struct wire_connection *connection)
{
	connection->origin = origin_of(pool, origin);
	connection->origin->connections++;
}

/* ---- idle ones ---- */

static void
link_idle(struct wire_pool *pool, struct wire_connection *connection)
{
	struct wire_origin *origin = connection->origin;

	connection->newer = NULL;
	connection->older = pool->newest;
	*(pool->newest ? &pool->newest->newer : &pool->oldest) = connection;
	pool->newest = connection;
	connection->above = NULL;
	connection->below = origin->idle;
	if (origin->idle)
		origin->idle->above = connection;
	origin->idle = connection;
	pool->idle_count++;
}

static bool
is_idle(const struct wire_connection *connection)
{
	return connection->exchange == NULL && connection->keep_until != 0;
}

static void
unlink_idle(struct wire_pool *pool, struct wire_connection *connection)
{
	struct wire_connection *older = connection->older;
	struct wire_connection *newer = connection->newer;
	struct wire_connection *below = connection->below;
	struct wire_connection *above = connection->above;

	*(older ? &older->newer : &pool->oldest) = newer;
	*(newer ? &newer->older : &pool->newest) = older;
	*(above ? &above->below : &connection->origin->idle) = below;
	if (below)
		below->above = above;
	connection->keep_until = 0;
	pool->idle_count--;
}

struct wire_connection *
wire_pool_take(struct wire_pool *pool, struct str origin, int64_t now)
{
	struct wire_origin *found = map_get(&pool->by_origin, origin);

	while (found && found->idle) {
		struct wire_connection *connection = found->idle;

		if (connection->keep_until > now) {
			unlink_idle(pool, connection);
			return connection;
		}
		if (found->connections == 1)
			found = NULL; /* it goes with its last one */
		wire_pool_close(pool, connection);
	}
	return NULL;
}

void
wire_pool_keep(struct wire_pool *pool, struct wire_connection *connection,
	int64_t keep_time, int64_t now)
{
	int64_t end = connection->opened + WIRE_LIFETIME;

	if (keep_time > 0)
		keep_time -= keep_time / 2 < KEEP_MARGIN ? keep_time / 2
							 : KEEP_MARGIN;
	if (keep_time == 0 || keep_time > WIRE_IDLE_TIME)
		keep_time = WIRE_IDLE_TIME;
	connection->keep_until = now + keep_time;
	if (connection->keep_until > end)
		connection->keep_until = end;
	if (connection->keep_until <= now || pool->idle_max == 0) {
		connection->keep_until = 0;
		wire_pool_close(pool, connection);
		return;
	}
	link_idle(pool, connection);
	if (pool->idle_count > pool->idle_max)
		wire_pool_close(pool, pool->oldest);
}

void
wire_pool_close(struct wire_pool *pool, struct wire_connection *connection)
{
	struct wire_origin *origin = connection->origin;

	if (is_idle(connection))
		unlink_idle(pool, connection);
	wire_connection_close(connection);
	if (--origin->connections > 0)
		return;
	map_remove(&pool->by_origin, origin->text);
	mem_free(origin);
}

/* The order of the list is that of going idle, and peers' own times may be
   shorter: such a connection is closed a little late, or when it is taken. */
int64_t
wire_pool_due(const struct wire_pool *pool)
{
	return pool->oldest ? pool->oldest->keep_until : INT64_MAX;
}

void
wire_pool_expire(struct wire_pool *pool, int64_t now)
{
	while (pool->oldest && pool->oldest->keep_until <= now)
		wire_pool_close(pool, pool->oldest);
}
