#include "api/gl_deliveries.h"

#include "api/api.h"
#include "api/gl_call.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "pipeline/envelope.h"
#include "pipeline/payload_load.h"
#include "pipeline/redeliver.h"
#include "store/explain.h"

/* A delivery, or the latest of a batch, with its last attempt. */
struct item {
	const struct delivery_entry *entry;
	struct attempt_row attempt;
	struct str batch;		      /* id; empty: it went alone */
	const struct delivery_entry **others; /* of the batch, newest first */
	size_t count;			      /* with the first */
};

/* What is being looked at. */
struct looking {
	struct api_call *call;
	const struct webhook *webhook;
	struct item *items;
	size_t count;
	size_t items_max;
	bool is_picky; /* others than the first are passed over */
	size_t bodies; /* bytes of those shown so far */
};

/* ---- finding them ---- */

/** The id of the batch that the attempt was a part of, or empty. */
static struct str
batch_of(const struct delivery_row *delivery, struct str request_head)
{
	char own[UUID_TEXT_SIZE];
	struct str id;

	if (!http_head_find(request_head, STR("webhook-id"), &id))
		return STR("");
	uuid_format(redeliver_id(delivery), own);
	return str_equal(id, str_of(own)) ? STR("") : id;
}

static struct item *
find_batch(struct looking *looking, struct str batch)
{
	if (str_is_empty(batch))
		return NULL;
	for (size_t i = looking->count; i-- > 0;) {
		if (str_equal(looking->items[i].batch, batch))
			return &looking->items[i];
	}
	return NULL;
}

static void
add_to_batch(struct looking *looking, struct item *item,
	const struct delivery_entry *entry)
{
	size_t max = looking->call->api->gl_batch_max;

	if (item->others == NULL)
		item->others = arena_alloc_array(
			looking->call->arena, max + 1, sizeof(const void *));
	if (item->count <= max)
		item->others[item->count++ - 1] = entry;
}

/** Adds the entry, if it has been tried; false: enough have been seen. */
static bool
add_entry(struct looking *looking, const struct delivery_entry *entry)
{
	struct attempt_rows attempts;
	const struct attempt_row *last;
	struct item *item;
	struct str batch;

	if (entry->delivery.attempts == 0 ||
		store_attempts_of(looking->call->api->store,
			entry->delivery.sequence, looking->call->arena,
			&attempts) ||
		attempts.count == 0)
		return true;
	last = &attempts.rows[attempts.count - 1];
	batch = batch_of(&entry->delivery, last->request_head);
	item = find_batch(looking, batch);
	if (item) {
		add_to_batch(looking, item, entry);
		return true;
	}
	if (looking->count == looking->items_max)
		return looking->is_picky;
	looking->items[looking->count++] = (struct item){
		.entry = entry, .attempt = *last, .batch = batch, .count = 1};
	return true;
}

/** Looks at so many pages, from the delivery `before` on, newest first. */
static enum err
look(struct looking *looking, uint64_t before, unsigned pages)
{
	struct delivery_query query = {
		.workspace = looking->webhook->workspace,
		.webhook = looking->webhook->number,
		.before = before,
		.limit = 500,
	};

	looking->items = arena_alloc_array(looking->call->arena,
		looking->items_max, sizeof(*looking->items));
	for (; pages > 0; pages--) {
		struct delivery_page page;
		enum err err = store_deliveries_page(looking->call->api->store,
			&query, looking->call->arena, &page);

		if (err)
			return err;
		for (size_t i = 0; i < page.count; i++) {
			if (!add_entry(looking, &page.rows[i]))
				return ERR_OK;
		}
		if (page.next == 0)
			return ERR_OK;
		query.before = page.next;
	}
	return ERR_OK;
}

/* ---- writing them ---- */

static bool
is_delivered(const struct item *item)
{
	return item->entry->delivery.state == DELIVERY_DELIVERED;
}

/** Whether the table of status codes says that it is tried again. */
static bool
is_retried(const struct looking *looking, const struct item *item)
{
	const struct retry_outcome outcome = {
		.status = item->attempt.status,
		.rules = looking->webhook->options.failures,
	};

	if (is_delivered(item))
		return false;
	return item->attempt.status == 0 ||
	       retry_decide(&retry_greenlake_policy, &outcome, 1, 0).verdict ==
		       RETRY_AGAIN;
}

