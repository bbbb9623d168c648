#include "net/http_client_idle.h"

enum { IDLE_MAX = 256, IDLE_OF_WAY_MAX = 4 };

void
http_idle_free(struct http_pool *pool)
{
	while (pool->idle) {
		struct http_exchange *exchange = pool->idle;

		pool->idle = exchange->next;
		http_exchange_free(exchange);
	}
	pool->idle_count = 0;
}

struct http_exchange *
http_idle_take(struct http_sockets *sockets, struct http_pool *pool,
	const struct http_client_options *options)
{
	struct http_exchange *exchange = pool->idle;

	if (exchange == NULL)
		return http_exchange_new(sockets, pool, options);
	pool->idle = exchange->next;
	pool->idle_count--;
	exchange->next = NULL;
	return exchange;
}

void
http_idle_give_back(struct http_exchange *exchange, bool is_closing)
{
	struct http_pool *pool = exchange->pool;
	size_t max = str_is_empty(pool->key) ? IDLE_MAX : IDLE_OF_WAY_MAX;

	if (exchange->destination)
		http_destination_give_back(
			&pool->destinations, exchange->destination);
	http_exchange_reset(exchange);
	if (pool->idle_count == max || is_closing) {
		http_exchange_free(exchange);
		return;
	}
	exchange->next = pool->idle;
	pool->idle = exchange;
	pool->idle_count++;
}
