#include "api/filter_routes.h"

#include <stdlib.h>

#include "api/filter_backtest.h"
#include "api/filter_body.h"
#include "base/json_out.h"
#include "pipeline/event_view.h"
#include "pipeline/hub.h"
#include "rule/filter_explain.h"

/* ---- check ---- */

static void
write_canonical(struct json_out *out, const struct filter *filter)
{
	CLEANUP(buf_release) struct buf text = {0};

	filter_print(filter, &text);
	json_out_string(out, "canonical", buf_str(&text));
}

static void
write_notes(struct json_out *out, const struct filter *filter)
{
	CLEANUP(buf_release) struct buf notes = {0};
	struct str rest;

	filter_notes(filter, &notes);
	rest = buf_str(&notes);
	json_out_array(out, "notes");
	while (rest.len)
		json_out_string(out, NULL, str_split(&rest, '\n'));
	json_out_end(out);
}

/** null: of any type. */
static void
write_types(struct json_out *out, const struct filter *filter)
{
	const struct str *types;
	size_t count;

	if (!filter_types(filter, &types, &count)) {
		json_out_null(out, "types");
		return;
	}
	json_out_array(out, "types");
	for (size_t i = 0; i < count; i++)
		json_out_string(out, NULL, types[i]);
	json_out_end(out);
}

static void
check(struct api_call *call)
{
	static const char *const members[] = {
		"filter", "eventType", "eventFilter"};
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct filter_body_question question;

	if (!filter_body_check(call, members, COUNT_OF(members)) ||
		!filter_body_question(call, &question))
		return;
	json_out_object(&out, NULL);
	json_out_boolean(&out, "valid", question.err == ERR_OK);
	if (question.err) {
		json_out_integer(&out, "column", (int64_t)question.column);
		json_out_string(&out, "error", buf_str(&question.why));
	} else {
		write_canonical(&out, question.filter);
		write_notes(&out, question.filter);
		write_types(&out, question.filter);
	}
	json_out_end(&out);
	buf_release(&question.why);
	api_respond_json(call, 200, &body);
}

/* ---- explain ---- */

static bool
refuse_stored(struct api_call *call, enum err err)
{
	if (err == ERR_NOT_FOUND)
		api_refuse(call, 404, "eventId", "there is no such event");
	else if (err == ERR_INVALID)
		api_refuse(call, 422, "eventId",
			"the stored event cannot be read as JSON");
	else if (err)
		api_refuse(call, 503, NULL, "the store cannot be read");
	return err == ERR_OK;
}

static enum err
read_stored(struct api_call *call, struct str id, struct filter_event *ret)
{
	struct event_row event, previous = {0};
	enum err err = store_event_by_id(
		call->api->store, call->who.workspace, id, call->arena, &event);

	if (err)
		return err;
	if (event.previous) {
		err = store_event(call->api->store, event.previous, call->arena,
			&previous);
		if (err && err != ERR_NOT_FOUND)
			return err;
	}
	return event_view_make(&event, previous.body, call->arena, ret);
}

static bool
read_event(struct api_call *call, struct filter_event *ret)
{
	struct json id = json_member(call->json, STR("eventId"));
	struct json event = json_member(call->json, STR("event"));

	if (json_is_missing(id))
		return filter_body_event(call, ret);
	if (!json_is_missing(event)) {
		api_refuse(call, 400, "eventId",
			"expected either event or eventId, found both");
		return false;
	}
	if (json_kind(id) != JSON_STRING) {
		api_refuse(call, 400, "eventId", "expected a string, found %s",
			json_kind_name(json_kind(id)));
		return false;
	}
	return refuse_stored(
		call, read_stored(call, json_string(id, call->arena), ret));
}

/** Told where a filter alone would not explain why nothing comes. */
static void
write_withheld(struct json_out *out, const struct filter_event *event)
{
	if (event_view_is_sent(event))
		return;
	json_out_text(out, "withheld",
		"Events like this go to no webhook, whatever its filter: no "
		"monitored property of the resource has changed, or the "
		"operation is not sent for its type");
}

