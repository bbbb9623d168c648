#include "net/wire_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/wire_exchange.h"

enum {
	UNUSED_MAX = 256,
	DEFAULT_CONNECTIONS = 1024,
};

#define DEFAULT_TIMEOUT (30 * SECONDS)

/* ---- states ---- */

static const char *const state_names[] = {
	[WIRE_NEW] = "NEW",
	[WIRE_RESOLVING] = "RESOLVING",
	[WIRE_DIALLING] = "DIALLING",
	[WIRE_SHAKING_HANDS] = "SHAKING_HANDS",
	[WIRE_EXCHANGING] = "EXCHANGING",
	[WIRE_ENDED] = "ENDED",
};

/* Rows: from, columns: to, both in the order of the enum. */
static const bool moves[COUNT_OF(state_names)][COUNT_OF(state_names)] = {
	[WIRE_NEW] = {0, 1, 1, 0, 1, 1},
	[WIRE_RESOLVING] = {0, 0, 1, 0, 0, 1},
	[WIRE_DIALLING] = {0, 0, 1, 1, 1, 1},
	[WIRE_SHAKING_HANDS] = {0, 0, 0, 0, 1, 1},
	[WIRE_EXCHANGING] = {0, 1, 1, 0, 0, 1},
	[WIRE_ENDED] = {1, 0, 0, 0, 0, 0},
};

void
wire_exchange_move(struct wire_exchange *exchange, enum wire_exchange_state to)
{
	if (!moves[exchange->state][to]) { /* a bug */
		log_error("wire.exchange", "from=%s to=%s",
			state_names[exchange->state], state_names[to]);
		abort();
	}
	exchange->state = to;
}

/* ---- time ---- */

int64_t
wire_exchange_elapsed(const struct wire_exchange *exchange)
{
	int64_t received = exchange->engine->received;
	int64_t elapsed =
		(received ? received : clock_monotonic()) - exchange->started;

	return elapsed > 0 ? elapsed : 1;
}

void
wire_exchange_set_timer(struct wire_exchange *exchange)
{
	int64_t due = exchange->total_due;

	if (exchange->state != WIRE_EXCHANGING && exchange->connect_due < due)
		due = exchange->connect_due;
	if (exchange->state == WIRE_DIALLING && exchange->address_due < due)
		due = exchange->address_due;
	if (exchange->state == WIRE_EXCHANGING &&
		exchange->timings.first_byte == 0 &&
		exchange->first_byte_due < due)
		due = exchange->first_byte_due;
	if (exchange->timer.place && exchange->timer.key == due)
		return;
	heap_remove(&exchange->engine->timers, &exchange->timer);
	exchange->timer.key = due;
	heap_add(&exchange->engine->timers, &exchange->timer);
}

/** True when it was this time that is over. */
static bool
first_byte_is_late(struct wire_exchange *exchange)
{
	int64_t due = exchange->timer.key;

	if (exchange->state != WIRE_EXCHANGING || due == exchange->total_due)
		return false;
	if (exchange->timings.first_byte > 0)
		wire_exchange_set_timer(exchange); /* it came */
	else
		wire_exchange_fail(exchange, HTTP_TIMED_OUT,
			"no answer began within %lld ms",
			(long long)(exchange->request.first_byte_timeout /
				    MILLISECONDS));
	return true;
}

static void
time_is_over(struct wire_exchange *exchange)
{
	static const char *const doing[] = {
		[WIRE_DIALLING] = "connecting",
		[WIRE_SHAKING_HANDS] = "the TLS handshake",
		[WIRE_EXCHANGING] = "waiting for the whole answer",
	};
	int64_t due = exchange->timer.key;

	if (exchange->state == WIRE_DIALLING && due < exchange->connect_due &&
		due < exchange->total_due) {
		wire_dial_next(exchange, ETIMEDOUT);
		return;
	}
	if (first_byte_is_late(exchange))
		return;
	if (exchange->state == WIRE_RESOLVING) {
		wire_exchange_fail(exchange, HTTP_DNS_DOWN,
			"host \"%.*s\": the name server did not answer in "
			"time",
			STR_ARG(exchange->destination->url.host));
		return;
	}
	wire_exchange_fail(exchange, HTTP_TIMED_OUT,
		"timed out after %lld ms, %s",
		(long long)((due - exchange->started) / MILLISECONDS),
		doing[exchange->state]);
}

