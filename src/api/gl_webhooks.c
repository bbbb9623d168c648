#include "api/gl_webhooks.h"

#include "api/api.h"
#include "api/gl_call.h"
#include "api/gl_draft.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "store/object.h"

enum { LIMIT_MAX = 200 };

/* ---- the resource ---- */

static const char *
auth_type_name(enum webhook_auth_type type)
{
	static const char *const names[] = {
		[AUTH_NONE] = "",
		[AUTH_API_KEY] = "APIKey",
		[AUTH_BASIC] = "Basic",
		[AUTH_OAUTH2] = "Oauth",
	};

	return names[type];
}

static void
write_rate(
	struct json_out *out, const char *key, unsigned rate, bool is_unlimited)
{
	if (rate > 0)
		json_out_integer(out, key, rate);
	else if (is_unlimited)
		json_out_integer(out, key, -1);
	else
		json_out_null(out, key);
}

void
gl_webhook_write_members(struct json_out *out, const struct webhook *webhook,
	struct arena *arena)
{
	const struct webhook_options *options = &webhook->options;
	char id[UUID_TEXT_SIZE];

	json_out_text(out, "id", uuid_format(webhook->id, id));
	json_out_text(out, "type", "events/webhook");
	json_out_string(out, "name", webhook->name);
	json_out_string(out, "description", webhook->description);
	json_out_string(out, "destination", webhook->destination);
	json_out_boolean(out, "paused", webhook->health.status == WEBHOOK_OFF);
	json_out_text(
		out, "status", webhook_status_name(webhook->health.status));
	json_out_string(out, "stateReason", webhook->status_reason);
	json_out_string(out, "resourceUri",
		arena_printf(arena, GL_WEBHOOKS_URI "/%s", id));
	json_out_integer(out, "generation", (int64_t)webhook->generation);
	json_out_string(
		out, "hpePrincipal", gl_principal(webhook->created_by, arena));
	json_out_string(out, "createdBy", webhook->created_by);
	json_out_time(out, "createdAt", webhook->created);
	json_out_time(out, "updatedAt", webhook->updated);
	json_out_string(out, "clientId", options->auth.client_id);
	json_out_string(out, "issuerUrl", options->auth.token_url);
	json_out_text(out, "authType", auth_type_name(options->auth.type));
	json_out_boolean(out, "dualSecret",
		webhook_has_second_secret(webhook, clock_now()));
	json_out_boolean(out, "batching", options->is_batching);
	json_out_boolean(out, "challengeRequestEnabled",
		options->handshake != HANDSHAKE_NONE);
	write_rate(out, "endpointRateLimit", webhook->allowed_rate,
		webhook->is_rate_unlimited);
}

/* Takes over the reference. */
static void
respond_webhook(
	struct api_call *call, int status, const struct webhook *webhook)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);

	json_out_object(&out, NULL);
	gl_webhook_write_members(&out, webhook, call->arena);
	json_out_end(&out);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)webhook->generation));
	webhook_unref(webhook);
	api_respond_json(call, status, &body);
}

/* ---- reading ---- */

/** The newest first, as texts in the call's arena. */
static struct str *
render_all(struct api_call *call, size_t *ret_count)
{
	CLEANUP(buf_release) struct buf text = {0};
	size_t count, kept = 0;
	const struct webhook **webhooks = webhooks_list(
		call->api->webhooks, call->who.workspace, call->arena, &count);
	struct str *items =
		arena_alloc_array(call->arena, count, sizeof(*items));

	for (size_t i = count; i-- > 0;) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		json_out_object(&out, NULL);
		gl_webhook_write_members(&out, webhooks[i], call->arena);
		json_out_end(&out);
		if (str_equal(webhooks[i]->dialect, STR("greenlake")))
			items[kept++] = arena_copy(call->arena, buf_str(&text));
		webhook_unref(webhooks[i]);
	}
	*ret_count = kept;
	return items;
}

void
gl_webhooks_list(struct api_call *call)
{
	struct gl_page page;
	struct str *items;
	size_t count;

	if (!gl_page_read(call, LIMIT_MAX, &page))
		return;
	items = render_all(call, &count);
	gl_page_respond(call, &page, items, count);
}

void
gl_webhooks_get(struct api_call *call)
{
	const struct webhook *webhook = gl_find_webhook(call);

	if (webhook)
		respond_webhook(call, 200, webhook);
}

/* ---- changing ---- */

/** False when something is wrong with it, which was answered. */
static bool
read_draft(struct api_call *call, const struct webhook *present,
	struct gl_draft *ret)
{
	struct api_problem problem = {
		.status = 422, .message = STR("Invalid request body")};

	gl_draft_read(
		call->json, present, &call->api->greenlake, call->arena, ret);
	ret->draft.who = ret->draft.key_id = call->who.key_id;
	if (ret->issue_count == 0)
		return true;
	problem.issues = ret->issues;
	problem.issue_count = ret->issue_count;
	problem.source = "field";
	problem.subject = ret->issues[0].subject;
	api_respond_problem(call, &problem);
	return false;
}

