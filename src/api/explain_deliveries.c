#include "api/api.h"
#include "api/explain.h"
#include "pipeline/payload_load.h"

static bool
read_state(struct api_call *call, struct delivery_query *query)
{
	struct str text;

	if (!explain_text(call, "state", &text))
		return false;
	if (str_is_empty(text))
		return true;
	for (int state = DELIVERY_WAITING; state <= DELIVERY_SKIPPED; state++) {
		const char *name =
			delivery_state_name((enum delivery_state)state);

		if (str_equal_nocase(text, str_of(name))) {
			query->has_state = true;
			query->state = (enum delivery_state)state;
			return true;
		}
	}
	explain_refuse(
		call, "state", "expected WAITING, DELIVERED, DEAD or SKIPPED");
	return false;
}

static bool
read_event(struct api_call *call, struct delivery_query *query)
{
	struct event_row event;
	struct str id;

	if (!explain_text(call, "event", &id))
		return false;
	if (str_is_empty(id))
		return true;
	if (!explain_find_event(call, id, &event))
		return false;
	query->event = event.sequence;
	return true;
}

static bool
read_webhook(struct api_call *call, const struct explain_webhooks *webhooks,
	struct delivery_query *query)
{
	const struct webhook *webhook;
	struct str id;

	if (!explain_text(call, "webhook", &id))
		return false;
	if (str_is_empty(id))
		return true;
	webhook = explain_webhook_by_id(call, webhooks, id);
	if (webhook)
		query->webhook = webhook->number;
	return webhook != NULL;
}

static bool
read_query(struct api_call *call, const struct explain_webhooks *webhooks,
	struct delivery_query *query)
{
	*query = (struct delivery_query){.workspace = call->who.workspace};
	return read_state(call, query) && explain_type(call, &query->type) &&
	       explain_text(call, "text", &query->text) &&
	       explain_time(call, "from", &query->from) &&
	       explain_time(call, "to", &query->to) &&
	       explain_limit(call, &query->limit) &&
	       explain_cursor(call, 'd', &query->before) &&
	       read_webhook(call, webhooks, query) && read_event(call, query);
}

static void
write_event_of(struct json_out *out, const struct event_row *event)
{
	json_out_object(out, "event");
	explain_write_envelope(out, event);
	json_out_end(out);
}

static void
write_page(struct json_out *out, const struct delivery_page *page,
	const struct explain_webhooks *webhooks)
{
	json_out_object(out, NULL);
	json_out_integer(out, "count", (int64_t)page->count);
	explain_write_next(out, 'd', page->next);
	json_out_array(out, "items");
	for (size_t i = 0; i < page->count; i++) {
		const struct delivery_entry *row = &page->rows[i];

		json_out_object(out, NULL);
		explain_write_delivery(out, &row->delivery,
			explain_webhook_by_number(
				webhooks, row->delivery.webhook));
		write_event_of(out, &row->event);
		json_out_end(out);
	}
	json_out_end(out);
	json_out_end(out);
}

void
explain_list_deliveries(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct explain_webhooks webhooks = explain_webhooks(call);
	struct delivery_query query;
	struct delivery_page page;
	enum err err;

	if (!read_query(call, &webhooks, &query)) {
		explain_webhooks_release(&webhooks);
		return;
	}
	err = store_deliveries_page(
		call->api->store, &query, call->arena, &page);
	if (err == ERR_OK)
		write_page(&out, &page, &webhooks);
	explain_webhooks_release(&webhooks);
	if (err)
		explain_refuse_store(call);
	else
		api_respond_json(call, 200, &body);
}

/* ---- one ---- */

static enum err
find_delivery(struct api_call *call, struct delivery_row *ret)
{
	struct uuid id;
	enum err err;

	if (uuid_parse(call->parameters[0], &id))
		return ERR_NOT_FOUND;
	err = store_delivery(
		call->api->store, uuid_sequence(id), call->arena, ret);
	if (err)
		return err;
	return ret->workspace == call->who.workspace &&
			       uuid_equal(id, uuid_from_sequence(ret->created,
						      ret->sequence))
		       ? ERR_OK
		       : ERR_NOT_FOUND;
}

static void
write_all(struct api_call *call, struct json_out *out,
	const struct delivery_row *delivery, const struct event_row *event,
	const struct attempt_rows *attempts)
{
	struct explain_webhooks webhooks = explain_webhooks(call);
	struct payload *payload =
		payload_load(call->api->store, delivery->event, true);

	json_out_object(out, NULL);
	explain_write_delivery(out, delivery,
		explain_webhook_by_number(&webhooks, delivery->webhook));
	write_event_of(out, event);
	json_out_array(out, "attemptList");
	for (size_t i = 0; i < attempts->count; i++) {
		const struct attempt_row *row = &attempts->rows[i];
		struct explain_body body = explain_body(call, row, payload);

		explain_write_attempt(out, row, &body);
	}
	json_out_end(out);
	json_out_end(out);
	payload_unref(payload);
	explain_webhooks_release(&webhooks);
}

void
explain_get_delivery(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	struct store *store = call->api->store;
	struct attempt_rows attempts;
	struct delivery_row delivery;
	struct event_row event;
	enum err err = find_delivery(call, &delivery);

	if (err == ERR_OK)
		err = store_event(store, delivery.event, call->arena, &event);
	if (err == ERR_OK)
		err = store_attempts_of(
			store, delivery.sequence, call->arena, &attempts);
	if (err == ERR_NOT_FOUND) {
		explain_refuse_unknown(call, "delivery");
	} else if (err) {
		explain_refuse_store(call);
	} else {
		write_all(call, &out, &delivery, &event, &attempts);
		api_respond_json(call, 200, &body);
	}
}
