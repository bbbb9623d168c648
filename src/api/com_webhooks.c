#include "api/com_webhooks.h"

#include "api/api.h"
#include "api/collection.h"
#include "api/com_call.h"
#include "api/com_draft.h"
#include "api/native_webhooks.h"
#include "base/json_out.h"

void
com_webhook_write(struct json_out *out, const struct webhook *webhook)
{
	char id[UUID_TEXT_SIZE];
	CLEANUP(buf_release) struct buf uri = buf_make(256);

	uuid_format(webhook->id, id);
	buf_printf(&uri, COM_WEBHOOKS_URI "/%s", id);
	json_out_object(out, NULL);
	json_out_string(out, "name", webhook->name);
	json_out_string(out, "destination", webhook->destination);
	json_out_text(out, "state", webhook_state_name(webhook->health.state));
	json_out_string(out, "eventFilter", webhook->filter_text);
	json_out_text(out, "type", "compute-ops-mgmt/webhook");
	json_out_text(out, "id", id);
	json_out_integer(out, "generation", (int64_t)webhook->generation);
	json_out_time(out, "createdAt", webhook->created);
	json_out_time(out, "updatedAt", webhook->updated);
	json_out_text(
		out, "status", webhook_status_name(webhook->health.status));
	json_out_string(out, "statusReason", webhook->status_reason);
	json_out_string(out, "resourceUri", buf_str(&uri));
	buf_append(&uri, STR("/deliveries"));
	json_out_string(out, "deliveriesUri", buf_str(&uri));
	json_out_end(out);
}

/* What differs between the dialects. */
static const struct face {
	const char *uri;
	struct str dialect; /* of the webhooks it shows; empty: of all */
	struct str made;    /* of those it creates */
	void (*write)(struct json_out *out, const struct webhook *webhook);
} faces[] = {
	[API_COM] = {COM_WEBHOOKS_URI, STR_INIT("com"), STR_INIT("com"),
		com_webhook_write},
	[API_NATIVE] = {NATIVE_WEBHOOKS_URI, STR_INIT(""), STR_INIT("native"),
		native_webhook_write},
};

static const struct face *
face_of(const struct api_call *call)
{
	return &faces[call->route->dialect];
}

/* Takes over the reference. */
static void
respond_webhook(
	struct api_call *call, int status, const struct webhook *webhook)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);

	face_of(call)->write(&out, webhook);
	http_call_add_header(call->http, "ETag",
		arena_printf(call->arena, "\"%llu\"",
			(unsigned long long)webhook->generation));
	webhook_unref(webhook);
	api_respond_json(call, status, &body);
}

/* ---- reading ---- */

/* The resources as texts in the call's arena. */
static struct str *
render_all(struct api_call *call, size_t *ret_count)
{
	const struct face *face = face_of(call);
	size_t count, kept = 0;
	const struct webhook **webhooks = webhooks_list(
		call->api->webhooks, call->who.workspace, call->arena, &count);
	struct str *items =
		arena_alloc_array(call->arena, count, sizeof(*items));
	CLEANUP(buf_release) struct buf text = {0};

	for (size_t i = 0; i < count; i++) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		face->write(&out, webhooks[i]);
		if (str_is_empty(face->dialect) ||
			str_equal(webhooks[i]->dialect, face->dialect))
			items[kept++] = arena_copy(call->arena, buf_str(&text));
		webhook_unref(webhooks[i]);
	}
	*ret_count = kept;
	return items;
}

void
com_webhooks_list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct collection_query query;
	struct str *items;
	size_t count;

	if (!collection_read(call, &query))
		return;
	items = render_all(call, &count);
	collection_write(&query, items, count, call->arena, &body);
	api_respond_json(call, 200, &body);
}

void
com_webhooks_get(struct api_call *call)
{
	const struct webhook *webhook;

	webhook = com_find_webhook(call);
	if (webhook)
		respond_webhook(call, 200, webhook);
}

/* ---- changing ---- */

/* False when there are issues; then they were told. */
static bool
read_draft(struct api_call *call, enum com_draft_kind kind,
	const struct webhook_options *present, struct com_draft *ret)
{
	struct api_problem problem = {.status = 400};
	size_t count;

	if (call->route->dialect == API_COM)
		com_draft_read(call->json, kind, call->arena, ret);
	else
		com_draft_read_native(
			call->json, kind, present, call->arena, ret);
	count = ret->issues.count + ret->issues.left_off;
	if (count == 0)
		return true;
	if (count == 1)
		problem.message = arena_printf(call->arena, "%.*s%s%.*s",
			STR_ARG(ret->issues.rows[0].subject),
			str_is_empty(ret->issues.rows[0].subject) ? "" : ": ",
			STR_ARG(ret->issues.rows[0].description));
	else
		problem.message = arena_printf(call->arena,
			"%zu things are wrong with the body", count);
	problem.source = ret->issues.rows[0].source;
	problem.subject = ret->issues.rows[0].subject;
	problem.issues = ret->issues.rows;
	problem.issue_count = ret->issues.count;
	api_respond_problem(call, &problem);
	return false;
}

