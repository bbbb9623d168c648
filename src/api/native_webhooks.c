#include "api/native_webhooks.h"

#include "api/api.h"
#include "api/com_call.h"
#include "api/com_deliveries.h"
#include "api/com_webhooks.h"
#include "api/native_errand.h"
#include "api/webhook_log.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "pipeline/live.h"
#include "pipeline/redeliver.h"
#include "rule/duration.h"

static void
write_public_key(struct json_out *out, const struct signature_key *key)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	if (key->scheme != SIGNATURE_V1A)
		return;
	signature_public_key(key, &text);
	json_out_string(out, "publicKey", buf_str(&text));
}

/** What was taken and will most likely not do what is hoped for. */
static void
write_warnings(struct json_out *out, const struct webhook_options *options)
{
	CLEANUP(buf_release) struct buf text = buf_make(256);
	int64_t expires = webhook_certificate_expires(options);

	if (expires > clock_now())
		return;
	buf_append(&text, STR("tls.certificate has expired at "));
	timestamp_append(&text, expires);
	json_out_array(out, "warnings");
	json_out_string(out, NULL, buf_str(&text));
	json_out_end(out);
}

/** How it is going: not settings, and different at every look. */
static void
write_live(struct json_out *out, const struct live *live)
{
	struct live_view view;

	live_read(live, &view);
	json_out_object(out, "live");
	json_out_integer(out, "concurrency", view.concurrency);
	json_out_integer(out, "inFlight", view.in_flight);
	json_out_integer(out, "queued", (int64_t)view.queued);
	json_out_end(out);
}

void
native_webhook_write(struct json_out *out, const struct webhook *webhook)
{
	char id[UUID_TEXT_SIZE];
	CLEANUP(buf_release) struct buf uri = buf_make(256);

	uuid_format(webhook->id, id);
	buf_printf(&uri, NATIVE_WEBHOOKS_URI "/%s", id);
	json_out_object(out, NULL);
	json_out_text(out, "id", id);
	json_out_text(out, "type", "grapnel/webhook");
	json_out_string(out, "dialect", webhook->dialect);
	json_out_string(out, "name", webhook->name);
	json_out_string(out, "destination", webhook->destination);
	json_out_string(out, "filter", webhook->filter_text);
	json_out_text(out, "state", webhook_state_name(webhook->health.state));
	json_out_text(
		out, "status", webhook_status_name(webhook->health.status));
	json_out_string(out, "statusReason", webhook->status_reason);
	webhook_options_write(&webhook->options, out);
	write_warnings(out, &webhook->options);
	if (webhook->allowed_rate)
		json_out_integer(out, "allowedRate", webhook->allowed_rate);
	write_live(out, webhook->live);
	write_public_key(out, &webhook->key);
	if (webhook->old_until > clock_now() &&
		webhook->old_until != WEBHOOK_ALWAYS)
		json_out_time(out, "oldSecretUntil", webhook->old_until);
	if (webhook->probe_at)
		json_out_time(out, "nextProbeAt", webhook->probe_at);
	json_out_integer(out, "generation", (int64_t)webhook->generation);
	json_out_time(out, "createdAt", webhook->created);
	json_out_time(out, "updatedAt", webhook->updated);
	json_out_string(out, "resourceUri", buf_str(&uri));
	json_out_end(out);
}

/* ---- the secret ---- */

static void
refuse_secret(struct api_call *call, enum err err)
{
	struct api_problem gone = {
		.status = 410,
		.code = "GONE",
		.message = STR("the secret was read before and is shown only "
			       "once; a new webhook gets a new one"),
	};
	struct api_problem unstored = {
		.status = 503,
		.message = STR("that the secret was read could not be stored, "
			       "so it is not shown; try again"),
		.retry_after = 1 * SECONDS,
	};

	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "there is no such webhook");
	else
		api_respond_problem(
			call, err == ERR_DENIED ? &gone : &unstored);
}

