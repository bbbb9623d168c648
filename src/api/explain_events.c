#include "api/api.h"
#include "api/explain.h"
#include "pipeline/event_view.h"
#include "rule/event_body.h"
#include "rule/filter_explain.h"

/* ---- many ---- */

static bool
read_query(struct api_call *call, struct event_query *query)
{
	*query = (struct event_query){.workspace = call->who.workspace};
	return explain_type(call, &query->type) &&
	       explain_text(call, "subject", &query->subject) &&
	       explain_time(call, "from", &query->from) &&
	       explain_time(call, "to", &query->to) &&
	       explain_limit(call, &query->limit) &&
	       explain_cursor(call, 'e', &query->before);
}

void
explain_list_events(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct event_query query;
	struct event_page page;

	if (!read_query(call, &query))
		return;
	if (store_events_page(call->api->store, &query, call->arena, &page)) {
		explain_refuse_store(call);
		return;
	}
	json_out_object(&out, NULL);
	json_out_integer(&out, "count", (int64_t)page.count);
	explain_write_next(&out, 'e', page.next);
	json_out_array(&out, "items");
	for (size_t i = 0; i < page.count; i++) {
		json_out_object(&out, NULL);
		explain_write_envelope(&out, &page.rows[i]);
		json_out_end(&out);
	}
	json_out_end(&out);
	json_out_end(&out);
	api_respond_json(call, 200, &body);
}

/* ---- one ---- */

/** An event with what its body and that before it say. */
struct told_event {
	struct event_row row;
	struct filter_event view;
	bool is_old_removed; /* retention took the event with the old state */
};

static bool
find_event(struct api_call *call, struct told_event *told)
{
	struct event_row previous = {0};
	struct event_row *row = &told->row;
	enum err err = ERR_NOT_FOUND;

	*told = (struct told_event){0};
	if (!explain_find_event(call, call->parameters[0], row))
		return false;
	if (row->previous)
		err = store_event(call->api->store, row->previous, call->arena,
			&previous);
	if (err && err != ERR_NOT_FOUND) {
		explain_refuse_store(call);
		return false;
	}
	told->is_old_removed = err == ERR_NOT_FOUND &&
			       row->form == EVENT_STATE &&
			       row->operation >= OPERATION_UPDATED;
	if (event_view_make(row, previous.body, call->arena, &told->view))
		told->view = (struct filter_event){.type = row->type};
	return true;
}

static void
write_json(struct json_out *out, const char *key, struct json value)
{
	if (json_is_missing(value))
		json_out_null(out, key);
	else
		json_out_raw(out, key, json_raw(value));
}

/** The states, or the data of an event that has none. */
static void
write_body(struct json_out *out, const struct told_event *told)
{
	const struct event_row *row = &told->row;

	if (row->form != EVENT_DATA) {
		write_json(out, "new", told->view.new_state);
		write_json(out, "old", told->view.old_state);
		if (told->is_old_removed)
			json_out_boolean(out, "oldRemoved", true);
	} else if (!json_is_missing(told->view.new_state)) {
		write_json(out, "data", told->view.new_state);
	} else if (str_is_empty(row->body)) {
		json_out_null(out, "data");
	} else {
		json_out_string(out, "data", row->body);
	}
}

static void
write_outcomes(struct json_out *out, const struct delivery_page *page,
	const struct explain_webhooks *webhooks)
{
	/* Of the whole event unless there are more than fit into an answer. */
	int64_t counts[DELIVERY_SKIPPED + 1] = {0};

	json_out_array(out, "deliveries");
	for (size_t i = 0; i < page->count; i++) {
		const struct delivery_row *row = &page->rows[i].delivery;

		counts[row->state]++;
		json_out_object(out, NULL);
		explain_write_delivery(out, row,
			explain_webhook_by_number(webhooks, row->webhook));
		json_out_end(out);
	}
	json_out_end(out);
	json_out_object(out, "counts");
	for (int state = 0; state <= DELIVERY_SKIPPED; state++)
		json_out_integer(out,
			delivery_state_name((enum delivery_state)state),
			counts[state]);
	json_out_end(out);
	explain_write_next(out, 'd', page->next);
}

void
explain_get_event(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct explain_webhooks webhooks;
	struct delivery_query query = {.workspace = call->who.workspace,
		.limit = EXPLAIN_OUTCOMES_MAX};
	struct delivery_page page;
	struct told_event told;

	if (!find_event(call, &told))
		return;
	query.event = told.row.sequence;
	if (store_deliveries_page(
		    call->api->store, &query, call->arena, &page)) {
		explain_refuse_store(call);
		return;
	}
	webhooks = explain_webhooks(call);
	json_out_object(&out, NULL);
	explain_write_envelope(&out, &told.row);
	write_body(&out, &told);
	write_outcomes(&out, &page, &webhooks);
	json_out_end(&out);
	explain_webhooks_release(&webhooks);
	api_respond_json(call, 200, &body);
}

/* ---- why it matched, or did not ---- */

/** Its delivery to the webhook, or NULL; the list is in order of webhooks. */
static const struct delivery_row *
delivery_to(const struct delivery_list *list, const struct webhook *webhook)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->rows[middle].webhook < webhook->number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->rows[low].webhook == webhook->number
		       ? &list->rows[low]
		       : NULL;
}

