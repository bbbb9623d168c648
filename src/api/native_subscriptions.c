/* /v1/subscriptions: subscriptions one at a time. */
#include "api/api.h"
#include "api/collection.h"
#include "api/event_types.h"
#include "api/subscription_body.h"
#include "api/subscription_routes.h"
#include "base/clock.h"
#include "pipeline/hub.h"

static struct str
uri_of(const struct subscription *one, struct arena *arena)
{
	char id[UUID_TEXT_SIZE];

	return arena_printf(
		arena, SUBSCRIPTIONS_URI "/%s", uuid_format(one->id, id));
}

static void
write_one(struct api_call *call, struct json_out *out,
	const struct subscription *one)
{
	CLEANUP(buf_release) struct buf filter = {0};
	struct event_type_label label =
		event_type_label(call->api->hub->event_types, one->workspace,
			one->type, call->arena);

	filter_print(one->filter, &filter);
	json_out_object(out, NULL);
	json_out_uuid(out, "id", one->id);
	json_out_text(out, "type", "grapnel/subscription");
	json_out_uuid(out, "webhookId", one->webhook);
	json_out_string(out, "eventType", one->type);
	json_out_string(out, "eventFilter", one->condition);
	json_out_string(out, "filter", buf_str(&filter));
	json_out_string(out, "friendlyName", label.friendly_name);
	json_out_string(out, "apiGroup", label.api_group);
	json_out_boolean(out, "inCatalog", label.is_known);
	json_out_integer(out, "generation", (int64_t)one->generation);
	json_out_string(out, "createdBy", one->created_by);
	json_out_time(out, "createdAt", one->created);
	json_out_string(out, "updatedBy", one->updated_by);
	json_out_time(out, "updatedAt", one->updated);
	json_out_string(out, "resourceUri", uri_of(one, call->arena));
	json_out_end(out);
}

static void
respond(struct api_call *call, int status, const struct subscription *one)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);

	write_one(call, &out, one);
	api_respond_json(call, status, &body);
}

/* ---- reading ---- */

static void
list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct collection_query query;
	struct subscription_list list;
	struct str *items;
	size_t count;

	if (!collection_read(call, &query))
		return;
	list = subscriptions_list(
		call->api->webhooks, call->who.workspace, call->arena);
	count = list.count;
	items = arena_alloc_array(call->arena, count, sizeof(*items));
	for (size_t i = 0; i < count; i++) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		write_one(call, &out, list.rows[i]);
		items[i] = arena_copy(call->arena, buf_str(&text));
	}
	subscription_list_release(&list);
	collection_write(&query, items, count, call->arena, &body);
	api_respond_json(call, 200, &body);
}

/** The one that the path names, as a reference; NULL: answered. */
static const struct subscription *
find(struct api_call *call)
{
	const struct subscription *one = NULL;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		one = subscriptions_find(
			call->api->webhooks, call->who.workspace, id);
	if (one == NULL)
		api_refuse(call, 404, NULL, "there is no such subscription");
	return one;
}

static void
get(struct api_call *call)
{
	const struct subscription *one = find(call);

	if (one == NULL)
		return;
	respond(call, 200, one);
	subscription_unref(one);
}

/* ---- changing ---- */

static void
refuse_change(struct api_call *call, enum err err,
	const struct subscription_problem *problem)
{
	static const struct {
		enum err err;
		int status;
		int64_t retry_after;
	} rows[] = {
		{ERR_INVALID, 400, 0},
		{ERR_NOT_FOUND, 404, 0},
		{ERR_CONFLICT, 409, 0},
		{ERR_LIMIT, 409, 0},
		{ERR_IO, 503, 5 * SECONDS},
	};
	struct api_problem answer = {
		.status = 500, .message = buf_str(&problem->why)};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].err == err) {
			answer.status = rows[i].status;
			answer.retry_after = rows[i].retry_after;
		}
	}
	if (problem->field && answer.status == 400) {
		answer.source = "field";
		answer.subject = str_of(problem->field);
		answer.message = arena_printf(call->arena, "%s: %.*s",
			problem->field, STR_ARG(answer.message));
	}
	api_respond_problem(call, &answer);
}

