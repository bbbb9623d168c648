#include "pipeline/handshake.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "pipeline/allow_lists.h"
#include "pipeline/envelope.h"
#include "pipeline/webhook_news.h"

enum { RESPONSE_MAX = 16384, TOKEN_BYTES = 32, FIXED_HEADERS = 40 };

struct handshake {
	struct worker *worker;
	struct credential_wait credential;
	const struct webhook *webhook;
	struct buf token;
	struct http_header *headers;
	size_t header_count;
	struct str body; /* of a probe; else there is none */
	struct arena arena;
};

static void
handshake_free(struct handshake *handshake)
{
	webhook_unref(handshake->webhook);
	buf_release(&handshake->token);
	arena_release(&handshake->arena);
	mem_free(handshake);
}

static void
add_header(struct handshake *handshake, struct str name, struct str value)
{
	for (size_t i = 0; i < handshake->header_count; i++) {
		if (str_equal_nocase(handshake->headers[i].name, name))
			return;
	}
	handshake->headers[handshake->header_count++] =
		(struct http_header){name, value};
}

/* ---- COM's challenge ---- */

static void
make_token(struct buf *token)
{
	char bytes[TOKEN_BYTES];

	random_bytes(bytes, sizeof(bytes));
	encode_base64_url(token, str_make(bytes, sizeof(bytes)));
}

static void
ask_com(struct handshake *handshake)
{
	make_token(&handshake->token);
	add_header(handshake, STR("x-compute-ops-mgmt-verification-challenge"),
		buf_str(&handshake->token));
	add_header(handshake, STR("Accept"), STR("application/json"));
}

static bool
has_token(
	const struct handshake *handshake, struct json answer, struct buf *why)
{
	struct json value = json_member(answer, STR("verification"));

	if (json_string_equal(value, buf_str(&handshake->token)))
		return true;
	buf_printf(why, "\"verification\" is %.*s, expected \"%s\"",
		STR_ARG(json_is_missing(value)
				? STR("missing")
				: str_head(json_raw(value), 100)),
		buf_text(&handshake->token));
	return false;
}

static bool
check_com(const struct handshake *handshake, const struct http_result *result,
	struct handshake_outcome *outcome, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;

	(void)outcome;
	if (result->status != 200) {
		buf_printf(why, "status %d, expected 200", result->status);
		return false;
	}
	if (json_read(result->body, &arena, &doc, NULL)) {
		buf_printf(why, "a body that is not JSON: %.*s",
			STR_ARG(str_head(result->body, 100)));
		return false;
	}
	return has_token(handshake, json_root(&doc), why);
}

/* ---- CloudEvents' OPTIONS ---- */

static void
ask_cloudevents(struct handshake *handshake)
{
	unsigned rate = handshake->webhook->options.rate;

	add_header(handshake, STR("WebHook-Request-Origin"),
		handshake->worker->options->origin);
	if (rate)
		add_header(handshake, STR("WebHook-Request-Rate"),
			arena_printf(&handshake->arena, "%u", rate));
}

/** The rate granted; false when what is there is none. */
static bool
read_rate(struct str head, unsigned *ret)
{
	struct str text;
	uint64_t rate;

	*ret = 0;
	if (!http_head_find(head, STR("WebHook-Allowed-Rate"), &text) ||
		str_equal(text, STR("*")))
		return true;
	if (str_to_u64(text, &rate) || rate == 0)
		return false;
	*ret = rate < WEBHOOK_RATE_MAX ? (unsigned)rate : WEBHOOK_RATE_MAX;
	return true;
}

static bool
check_cloudevents(const struct handshake *handshake,
	const struct http_result *result, struct handshake_outcome *outcome,
	struct buf *why)
{
	struct str allowed;