/**
 * The secret; of an asymmetric scheme only what checks signatures, since who
 * has the other half could make them.
 */
static void
respond_secret(struct api_call *call, struct str secret)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct signature_key key;
	bool is_public = signature_read_secret(secret, &key) == ERR_OK &&
			 key.scheme == SIGNATURE_V1A;

	json_out_object(&out, NULL);
	if (is_public)
		write_public_key(&out, &key);
	else
		json_out_string(&out, "secret", secret);
	json_out_end(&out);
	http_call_add_header(call->http, "Cache-Control", STR("no-store"));
	api_respond_json(call, 200, &body);
}

static void
read_secret(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	enum err err = ERR_NOT_FOUND;
	struct str secret;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		err = webhooks_read_secret(call->api->webhooks,
			call->who.workspace, id, call->arena, &secret,
			&problem);
	buf_release(&problem.why);
	if (err)
		refuse_secret(call, err);
	else
		respond_secret(call, secret);
}

static const int64_t overlap_max = 30 * 24 * HOURS;

/** {"overlap":"24h"}; the body may be {}. False when that was refused. */
static bool
read_overlap(struct api_call *call, int64_t *ret)
{
	struct json value = json_member(call->json, STR("overlap"));
	struct json_walk walk = json_walk(call->json);

	*ret = WEBHOOK_SIGNING_OVERLAP;
	if (json_kind(call->json) != JSON_OBJECT) {
		api_refuse(call, 400, NULL, "expected an object, found %s",
			json_kind_name(json_kind(call->json)));
		return false;
	}
	while (json_walk_next(&walk)) {
		if (json_string_equal(walk.key, STR("overlap")))
			continue;
		api_refuse(call, 400,
			arena_printf(call->arena, "%.*s",
				STR_ARG(str_head(
					json_raw_string(walk.key), 128)))
				.ptr,
			"there is no such member; overlap is expected");
		return false;
	}
	if (json_is_missing(value) || duration_read(json_raw_string(value),
					      overlap_max, ret) == ERR_OK)
		return true;
	api_refuse(call, 400, "overlap",
		"expected a text like \"24h\", a whole number with s, m, h or "
		"d from 0s to 30d");
	return false;
}

static void
rotate_secret(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	const struct webhook *webhook = com_find_webhook(call);
	struct webhook_rotation rotation = {.key_id = call->who.key_id};
	struct str secret;
	enum err err;

	if (webhook == NULL)
		return;
	if (read_overlap(call, &rotation.overlap)) {
		err = webhooks_rotate_secret(call->api->webhooks, webhook,
			&rotation, call->arena, &secret, &problem);
		if (err)
			com_refuse_change(call, err, &problem);
		else
			respond_secret(call, secret);
	}
	webhook_unref(webhook);
	buf_release(&problem.why);
}

/* ---- deliveries that are asked for ---- */

static void
refuse_delivery(struct api_call *call, enum err err, const struct buf *why)
{
	struct api_problem problem = {
		.status = err == ERR_NOT_FOUND	? 404
			  : err == ERR_CONFLICT ? 409
						: 503,
		.message = buf_str(why),
		.retry_after = err == ERR_IO ? 1 * SECONDS : 0,
	};

	api_respond_problem(call, &problem);
}

static void
test_webhook(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	const struct webhook *webhook = com_find_webhook(call);
	struct redeliver_test test;
	enum err err;

	if (webhook == NULL)
		return;
	err = redeliver_test(
		call->api->hub, webhook, call->who.key_id, &test, &why);
	webhook_unref(webhook);
	if (err) {
		refuse_delivery(call, err, &why);
		return;
	}
	json_out_object(&out, NULL);
	json_out_text(&out, "eventId", test.event_id);
	json_out_uuid(&out, "deliveryId", test.delivery);
	json_out_end(&out);
	api_respond_json(call, 202, &body);
}