static bool
refuse_body(struct api_call *call, const struct subscription_body *body)
{
	struct api_problem problem = {
		.status = 400,
		.source = "field",
		.subject = body->issues[0].subject,
		.issues = body->issues,
		.issue_count = body->issue_count,
	};

	if (body->issue_count == 0)
		return false;
	problem.message = arena_printf(call->arena, "%.*s%s%.*s",
		STR_ARG(problem.subject), problem.subject.len ? ": " : "",
		STR_ARG(body->issues[0].description));
	api_respond_problem(call, &problem);
	return true;
}

/** Runs a change of one, and answers it. */
static void
run(struct api_call *call, struct subscription_body *body, int status,
	enum err (*does)(
		struct webhooks *webhooks, struct subscription_change *change))
{
	struct subscription_change change = {
		.workspace = call->who.workspace,
		.who = call->who.key_id,
		.drafts = body->drafts,
		.count = 1,
		.arena = call->arena,
		.problem = {.why = buf_make(4096)},
	};
	enum err err = does(call->api->webhooks, &change);

	if (err) {
		refuse_change(call, err, &change.problem);
	} else if (change.list.count == 0) {
		http_call_respond(call->http, status, NULL, STR(""));
	} else {
		const struct subscription *one = change.list.rows[0];

		if (status == 201)
			http_call_add_header(call->http, "Location",
				uri_of(one, call->arena));
		respond(call, status, one);
		subscription_unref(one);
	}
	buf_release(&change.problem.why);
}

static void
create(struct api_call *call)
{
	struct subscription_body *body =
		ARENA_NEW(call->arena, struct subscription_body);

	subscription_body_read(
		call->json, SUBSCRIPTION_CREATE, call->arena, body);
	if (!refuse_body(call, body))
		run(call, body, 201, subscriptions_create);
}

static void
patch(struct api_call *call)
{
	struct subscription_body *body =
		ARENA_NEW(call->arena, struct subscription_body);
	const struct subscription *one = find(call);

	if (one == NULL)
		return;
	subscription_body_read(
		call->json, SUBSCRIPTION_PATCH, call->arena, body);
	if (body->issue_count == 0) {
		body->drafts[0].id = one->id;
		if (!body->has_type)
			body->drafts[0].type =
				arena_copy(call->arena, one->type);
		if (!body->has_webhook)
			body->drafts[0].webhook = one->webhook;
	}
	subscription_unref(one);
	if (!refuse_body(call, body))
		run(call, body, 200, subscriptions_patch);
}

static void
remove_one(struct api_call *call)
{
	struct subscription_draft draft = {0};
	struct subscription_body body = {.drafts = &draft, .count = 1};
	const struct subscription *one = find(call);

	if (one == NULL)
		return;
	draft.id = one->id;
	subscription_unref(one);
	run(call, &body, 204, subscriptions_delete);
}

#define ONE SUBSCRIPTIONS_URI "/{id}"

const struct route api_subscription_routes[] = {
	{"GET", SUBSCRIPTIONS_URI, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false,
		false, list},
	{"POST", SUBSCRIPTIONS_URI, API_NATIVE, ACCESS_ADMIN, BODY_JSON, true,
		false, create},
	{"GET", ONE, API_NATIVE, ACCESS_VIEWER, BODY_NONE, false, false, get},
	{"PATCH", ONE, API_NATIVE, ACCESS_ADMIN, BODY_MERGE_PATCH, true, false,
		patch},
	{"DELETE", ONE, API_NATIVE, ACCESS_ADMIN, BODY_NONE, true, false,
		remove_one},
};
const size_t api_subscription_route_count = COUNT_OF(api_subscription_routes);
