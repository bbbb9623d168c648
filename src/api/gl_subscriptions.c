#include "api/api.h"
#include "api/event_types.h"
#include "api/gl_call.h"
#include "api/subscription_body.h"
#include "api/subscription_routes.h"
#include "base/clock.h"
#include "base/encode.h"
#include "pipeline/hub.h"

enum { PAGE_MAX = 10 };

/* ---- writing ---- */

static void
write_webhook(struct json_out *out, struct uuid id)
{
	CLEANUP(buf_release) struct buf uri = buf_make(0);

	buf_append(&uri, STR(GL_WEBHOOKS_URI "/"));
	uuid_append(&uri, id);
	json_out_object(out, "webhook");
	json_out_string(out, "resourceUri", buf_str(&uri));
	json_out_end(out);
}

static struct str
uri_of(const struct subscription *one, struct arena *arena)
{
	char id[UUID_TEXT_SIZE];

	return arena_printf(
		arena, GL_SUBSCRIPTIONS_URI "/%s", uuid_format(one->id, id));
}

static void
write_one(struct api_call *call, struct json_out *out,
	const struct subscription *one)
{
	struct event_type_label label =
		event_type_label(call->api->hub->event_types, one->workspace,
			one->type, call->arena);

	json_out_object(out, NULL);
	json_out_uuid(out, "id", one->id);
	json_out_text(out, "type", "events/subscription");
	json_out_uuid(out, "serviceManager", label.service_manager);
	json_out_string(out, "apiGroup", label.api_group);
	json_out_string(out, "eventType", one->type);
	json_out_string(out, "friendlyName", label.friendly_name);
	if (label.description.len > 0)
		json_out_string(out, "description", label.description);
	json_out_string(out, "resourceUri", uri_of(one, call->arena));
	write_webhook(out, one->webhook);
	json_out_string(out, "hpePrincipal",
		gl_principal(one->created_by, call->arena));
	json_out_string(out, "createdBy", one->created_by);
	json_out_time(out, "createdAt", one->created);
	json_out_string(out, "updatedBy", one->updated_by);
	json_out_time(out, "updatedAt", one->updated);
	json_out_integer(out, "generation", (int64_t)one->generation);
	if (one->condition.len > 0)
		json_out_string(out, "eventFilter", one->condition);
	json_out_end(out);
}

/** Answers with the array that was asked for, and releases it. */
static void
respond_list(struct api_call *call, int status, struct subscription_list *list)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);

	json_out_array(&out, NULL);
	for (size_t i = 0; i < list->count; i++)
		write_one(call, &out, list->rows[i]);
	json_out_end(&out);
	subscription_list_release(list);
	api_respond_json(call, status, &body);
}

/* ---- reading ---- */

/** `webhookId eq '<uuid>'`, and nothing else. */
static bool
read_filter(struct api_call *call, struct uuid *ret)
{
	CLEANUP(buf_release) struct buf why = buf_make(2048);
	CLEANUP(buf_release) struct buf canonical = {0};
	const struct str head = STR("webhookId eq '");
	const struct filter *filter;
	struct str text;
	size_t column;

	if (http_call_parameter(call->http, "filter", &text)) {
		gl_refuse_parameter(call, "filter",
			"Invalid query params: expected webhookId eq "
			"'<webhook id>', once");
		return false;
	}
	if (filter_compile(text, call->arena, &filter, &column, &why)) {
		gl_refuse_parameter(call, "filter", "Invalid query params: %s",
			buf_text(&why));
		return false;
	}
	filter_print(filter, &canonical);
	text = buf_str(&canonical);
	if (str_starts_with(text, head) &&
		text.len == head.len + UUID_TEXT_LEN + 1 &&
		uuid_parse(str_head(str_skip(text, head.len), UUID_TEXT_LEN),
			ret) == ERR_OK)
		return true;
	gl_refuse_body(call, STR("filter"),
		"only webhookId eq '<webhook id>' can be asked for");
	return false;
}

static void
list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct webhook *webhook;
	struct gl_page page;
	struct str *items;
	struct uuid id;
	size_t count = 0;

	if (!read_filter(call, &id) || !gl_page_read(call, PAGE_MAX, &page))
		return;
	webhook = webhooks_find(call->api->webhooks, call->who.workspace, id);
	items = arena_alloc_array(call->arena,
		webhook ? webhook->subscription_count : 0, sizeof(*items));
	/* The newest first, as webhooks are listed. */
	for (size_t i = webhook ? webhook->subscription_count : 0; i > 0; i--) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		write_one(call, &out, webhook->subscriptions[i - 1]);
		items[count++] = arena_copy(call->arena, buf_str(&text));
	}
	webhook_unref(webhook);
	gl_page_respond(call, &page, items, count);
}

static void
get(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	const struct subscription *one = NULL;
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id) == ERR_OK)
		one = subscriptions_find(
			call->api->webhooks, call->who.workspace, id);
	if (one == NULL) {
		api_refuse(call, 404, NULL, "Subscription not found");
		return;
	}
	write_one(call, &out, one);
	subscription_unref(one);
	api_respond_json(call, 200, &body);
}

/* ---- changing ---- */

/* What the registry refuses; a condition that does not compile is 400, as
   reference §2.12 has it, and a webhook that is not there the body's fault. */
static const struct refusal {
	enum err err;
	const char *field; /* NULL: whichever */
	int status;
	const char *code;
} refusals[] = {
	{ERR_INVALID, "eventFilter", 400, NULL},
	{ERR_INVALID, NULL, 422, NULL},
	{ERR_NOT_FOUND, "id", 404, NULL},
	{ERR_NOT_FOUND, NULL, 422, NULL},
	{ERR_CONFLICT, NULL, 422, NULL},
	{ERR_LIMIT, NULL, 403, "HPE_GL_UNIFIED_EVENTS_REGISTRATION_FORBIDDEN"},
	{ERR_IO, NULL, 503, NULL},
};

