/* How an attempt is made: what is sent, and the proof that we may. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/http_local.h"
#include "pipeline/allow_lists.h"
#include "pipeline/attempt_private.h"
#include "pipeline/envelope.h"
#include "pipeline/payload_load.h"
#include "pipeline/signing.h"
#include "rule/trace_context.h"

/* Content-Type, id, timestamp, signatures, generation, sequence, origin, two
   of the trace, and the credential. */
enum { FIXED_HEADERS = 9 + SIGNING_HEADERS_MAX };

/* Of a hook of this process, which answers by itself after 180 s: what it has
   stored it runs, and another try would run it again. */
#define HOOK_TIMEOUT (190 * SECONDS)

/* Bodies of a batch together, about; one alone may be larger. */
enum { BATCH_BYTES_MAX = 1 << 20, ENVELOPE_BYTES = 512 };

/* ---- headers ---- */

static bool
has_header(const struct attempt *attempt, struct str name)
{
	for (size_t i = 0; i < attempt->header_count; i++) {
		if (str_equal_nocase(attempt->headers[i].name, name))
			return true;
	}
	return false;
}

/** One of those that are told apart by our own choice of names. */
static void
put_header(struct attempt *attempt, struct str name, struct str value)
{
	attempt->headers[attempt->header_count++] =
		(struct http_header){name, value};
}

/** A header that is there already stays as it is. */
static void
add_header(struct attempt *attempt, struct str name, struct str value)
{
	if (!has_header(attempt, name))
		put_header(attempt, name, value);
}

static bool
is_custom(const struct webhook *webhook, struct str name)
{
	for (size_t i = 0; i < webhook->header_count; i++) {
		if (str_equal_nocase(webhook->headers[i].name, name))
			return true;
	}
	return false;
}

/** What the request is known by: its delivery's id, or one of the batch. */
static struct str
request_id(struct attempt *attempt)
{
	return str_of(attempt->batch_id[0] ? attempt->batch_id : attempt->id);
}

static void
add_signatures(struct attempt *attempt, struct str body)
{
	const struct signing_message message = {
		.id = request_id(attempt),
		.time = attempt->started,
		.body = body,
	};
	struct http_header headers[SIGNING_HEADERS_MAX];
	size_t count = signing_headers(
		&attempt->outlet->signing, &message, &attempt->arena, headers);

	for (size_t i = 0; i < count; i++)
		put_header(attempt, headers[i].name, headers[i].value);
}

/** What tells a receiver that it has newer things already. */
static void
add_order(struct attempt *attempt, const struct envelope *envelope)
{
	struct arena *arena = &attempt->arena;

	add_header(attempt, STR("webhook-generation"),
		str_of(attempt->outlet->generation));
	if (!envelope->has_sequence)
		add_header(attempt, STR("ce-sequence"),
			arena_decimal(arena, attempt->delivery->event, 20));
}

/** The trace that the event was published in goes on. */
static void
add_trace(struct attempt *attempt)
{
	struct trace_context trace = trace_context_read(
		attempt->delivery->payload->attributes, &attempt->arena);

	if (trace.parent.len > 0)
		add_header(attempt, STR("traceparent"),
			arena_copy(&attempt->arena, trace.parent));
	if (trace.state.len > 0)
		add_header(attempt, STR("tracestate"),
			arena_copy(&attempt->arena, trace.state));
}

static void
build_headers(struct attempt *attempt, const struct envelope *envelope,
	const struct credential *credential)
{
	const struct webhook *webhook = attempt->webhook;
	bool may_replace_type = webhook->options.payload == PAYLOAD_RESOURCE;

	attempt->header_count = 0;
	attempt->headers = arena_alloc_array(&attempt->arena,
		webhook->header_count + envelope->header_count + FIXED_HEADERS,
		sizeof(*attempt->headers));
	if (!may_replace_type || !is_custom(webhook, STR("Content-Type")))
		put_header(attempt, STR("Content-Type"),
			arena_copy(&attempt->arena, envelope->content_type));
	put_header(attempt, STR("webhook-id"), request_id(attempt));
	put_header(attempt, STR("webhook-timestamp"), attempt->timestamp);
	add_signatures(attempt, envelope->body);
	/* An endpoint that asked for it may refuse what comes without. */
	if (webhook->options.handshake == HANDSHAKE_CLOUDEVENTS)
		add_header(attempt, STR("WebHook-Request-Origin"),
			attempt->worker->options->origin);
	for (size_t i = 0; i < envelope->header_count; i++)
		add_header(attempt, envelope->headers[i].name,
			envelope->headers[i].value);
	add_order(attempt, envelope);
	add_trace(attempt);
	attempt->shown_count = attempt->header_count;
	if (credential->has_header)
		add_header(attempt, credential->header.name,
			arena_copy(&attempt->arena, credential->header.value));
	for (size_t i = 0; !attempt->errand && i < webhook->header_count; i++)
		add_header(attempt, webhook->headers[i].name,
			webhook->headers[i].value);
}