static void
retry_at_home(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	enum err err = ERR_NOT_FOUND;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id))
		buf_append(&why, STR("there is no such delivery"));
	else
		err = redeliver_retry(
			call->api->hub, call->who.workspace, id, &why);
	if (err) {
		refuse_delivery(call, err, &why);
		return;
	}
	json_out_object(&out, NULL);
	json_out_uuid(&out, "deliveryId", id);
	json_out_text(&out, "state", delivery_state_name(DELIVERY_WAITING));
	json_out_end(&out);
	api_respond_json(call, 202, &body);
}

/** A body may say where else it is to go. */
static void
retry_delivery(struct api_call *call)
{
	if (str_is_empty(http_call_body(call->http)))
		retry_at_home(call);
	else
		native_retry_elsewhere(call);
}

static void
write_text(struct json_out *out, const char *key, struct str text)
{
	if (text.len > 0)
		json_out_string(out, key, text);
}

void
native_delivery_write(struct json_out *out, struct uuid webhook,
	const struct attempt_view *view)
{
	const struct attempt_row *attempt = &view->attempt;
	const struct event_row *event = &view->event;

	json_out_object(out, NULL);
	json_out_uuid(out, "id",
		com_delivery_id(
			attempt->started, attempt->delivery, attempt->number));
	json_out_text(out, "type", "grapnel/attempt");
	json_out_uuid(out, "webhookId", webhook);
	json_out_uuid(out, "deliveryId", redeliver_id(&view->delivery));
	json_out_text(out, "state", delivery_state_name(view->delivery.state));
	write_text(out, "reason", view->delivery.reason);
	json_out_string(out, "eventId", event->id);
	json_out_string(out, "eventType", event->type_as_received);
	json_out_time(out, "eventTime", event->time);
	json_out_integer(out, "attempt", attempt->number);
	json_out_time(out, "requestTimestamp", attempt->started);
	json_out_time(out, "responseTimestamp", attempt->ended);
	json_out_string(out, "destination", attempt->destination);
	json_out_integer(out, "statusCode", attempt->status);
	write_text(out, "failure", attempt->failure);
	write_text(out, "error", attempt->error);
	json_out_string(out, "requestHead", attempt->request_head);
	write_text(out, "responseHead", attempt->response_head);
	write_text(out, "responseBody", attempt->response_body);
	json_out_end(out);
}

/* ---- the routes ---- */

#define ONE NATIVE_WEBHOOKS_URI "/{id}"

const struct route api_webhook_routes[] = {
	{"GET", NATIVE_WEBHOOKS_URI, API_NATIVE, ACCESS_VIEWER, BODY_NONE,
		false, false, com_webhooks_list},
	{"POST", NATIVE_WEBHOOKS_URI, API_NATIVE, ACCESS_ADMIN, BODY_JSON, true,
		false, com_webhooks_create},
	{"GET", ONE, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false, false,
		com_webhooks_get},
	{"PATCH", ONE, API_NATIVE, ACCESS_ADMIN, BODY_MERGE_PATCH, true, false,
		com_webhooks_patch},
	{"DELETE", ONE, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		com_webhooks_delete},
	{"GET", ONE "/log", API_NATIVE, ACCESS_VIEWER, BODY_NONE, true, false,
		webhook_log_list},
	{"GET", ONE "/secret", API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		read_secret},
	{"POST", ONE "/secret/rotate", API_NATIVE, ACCESS_ADMIN, BODY_JSON,
		true, false, rotate_secret},
	{"POST", ONE "/test", API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		test_webhook},
	{"GET", ONE "/deliveries", API_NATIVE, ACCESS_VIEWER, BODY_NONE, true,
		false, com_deliveries_list},
	{"GET", ONE "/deliveries/{attempt}", API_NATIVE, ACCESS_VIEWER,
		BODY_NONE, true, false, com_deliveries_get},
	{"POST", "/v1/deliveries/{id}/retry", API_NATIVE, ACCESS_ADMIN,
		BODY_ANY, true, false, retry_delivery},
};
const size_t api_webhook_route_count = COUNT_OF(api_webhook_routes);