static void
refuse_change(struct api_call *call, enum err err,
	enum subscription_body_kind kind, struct subscription_problem *problem)
{
	static const struct {
		const char *field, *member;
	} names[] = {
		{"id", "subscriptionId"}, {"webhook", "webhook.resourceUri"}};
	struct api_problem answer = {.status = 500};
	const char *member = problem->field;

	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *row = &refusals[i];

		if (row->err != err ||
			(row->field &&
				(problem->field == NULL ||
					strcmp(row->field, problem->field))))
			continue;
		answer.status = row->status;
		answer.code = row->code;
		break;
	}
	for (size_t i = 0; member && i < COUNT_OF(names); i++) {
		if (!strcmp(names[i].field, problem->field))
			member = names[i].member;
	}
	answer.message = buf_str(&problem->why);
	if (member && err != ERR_LIMIT) {
		answer.source = "field";
		answer.subject = subscription_body_place(
			kind, problem->item, member, call->arena);
	}
	api_respond_problem(call, &answer);
}

/** Reads the body; false: what is wrong with it was told. */
static bool
read_body(struct api_call *call, enum subscription_body_kind kind,
	struct subscription_change *change)
{
	struct subscription_body *body =
		ARENA_NEW(call->arena, struct subscription_body);
	struct api_problem problem = {.status = 422, .source = "field"};

	subscription_body_read(call->json, kind, call->arena, body);
	*change = (struct subscription_change){
		.workspace = call->who.workspace,
		.who = call->who.key_id,
		.drafts = body->drafts,
		.count = body->count,
		.arena = call->arena,
		.problem = {.why = buf_make(4096)},
	};
	if (body->issue_count == 0)
		return true;
	problem.issues = body->issues;
	problem.issue_count = body->issue_count;
	api_respond_problem(call, &problem);
	return false;
}

static void
create(struct api_call *call)
{
	struct subscription_change change;
	enum err err;

	if (!read_body(call, SUBSCRIPTION_GL_CREATE, &change))
		return;
	err = subscriptions_create(call->api->webhooks, &change);
	if (err) {
		refuse_change(
			call, err, SUBSCRIPTION_GL_CREATE, &change.problem);
	} else {
		http_call_add_header(call->http, "Location",
			uri_of(change.list.rows[0], call->arena));
		respond_list(call, 201, &change.list);
	}
	buf_release(&change.problem.why);
}

static void
patch(struct api_call *call)
{
	struct subscription_change change;
	enum err err;

	if (!read_body(call, SUBSCRIPTION_GL_PATCH, &change))
		return;
	err = subscriptions_patch(call->api->webhooks, &change);
	if (err)
		refuse_change(
			call, err, SUBSCRIPTION_GL_PATCH, &change.problem);
	else
		respond_list(call, 200, &change.list);
	buf_release(&change.problem.why);
}

/** ?id=…&id=…, each one a subscription's. */
static bool
read_ids(struct api_call *call, struct subscription_change *change)
{
	struct str query = http_call_query(call->http);
	struct subscription_draft *drafts = arena_alloc_array(
		call->arena, SUBSCRIPTIONS_BATCH_MAX, sizeof(*drafts));

	while (query.ptr != NULL) {
		struct str pair = str_split(&query, '&');
		struct str name = str_split(&pair, '=');
		struct str value;

		if (!str_equal(name, STR("id")))
			continue;
		if (change->count == SUBSCRIPTIONS_BATCH_MAX ||
			encode_percent_read(pair, true, call->arena, &value) ||
			uuid_parse(value, &drafts[change->count].id)) {
			gl_refuse_parameter(call, "id",
				"Invalid query params: expected 1 to %d "
				"subscription ids, each a UUID",
				SUBSCRIPTIONS_BATCH_MAX);
			return false;
		}
		change->count++;
	}
	change->drafts = drafts;
	if (change->count > 0)
		return true;
	gl_refuse_parameter(call, "id", "Invalid query params: id is missing");
	return false;
}

static void
remove_some(struct api_call *call)
{
	struct subscription_change change = {
		.workspace = call->who.workspace,
		.who = call->who.key_id,
		.arena = call->arena,
		.problem = {.why = buf_make(4096)},
	};
	enum err err;

	if (!read_ids(call, &change))
		return;
	err = subscriptions_delete(call->api->webhooks, &change);
	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, NULL, "Subscription not found");
	else if (err)
		refuse_change(
			call, err, SUBSCRIPTION_GL_PATCH, &change.problem);
	else
		http_call_respond(call->http, 204, NULL, STR(""));
	buf_release(&change.problem.why);
}

const struct route api_gl_subscription_routes[] = {
	{"GET", GL_SUBSCRIPTIONS_URI, API_GREENLAKE, ACCESS_VIEWER, BODY_NONE,
		false, false, list},
	{"POST", GL_SUBSCRIPTIONS_URI, API_GREENLAKE, ACCESS_ADMIN, BODY_JSON,
		true, false, create},
	{"PATCH", GL_SUBSCRIPTIONS_URI, API_GREENLAKE, ACCESS_ADMIN,
		BODY_MERGE_PATCH, true, false, patch},
	{"DELETE", GL_SUBSCRIPTIONS_URI, API_GREENLAKE, ACCESS_ADMIN, BODY_NONE,
		true, false, remove_some},
	{"GET", GL_SUBSCRIPTIONS_URI "/{id}", API_GREENLAKE, ACCESS_VIEWER,
		BODY_NONE, false, false, get},
};
const size_t api_gl_subscription_route_count =
	COUNT_OF(api_gl_subscription_routes);
