#include "api/webhook_log.h"

#include "api/api.h"
#include "api/explain.h"

/** What the event's data says, but for what all entries have in common. */
static void
write_facts(struct json_out *out, const struct event_row *event,
	struct arena *arena)
{
	struct json_doc doc;
	struct json_walk walk;

	if (json_read(event->body, arena, &doc, NULL))
		return;
	walk = json_walk(json_root(&doc));
	while (json_walk_next(&walk)) {
		struct str name = json_string(walk.key, arena);

		if (str_equal(name, STR("webhookId")))
			continue;
		json_out_key(out, name);
		json_out_raw(out, NULL, json_raw(walk.value));
	}
}

static void
write_entry(struct json_out *out, const struct event_row *event,
	struct arena *arena)
{
	json_out_object(out, NULL);
	json_out_string(out, "eventId", event->id);
	json_out_string(out, "type", event->type);
	json_out_time(out, "at", event->accepted);
	write_facts(out, event, arena);
	json_out_end(out);
}

static void
write_page(struct json_out *out, const struct event_page *page,
	struct arena *arena)
{
	json_out_object(out, NULL);
	json_out_integer(out, "count", (int64_t)page->count);
	explain_write_next(out, 'l', page->next);
	json_out_array(out, "items");
	for (size_t i = 0; i < page->count; i++)
		write_entry(out, &page->rows[i], arena);
	json_out_end(out);
	json_out_end(out);
}

/** Of a webhook that is there, or was; false when that was answered. */
static bool
is_known(struct api_call *call, struct uuid id, const struct event_page *page)
{
	const struct webhook *webhook =
		webhooks_find(call->api->webhooks, call->who.workspace, id);

	webhook_unref(webhook);
	if (webhook || page->count > 0)
		return true;
	explain_refuse_unknown(call, "webhook");
	return false;
}

void
webhook_log_list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct webhook_log_query query = {.workspace = call->who.workspace};
	struct json_out out = json_out_make(&body);
	struct event_page page;
	char text[UUID_TEXT_SIZE];
	struct uuid id;

	if (uuid_parse(call->parameters[0], &id)) {
		explain_refuse_unknown(call, "webhook");
		return;
	}
	query.webhook = str_of(uuid_format(id, text));
	if (!explain_limit(call, &query.limit) ||
		!explain_cursor(call, 'l', &query.before))
		return;
	if (store_webhook_log(call->api->store, &query, call->arena, &page)) {
		explain_refuse_store(call);
		return;
	}
	if (!is_known(call, id, &page))
		return;
	write_page(&out, &page, call->arena);
	api_respond_json(call, 200, &body);
}
