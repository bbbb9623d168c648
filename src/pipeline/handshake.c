#include "pipeline/handshake.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "pipeline/allow_lists.h"
#include "pipeline/callback.h"
#include "pipeline/handshake_private.h"

enum { RESPONSE_MAX = 16384, TOKEN_BYTES = 32, FIXED_HEADERS = 40 };

static void
handshake_free(struct handshake *handshake)
{
	webhook_unref(handshake->webhook);
	buf_release(&handshake->token);
	arena_release(&handshake->arena);
	mem_free(handshake);
}

void
handshake_add_header(
	struct handshake *handshake, struct str name, struct str value)
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
	handshake_add_header(handshake,
		STR("x-compute-ops-mgmt-verification-challenge"),
		buf_str(&handshake->token));
	handshake_add_header(handshake, STR("Accept"), STR("application/json"));
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
offer_callback(struct handshake *handshake)
{
	const struct deliver_options *options = handshake->worker->options;
	const struct callback callback = {
		.webhook = handshake->webhook->number,
		.handshake = handshake->webhook->handshake,
	};
	CLEANUP(buf_release) struct buf url = buf_make(0);

	buf_append(&url, options->public_url);
	buf_append(&url, STR(CALLBACK_PATH));
	callback_append(options->callback_key, &callback, &url);
	handshake_add_header(handshake, STR("WebHook-Request-Callback"),
		arena_copy(&handshake->arena, buf_str(&url)));
}

static void
ask_cloudevents(struct handshake *handshake)
{
	unsigned rate = handshake->webhook->options.rate;

	handshake_add_header(handshake, STR("WebHook-Request-Origin"),
		handshake->worker->options->origin);
	if (rate)
		handshake_add_header(handshake, STR("WebHook-Request-Rate"),
			arena_printf(&handshake->arena, "%u", rate));
	if (handshake->worker->options->public_url.len > 0)
		offer_callback(handshake);
}

/** The rate granted; false when what is there is none. */
static bool
read_rate(struct str head, struct handshake_outcome *outcome)
{
	struct rate_answer answer = rate_probe_read(head);
	struct str text;

	outcome->allowed_rate = answer.rate;
	outcome->is_rate_unlimited = answer.is_unlimited;
	return answer.is_told ||
	       !http_head_find(head, STR("WebHook-Allowed-Rate"), &text);
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
	if (!read_rate(result->head, outcome)) {
		buf_append(why, STR("WebHook-Allowed-Rate is neither * nor a "
				    "whole number above 0"));
		return false;
	}
	return true;
}

/* ---- all ---- */

static const struct kind {
	const char *method;
	bool asks_rate; /* before anything else */
	bool has_tries; /* as many as the options say */
	void (*ask)(struct handshake *handshake);
	/* Whether the response consents; else `why` says what came back. */
	bool (*check)(const struct handshake *handshake,
		const struct http_result *result,
		struct handshake_outcome *outcome, struct buf *why);
} kinds[] = {
	[HANDSHAKE_COM] = {"GET", false, false, ask_com, check_com},
	[HANDSHAKE_CLOUDEVENTS] = {"OPTIONS", false, false, ask_cloudevents,
		check_cloudevents},
	[HANDSHAKE_GREENLAKE] = {"POST", true, true, handshake_ask_greenlake,
		handshake_check_greenlake},
	[HANDSHAKE_NONE] = {"POST", false, false, handshake_ask_probe,
		handshake_check_probe},
};

static const struct kind *
kind_of(const struct handshake *handshake)
{
	return &kinds[handshake->webhook->options.handshake];
}

static bool
is_consent(struct handshake *handshake, const struct http_result *result,
	struct buf *why)
{
	if (result->failure == HTTP_NO_FAILURE || kind_of(handshake)->has_tries)
		return kind_of(handshake)->check(
			handshake, result, &handshake->outcome, why);
	buf_printf(why, "no answer: %.*s", STR_ARG(result->error));
	return false;
}

static void
log_end(const struct handshake *handshake, const struct http_result *result,
	const struct buf *why)
{
	const struct webhook *webhook = handshake->webhook;
	char id[UUID_TEXT_SIZE];
	struct arena arena = {0};

	uuid_format(webhook->id, id);
	if (handshake->outcome.is_accepted)
		log_info("handshake.accepted",
			"webhook=%s destination=%.*s took=%lldus", id,
			STR_ARG(webhook->destination),
			(long long)result->timings.total);
	else
		log_warning("handshake.failed",
			"webhook=%s destination=%.*s try=%u reason=%s", id,
			STR_ARG(webhook->destination), handshake->tries + 1,
			log_quoted(&arena, buf_str(why)));
	arena_release(&arena);
}

static void
tell_end(struct handshake *handshake)
{
	const struct deliver_options *options = handshake->worker->options;

	options->handshake_ended(options->context, handshake->webhook->number,
		handshake->webhook->handshake, &handshake->outcome);
	handshake_free(handshake);
}

/** Whether another one has begun since, or the webhook is gone. */
static bool
is_overtaken(const struct handshake *handshake)
{
	struct lane *lane = dispatch_find(
		handshake->worker->dispatch, handshake->webhook->number);

	return lane == NULL ||
	       lane_webhook(lane)->handshake != handshake->webhook->handshake;
}

