#include "api/com_deliveries.h"

#include <assert.h>

#include "api/api.h"
#include "api/collection.h"
#include "api/com_call.h"
#include "api/native_webhooks.h"
#include "base/json_out.h"
#include "pipeline/dispatch.h"
#include "store/store.h"

static_assert((int)DELIVERY_ATTEMPTS_MAX == (int)COM_ATTEMPTS_MAX,
	"the attempt's number has to fit into its id");

struct uuid
com_delivery_id(int64_t started, uint64_t delivery, uint32_t number)
{
	return uuid_from_sequence(started,
		delivery * COM_ATTEMPTS_MAX + number % COM_ATTEMPTS_MAX);
}

void
com_delivery_id_read(
	struct uuid id, uint64_t *ret_delivery, uint32_t *ret_number)
{
	uint64_t sequence = uuid_sequence(id);

	*ret_delivery = sequence / COM_ATTEMPTS_MAX;
	*ret_number = (uint32_t)(sequence % COM_ATTEMPTS_MAX);
}

/* The collections' names, as in COM's resourceUri. */
static const struct {
	const char *type;
	const char *collection;
} collections[] = {
	{"compute-ops/alert", "compute-ops/alerts"},
	{"compute-ops/firmware-bundle", "compute-ops/firmware-bundles"},
	{"compute-ops/group", "compute-ops/groups"},
	{"compute-ops/group/compliance", "compute-ops/groups/compliance"},
	{"compute-ops/job", "compute-ops/jobs"},
	{"compute-ops/server", "compute-ops/servers"},
	{"compute-ops/server-setting", "compute-ops/server-settings"},
};

void
com_event_type(struct buf *out, struct str type, enum operation operation)
{
	static const char *const verbs[] = {
		[OPERATION_NONE] = "",
		[OPERATION_CREATED] = ":CREATE",
		[OPERATION_UPDATED] = ":UPDATE",
		[OPERATION_DELETED] = ":DELETE",
	};

	for (size_t i = 0; i < COUNT_OF(collections); i++)
		if (str_equal(type, str_of(collections[i].type)))
			type = str_of(collections[i].collection);
	buf_append(out, type);
	buf_append(out, str_of(verbs[operation]));
}

/* The body that was POSTed. It was JSON when it was accepted, unless it is
   the data of a CloudEvent of another media type: that one is a string. */
static void
write_data(struct json_out *out, const struct attempt_view *view,
	struct arena *arena)
{
	const struct event_row *event = &view->event;
	struct json_doc doc;
	struct str body;

	if (event_body_delivered(event->form, event->operation, event->body,
		    view->previous_body, arena, &body) ||
		str_is_empty(body))
		json_out_null(out, "data");
	else if (json_read(body, arena, &doc, NULL) == ERR_OK)
		json_out_raw(out, "data", body);
	else
		json_out_string(out, "data", body);
}

void
com_delivery_write(struct json_out *out, struct uuid webhook,
	const struct attempt_view *view, struct arena *arena)
{
	const struct attempt_row *attempt = &view->attempt;
	struct uuid id = com_delivery_id(
		attempt->started, attempt->delivery, attempt->number);
	char webhook_text[UUID_TEXT_SIZE], id_text[UUID_TEXT_SIZE];
	CLEANUP(buf_release) struct buf text = {0};

	uuid_format(webhook, webhook_text);
	uuid_format(id, id_text);
	json_out_object(out, NULL);
	json_out_text(out, "webhookId", webhook_text);
	json_out_text(out, "id", id_text);
	buf_printf(&text, COM_WEBHOOKS_URI "/%s/deliveries/%s", webhook_text,
		id_text);
	json_out_string(out, "resourceUri", buf_str(&text));
	json_out_text(out, "type", "compute-ops-mgmt/webhook/delivery");
	json_out_integer(out, "generation", 1);
	json_out_time(out, "createdAt", attempt->started);
	json_out_time(out, "updatedAt", attempt->ended);
	buf_clear(&text);
	com_event_type(&text, view->event.type, view->event.operation);
	json_out_string(out, "eventType", buf_str(&text));
	json_out_time(out, "eventTime", view->event.time);
	json_out_time(out, "requestTimestamp", attempt->started);
	json_out_time(out, "responseTimestamp", attempt->ended);
	json_out_string(out, "destination", attempt->destination);
	buf_clear(&text);
	buf_printf(&text, "%d", attempt->status);
	json_out_string(out, "statusCode", buf_str(&text));
	write_data(out, view, arena);
	json_out_integer(out, "attempt", attempt->number);
	json_out_end(out);
}

/* One item, in the dialect of the call. */
static void
write_item(struct api_call *call, struct json_out *out, struct uuid webhook,
	const struct attempt_view *view)
{
	if (call->route->dialect == API_COM)
		com_delivery_write(out, webhook, view, call->arena);
	else
		native_delivery_write(out, webhook, view);
}

/* The items as texts in the call's arena; false when that was answered. */
static bool
render_all(struct api_call *call, const struct webhook *webhook,
	struct str **ret, size_t *ret_count)
{
	struct attempt_list list;
	enum err err = store_attempts_shown(call->api->store, webhook->number,
		COM_DELIVERIES_RECENT, COM_DELIVERIES_FAILED, call->arena,
		&list);
	CLEANUP(buf_release) struct buf text = {0};

	if (err) {
		com_refuse_store(call);
		return false;
	}
	*ret = arena_alloc_array(call->arena, list.count, sizeof(**ret));
	*ret_count = list.count;
	for (size_t i = 0; i < list.count; i++) {
		struct json_out out = json_out_make(&text);

		buf_clear(&text);
		write_item(call, &out, webhook->id, &list.rows[i]);
		(*ret)[i] = arena_copy(call->arena, buf_str(&text));
	}
	return true;
}

void
com_deliveries_list(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	const struct webhook *webhook;
	struct collection_query query;
	struct str *items;
	size_t count;
	bool is_rendered;

	if (!collection_read(call, &query))
		return;
	webhook = com_find_webhook(call);
	if (webhook == NULL)
		return;
	is_rendered = render_all(call, webhook, &items, &count);
	webhook_unref(webhook);
	if (!is_rendered)
		return;
	collection_write(&query, items, count, call->arena, &body);
	api_respond_json(call, 200, &body);
}

/* ERR_NOT_FOUND also when the id leads to an attempt that has another one. */
static enum err
find_attempt(struct api_call *call, const struct webhook *webhook,
	struct attempt_view *ret)
{
	uint64_t delivery;
	uint32_t number;
	struct uuid id;
	enum err err;

	if (uuid_parse(call->parameters[1], &id))
		return ERR_NOT_FOUND;
	com_delivery_id_read(id, &delivery, &number);
	err = store_attempt(call->api->store, webhook->number, delivery, number,
		call->arena, ret);
	if (err)
		return err;
	return uuid_equal(id,
		       com_delivery_id(ret->attempt.started, delivery, number))
		       ? ERR_OK
		       : ERR_NOT_FOUND;
}

void
com_deliveries_get(struct api_call *call)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_out out = json_out_make(&body);
	const struct webhook *webhook;
	struct attempt_view view;
	enum err err;

	webhook = com_find_webhook(call);
	if (webhook == NULL)
		return;
	err = find_attempt(call, webhook, &view);
	if (err == ERR_OK)
		write_item(call, &out, webhook->id, &view);
	webhook_unref(webhook);
	if (err == ERR_OK)
		api_respond_json(call, 200, &body);
	else if (err == ERR_NOT_FOUND)
		com_refuse_unknown(call, "delivery");
	else
		com_refuse_store(call);
}