/* ---- the request ---- */

static void answered(void *context, const struct http_result *result);

static int
compare_age(const void *left, const void *right)
{
	const struct attempt *const *a = left;
	const struct attempt *const *b = right;
	uint64_t first = (*a)->delivery->sequence;
	uint64_t second = (*b)->delivery->sequence;

	return first < second ? -1 : first > second;
}

/** An array of all events in the batch, the oldest first. */
static void
build_batch(struct attempt *attempt, struct envelope *ret)
{
	struct arena *arena = &attempt->arena;
	const struct payload **payloads;
	const struct attempt **all;
	size_t count = 0, at = 0;

	for (struct attempt *each = attempt; each; each = each->batch)
		count++;
	all = arena_alloc_array(arena, count, sizeof(const struct attempt *));
	payloads = arena_alloc_array(arena, count, sizeof(*payloads));
	for (struct attempt *each = attempt; each; each = each->batch)
		all[at++] = each;
	qsort(all, count, sizeof(const struct attempt *), compare_age);
	for (size_t i = 0; i < count; i++)
		payloads[i] = all[i]->delivery->payload;
	envelope_build_batch(
		attempt->webhook->options.payload, payloads, count, arena, ret);
}

static void
build_body(struct attempt *attempt, struct envelope *ret)
{
	const struct webhook_options *options = &attempt->webhook->options;

	if (options->is_batching)
		build_batch(attempt, ret);
	else
		envelope_build(options->payload, attempt->delivery->payload,
			&attempt->arena, ret);
}

/** How long an answer may take, and may take to begin. */
static void
set_times(const struct attempt *attempt, struct http_request *request)
{
	const struct webhook_options *own = &attempt->webhook->options;
	const struct deliver_options *hub = attempt->worker->options;
	bool is_local = http_local_is(request->url);

	request->timeout = is_local ? HOOK_TIMEOUT : hub->delivery_timeout;
	if (own->timeout)
		request->timeout = own->timeout;
	request->first_byte_timeout =
		is_local ? 0 : hub->ways.first_byte_timeout;
	if (own->first_byte_timeout)
		request->first_byte_timeout = own->first_byte_timeout;
}

static void
send_request(struct attempt *attempt, const struct credential *credential)
{
	struct worker *worker = attempt->worker;
	const struct webhook *webhook = attempt->webhook;
	const struct webhook_options *options = &webhook->options;
	struct envelope envelope;
	struct http_request request;

	build_body(attempt, &envelope);
	build_headers(attempt, &envelope, credential);
	request = (struct http_request){
		.method = "POST",
		.url = attempt_destination(attempt),
		.headers = attempt->headers,
		.header_count = attempt->header_count,
		.body = envelope.body,
		.has_body = true,
		/* Its certificate, too, is for its own endpoint. */
		.way = attempt->errand ? NULL : webhook->way,
		.list = allow_lists_for(worker->options->allow_lists,
			webhook->workspace, options, &attempt->arena),
		.workspace = webhook->workspace,
		.response_max = worker->options->response_kept,
		.context = attempt,
		.done = answered,
	};
	set_times(attempt, &request);
	http_client_send(worker->client, &request);
}

static void
credential_came(
	struct credential_wait *wait, const struct credential *credential)
{
	struct attempt *attempt =
		CONTAINER_OF(wait, struct attempt, credential);
	struct http_result result = {
		.failure = credential->failure, .error = credential->error};

	attempt->is_credential_kept = credential->is_kept;
	if (credential->failure != HTTP_NO_FAILURE)
		attempt_done(attempt, &result);
	else
		send_request(attempt, credential);
}

static void
ask_credential(struct attempt *attempt)
{
	attempt->credential.done = credential_came;
	credentials_ask(attempt->worker->credentials, attempt->webhook,
		&attempt->credential);
}