/** What there is to say in a sentence. */
static const char *
describe(const struct told_event *told, const struct webhook *webhook,
	bool is_sent, bool is_true, const struct delivery_row *delivery)
{
	if (delivery && is_true)
		return "The filter is true for the event, and there is a "
		       "delivery.";
	if (delivery)
		return "The filter was true when the event came; the one the "
		       "webhook has now is not true for it.";
	if (!is_sent)
		return "Events of this type and operation are sent to nobody.";
	if (!is_true)
		return "The filter is not true for the event.";
	if (webhook->created > told->row.accepted)
		return "The filter is true for the event, but the webhook was "
		       "made after the event came.";
	return "The filter is true for the event, but there is no delivery: "
	       "the filter was another one when the event came, or the "
	       "delivery has been removed since.";
}

/** Whether a filter is true; in `is_detailed` form with every clause. */
static bool
write_truth(struct api_call *call, struct json_out *out,
	const struct told_event *told, const struct filter *filter,
	bool is_detailed)
{
	const struct filter_explanation *why;
	bool is_true;

	if (!is_detailed) {
		is_true = filter_matches(filter, &told->view, call->arena);
		json_out_boolean(out, "matches", is_true);
		return is_true;
	}
	why = filter_explain(filter, &told->view, call->arena);
	filter_explain_write(why, out);
	return why->truth == FILTER_IS_TRUE;
}

static void
write_subscriptions(struct api_call *call, struct json_out *out,
	const struct told_event *told, const struct webhook *webhook,
	bool is_detailed)
{
	json_out_array(out, "subscriptions");
	for (size_t i = 0; i < webhook->subscription_count; i++) {
		const struct subscription *one = webhook->subscriptions[i];

		json_out_object(out, NULL);
		json_out_uuid(out, "id", one->id);
		json_out_string(out, "eventType", one->type);
		json_out_string(out, "eventFilter", one->condition);
		write_truth(call, out, told, one->filter, is_detailed);
		json_out_end(out);
	}
	json_out_end(out);
}

/** The same of a webhook: its filter, or each of its subscriptions. */
static bool
write_filter(struct api_call *call, struct json_out *out,
	const struct told_event *told, const struct webhook *webhook,
	bool is_detailed)
{
	bool is_true;

	if (webhook_is_by_subscription(webhook)) {
		is_true = webhook_wants(webhook, &told->view, call->arena);
		json_out_boolean(out, "matches", is_true);
		write_subscriptions(call, out, told, webhook, is_detailed);
		return is_true;
	}
	json_out_string(out, "filter", webhook->filter_text);
	return write_truth(call, out, told, webhook->filter, is_detailed);
}

static void
write_match(struct api_call *call, struct json_out *out,
	const struct told_event *told, const struct webhook *webhook,
	const struct delivery_row *delivery, bool is_detailed)
{
	bool is_sent = event_view_is_sent(&told->view);
	bool is_true;

	json_out_object(out, NULL);
	json_out_uuid(out, "webhookId", webhook->id);
	json_out_string(out, "webhookName", webhook->name);
	is_true = write_filter(call, out, told, webhook, is_detailed);
	json_out_text(out, "explanation",
		describe(told, webhook, is_sent, is_true, delivery));
	if (delivery) {
		json_out_object(out, "delivery");
		explain_write_delivery(out, delivery, webhook);
		json_out_end(out);
	} else {
		json_out_null(out, "delivery");
	}
	json_out_end(out);
}

/** At most EXPLAIN_OUTCOMES_MAX; "more" says that there are others. */
static void
write_matches(struct api_call *call, struct json_out *out,
	const struct told_event *told, const struct explain_webhooks *webhooks,
	const struct delivery_list *deliveries)
{
	size_t count = webhooks->count < EXPLAIN_OUTCOMES_MAX
			       ? webhooks->count
			       : EXPLAIN_OUTCOMES_MAX;
	/* Clause by clause would be a lot for all at once. */
	bool is_one = webhooks->count == 1;

	json_out_object(out, NULL);
	json_out_string(out, "eventId", told->row.id);
	if (told->is_old_removed)
		json_out_boolean(out, "oldRemoved", true);
	json_out_array(out, "webhooks");
	for (size_t i = 0; i < count; i++)
		write_match(call, out, told, webhooks->list[i],
			delivery_to(deliveries, webhooks->list[i]), is_one);
	json_out_end(out);
	json_out_boolean(out, "more", count < webhooks->count);
	json_out_end(out);
}

void
explain_match(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct explain_webhooks webhooks, shown;
	const struct webhook *only = NULL;
	struct delivery_list deliveries;
	struct told_event told;
	struct str id;

	if (!explain_text(call, "webhook", &id) || !find_event(call, &told))
		return;
	if (store_deliveries_of_event(call->api->store, told.row.sequence,
		    call->arena, &deliveries)) {
		explain_refuse_store(call);
		return;
	}
	webhooks = explain_webhooks(call);
	if (!str_is_empty(id))
		only = explain_webhook_by_id(call, &webhooks, id);
	shown = only ? (struct explain_webhooks){&only, 1} : webhooks;
	if (str_is_empty(id) || only) {
		write_matches(call, &out, &told, &shown, &deliveries);
		api_respond_json(call, 200, &body);
	}
	explain_webhooks_release(&webhooks);
}