	if (result->status < 200 || result->status > 299) {
		buf_printf(why, "status %d, expected 2xx", result->status);
		return false;
	}
	if (!http_head_find(
		    result->head, STR("WebHook-Allowed-Origin"), &allowed)) {
		buf_append(why, STR("no header WebHook-Allowed-Origin"));
		return false;
	}
	if (!str_equal(allowed, STR("*")) &&
		!str_equal_nocase(
			allowed, handshake->worker->options->origin)) {
		buf_printf(why,
			"WebHook-Allowed-Origin is \"%.*s\", expected * or "
			"\"%.*s\"",
			STR_ARG(str_head(allowed, 100)),
			STR_ARG(handshake->worker->options->origin));
		return false;
	}
	if (!read_rate(result->head, &outcome->allowed_rate)) {
		buf_append(why, STR("WebHook-Allowed-Rate is neither * nor a "
				    "whole number above 0"));
		return false;
	}
	return true;
}

/* ---- without one: a probe ---- */

#define TEST_ATTRIBUTES "{\"datacontenttype\":\"application/json\"}"

static struct str
compose_test(const struct webhook *webhook, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);

	json_out_object(&out, NULL);
	json_out_uuid(&out, "webhookId", webhook->id);
	json_out_string(&out, "name", webhook->name);
	json_out_text(&out, "message",
		"This event was made to find out whether the endpoint works "
		"again.");
	json_out_end(&out);
	return arena_copy(arena, buf_str(&text));
}

static struct payload *
make_test(struct handshake *handshake, struct str id)
{
	const struct webhook *webhook = handshake->webhook;
	char subject[UUID_TEXT_SIZE];
	const struct payload_facts facts = {
		.time = clock_now(),
		.id = id,
		.source = STR(WEBHOOK_NEWS_SOURCE),
		.type = STR("grapnel.webhook.test"),
		.subject = str_of(uuid_format(webhook->id, subject)),
		.attributes = STR(TEST_ATTRIBUTES),
		.body = compose_test(webhook, &handshake->arena),
		.is_cloudevent = true,
		.is_whole = true,
	};

	return payload_new(&facts);
}

/** Content-Type, Standard Webhooks' three, and what the form wants. */
static void
add_envelope(struct handshake *handshake, const struct envelope *envelope,
	struct str id)
{
	CLEANUP(buf_release) struct buf signature = buf_make(0);
	struct arena *arena = &handshake->arena;
	int64_t now = clock_now();

	handshake->body = arena_copy(arena, envelope->body);
	webhook_sign(handshake->webhook, id, now, handshake->body, &signature);
	add_header(handshake, STR("Content-Type"),
		arena_copy(arena, envelope->content_type));
	add_header(handshake, STR("webhook-id"), id);
	add_header(handshake, STR("webhook-timestamp"),
		arena_printf(arena, "%lld", (long long)(now / SECONDS)));
	add_header(handshake, STR("webhook-signature"),
		arena_copy(arena, buf_str(&signature)));
	for (size_t i = 0; i < envelope->header_count; i++)
		add_header(handshake,
			arena_copy(arena, envelope->headers[i].name),
			arena_copy(arena, envelope->headers[i].value));
}

static void
ask_probe(struct handshake *handshake)
{
	char text[UUID_TEXT_SIZE];
	struct str id = arena_copy(
		&handshake->arena, str_of(uuid_format(uuid_random(), text)));
	struct payload *payload = make_test(handshake, id);
	struct envelope envelope;

	envelope_build(handshake->webhook->options.payload, payload,
		&handshake->arena, &envelope);
	add_envelope(handshake, &envelope, id);
	payload_unref(payload);
}

static bool
check_probe(const struct handshake *handshake, const struct http_result *result,
	struct handshake_outcome *outcome, struct buf *why)
{
	(void)handshake;
	(void)outcome;
	if (result->status >= 200 && result->status <= 299)
		return true;
	buf_printf(why, "status %d, expected 2xx", result->status);
	return false;
}

/* ---- all ---- */

