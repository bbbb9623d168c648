#include "net/http_client.h"

#include <stdlib.h>
#include <threads.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_client_exchange.h"
#include "net/http_client_lookup.h"

#define LOOKUP_TIME (2 * SECONDS)

enum {
	IDLE_EXCHANGES_MAX = 256,
	DEFAULT_CONNECTIONS = 1024,
};

struct http_client {
	CURLM *multi;
	struct http_client_options options; /* its texts are ours */
	struct arena arena;		    /* those texts */
	struct http_sockets sockets;
	struct http_destinations destinations;
	struct http_exchange *running; /* doubly linked, newest first */
	struct http_exchange *failed;  /* ended before they began, a queue */
	struct http_exchange **failed_end;
	struct http_exchange *asking; /* oldest first; see ask_why() */
	struct http_lookups *lookups; /* NULL until needed */
	uintptr_t lookup_number;      /* of the latest */
	struct http_exchange *idle;   /* a stack */
	size_t idle_count;
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

static const char *
keep_text(struct http_client *client, const char *text)
{
	return text ? arena_copy(&client->arena, str_of(text)).ptr : NULL;
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
	client->options = *options;
	client->options.user_agent = keep_text(client, options->user_agent);
	client->options.ca_file = keep_text(client, options->ca_file);
	client->destinations.policy = options->policy;
	client->failed_end = &client->failed;
	http_sockets_open(&client->sockets, client->multi);
	if (connections == 0 || connections > INT32_MAX)
		connections = DEFAULT_CONNECTIONS;
	curl_multi_setopt(
		client->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	curl_multi_setopt(
		client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return client;
}

static struct http_exchange *
take_exchange(struct http_client *client)
{
	struct http_exchange *exchange = client->idle;

	if (exchange == NULL)
		return http_exchange_new(&client->sockets, &client->options);
	client->idle = exchange->next;
	client->idle_count--;
	exchange->next = NULL;
	return exchange;
}

static void
give_back_exchange(struct http_client *client, struct http_exchange *exchange)
{
	if (exchange->destination)
		http_destination_give_back(
			&client->destinations, exchange->destination);
	http_exchange_reset(exchange);
	if (client->idle_count == IDLE_EXCHANGES_MAX || client->is_closing) {
		http_exchange_free(exchange);
		return;
	}
	exchange->next = client->idle;
	client->idle = exchange;
	client->idle_count++;
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

/** Hands it to libcurl; what stands in the way, with a sentence, if not. */
static enum http_failure
start(struct http_client *client, struct http_exchange *exchange)
{
	enum err err;

	if (client->is_closing) {
		buf_append(&exchange->why, STR("the client is stopping"));
		return HTTP_ABORTED;
	}
	err = http_destination_take(&client->destinations,
		exchange->request.url, &exchange->destination, &exchange->why);
	if (err != ERR_OK)
		return err == ERR_DENIED ? HTTP_NOT_ALLOWED : HTTP_BAD_URL;
	if (http_exchange_prepare(exchange) != ERR_OK)
		return HTTP_OUR_FAULT;
	if (curl_multi_add_handle(client->multi, exchange->easy) != CURLM_OK) {
		buf_append(&exchange->why, STR("libcurl took no request"));
		return HTTP_OUR_FAULT;
	}
	return HTTP_NO_FAILURE;
}

void
http_client_send(struct http_client *client, const struct http_request *request)
{
	struct http_exchange *exchange = take_exchange(client);

	client->running_count++;
	exchange->request = *request;
	exchange->failure = start(client, exchange);
	if (exchange->failure == HTTP_NO_FAILURE) {
		link_running(client, exchange);
		return;
	}
	*client->failed_end = exchange;
	client->failed_end = &exchange->next;
}

size_t
http_client_running(const struct http_client *client)
{
	return client->running_count;
}

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
		};

		exchange->next = NULL;
		tell(client, exchange, &result);
		exchange = next;
	}
	return was_any;
}

/**
 * Whether there is no such host or the name server failed makes a difference
 * to the endpoint's health. False when it cannot be found out; else the
 * exchange is told when the answer is there or LOOKUP_TIME has passed.
 */
static bool
ask_why(struct http_client *client, struct http_exchange *exchange,
	struct http_result *result)
{
	struct http_exchange **end = &client->asking;

	if (client->lookups == NULL) {
		client->lookups = http_lookups_new();
		http_sockets_watch_always(
			&client->sockets, http_lookups_fd(client->lookups));
	}
	/* That so many still wait says that the name server is slow. */
	result->failure = HTTP_DNS_DOWN;
	if (!http_lookups_start(client->lookups,
		    exchange->destination->url.host,
		    (void *)(client->lookup_number + 1)))
		return false;
	exchange->asked_result = *result;
	exchange->asked_number = ++client->lookup_number;
	exchange->asked_due = clock_monotonic() + LOOKUP_TIME;
	while (*end)
		end = &(*end)->next;
	*end = exchange;
	return true;
}

/** Nothing happens when it was told already, its time having passed. */
static void
tell_asked(
	struct http_client *client, uintptr_t number, enum http_failure failure)
{
	struct http_exchange **at = &client->asking;
	struct http_exchange *exchange;

	while (*at && (*at)->asked_number != number)
		at = &(*at)->next;
	exchange = *at;
	if (exchange == NULL)
		return;
	*at = exchange->next;
	exchange->next = NULL;
	exchange->asked_result.failure = failure;
	tell(client, exchange, &exchange->asked_result);
}

static void
tell_all_asked(struct http_client *client)
{
	enum http_failure failure;
	void *context;

	if (client->lookups == NULL)
		return;
	while (http_lookups_take(client->lookups, &context, &failure))
		tell_asked(client, (uintptr_t)context, failure);
	while (client->asking && client->asking->asked_due <= clock_monotonic())
		tell_asked(client, client->asking->asked_number, HTTP_DNS_DOWN);
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
		curl_multi_remove_handle(client->multi, easy);
		unlink_running(client, exchange);
		http_exchange_result(exchange, code, &result);
		was_any = true;
		if (result.failure == HTTP_NAME_UNKNOWN &&
			ask_why(client, exchange, &result))
			continue;
		tell(client, exchange, &result);
	}
	return was_any;
}

void
http_client_wait(struct http_client *client, int extra_fd, int64_t timeout)
{
	bool was_busy = tell_failed(client);

	/* A request sent since the last turn begins by libcurl's timer. */
	if (http_sockets_run_timer(&client->sockets))
		was_busy |= tell_ended(client);
	if (was_busy)
		timeout = 0;
	if (timeout > 0 && client->asking) {
		int64_t left = client->asking->asked_due - clock_monotonic();

		timeout = left < timeout ? left : timeout;
	}
	http_sockets_wait(&client->sockets, extra_fd, timeout);
	tell_ended(client);
	tell_all_asked(client);
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

		curl_multi_remove_handle(client->multi, exchange->easy);
		unlink_running(client, exchange);
		tell(client, exchange, &result);
	}
	while (client->asking)
		tell_asked(client, client->asking->asked_number, HTTP_ABORTED);
	while (tell_failed(client))
		;
}

void
http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	client->is_closing = true;
	abort_all(client);
	while (client->idle) {
		struct http_exchange *exchange = client->idle;

		client->idle = exchange->next;
		http_exchange_free(exchange);
	}
	curl_multi_cleanup(client->multi);
	http_sockets_close(&client->sockets);
	http_lookups_free(client->lookups);
	http_destinations_release(&client->destinations);
	arena_release(&client->arena);
	mem_free(client);
}
