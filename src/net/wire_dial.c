/* Getting a connection: an idle one, or name, address, connect, TLS. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_client_failure.h"
#include "net/wire_exchange.h"

/* How long an address may take while there are others to try. */
#define ADDRESS_TIME (1 * SECONDS)
#define DEFAULT_CONNECT_TIMEOUT (10 * SECONDS)

static void try_addresses(struct wire_exchange *exchange);

static void
attach(struct wire_exchange *exchange, struct wire_connection *connection)
{
	exchange->connection = connection;
	connection->exchange = exchange;
	memcpy(exchange->peer, connection->peer, sizeof(exchange->peer));
}

static void
drop_connection(struct wire_exchange *exchange)
{
	wire_pool_close(&exchange->engine->pool, exchange->connection);
	exchange->connection = NULL;
}

/* ---- addresses ---- */

static void
note_refused(struct wire_exchange *exchange, const struct sockaddr *address)
{
	const char *class = address_class(address);

	exchange->addresses_refused++;
	buf_clear(&exchange->why);
	buf_printf(&exchange->why, "host \"%.*s\" is at ",
		STR_ARG(exchange->destination->url.host));
	address_append(&exchange->why, address);
	buf_printf(&exchange->why, " (%s): not on the allow-list",
		class ? class : "public");
}

static void
note_error(struct wire_exchange *exchange, int error)
{
	exchange->connect_error =
		http_connect_error(exchange->connect_error, error);
}

/** None of them could be connected to. */
static void
give_up(struct wire_exchange *exchange)
{
	const struct url *url = &exchange->destination->url;
	struct http_verdict verdict = {.code = CURLE_COULDNT_CONNECT,
		.os_error = exchange->connect_error,
		.is_resolved = true};

	if (exchange->addresses_refused == exchange->addresses.count)
		wire_exchange_end(exchange, HTTP_NOT_ALLOWED);
	else
		wire_exchange_fail(exchange, http_verdict_failure(&verdict),
			"cannot connect to %.*s, port %u: %s",
			STR_ARG(url->host), url->port,
			strerrordesc_np(exchange->connect_error));
}

static void
set_port(union resolver_address *address, uint16_t port)
{
	if (address->any.sa_family == AF_INET)
		address->v4.sin_port = htons(port);
	else
		address->v6.sin6_port = htons(port);
}

/** Vetted at the moment of connecting: nothing lies between check and use. */
static struct wire_connection *
open_connection(struct wire_exchange *exchange, union resolver_address *address)
{
	const struct wire_engine_options *options = &exchange->engine->options;
	struct wire_connection *connection;

	if (!address_is_allowed(options->client->policy, &address->any)) {
		note_refused(exchange, &address->any);
		return NULL;
	}
	set_port(address, exchange->destination->url.port);
	/* Connecting takes longer than a send: what is ready to go does not
	   wait for it, let alone for those of many endpoints that hang. */
	wire_engine_flush(exchange->engine);
	connection = wire_connection_open(options->sockets, &address->any);
	if (connection == NULL) {
		note_error(exchange, errno);
		return NULL;
	}
	connection->watcher.ready = wire_dial_ready;
	connection->engine = exchange->engine;
	wire_pool_add(&exchange->engine->pool,
		exchange->destination->url.origin, connection);
	return connection;
}

static void
try_addresses(struct wire_exchange *exchange)
{
	struct resolver_addresses *addresses = &exchange->addresses;
	struct wire_connection *connection = NULL;
	int64_t now = clock_monotonic();

	wire_exchange_move(exchange, WIRE_DIALLING);
	while (!connection && exchange->address_next < addresses->count)
		connection = open_connection(
			exchange, &addresses->list[exchange->address_next++]);
	if (connection == NULL) {
		give_up(exchange);
		return;
	}
	attach(exchange, connection);
	exchange->address_due = exchange->address_next < addresses->count
					? now + ADDRESS_TIME
					: INT64_MAX;
	wire_exchange_set_timer(exchange);
}

void
wire_dial_next(struct wire_exchange *exchange, int error)
{
	note_error(exchange, error);
	drop_connection(exchange);
	try_addresses(exchange);
}

/* ---- names ---- */

static void
resolved(struct wire_exchange *exchange, const struct resolver_answer *answer)
{
	static const char *const reasons[HTTP_ABORTED + 1] = {
		[HTTP_NAME_UNKNOWN] = "there is no such name",
		[HTTP_DNS_DOWN] = "the name server did not answer",
		[HTTP_OUR_FAULT] = "this machine could not look it up",
	};

	if (answer->failure != HTTP_NO_FAILURE) {
		wire_exchange_fail(exchange, answer->failure,
			"host \"%.*s\": %s",
			STR_ARG(exchange->destination->url.host),
			reasons[answer->failure]);
		return;
	}
	exchange->timings.name_resolved = wire_exchange_elapsed(exchange);
	exchange->addresses = *answer->addresses;
	try_addresses(exchange);
}