void
gl_webhooks_create(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	const struct webhook *webhook;
	struct gl_draft draft;
	char id[UUID_TEXT_SIZE];
	enum err err;

	if (!read_draft(call, NULL, &draft))
		return;
	err = webhooks_create(call->api->webhooks, call->who.workspace,
		&draft.draft, &webhook, &problem);
	if (err) {
		gl_refuse_change(call, err, &problem);
		buf_release(&problem.why);
		return;
	}
	buf_release(&problem.why);
	http_call_add_header(call->http, "Location",
		arena_printf(call->arena, GL_WEBHOOKS_URI "/%s",
			uuid_format(webhook->id, id)));
	respond_webhook(call, 201, webhook);
}

void
gl_webhooks_patch(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	const struct webhook *webhook = gl_find_webhook(call);
	struct gl_draft draft;
	struct uuid id;
	enum err err;

	if (webhook == NULL)
		return;
	id = webhook->id;
	if (!read_draft(call, webhook, &draft)) {
		webhook_unref(webhook);
		return;
	}
	if (draft.is_empty) {
		respond_webhook(call, 200, webhook);
		return;
	}
	webhook_unref(webhook);
	err = webhooks_patch(call->api->webhooks, call->who.workspace, id,
		&draft.draft, &webhook, &problem);
	if (err)
		gl_refuse_change(call, err, &problem);
	else
		respond_webhook(call, 200, webhook);
	buf_release(&problem.why);
}

/** `force`; false when it is neither true nor false, which was answered. */
static bool
read_force(struct api_call *call, bool *ret)
{
	struct str text;
	enum err err = http_call_parameter(call->http, "force", &text);

	*ret = !err && str_equal_nocase(text, STR("true"));
	if (err == ERR_NOT_FOUND || *ret ||
		(!err && str_equal_nocase(text, STR("false"))))
		return true;
	gl_refuse_parameter(
		call, "force", "Invalid query params: expected true or false");
	return false;
}

/** Whether it has none; else, or when they cannot be read, it was answered. */
static bool
has_no_subscriptions(struct api_call *call, const struct webhook *webhook)
{
	char id[UUID_TEXT_SIZE];
	struct object_query query = {
		.workspace = webhook->workspace,
		.kind = OBJECT_SUBSCRIPTION,
		.owner = str_of(uuid_format(webhook->id, id)),
		.limit = 1,
	};
	struct object_list list;

	if (store_objects(call->api->store, &query, call->arena, &list)) {
		gl_refuse_store(call);
		return false;
	}
	if (list.count == 0)
		return true;
	gl_refuse_parameter(call, "force",
		"the webhook has subscriptions: delete them first, or delete "
		"it with force=true");
	return false;
}

void
gl_webhooks_delete(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	const struct webhook *webhook = NULL;
	bool is_forced;
	struct uuid id;
	enum err err;

	if (!read_force(call, &is_forced))
		return;
	webhook = gl_find_webhook(call);
	if (webhook == NULL)
		return;
	id = webhook->id;
	if (!is_forced && !has_no_subscriptions(call, webhook)) {
		webhook_unref(webhook);
		return;
	}
	webhook_unref(webhook);
	err = webhooks_delete(call->api->webhooks, call->who.workspace, id,
		call->who.key_id, &problem);
	if (err == ERR_OK)
		http_call_respond(call->http, 204, NULL, STR(""));
	else
		gl_refuse_change(call, err, &problem);
	buf_release(&problem.why);
}

/* ---- verifying ---- */

/* Who waits for the end of the handshake; in the call's arena. */
struct verifying {
	struct webhooks_wait wait;
	struct api_call *call;
	struct uuid id;
};

static void
verified(struct webhooks_wait *wait, const struct handshake_outcome *outcome)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct verifying *verifying =
		CONTAINER_OF(wait, struct verifying, wait);
	struct api_call *call = verifying->call;
	const struct webhook *webhook = webhooks_find(
		call->api->webhooks, call->who.workspace, verifying->id);

	if (webhook == NULL) {
		api_refuse(call, 404, NULL, "Webhook not found");
		return;
	}
	json_out_object(&out, NULL);
	gl_webhook_write_members(&out, webhook, call->arena);
	json_out_object(&out, "destinationResponse");
	json_out_integer(&out, "statusCode", outcome->status);
	json_out_text(
		&out, "message", outcome->is_accepted ? "OK" : outcome->reason);
	write_rate(&out, "requestedRate", outcome->allowed_rate,
		outcome->is_rate_unlimited);
	json_out_end(&out);
	json_out_end(&out);
	webhook_unref(webhook);
	api_respond_json(call, 200, &body);
}

void
gl_webhooks_verify(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	const struct webhook *webhook = gl_find_webhook(call);
	struct verifying *verifying;
	enum err err;

	if (webhook == NULL)
		return;
	verifying = ARENA_NEW(call->arena, struct verifying);
	verifying->call = call;
	verifying->id = webhook->id;
	verifying->wait.done = verified;
	webhook_unref(webhook);
	err = webhooks_verify(call->api->webhooks, call->who.workspace,
		verifying->id, &verifying->wait, &problem);
	if (err == ERR_CONFLICT)
		api_refuse(call, 400, NULL,
			"challengeRequestEnabled is false: there is nothing to "
			"verify");
	else if (err)
		gl_refuse_change(call, err, &problem);
	buf_release(&problem.why);
}
