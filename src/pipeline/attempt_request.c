/* How an attempt is made: what is sent, and the proof that we may. */
#include <stdio.h>

#include "base/clock.h"
#include "pipeline/allow_lists.h"
#include "pipeline/announce.h"
#include "pipeline/attempt_private.h"
#include "pipeline/envelope.h"
#include "pipeline/payload_read.h"

/* Content-Type, three of Standard Webhooks, origin, and the credential. */
enum { FIXED_HEADERS = 6 };

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

/** A header that is there already stays as it is. */
static void
add_header(struct attempt *attempt, struct str name, struct str value)
{
	if (!has_header(attempt, name))
		attempt->headers[attempt->header_count++] =
			(struct http_header){name, value};
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
		add_header(attempt, STR("Content-Type"),
			arena_copy(&attempt->arena, envelope->content_type));
	add_header(attempt, STR("webhook-id"), str_of(attempt->id));
	add_header(
		attempt, STR("webhook-timestamp"), str_of(attempt->timestamp));
	add_header(attempt, STR("webhook-signature"),
		buf_str(&attempt->signature));
	/* An endpoint that asked for it may refuse what comes without. */
	if (webhook->options.handshake == HANDSHAKE_CLOUDEVENTS)
		add_header(attempt, STR("WebHook-Request-Origin"),
			attempt->worker->options->origin);
	for (size_t i = 0; i < envelope->header_count; i++)
		add_header(attempt, envelope->headers[i].name,
			envelope->headers[i].value);
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

static void
send_request(struct attempt *attempt, const struct credential *credential)
{
	struct worker *worker = attempt->worker;
	const struct webhook *webhook = attempt->webhook;
	const struct webhook_options *options = &webhook->options;
	struct envelope envelope;
	struct http_request request;

	envelope_build(options->payload, attempt->delivery->payload,
		&attempt->arena, &envelope);
	buf_clear(&attempt->signature);
	webhook_sign(attempt->webhook, str_of(attempt->id), attempt->started,
		envelope.body, &attempt->signature);
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
		.timeout = options->timeout ? options->timeout
					    : worker->options->delivery_timeout,
		.first_byte_timeout =
			options->first_byte_timeout
				? options->first_byte_timeout
				: worker->options->ways.first_byte_timeout,
		.response_max = worker->options->response_kept,
		.context = attempt,
		.done = answered,
	};
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

	if (former && (former->is_whole ||
			      !envelope_needs_whole(
				      attempt->webhook->options.payload)))
		return true;
	delivery->payload =
		payload_read(attempt->worker->options->store, delivery->event);
	payload_unref(former);
	return delivery->payload != NULL;
}

/** When it starts, and the texts that say so. */
static void
stamp(struct attempt *attempt)
{
	const struct delivery *delivery = attempt->delivery;

	attempt->started = clock_now();
	uuid_format(uuid_from_sequence(delivery->created, delivery->sequence),
		attempt->id);
	snprintf(attempt->timestamp, sizeof(attempt->timestamp), "%lld",
		(long long)(attempt->started / SECONDS));
}

void
attempt_start(struct worker *worker, struct delivery *delivery)
{
	struct attempt *attempt = attempt_new(worker, delivery);

	attempt->webhook = lane_webhook(delivery->lane);
	webhook_ref(attempt->webhook);
	stamp(attempt);
	if (!get_payload(attempt)) {
		postpone(attempt);
		return;
	}
	attempt->is_own = announce_is_own(delivery->payload->source);
	ask_credential(attempt);
}

void
attempt_run_errand(struct worker *worker, struct deliver_errand *errand)
{
	static const struct credential none;
	struct attempt *attempt =
		attempt_new(worker, delivery_new(&errand->delivery, NULL));

	attempt->is_in_dispatch = false;
	attempt->errand = errand;
	attempt->webhook = errand->webhook;
	webhook_ref(attempt->webhook);
	stamp(attempt);
	if (get_payload(attempt))
		send_request(attempt, &none);
	else
		postpone(attempt);
}