static const struct kind {
	const char *method;
	void (*ask)(struct handshake *handshake);
	/* Whether the response consents; else `why` says what came back. */
	bool (*check)(const struct handshake *handshake,
		const struct http_result *result,
		struct handshake_outcome *outcome, struct buf *why);
} kinds[] = {
	[HANDSHAKE_COM] = {"GET", ask_com, check_com},
	[HANDSHAKE_CLOUDEVENTS] = {"OPTIONS", ask_cloudevents,
		check_cloudevents},
	[HANDSHAKE_NONE] = {"POST", ask_probe, check_probe},
};

static const struct kind *
kind_of(const struct handshake *handshake)
{
	return &kinds[handshake->webhook->options.handshake];
}

static bool
is_consent(const struct handshake *handshake, const struct http_result *result,
	struct handshake_outcome *outcome, struct buf *why)
{
	if (result->failure == HTTP_NO_FAILURE)
		return kind_of(handshake)->check(
			handshake, result, outcome, why);
	buf_printf(why, "no answer: %.*s", STR_ARG(result->error));
	return false;
}

static void
handshake_done(void *context, const struct http_result *result)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct handshake *handshake = context;
	const struct deliver_options *options = handshake->worker->options;
	const struct webhook *webhook = handshake->webhook;
	struct handshake_outcome outcome = {0};
	char id[UUID_TEXT_SIZE];

	uuid_format(webhook->id, id);
	outcome.is_accepted = is_consent(handshake, result, &outcome, &why);
	snprintf(outcome.detail, sizeof(outcome.detail), "%s", buf_text(&why));
	if (outcome.is_accepted)
		log_info("handshake.accepted",
			"webhook=%s destination=%.*s took=%lldus", id,
			STR_ARG(webhook->destination),
			(long long)result->timings.total);
	else if (result->failure != HTTP_ABORTED)
		log_warning("handshake.failed",
			"webhook=%s destination=%.*s reason=\"%s\"", id,
			STR_ARG(webhook->destination), buf_text(&why));
	/* Stopped by our own shutdown: the next start makes it again. */
	if (result->failure != HTTP_ABORTED)
		options->handshake_ended(options->context, webhook->number,
			webhook->handshake, &outcome);
	handshake_free(handshake);
}

static void
send_request(struct handshake *handshake, const struct credential *credential)
{
	const struct webhook *webhook = handshake->webhook;
	struct worker *worker = handshake->worker;
	struct http_request request;

	handshake->headers = arena_alloc_array(&handshake->arena,
		webhook->header_count + FIXED_HEADERS,
		sizeof(*handshake->headers));
	kind_of(handshake)->ask(handshake);
	if (credential->has_header)
		add_header(handshake, credential->header.name,
			arena_copy(
				&handshake->arena, credential->header.value));
	for (size_t i = 0; i < webhook->header_count; i++)
		add_header(handshake, webhook->headers[i].name,
			webhook->headers[i].value);
	request = (struct http_request){
		.method = kind_of(handshake)->method,
		.url = webhook->destination,
		.headers = handshake->headers,
		.header_count = handshake->header_count,
		.body = handshake->body,
		.has_body = handshake->body.len > 0,
		.way = webhook->way,
		.list = allow_lists_for(worker->options->allow_lists,
			webhook->workspace, &webhook->options,
			&handshake->arena),
		.timeout = worker->options->handshake_timeout,
		.response_max = RESPONSE_MAX,
		.context = handshake,
		.done = handshake_done,
	};
	http_client_send(worker->client, &request);
}

static void
credential_came(
	struct credential_wait *wait, const struct credential *credential)
{
	struct handshake *handshake =
		CONTAINER_OF(wait, struct handshake, credential);
	struct http_result result = {
		.failure = credential->failure, .error = credential->error};

	if (credential->failure != HTTP_NO_FAILURE)
		handshake_done(handshake, &result);
	else
		send_request(handshake, credential);
}

void
handshake_start(struct worker *worker, const struct webhook *webhook)
{
	struct handshake *handshake = MEM_NEW(struct handshake);

	handshake->worker = worker;
	handshake->webhook = webhook;
	handshake->credential.done = credential_came;
	credentials_ask(worker->credentials, webhook, &handshake->credential);
}