void
com_webhooks_create(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	static const struct webhook_options none;
	const struct webhook *webhook;
	struct com_draft draft;
	char id[UUID_TEXT_SIZE];
	enum err err;

	if (!read_draft(call, COM_CREATE, &none, &draft))
		return;
	draft.draft.dialect = face_of(call)->made;
	draft.draft.key_id = call->who.key_id;
	err = webhooks_create(call->api->webhooks, call->who.workspace,
		&draft.draft, &webhook, &problem);
	if (err) {
		com_refuse_change(call, err, &problem);
		buf_release(&problem.why);
		return;
	}
	buf_release(&problem.why);
	http_call_add_header(call->http, "Location",
		arena_printf(call->arena, "%s/%s", face_of(call)->uri,
			uuid_format(webhook->id, id)));
	respond_webhook(call, 201, webhook);
}

/* "headers": null in the terms of a draft: each present one is removed. */
static void
clear_headers(const struct webhook *webhook, struct arena *arena,
	struct webhook_draft *draft)
{
	struct webhook_header *headers = arena_alloc_array(
		arena, webhook->header_count, sizeof(*headers));

	for (size_t i = 0; i < webhook->header_count; i++)
		headers[i].name = arena_copy(arena, webhook->headers[i].name);
	draft->has_headers = true;
	draft->headers = headers;
	draft->header_count = webhook->header_count;
}

enum { CLEAR_TRIES = 8 };

/*
 * Which headers there are to clear is only true of one generation, so the
 * change is bound to it and tried again when somebody else was faster.
 */
static enum err
patch_clearing_headers(struct api_call *call, struct webhook_draft *draft,
	uint64_t expected, const struct webhook **ret,
	struct webhook_problem *problem)
{
	enum err err = ERR_CONFLICT;

	for (int i = 0; i < CLEAR_TRIES && err == ERR_CONFLICT; i++) {
		const struct webhook *now;
		struct uuid id;
		uint64_t generation;

		if (uuid_parse(call->parameters[0], &id))
			return ERR_NOT_FOUND;
		now = webhooks_find(
			call->api->webhooks, call->who.workspace, id);
		if (now == NULL)
			return ERR_NOT_FOUND;
		generation = now->generation;
		clear_headers(now, call->arena, draft);
		webhook_unref(now);
		if (expected != 0 && generation != expected)
			return ERR_CONFLICT;
		buf_clear(&problem->why);
		draft->expected_generation = generation;
		err = webhooks_patch(call->api->webhooks, call->who.workspace,
			id, draft, ret, problem);
	}
	return err;
}

static enum err
patch(struct api_call *call, struct com_draft *draft, uint64_t expected,
	const struct webhook **ret, struct webhook_problem *problem)
{
	struct uuid id;

	if (draft->clears_headers)
		return patch_clearing_headers(
			call, &draft->draft, expected, ret, problem);
	if (uuid_parse(call->parameters[0], &id))
		return ERR_NOT_FOUND;
	draft->draft.expected_generation = expected;
	return webhooks_patch(call->api->webhooks, call->who.workspace, id,
		&draft->draft, ret, problem);
}

void
com_webhooks_patch(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	const struct webhook *webhook;
	struct com_draft draft;
	uint64_t expected;
	enum err err;

	/* That there is none is told before what is wrong with the body. */
	webhook = com_find_webhook(call);
	if (webhook == NULL)
		return;
	if (!com_read_if_match(call, &expected) ||
		!read_draft(call, COM_PATCH, &webhook->options, &draft)) {
		webhook_unref(webhook);
		return;
	}
	if (com_draft_is_empty(&draft) &&
		(expected == 0 || expected == webhook->generation)) {
		respond_webhook(call, 200, webhook);
		return;
	}
	webhook_unref(webhook);
	draft.draft.key_id = call->who.key_id;
	err = patch(call, &draft, expected, &webhook, &problem);
	if (err == ERR_OK)
		respond_webhook(call, 200, webhook);
	else if (err == ERR_CONFLICT && expected != 0)
		com_refuse_generation(call);
	else
		com_refuse_change(call, err, &problem);
	buf_release(&problem.why);
}

void
com_webhooks_delete(struct api_call *call)
{
	struct webhook_problem problem = {.why = buf_make(4096)};
	const struct webhook *webhook = com_find_webhook(call);
	uint64_t expected;
	struct uuid id;
	enum err err;

	if (webhook == NULL)
		return;
	id = webhook->id;
	if (!com_read_if_match(call, &expected)) {
		webhook_unref(webhook);
		return;
	}
	/* A change between this look and the removal goes unnoticed: the
	   registry removes whatever generation there is. */
	if (expected != 0 && expected != webhook->generation) {
		webhook_unref(webhook);
		com_refuse_generation(call);
		return;
	}
	webhook_unref(webhook);
	err = webhooks_delete(call->api->webhooks, call->who.workspace, id,
		call->who.key_id, &problem);
	if (err == ERR_OK)
		http_call_respond(call->http, 204, NULL, STR(""));
	else
		com_refuse_change(call, err, &problem);
	buf_release(&problem.why);
}
