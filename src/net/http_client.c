#include "net/http_client.h"

#include <stdlib.h>
#include <threads.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_client_exchange.h"
#include "net/http_client_idle.h"
#include "net/http_client_options.h"
#include "net/local_engine.h"
#include "net/wire_engine.h"

enum { DEFAULT_CONNECTIONS = 1024 };

struct http_client {
	struct wire_engine *wire;
	struct local_engine *local;
	CURLM *multi;
	struct http_client_options options; /* its texts are ours */
	struct arena arena;		    /* those texts */
	struct http_sockets sockets;
	struct http_pools pools;
	/* Those that were begun, some of which wait for an address; doubly
	   linked, newest first. */
	struct http_exchange *running;
	struct http_exchange *failed; /* ended before they began, a queue */
	struct http_exchange **failed_end;
	struct resolver *resolver;
	struct heap timers;   /* of exchanges */
	size_t running_count; /* all that were not done */
	bool is_closing;
};

static once_flag is_curl_started = ONCE_FLAG_INIT;

static void
start_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		return;
	log_error("http_client.start", "libcurl cannot start");
	abort();
}

static void
start_engines(struct http_client *client)
{
	struct wire_engine_options options = {
		.client = &client->options,
		.sockets = &client->sockets,
		.destinations = &client->pools.plain.destinations,
		.resolver = client->resolver,
	};

	client->wire = wire_engine_new(&options);
	client->local = local_engine_new(&client->options, &client->sockets);
}