static void
on_resolved(struct resolver_wait *wait, const struct resolver_answer *answer)
{
	resolved(CONTAINER_OF(wait, struct wire_exchange, wait), answer);
}

static bool
read_literal(const char *host, struct resolver_addresses *ret)
{
	union resolver_address *address = &ret->list[0];

	*address = (union resolver_address){.v6 = {0}};
	ret->count = 1;
	if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		return true;
	}
	address->v6.sin6_family = AF_INET6;
	return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1;
}

static void
look_up(struct wire_exchange *exchange)
{
	struct str host = exchange->destination->url.host;
	struct resolver_answer answer = {.addresses = &exchange->addresses};
	struct resolver *resolver = exchange->engine->options.resolver;

	exchange->wait = (struct resolver_wait){.done = on_resolved};
	if (read_literal(host.ptr, &exchange->addresses) ||
		resolver_ask(resolver, host, &exchange->wait, &answer)) {
		resolved(exchange, &answer);
		return;
	}
	wire_exchange_move(exchange, WIRE_RESOLVING);
	wire_exchange_set_timer(exchange);
}

void
wire_dial(struct wire_exchange *exchange, bool may_reuse)
{
	struct wire_engine *engine = exchange->engine;
	int64_t timeout = engine->options.client->connect_timeout;
	struct wire_connection *idle = NULL;

	if (may_reuse)
		idle = wire_pool_take(&engine->pool,
			exchange->destination->url.origin, exchange->started);
	if (idle) {
		attach(exchange, idle);
		exchange->is_reused = true;
		wire_exchange_begin(exchange);
		return;
	}
	exchange->connect_due =
		clock_monotonic() +
		(timeout > 0 ? timeout : DEFAULT_CONNECT_TIMEOUT);
	exchange->address_next = exchange->addresses_refused = 0;
	exchange->connect_error = 0;
	look_up(exchange);
}

/* ---- what happens on a connection ---- */

static void
shake_hands(struct wire_exchange *exchange)
{
	buf_clear(&exchange->why);
	switch (wire_connection_shake_hands(
		exchange->connection, &exchange->why)) {
	case WIRE_IO_WAIT_READ:
	case WIRE_IO_WAIT_WRITE: return;
	case WIRE_IO_OK:
		exchange->timings.tls_done = wire_exchange_elapsed(exchange);
		wire_exchange_begin(exchange);
		return;
	case WIRE_IO_END:
	case WIRE_IO_ERROR: break;
	}
	if (exchange->why.len == 0)
		buf_append(&exchange->why,
			str_of(errno ? strerrordesc_np(errno)
				     : "the peer closed the connection in the "
				       "TLS handshake"));
	wire_exchange_end(exchange, HTTP_TLS_FAILED);
}

static void
connected(struct wire_exchange *exchange)
{
	struct wire_engine *engine = exchange->engine;
	const struct url *url = &exchange->destination->url;

	exchange->timings.connected = wire_exchange_elapsed(exchange);
	if (str_equal(url->scheme, STR("http"))) {
		wire_connection_opened(exchange->connection);
		wire_exchange_begin(exchange);
		return;
	}
	if (engine->tls == NULL)
		engine->tls = wire_ssl_new(engine->options.client->ca_file);
	buf_clear(&exchange->why);
	if (wire_connection_secure(
		    exchange->connection, engine->tls, url, &exchange->why)) {
		wire_exchange_end(exchange, HTTP_OUR_FAULT);
		return;
	}
	wire_exchange_move(exchange, WIRE_SHAKING_HANDS);
	wire_exchange_set_timer(exchange);
	shake_hands(exchange);
}

static void
try_connected(struct wire_exchange *exchange)
{
	bool is_done;
	int error = wire_connection_try(exchange->connection, &is_done);

	if (error) {
		wire_dial_next(exchange, error);
	} else if (is_done) {
		connected(exchange);
	}
}

/** Nothing is to come on an idle connection but TLS's own messages. */
static void
check_idle(struct wire_connection *connection, struct wire_engine *engine)
{
	CLEANUP(buf_release) struct buf why = {0};
	char byte;
	size_t count;

	if (connection->ssl && wire_connection_read(connection, &byte, 1,
				       &count, &why) == WIRE_IO_WAIT_READ)
		return;
	wire_pool_close(&engine->pool, connection);
}

void
wire_dial_ready(struct http_watcher *watcher, uint32_t events)
{
	struct wire_connection *connection =
		CONTAINER_OF(watcher, struct wire_connection, watcher);
	struct wire_exchange *exchange = connection->exchange;

	if (exchange == NULL) {
		check_idle(connection, connection->engine);
		return;
	}
	switch (connection->state) {
	case WIRE_CONNECTING: try_connected(exchange); break;
	case WIRE_SECURING: shake_hands(exchange); break;
	case WIRE_OPEN: wire_exchange_go_on(exchange, events); break;
	}
}