static void
explain(struct api_call *call)
{
	static const char *const members[] = {
		"filter", "eventType", "eventFilter", "event", "eventId"};
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	const struct filter *filter;
	struct filter_event event;

	if (!filter_body_check(call, members, COUNT_OF(members)) ||
		!filter_body_filter(call, &filter) || !read_event(call, &event))
		return;
	json_out_object(&out, NULL);
	filter_explain_write(filter_explain(filter, &event, call->arena), &out);
	write_canonical(&out, filter);
	write_withheld(&out, &event);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/* ---- match ---- */

/** Which of its subscriptions bring the event to it. */
static void
write_subscriptions(struct api_call *call, struct json_out *out,
	const struct webhook *webhook, const struct filter_event *event)
{
	if (!webhook_is_by_subscription(webhook))
		return;
	json_out_array(out, "subscriptions");
	for (size_t i = 0; i < webhook->subscription_count; i++) {
		const struct subscription *one = webhook->subscriptions[i];

		if (filter_matches(one->filter, event, call->arena))
			json_out_uuid(out, NULL, one->id);
	}
	json_out_end(out);
}

static void
write_webhook(struct api_call *call, struct json_out *out,
	const struct webhook *webhook, const struct filter_event *event)
{
	bool would_send = health_is_sending(&webhook->health) ||
			  health_is_waiting(&webhook->health);

	json_out_object(out, NULL);
	json_out_uuid(out, "id", webhook->id);
	json_out_string(out, "name", webhook->name);
	json_out_text(out, "state", webhook_state_name(webhook->health.state));
	json_out_text(
		out, "status", webhook_status_name(webhook->health.status));
	json_out_boolean(out, "wouldSend", would_send);
	write_subscriptions(call, out, webhook, event);
	json_out_end(out);
}

static int
compare_numbers(const void *a, const void *b)
{
	const struct webhook *const *left = a;
	const struct webhook *const *right = b;

	return ((*left)->number > (*right)->number) -
	       ((*left)->number < (*right)->number);
}

/** The oldest first, as lists of webhooks are. */
static void
sort_webhooks(struct match_list *list)
{
	if (list->count)
		qsort(list->webhooks, list->count, sizeof(*list->webhooks),
			compare_numbers);
}

static void
match(struct api_call *call)
{
	static const char *const members[] = {"event"};
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct match_list list = {0};
	struct filter_event event;

	if (!filter_body_check(call, members, COUNT_OF(members)) ||
		!filter_body_event(call, &event))
		return;
	if (event_view_is_sent(&event))
		match_event(call->api->hub->match, call->who.workspace, &event,
			call->arena, &list);
	sort_webhooks(&list);
	json_out_object(&out, NULL);
	json_out_array(&out, "webhooks");
	for (size_t i = 0; i < list.count; i++) {
		write_webhook(call, &out, list.webhooks[i], &event);
		webhook_unref(list.webhooks[i]);
	}
	json_out_end(&out);
	write_withheld(&out, &event);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/* Those that may take a while run on the desk: explaining looks at every
   clause, and matching here is not worth an event loop's time. */
const struct route api_filter_routes[] = {
	{"POST", "/v1/filters/check", API_NATIVE, ACCESS_VIEWER, BODY_JSON,
		false, false, check},
	{"POST", "/v1/filters/explain", API_NATIVE, ACCESS_VIEWER, BODY_JSON,
		true, false, explain},
	{"POST", "/v1/filters/backtest", API_NATIVE, ACCESS_VIEWER, BODY_JSON,
		true, false, filter_backtest},
	{"POST", "/v1/events/match", API_NATIVE, ACCESS_VIEWER, BODY_JSON, true,
		false, match},
};
const size_t api_filter_route_count = COUNT_OF(api_filter_routes);
