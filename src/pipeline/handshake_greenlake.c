/* GreenLake's challenge: a CloudEvent, answered by its HMAC. */
#include <stdio.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/json_out.h"
#include "pipeline/handshake_private.h"
#include "pipeline/signing.h"

#define CHALLENGE_TYPE "com.hpe.greenlake.events.v1beta1.webhooks.verification"

static struct str
compose(struct handshake *handshake, struct str id)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);
	struct arena *arena = &handshake->arena;

	json_out_object(&out, NULL);
	json_out_object(&out, "data");
	json_out_string(&out, "challengeRequest", buf_str(&handshake->token));
	json_out_end(&out);
	json_out_text(&out, "datacontenttype", "application/json");
	json_out_string(&out, "id", id);
	json_out_string(&out, "source",
		arena_printf(arena, "%.*s/events",
			STR_ARG(handshake->worker->options->source)));
	json_out_text(&out, "specversion", "1.0");
	json_out_string(&out, "subject",
		arena_printf(arena, "%032x", handshake->webhook->workspace));
	json_out_time(&out, "time", clock_now());
	json_out_text(&out, "type", CHALLENGE_TYPE);
	json_out_end(&out);
	return arena_copy(arena, buf_str(&text));
}

void
handshake_ask_greenlake(struct handshake *handshake)
{
	struct http_header signatures[SIGNING_HEADERS_MAX];
	struct signing_message message = {.time = clock_now()};
	CLEANUP(signing_release) struct signing signing = {0};
	char token[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE];
	size_t count;

	buf_clear(&handshake->token);
	buf_append(
		&handshake->token, str_of(uuid_format(uuid_random(), token)));
	message.id = str_of(uuid_format(uuid_random(), id));
	message.body = handshake->body = compose(handshake, message.id);
	signing_init(&signing, handshake->webhook);
	count = signing_headers(
		&signing, &message, &handshake->arena, signatures);
	handshake_add_header(
		handshake, STR("Content-Type"), STR("application/json"));
	for (size_t i = 0; i < count; i++)
		handshake_add_header(
			handshake, signatures[i].name, signatures[i].value);
}

static bool
is_answer(const struct handshake *handshake, struct str text, struct str secret)
{
	CLEANUP(buf_release) struct buf expected = buf_make(0);
	struct str token = buf_str(&handshake->token);
	uint8_t digest[DIGEST_SHA256_LEN];

	digest_hmac_sha256(secret, &token, 1, digest);
	encode_hex(&expected, str_make((const char *)digest, sizeof(digest)));
	return digest_equal(text, buf_str(&expected));
}

static bool
is_verified(const struct handshake *handshake, struct str body)
{
	CLEANUP(arena_release) struct arena arena = {0};
	const struct webhook *webhook = handshake->webhook;
	struct json_doc doc;
	struct str text;

	if (json_read(body, &arena, &doc, NULL))
		return false;
	text = json_string(
		json_member(json_root(&doc), STR("verification")), &arena);
	if (is_answer(handshake, text, webhook->secret))
		return true;
	return webhook_has_second_secret(webhook, clock_now()) &&
	       is_answer(handshake, text, webhook->old_secret);
}

static void set_reason(struct handshake_outcome *outcome, const char *format,
	...) PRINTF_LIKE(2, 3);

static void
set_reason(struct handshake_outcome *outcome, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(outcome->reason, sizeof(outcome->reason), format, args);
	va_end(args);
}

bool
handshake_check_greenlake(const struct handshake *handshake,
	const struct http_result *result, struct handshake_outcome *outcome,
	struct buf *why)
{
	outcome->status = result->status;
	if (result->failure != HTTP_NO_FAILURE) {
		set_reason(outcome, "Webhook URL unreachable. error: %.*s",
			STR_ARG(str_head(result->error, 120)));
		buf_printf(why, "no answer: %.*s", STR_ARG(result->error));
		return false;
	}
	if (result->status < 200 || result->status > 299) {
		set_reason(outcome,
			"Webhook URL unreachable. error: it answered with "
			"status %d",
			result->status);
		buf_printf(why, "status %d, expected 2xx", result->status);
		return false;
	}
	if (is_verified(handshake, result->body))
		return true;
	set_reason(outcome,
		"HMAC validation failed. Please verify webhook secret.");
	buf_append(
		why, STR("\"verification\" is not the HMAC of the challenge"));
	return false;
}