/** Names in the order in which they come first, all values of each. */
static void
write_headers(struct json_out *out, const char *key, struct str head)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct map names = {0};
	struct str rest = head;

	json_out_object(out, key);
	str_split(&rest, '\n'); /* the first line */
	while (rest.ptr != NULL) {
		struct str line = str_trim(str_split(&rest, '\n'));
		struct str from = line;
		struct str name = str_trim(str_split(&from, ':'));
		struct str others = rest;

		name = arena_copy_lower(&arena, name);
		if (from.ptr == NULL || str_is_empty(name) ||
			map_put(&names, name, (void *)(uintptr_t)name.ptr))
			continue;
		json_out_key(out, str_head(line, name.len));
		json_out_array(out, NULL);
		json_out_string(out, NULL, str_trim(from));
		while (others.ptr != NULL) {
			struct str value = str_split(&others, '\n');
			struct str its = str_trim(str_split(&value, ':'));

			if (value.ptr && str_equal_nocase(its, name))
				json_out_string(out, NULL, str_trim(value));
		}
		json_out_end(out);
	}
	json_out_end(out);
	map_release(&names);
}

/** The event as it was sent; an empty object when that is not known. */
static void
write_event(struct looking *looking, struct json_out *out, const char *key,
	const struct delivery_entry *entry)
{
	enum webhook_payload form = looking->webhook->options.payload;
	CLEANUP(arena_release) struct arena arena = {0};
	struct payload *payload = NULL;
	struct envelope envelope = {0};
	struct json_doc doc;

	if (looking->bodies < GL_BODIES_MAX)
		payload = payload_load(
			looking->call->api->store, entry->delivery.event, true);
	if (payload)
		envelope_build(form, payload, &arena, &envelope);
	looking->bodies += envelope.body.len;
	if (payload && json_read(envelope.body, &arena, &doc, NULL) == ERR_OK)
		json_out_raw(out, key, envelope.body);
	else
		json_out_raw(out, key, STR("{}"));
	payload_unref(payload);
}

static void
write_body(
	struct looking *looking, struct json_out *out, const struct item *item)
{
	if (str_is_empty(item->batch)) {
		write_event(looking, out, "requestBody", item->entry);
		return;
	}
	/* As it was sent: the oldest first. */
	json_out_array(out, "requestBody");
	for (size_t i = item->count; i-- > 1;)
		write_event(looking, out, NULL, item->others[i - 1]);
	write_event(looking, out, NULL, item->entry);
	json_out_end(out);
}

static struct str
description_of(const struct item *item, struct arena *arena)
{
	if (str_is_empty(item->batch))
		return item->entry->event.type_as_received;
	return arena_printf(arena, "Batch of %zu events", item->count);
}

static void
write_item(
	struct looking *looking, struct json_out *out, const struct item *item)
{
	const struct delivery_row *delivery = &item->entry->delivery;
	struct arena *arena = looking->call->arena;
	char webhook[UUID_TEXT_SIZE];

	uuid_format(looking->webhook->id, webhook);
	json_out_object(out, NULL);
	json_out_string(out, "id",
		str_is_empty(item->batch) ? item->entry->event.id
					  : item->batch);
	json_out_text(out, "type", "events/deliveryFailure");
	json_out_integer(out, "httpResponseCode", item->attempt.status);
	json_out_time(out, "createdAt", delivery->created);
	json_out_time(out, "updatedAt", delivery->updated);
	json_out_integer(out, "generation", delivery->attempts);
	write_headers(out, "requestHeaders", item->attempt.request_head);
	write_body(looking, out, item);
	write_headers(out, "responseHeaders", item->attempt.response_head);
	json_out_string(out, "responseBody",
		item->attempt.status ? item->attempt.response_body
				     : item->attempt.error);
	json_out_text(
		out, "status", is_delivered(item) ? "SUCCESS" : "FAILURE");
	json_out_text(out, "retryStatus",
		is_retried(looking, item) ? "RETRY" : "NORETRY");
	json_out_string(out, "description", description_of(item, arena));
	json_out_string(out, "resourceUri",
		arena_printf(arena, GL_WEBHOOKS_URI "/%s", webhook));
	json_out_string(out, "subject",
		arena_printf(arena, "events.%.*s.%s",
			STR_ARG(gl_workspace_id(delivery->workspace, arena)),
			webhook));
	if (!str_is_empty(item->batch))
		json_out_string(out, "batchId", item->batch);
	if (!is_delivered(item))
		json_out_uuid(out, "failureId", redeliver_id(delivery));
	json_out_end(out);
}