struct http_client *
http_client_new(const struct http_client_options *options)
{
	struct http_client *client = MEM_NEW(struct http_client);
	size_t connections = options->connections_max;

	call_once(&is_curl_started, start_curl);
	client->multi = curl_multi_init();
	if (client->multi == NULL)
		start_curl();
	http_options_copy(options, &client->arena, &client->options);
	http_pools_init(&client->pools, &client->options, http_idle_free);
	client->failed_end = &client->failed;
	http_sockets_open(&client->sockets, client->multi);
	client->resolver = resolver_new(options->resolver);
	client->options.resolver = NULL;
	http_sockets_watch_always(
		&client->sockets, resolver_fd(client->resolver));
	if (connections == 0 || connections > INT32_MAX)
		connections = DEFAULT_CONNECTIONS;
	curl_multi_setopt(
		client->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	curl_multi_setopt(
		client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	start_engines(client);
	return client;
}

static void
give_back_exchange(struct http_client *client, struct http_exchange *exchange)
{
	struct http_pool *pool = exchange->pool;

	http_idle_give_back(exchange, client->is_closing);
	http_pools_give_back(&client->pools, pool);
}

static void
link_running(struct http_client *client, struct http_exchange *exchange)
{
	exchange->previous = NULL;
	exchange->next = client->running;
	if (client->running)
		client->running->previous = exchange;
	client->running = exchange;
}

static void
unlink_running(struct http_client *client, struct http_exchange *exchange)
{
	if (exchange->previous)
		exchange->previous->next = exchange->next;
	else
		client->running = exchange->next;
	if (exchange->next)
		exchange->next->previous = exchange->previous;
	exchange->previous = NULL;
	exchange->next = NULL;
}

/* ---- how a request begins ---- */

static void
fail(struct http_client *client, struct http_exchange *exchange,
	enum http_failure failure)
{
	exchange->failure = failure;
	*client->failed_end = exchange;
	client->failed_end = &exchange->next;
}

static void
set_timer(
	struct http_client *client, struct http_exchange *exchange, int64_t due)
{
	exchange->timer.key = due;
	heap_add(&client->timers, &exchange->timer);
}

/** Hands it to libcurl. */
static enum http_failure
launch(struct http_client *client, struct http_exchange *exchange)
{
	if (!http_exchange_arm(exchange)) {
		buf_append(&exchange->why,
			STR("there was no time left after the look-up"));
		return HTTP_DNS_DOWN;
	}
	if (curl_multi_add_handle(client->multi, exchange->easy) != CURLM_OK) {
		buf_append(&exchange->why, STR("libcurl took no request"));
		return HTTP_OUR_FAULT;
	}
	exchange->is_running = true;
	link_running(client, exchange);
	if (exchange->request.first_byte_timeout > 0)
		set_timer(client, exchange,
			clock_monotonic() +
				exchange->request.first_byte_timeout);
	return HTTP_NO_FAILURE;
}

static void address_came(
	struct resolver_wait *wait, const struct resolver_answer *answer);

/** Finds the addresses that are needed, one name after the other. */
static enum http_failure
find_addresses(struct http_client *client, struct http_exchange *exchange)
{
	struct resolver_answer answer;
	struct str host;

	while (http_exchange_next_host(exchange, &host)) {
		enum http_failure failure;

		exchange->wait.done = address_came;
		if (!resolver_ask(
			    client->resolver, host, &exchange->wait, &answer)) {
			set_timer(client, exchange,
				exchange->began + http_exchange_connect_timeout(
							  exchange));
			link_running(client, exchange);
			return HTTP_NO_FAILURE;
		}
		failure = http_exchange_found(exchange, &answer);
		if (failure != HTTP_NO_FAILURE)
			return failure;
	}
	return launch(client, exchange);
}

static void
address_came(struct resolver_wait *wait, const struct resolver_answer *answer)
{
	struct http_exchange *exchange =
		CONTAINER_OF(wait, struct http_exchange, wait);
	struct http_client *client = exchange->client;
	enum http_failure failure;

	heap_remove(&client->timers, &exchange->timer);
	unlink_running(client, exchange);
	failure = http_exchange_found(exchange, answer);
	if (failure == HTTP_NO_FAILURE)
		failure = find_addresses(client, exchange);
	if (failure != HTTP_NO_FAILURE)
		fail(client, exchange, failure);
}

/** What stands in the way, with a sentence, or nothing. */
static enum http_failure
start(struct http_client *client, struct http_exchange *exchange)
{
	struct http_pool *pool = exchange->pool;
	enum err err;

	if (client->is_closing) {
		buf_append(&exchange->why, STR("the client is stopping"));
		return HTTP_ABORTED;
	}
	err = http_destination_take(&pool->destinations, exchange->request.url,
		&exchange->destination, &exchange->why);
	if (err != ERR_OK)
		return err == ERR_DENIED ? HTTP_NOT_ALLOWED : HTTP_BAD_URL;
	if (http_exchange_prepare(exchange) != ERR_OK)
		return HTTP_OUR_FAULT;
	return find_addresses(client, exchange);
}

/** Which engine a request goes over. */
static enum http_engine
engine_for(const struct http_client *client, const struct http_request *request)
{
	bool is_plain = http_request_is_plain(
		&client->options, request, STR("")); /* no host is excepted */

	if (is_plain && client->options.engine)
		return client->options.engine;
	return is_plain ? HTTP_ENGINE_WIRE : HTTP_ENGINE_CURL;
}

void
http_client_send(struct http_client *client, const struct http_request *request)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct http_exchange *exchange;
	enum http_failure failure;
	struct http_pool *pool;

	if (client->local && http_local_is(request->url)) {
		local_engine_send(client->local, request);
		return;
	}
	if (engine_for(client, request) == HTTP_ENGINE_WIRE) {
		wire_engine_send(client->wire, request);
		return;
	}
	failure = http_pools_take(
		&client->pools, request->way, request->list, &pool, &why);
	exchange = http_idle_take(&client->sockets, pool, &client->options);
	client->running_count++;
	exchange->client = client;
	exchange->request = *request;
	exchange->began = clock_monotonic();
	if (failure == HTTP_NO_FAILURE)
		failure = start(client, exchange);
	else
		buf_append(&exchange->why, buf_str(&why));
	if (failure != HTTP_NO_FAILURE)
		fail(client, exchange, failure);
}

size_t
http_client_running(const struct http_client *client)
{
	return client->running_count + wire_engine_running(client->wire) +
	       local_engine_running(client->local);
}

/* ---- how it ends ---- */

static void
tell(struct http_client *client, struct http_exchange *exchange,
	const struct http_result *result)
{
	client->running_count--;
	exchange->request.done(exchange->request.context, result);
	give_back_exchange(client, exchange);
}

/** Those that ended before they began. Later ones wait for the next turn. */
static bool
tell_failed(struct http_client *client)
{
	struct http_exchange *exchange = client->failed;
	bool was_any = exchange != NULL;

	client->failed = NULL;
	client->failed_end = &client->failed;
	while (exchange) {
		struct http_exchange *next = exchange->next;
		struct http_result result = {
			.failure = exchange->failure,
			.error = buf_str(&exchange->why),
			.timings.name_resolved = exchange->waited,
			.timings.total = exchange->waited,
		};

		exchange->next = NULL;
		tell(client, exchange, &result);
		exchange = next;
	}
	return was_any;
}

static void
end_transfer(struct http_client *client, struct http_exchange *exchange)
{
	heap_remove(&client->timers, &exchange->timer);
	if (exchange->is_running)
		curl_multi_remove_handle(client->multi, exchange->easy);
	else
		resolver_cancel(&exchange->wait);
	exchange->is_running = false;
	unlink_running(client, exchange);
}

static void
end_without_address(struct http_client *client, struct http_exchange *exchange)
{
	end_transfer(client, exchange);
	fail(client, exchange, http_exchange_not_found(exchange));
}

static void
end_without_answer(struct http_client *client, struct http_exchange *exchange)
{
	int64_t due = http_exchange_first_byte_due(exchange);
	struct http_result result;

	heap_remove(&client->timers, &exchange->timer);
	if (due == INT64_MAX)
		return; /* it came */
	if (due > clock_monotonic()) {
		set_timer(client, exchange, due);
		return;
	}
	exchange->stop = HTTP_STOP_NO_FIRST_BYTE;
	end_transfer(client, exchange);
	http_exchange_result(exchange, CURLE_OPERATION_TIMEDOUT, &result);
	tell(client, exchange, &result);
}

/** No address came, or no answer began, in its time. */
static void
tell_late(struct http_client *client)
{
	int64_t now = client->timers.count ? clock_monotonic() : 0;
	struct heap_node *first;

	while ((first = heap_first(&client->timers)) && first->key <= now) {
		struct http_exchange *exchange =
			CONTAINER_OF(first, struct http_exchange, timer);

		if (exchange->is_running)
			end_without_answer(client, exchange);
		else
			end_without_address(client, exchange);
	}
}

static bool
tell_ended(struct http_client *client)
{
	bool was_any = false;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		struct http_exchange *exchange = NULL;
		struct http_result result;

		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
		end_transfer(client, exchange);
		http_exchange_result(exchange, code, &result);
		was_any = true;
		tell(client, exchange, &result);
	}
	return was_any;
}

