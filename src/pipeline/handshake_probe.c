/* Probing a webhook without a handshake: a signed test event. */
#include "base/clock.h"
#include "base/json_out.h"
#include "pipeline/envelope.h"
#include "pipeline/handshake_private.h"
#include "pipeline/signing.h"
#include "pipeline/webhook_news.h"

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

static void
add_signatures(struct handshake *handshake, struct str id, int64_t now)
{
	const struct signing_message message = {
		.id = id, .time = now, .body = handshake->body};
	struct http_header headers[SIGNING_HEADERS_MAX];
	CLEANUP(signing_release) struct signing signing = {0};
	size_t count;

	signing_init(&signing, handshake->webhook);
	count = signing_headers(&signing, &message, &handshake->arena, headers);
	for (size_t i = 0; i < count; i++)
		handshake_add_header(
			handshake, headers[i].name, headers[i].value);
}

/** Content-Type, those of Standard Webhooks, and what the form wants. */
static void
add_envelope(struct handshake *handshake, const struct envelope *envelope,
	struct str id)
{
	struct arena *arena = &handshake->arena;
	int64_t now = clock_now();

	handshake->body = arena_copy(arena, envelope->body);
	handshake_add_header(handshake, STR("Content-Type"),
		arena_copy(arena, envelope->content_type));
	handshake_add_header(handshake, STR("webhook-id"), id);
	handshake_add_header(handshake, STR("webhook-timestamp"),
		arena_printf(arena, "%lld", (long long)(now / SECONDS)));
	add_signatures(handshake, id, now);
	for (size_t i = 0; i < envelope->header_count; i++)
		handshake_add_header(handshake,
			arena_copy(arena, envelope->headers[i].name),
			arena_copy(arena, envelope->headers[i].value));
}

/** As a delivery would send it: in a batch of one, if the webhook batches. */
static void
build(struct handshake *handshake, const struct payload *payload,
	struct envelope *ret)
{
	const struct webhook_options *options = &handshake->webhook->options;
	struct arena *arena = &handshake->arena;

	if (options->is_batching)
		envelope_build_batch(options->payload, &payload, 1, arena, ret);
	else
		envelope_build(options->payload, payload, arena, ret);
}

void
handshake_ask_probe(struct handshake *handshake)
{
	char text[UUID_TEXT_SIZE];
	struct str id = arena_copy(
		&handshake->arena, str_of(uuid_format(uuid_random(), text)));
	struct payload *payload = make_test(handshake, id);
	struct envelope envelope;

	build(handshake, payload, &envelope);
	add_envelope(handshake, &envelope, id);
	payload_unref(payload);
}

bool
handshake_check_probe(const struct handshake *handshake,
	const struct http_result *result, struct handshake_outcome *outcome,
	struct buf *why)
{
	(void)handshake;
	(void)outcome;
	if (result->status >= 200 && result->status <= 299)
		return true;
	buf_printf(why, "status %d, expected 2xx", result->status);
	return false;
}