static struct str
render(struct looking *looking, const struct item *item)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_out out = json_out_make(&text);

	write_item(looking, &out, item);
	return arena_copy(looking->call->arena, buf_str(&text));
}

static void
respond_page(struct looking *looking, const struct gl_page *page)
{
	size_t count = looking->count;
	size_t first = page->offset < count ? (size_t)page->offset : count;
	size_t shown = count - first < page->limit ? count - first
						   : (size_t)page->limit;
	struct str *items =
		arena_alloc_array(looking->call->arena, shown, sizeof(*items));

	for (size_t i = 0; i < shown; i++)
		items[i] = render(looking, &looking->items[first + i]);
	gl_page_respond_cut(looking->call, page, items, shown, count);
}

void
gl_deliveries_list(struct api_call *call)
{
	struct looking looking = {.call = call, .items_max = GL_DELIVERIES_MAX};
	struct gl_page page;

	if (!gl_page_read(call, GL_DELIVERIES_MAX, &page))
		return;
	looking.webhook = gl_find_webhook(call);
	if (looking.webhook == NULL)
		return;
	if (look(&looking, 0, 10))
		gl_refuse_store(call);
	else
		respond_page(&looking, &page);
	webhook_unref(looking.webhook);
}

/* ---- once more ---- */

/** The item that a failureId names; false when that was answered. */
static bool
find_failure(struct looking *looking)
{
	struct api_call *call = looking->call;
	struct delivery_row row;
	struct uuid id;
	enum err err = ERR_NOT_FOUND;

	if (uuid_parse(call->parameters[1], &id) == ERR_OK)
		err = store_delivery(
			call->api->store, uuid_sequence(id), call->arena, &row);
	if (!err &&
		(row.webhook != looking->webhook->number ||
			!uuid_equal(redeliver_id(&row), id) ||
			row.state == DELIVERY_DELIVERED || row.attempts == 0))
		err = ERR_NOT_FOUND;
	/* The others of its batch are older, and not far away. */
	if (!err)
		err = look(looking, row.sequence + 1, 2);
	if (err == ERR_NOT_FOUND || (!err && looking->count == 0))
		api_refuse(call, 404, NULL, "Delivery failure not found");
	else if (err)
		gl_refuse_store(call);
	return !err && looking->count > 0;
}

static const struct delivery_row *
delivery_of(const struct item *item, size_t i)
{
	return i == 0 ? &item->entry->delivery : &item->others[i - 1]->delivery;
}

/** All of the item: those that wait go now, those given up once more. */
static enum err
retry(struct api_call *call, const struct item *item, struct buf *why)
{
	struct hub *hub = call->api->hub;
	uint64_t *waiting =
		arena_alloc_array(call->arena, item->count, sizeof(*waiting));
	size_t count = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < item->count; i++) {
		const struct delivery_row *row = delivery_of(item, i);

		if (row->state == DELIVERY_WAITING)
			waiting[count++] = row->sequence;
		else if (row->state != DELIVERY_DELIVERED)
			err = redeliver_retry(
				hub, row->workspace, redeliver_id(row), why);
	}
	if (count > 0)
		deliver_hasten(hub->deliver, item->entry->delivery.webhook,
			waiting, count);
	return err;
}

void
gl_deliveries_retry(struct api_call *call)
{
	CLEANUP(buf_release) struct buf why = buf_make(1024);
	struct looking looking = {
		.call = call, .items_max = 1, .is_picky = true};
	struct item *item;
	struct str body;
	enum err err;

	looking.webhook = gl_find_webhook(call);
	if (looking.webhook == NULL)
		return;
	if (find_failure(&looking)) {
		item = &looking.items[0];
		body = render(&looking, item);
		err = retry(call, item, &why);
		if (err)
			api_refuse(call, err == ERR_IO ? 500 : 400, NULL, "%s",
				buf_text(&why));
		else
			http_call_respond(
				call->http, 200, "application/json", body);
	}
	webhook_unref(looking.webhook);
}