/** A consent that is withheld may come by the callback that was offered. */
static bool
awaits_callback(struct handshake *handshake, const struct http_result *result)
{
	const struct deliver_options *options = handshake->worker->options;
	struct str allowed;

	if (handshake->webhook->options.handshake != HANDSHAKE_CLOUDEVENTS ||
		options->public_url.len == 0 ||
		result->failure != HTTP_NO_FAILURE || result->status < 200 ||
		result->status > 299 ||
		http_head_find(
			result->head, STR("WebHook-Allowed-Origin"), &allowed))
		return false;
	handshake->awaits_callback = true;
	alarm_set(&handshake->worker->alarms, &handshake->again,
		options->callback_timeout);
	return true;
}

static bool
try_again(struct handshake *handshake)
{
	const struct retry_policy *policy =
		&handshake->worker->options->challenge;

	if (!kind_of(handshake)->has_tries ||
		handshake->tries >= policy->count || is_overtaken(handshake))
		return false;
	alarm_set(&handshake->worker->alarms, &handshake->again,
		policy->delays[handshake->tries++]);
	return true;
}

/* A failure of our own side proves nothing: the handshake is made again, and
   the webhook waits meanwhile. */
#define FIRST_PAUSE (2 * SECONDS)
#define LONGEST_PAUSE (5 * MINUTES)

static void
postpone(struct handshake *handshake)
{
	if (handshake->pause == 0)
		handshake->pause = FIRST_PAUSE;
	alarm_set(&handshake->worker->alarms, &handshake->again,
		handshake->pause);
	if (handshake->pause < LONGEST_PAUSE)
		handshake->pause *= 2;
}

/** Whether its webhook waits for it; a paused one only tells who asks. */
static bool
is_waited_for(const struct handshake *handshake)
{
	struct lane *lane = dispatch_find(
		handshake->worker->dispatch, handshake->webhook->number);
	const struct health *health;

	if (is_overtaken(handshake))
		return false;
	health = &lane_webhook(lane)->health;
	return health_is_waiting(health) || health_is_probing(health);
}

/** Where tries are counted somebody may be waiting for their end. */
static void
put_off(struct handshake *handshake)
{
	const struct deliver_options *options = handshake->worker->options;
	const struct webhook *webhook = handshake->webhook;

	if (kind_of(handshake)->has_tries) {
		handshake->outcome.is_put_off = true;
		options->handshake_ended(options->context, webhook->number,
			webhook->handshake, &handshake->outcome);
		handshake->outcome.is_put_off = false;
		handshake->tries = 0;
	}
	postpone(handshake);
}

static void
handshake_done(void *context, const struct http_result *result)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct handshake *handshake = context;

	/* Stopped by our own shutdown: the next start makes it again. */
	if (result->failure == HTTP_ABORTED) {
		handshake_free(handshake);
		return;
	}
	handshake->outcome.is_accepted = is_consent(handshake, result, &why);
	snprintf(handshake->outcome.detail, sizeof(handshake->outcome.detail),
		"%s", buf_text(&why));
	log_end(handshake, result, &why);
	if (handshake->outcome.is_accepted)
		tell_end(handshake);
	else if (try_again(handshake))
		return;
	else if (http_failure_is_ours(result->failure) &&
		 is_waited_for(handshake))
		put_off(handshake);
	else if (!awaits_callback(handshake, result))
		tell_end(handshake);
}

static void
send_request(struct handshake *handshake, const struct credential *credential)
{
	const struct webhook *webhook = handshake->webhook;
	struct worker *worker = handshake->worker;
	struct http_request request;

	handshake->header_count = 0;
	handshake->headers = arena_alloc_array(&handshake->arena,
		webhook->header_count + FIXED_HEADERS,
		sizeof(*handshake->headers));
	kind_of(handshake)->ask(handshake);
	if (credential->has_header)
		handshake_add_header(handshake, credential->header.name,
			arena_copy(
				&handshake->arena, credential->header.value));
	for (size_t i = 0; i < webhook->header_count; i++)
		handshake_add_header(handshake, webhook->headers[i].name,
			webhook->headers[i].value);
	request = (struct http_request){
		.method = kind_of(handshake)->method,
		.url = webhook->destination,
		.workspace = webhook->workspace,
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

static void
ask_credential(struct handshake *handshake)
{
	arena_reset(&handshake->arena);
	credentials_ask(handshake->worker->credentials, handshake->webhook,
		&handshake->credential);
}

static void
ring_again(struct alarm *alarm, bool is_over)
{
	struct handshake *handshake =
		CONTAINER_OF(alarm, struct handshake, again);

	if (is_over)
		handshake_free(handshake);
	else if (is_overtaken(handshake) || handshake->awaits_callback)
		tell_end(handshake);
	else
		ask_credential(handshake);
}

static void
rate_came(struct rate_probe *probe, const struct rate_answer *answer)
{
	struct handshake *handshake =
		CONTAINER_OF(probe, struct handshake, probe);

	if (answer->failure == HTTP_ABORTED) {
		handshake_free(handshake);
		return;
	}
	handshake->outcome.allowed_rate = answer->rate;
	handshake->outcome.is_rate_unlimited = answer->is_unlimited;
	ask_credential(handshake);
}

void
handshake_start(struct worker *worker, const struct webhook *webhook)
{
	struct handshake *handshake = MEM_NEW(struct handshake);

	handshake->worker = worker;
	handshake->webhook = webhook;
	handshake->credential.done = credential_came;
	handshake->again.ring = ring_again;
	handshake->probe = (struct rate_probe){
		.worker = worker, .webhook = webhook, .done = rate_came};
	if (kind_of(handshake)->asks_rate)
		rate_probe_start(&handshake->probe);
	else
		ask_credential(handshake);
}