/** The sleep, shortened to `due`; true when that is what ends it. */
static bool
shorten(int64_t *timeout, int64_t due)
{
	int64_t left;

	if (*timeout <= 0 || due == INT64_MAX)
		return false;
	left = due - clock_monotonic();
	if (left > *timeout)
		return false;
	*timeout = left > 0 ? left : 0;
	return true;
}

int64_t
http_client_wait(struct http_client *client, int extra_fd, int64_t timeout)
{
	int64_t slept;
	bool was_busy = tell_failed(client);
	bool is_local_due, is_wire_due;

	/* A request sent since the last turn begins by libcurl's timer. */
	if (http_sockets_run_timer(&client->sockets))
		was_busy |= tell_ended(client);
	was_busy |= wire_engine_run(client->wire, false);
	was_busy |= local_engine_run(client->local, false);
	if (was_busy)
		timeout = 0;
	if (client->timers.count)
		shorten(&timeout, heap_first(&client->timers)->key);
	is_wire_due = shorten(&timeout, wire_engine_due(client->wire));
	is_local_due = shorten(&timeout, local_engine_due(client->local));
	if (http_sockets_wait(&client->sockets, extra_fd, timeout, &slept))
		is_wire_due = is_local_due = false;
	wire_engine_flush(client->wire); /* answers */
	tell_ended(client);
	resolver_run(client->resolver);
	tell_late(client);
	/* What those told above have sent waits for the next turn. */
	if (!was_busy) {
		wire_engine_run(client->wire, is_wire_due);
		local_engine_run(client->local, is_local_due);
	}
	return slept;
}

static void
abort_all(struct http_client *client)
{
	while (client->running) {
		struct http_exchange *exchange = client->running;
		struct http_result result = {
			.failure = HTTP_ABORTED,
			.error = STR("the client is stopping"),
		};

		end_transfer(client, exchange);
		tell(client, exchange, &result);
	}
	while (tell_failed(client))
		;
}

void
http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	client->is_closing = true;
	local_engine_free(client->local);
	wire_engine_free(client->wire);
	abort_all(client);
	http_pools_release(&client->pools);
	curl_multi_cleanup(client->multi);
	http_sockets_close(&client->sockets);
	resolver_free(client->resolver);
	heap_release(&client->timers);
	arena_release(&client->arena);
	mem_free(client);
}