/* ---- lists ---- */

static void
link_running(struct wire_engine *engine, struct wire_exchange *exchange)
{
	exchange->previous = NULL;
	exchange->next = engine->running;
	if (engine->running)
		engine->running->previous = exchange;
	engine->running = exchange;
}

static void
unlink_running(struct wire_engine *engine, struct wire_exchange *exchange)
{
	*(exchange->previous ? &exchange->previous->next : &engine->running) =
		exchange->next;
	if (exchange->next)
		exchange->next->previous = exchange->previous;
	exchange->previous = NULL;
	exchange->next = NULL;
}

static struct wire_exchange *
take_exchange(struct wire_engine *engine)
{
	struct wire_exchange *exchange = engine->unused;

	if (exchange) {
		engine->unused = exchange->next;
		engine->unused_count--;
		return exchange;
	}
	exchange = MEM_NEW(struct wire_exchange);
	exchange->engine = engine;
	return exchange;
}

static void
free_exchange(struct wire_exchange *exchange)
{
	buf_release(&exchange->head);
	buf_release(&exchange->why);
	wire_response_release(&exchange->response);
	mem_free(exchange);
}

static void
give_back(struct wire_engine *engine, struct wire_exchange *exchange)
{
	if (exchange->destination)
		http_destination_give_back(
			engine->options.destinations, exchange->destination);
	exchange->destination = NULL;
	if (engine->unused_count == UNUSED_MAX || engine->is_closing) {
		free_exchange(exchange);
		return;
	}
	wire_exchange_move(exchange, WIRE_NEW);
	exchange->next = engine->unused;
	engine->unused = exchange;
	engine->unused_count++;
}

/* ---- the end of one ---- */

void
wire_exchange_end(struct wire_exchange *exchange, enum http_failure failure)
{
	struct wire_engine *engine = exchange->engine;

	wire_exchange_move(exchange, WIRE_ENDED);
	wire_batch_remove(engine->batch, exchange);
	exchange->failure = failure;
	/* What ended well ended with the bytes that came last. */
	if (failure != HTTP_NO_FAILURE || exchange->timings.total == 0)
		exchange->timings.total = wire_exchange_elapsed(exchange);
	heap_remove(&engine->timers, &exchange->timer);
	resolver_cancel(&exchange->wait);
	unlink_running(engine, exchange);
	/* One that ended well has parted from its connection before. */
	if (exchange->connection)
		wire_pool_close(&engine->pool, exchange->connection);
	exchange->connection = NULL;
	*engine->ended_end = exchange;
	engine->ended_end = &exchange->next;
}

void
wire_exchange_fail(struct wire_exchange *exchange, enum http_failure failure,
	const char *format, ...)
{
	va_list args;

	buf_clear(&exchange->why);
	va_start(args, format);
	buf_vprintf(&exchange->why, format, args);
	va_end(args);
	wire_exchange_end(exchange, failure);
}

static void
tell(struct wire_engine *engine, struct wire_exchange *exchange)
{
	const struct wire_response *response = &exchange->response;
	struct http_result result = {
		.failure = exchange->failure,
		.head = buf_str(&response->head),
		.body = buf_str(&response->body),
		.body_was_cut = response->body_seen > response->body.len,
		.peer = str_of(exchange->peer),
		.timings = exchange->timings,
		.is_reused_connection = exchange->is_reused,
	};

	if (exchange->failure == HTTP_NO_FAILURE)
		result.status = response->status;
	else
		result.error = buf_str(&exchange->why);
	engine->count--;
	exchange->request.done(exchange->request.context, &result);
	give_back(engine, exchange);
}

/** Those that end meanwhile wait for the next turn. */
static bool
tell_ended(struct wire_engine *engine)
{
	struct wire_exchange *exchange = engine->ended;
	bool was_any = exchange != NULL;

	engine->ended = NULL;
	engine->ended_end = &engine->ended;
	while (exchange) {
		struct wire_exchange *next = exchange->next;

		exchange->next = NULL;
		tell(engine, exchange);
		exchange = next;
	}
	return was_any;
}