/**
 * A 401 to a token that was kept may only mean that it was revoked: the same
 * attempt is made once more with a fresh one.
 */
static void
answered(void *context, const struct http_result *result)
{
	struct attempt *attempt = context;
	bool is_refused = result->failure == HTTP_NO_FAILURE &&
			  result->status == 401 && !attempt->errand &&
			  attempt->webhook->options.auth.type == AUTH_OAUTH2;

	if (is_refused)
		credentials_refuse(
			attempt->worker->credentials, attempt->webhook);
	if (is_refused && attempt->is_credential_kept &&
		!attempt->is_repeated) {
		attempt->is_repeated = true;
		ask_credential(attempt);
		return;
	}
	attempt_done(attempt, result);
}

/** Its event cannot be read: try the delivery later, at nobody's expense. */
static void
postpone(struct attempt *attempt)
{
	struct http_result result = {
		.failure = HTTP_OUR_FAULT,
		.error = STR("The event could not be read from the store."),
	};

	attempt_done(attempt, &result);
}

/** In memory, or from the store when it is not there or not enough. */
static bool
get_payload(struct attempt *attempt)
{
	struct delivery *delivery = attempt->delivery;
	struct payload *former = delivery->payload;
	bool is_whole = envelope_needs_whole(attempt->webhook->options.payload);

	if (former == NULL)
		former = shelf_take(&attempt->worker->shelf, delivery->event);
	if (former && (former->is_whole || !is_whole)) {
		delivery->payload = former;
		return true;
	}
	delivery->payload = payload_load(
		attempt->worker->options->store, delivery->event, is_whole);
	payload_unref(former);
	return delivery->payload != NULL;
}

/** When it starts, and the texts that say so. */
static void
stamp(struct attempt *attempt, int64_t now)
{
	const struct delivery *delivery = attempt->delivery;

	attempt->started = now;
	uuid_format(uuid_from_sequence(delivery->created, delivery->sequence),
		attempt->id);
	attempt->timestamp = arena_decimal(
		&attempt->arena, (uint64_t)(attempt->started / SECONDS), 1);
}

/** NULL: its event could not be read, which has been dealt with. */
static struct attempt *
prepare(struct worker *worker, struct delivery *delivery, int64_t now)
{
	struct attempt *attempt = attempt_new(worker, delivery);

	attempt->outlet = lane_take_outlet(delivery->lane);
	attempt->webhook = attempt->outlet->webhook;
	stamp(attempt, now);
	if (get_payload(attempt))
		return attempt;
	postpone(attempt);
	return NULL;
}

static size_t
size_of(const struct attempt *attempt)
{
	const struct payload *payload = attempt->delivery->payload;

	return ENVELOPE_BYTES + payload->body.len + payload->attributes.len +
	       payload->rest.len;
}

/** Leaves so many in the batch as fit into a request; returns the others. */
static struct attempt *
cut_batch(struct attempt *attempt)
{
	size_t total = size_of(attempt);

	while (attempt->batch) {
		struct attempt *next = attempt->batch;

		total += size_of(next);
		if (total > BATCH_BYTES_MAX) {
			attempt->batch = NULL;
			return next;
		}
		attempt = next;
	}
	return NULL;
}

void
attempt_start(struct worker *worker, struct delivery *delivery)
{
	int64_t now = worker->now;
	struct attempt *first = NULL, **at = &first, *rest;

	while (delivery) {
		struct delivery *next = delivery->next;

		delivery->next = NULL;
		*at = prepare(worker, delivery, now);
		if (*at)
			at = &(*at)->batch;
		delivery = next;
	}
	for (; first; first = rest) {
		rest = cut_batch(first);
		/* A batch is put together anew for each try, so it is known by
		   an id that is never used again. */
		if (first->webhook->options.is_batching)
			uuid_format(uuid_random(), first->batch_id);
		ask_credential(first);
	}
}

void
attempt_run_errand(struct worker *worker, struct deliver_errand *errand)
{
	static const struct credential none;
	struct attempt *attempt =
		attempt_new(worker, delivery_new(&errand->delivery, NULL));

	attempt->is_in_dispatch = false;
	attempt->errand = errand;
	attempt->outlet = outlet_take(NULL, errand->webhook);
	attempt->webhook = errand->webhook;
	stamp(attempt, clock_now());
	if (get_payload(attempt))
		send_request(attempt, &none);
	else
		postpone(attempt);
}