/* ---- the beginning of one ---- */

static void
reset(struct wire_exchange *exchange, const struct http_request *request)
{
	int64_t now = clock_monotonic();

	exchange->request = *request;
	exchange->sent = 0;
	exchange->is_send_broken = false;
	exchange->is_reused = false;
	exchange->failure = HTTP_NO_FAILURE;
	exchange->timings = (struct http_timings){0};
	exchange->peer[0] = '\0';
	buf_clear(&exchange->why);
	wire_response_begin(&exchange->response,
		!strcmp(request->method, "HEAD"), request->response_max);
	exchange->started = now;
	exchange->total_due = now + (request->timeout > 0 ? request->timeout
							  : DEFAULT_TIMEOUT);
}

void
wire_engine_send(struct wire_engine *engine, const struct http_request *request)
{
	struct wire_exchange *exchange = take_exchange(engine);
	enum err err;

	engine->count++;
	reset(exchange, request);
	link_running(engine, exchange);
	if (engine->is_closing) {
		wire_exchange_fail(
			exchange, HTTP_ABORTED, "the client is stopping");
		return;
	}
	err = http_destination_take(engine->options.destinations, request->url,
		&exchange->destination, &exchange->why);
	if (err != ERR_OK)
		wire_exchange_end(exchange,
			err == ERR_DENIED ? HTTP_NOT_ALLOWED : HTTP_BAD_URL);
	else if (wire_request_write(request, &exchange->destination->url,
			 engine->user_agent, &exchange->head, &exchange->why))
		wire_exchange_end(exchange, HTTP_OUR_FAULT);
	else
		wire_dial(exchange, true);
}

size_t
wire_engine_running(const struct wire_engine *engine)
{
	return engine->count;
}

/* ---- turns ---- */

int64_t
wire_engine_due(const struct wire_engine *engine)
{
	struct heap_node *first = heap_first(&engine->timers);
	int64_t due = wire_pool_due(&engine->pool);

	if (engine->ended)
		return INT64_MIN;
	return first && first->key < due ? first->key : due;
}

void
wire_engine_flush(struct wire_engine *engine)
{
	wire_batch_run(engine->batch);
}

bool
wire_engine_run(struct wire_engine *engine, bool is_due)
{
	int64_t due = wire_engine_due(engine);
	int64_t now = clock_monotonic();
	struct heap_node *first;
	bool was_any;

	if (is_due && due > now)
		now = due;
	while ((first = heap_first(&engine->timers)) && first->key <= now)
		time_is_over(CONTAINER_OF(first, struct wire_exchange, timer));
	wire_pool_expire(&engine->pool, now);
	was_any = tell_ended(engine);
	wire_engine_flush(engine);
	return was_any || engine->ended;
}

/* ---- life ---- */

struct wire_engine *
wire_engine_new(const struct wire_engine_options *options)
{
	struct wire_engine *engine = MEM_NEW(struct wire_engine);
	const struct http_client_options *client = options->client;

	engine->options = *options;
	engine->user_agent =
		str_of(client->user_agent ? client->user_agent
					  : "grapnel/" GRAPNEL_VERSION);
	engine->pool.idle_max = client->connections_max
					? client->connections_max
					: DEFAULT_CONNECTIONS;
	engine->ended_end = &engine->ended;
	engine->batch = wire_batch_new(client->ring);
	engine->buffer = mem_alloc(WIRE_RECEIVE_BUFFER);
	return engine;
}

void
wire_engine_free(struct wire_engine *engine)
{
	if (engine == NULL)
		return;
	engine->is_closing = true;
	do {
		while (engine->running)
			wire_exchange_fail(engine->running, HTTP_ABORTED,
				"the client is stopping");
	} while (tell_ended(engine));
	while (engine->unused) {
		struct wire_exchange *exchange = engine->unused;

		engine->unused = exchange->next;
		free_exchange(exchange);
	}
	wire_pool_release(&engine->pool);
	wire_ssl_free(engine->tls);
	heap_release(&engine->timers);
	wire_batch_free(engine->batch);
	mem_free(engine->buffer);
	mem_free(engine);
}
