#include "pipeline/redeliver.h"

#include "base/clock.h"
#include "base/json_out.h"
#include "net/http_local.h"
#include "net/url.h"
#include "pipeline/audit.h"

struct uuid
redeliver_id(const struct delivery_row *delivery)
{
	return uuid_from_sequence(delivery->created, delivery->sequence);
}

static enum err
commit(struct hub *hub, const struct store_change *changes, size_t count,
	const struct audit_entry *entry, struct buf *why)
{
	enum err err = audit_commit(hub->writer, changes, count, entry, 1);

	if (err == ERR_CONFLICT)
		buf_append(why,
			STR("the delivery is waiting already, or an attempt has "
			    "just ended"));
	else if (err)
		buf_printf(why, "it could not be stored (%s)", err_name(err));
	return err == ERR_OK || err == ERR_CONFLICT ? err : ERR_IO;
}

/** A reference to a webhook that sends, or waits for its handshake. */
static const struct webhook *
find_sending(struct hub *hub, uint32_t workspace, uint64_t number)
{
	struct arena arena = {0};
	const struct webhook *found = NULL;
	size_t count;
	const struct webhook **list =
		webhooks_list(hub->webhooks, workspace, &arena, &count);

	for (size_t i = 0; i < count; i++) {
		if (list[i]->number == number)
			found = list[i];
		else
			webhook_unref(list[i]);
	}
	arena_release(&arena);
	return found;
}

static bool
is_open(const struct webhook *webhook, struct buf *why)
{
	if (webhook && (health_is_sending(&webhook->health) ||
			       health_is_waiting(&webhook->health)))
		return true;
	buf_append(why, STR("the webhook is not sending: enable it first"));
	return false;
}

static enum err
find_delivery(struct hub *hub, uint32_t workspace, struct uuid id,
	struct arena *arena, struct delivery_row *ret)
{
	enum err err =
		store_delivery(hub->store, uuid_sequence(id), arena, ret);

	if (err)
		return err == ERR_NOT_FOUND ? err : ERR_IO;
	return ret->workspace == workspace && uuid_equal(redeliver_id(ret), id)
		       ? ERR_OK
		       : ERR_NOT_FOUND;
}

static enum err
repeat(struct hub *hub, struct delivery_row *row, struct buf *why)
{
	struct store_change change = {
		.kind = STORE_DELIVERY_AGAIN, .delivery = row};
	char id[UUID_TEXT_SIZE];
	const struct audit_entry entry = {.category = "deliveries",
		.action = "retried",
		.type = "delivery",
		.id = str_of(uuid_format(redeliver_id(row), id))};
	struct arena arena = {0};
	struct event_row event;
	enum err err = store_event(hub->store, row->event, &arena, &event);

	arena_release(&arena);
	if (err) {
		buf_append(why, err == ERR_NOT_FOUND
					? STR("its event is not kept any more")
					: STR("the store cannot be read"));
		return err == ERR_NOT_FOUND ? ERR_CONFLICT : ERR_IO;
	}
	if (row->attempts >= REDELIVER_ATTEMPTS_MAX) {
		buf_printf(why, "the delivery has had %u attempts already",
			row->attempts);
		return ERR_CONFLICT;
	}
	row->state = DELIVERY_WAITING;
	row->due = row->updated = row->since = clock_now();
	row->spent = row->attempts;
	row->reason = STR("Another attempt was asked for.");
	err = commit(hub, &change, 1, &entry, why);
	if (!err)
		deliver_offer(hub->deliver, row, NULL);
	return err;
}

enum err
redeliver_retry(
	struct hub *hub, uint32_t workspace, struct uuid id, struct buf *why)
{
	const struct webhook *webhook;
	struct arena arena = {0};
	struct delivery_row row;
	enum err err = find_delivery(hub, workspace, id, &arena, &row);

	if (err) {
		buf_append(why, err == ERR_NOT_FOUND
					? STR("there is no such delivery")
					: STR("the store cannot be read"));
		arena_release(&arena);
		return err;
	}
	webhook = find_sending(hub, workspace, row.webhook);
	err = is_open(webhook, why) ? repeat(hub, &row, why) : ERR_CONFLICT;
	webhook_unref(webhook);
	arena_release(&arena);
	return err;
}

/* ---- to another destination ---- */

/** Which addresses it may be, the client sees to when it connects. */
static enum err
check_url(struct hub *hub, uint32_t workspace, struct str text, struct buf *why)
{
	struct arena arena = {0};
	struct url url;
	enum err err;

	if (http_local_is(text))
		return http_local_check(hub->local, workspace, text, why);
	err = url_parse_destination(
		text, &hub->options.policy, &arena, &url, why);
	arena_release(&arena);
	return err == ERR_DENIED ? ERR_OK : err;
}

static enum err
start_errand(struct hub *hub, struct deliver_errand *errand,
	struct arena *arena, struct buf *why)
{
	struct event_row event;
	enum err err =
		store_event(hub->store, errand->delivery.event, arena, &event);

	if (err == ERR_NOT_FOUND) {
		buf_append(why, STR("its event is not kept any more"));
		return ERR_CONFLICT;
	}
	if (err)
		return ERR_IO;
	errand->webhook =
		webhooks_find_number(hub->webhooks, errand->delivery.webhook);
	if (errand->webhook == NULL) {
		buf_append(why, STR("its webhook is gone"));
		return ERR_CONFLICT;
	}
	err = deliver_run_errand(hub->deliver, errand);
	if (err) {
		webhook_unref(errand->webhook);
		buf_printf(why,
			"%d deliveries are on their way to other destinations, "
			"which is the most there can be",
			DELIVER_ERRANDS_MAX);
	}
	return err;
}

/** Nothing is stored by it, but an event has left for somewhere else. */
static void
note_errand(struct uuid id, struct str destination)
{
	CLEANUP(buf_release) struct buf after = buf_make(0);
	struct json_out out = json_out_make(&after);
	char text[UUID_TEXT_SIZE];

	json_out_object(&out, NULL);
	json_out_string(&out, "destination", destination);
	json_out_end(&out);
	audit_tell(&(struct audit_entry){.category = "deliveries",
		.action = "sent elsewhere",
		.type = "delivery",
		.id = str_of(uuid_format(id, text)),
		.after = buf_str(&after)});
}

enum err
redeliver_elsewhere(struct hub *hub, uint32_t workspace, struct uuid id,
	struct deliver_errand *errand, struct arena *arena, struct buf *why)
{
	/* The errand belongs to others from when it has started. */
	CLEANUP(arena_release) struct arena own = {0};
	struct str destination = arena_copy(&own, errand->destination);
	enum err err = check_url(hub, workspace, destination, why);

	if (err)
		return ERR_INVALID;
	buf_clear(why);
	err = find_delivery(hub, workspace, id, arena, &errand->delivery);
	if (err == ERR_NOT_FOUND)
		buf_append(why, STR("there is no such delivery"));
	if (!err)
		err = start_errand(hub, errand, arena, why);
	if (!err)
		note_errand(id, destination);
	if (err == ERR_IO)
		buf_append(why, STR("the store cannot be read"));
	return err;
}

/* ---- a synthetic event ---- */

static struct str
compose(const struct webhook *webhook, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);

	json_out_object(&out, NULL);
	json_out_uuid(&out, "webhookId", webhook->id);
	json_out_string(&out, "name", webhook->name);
	json_out_text(
		&out, "message", "This event was made to try the webhook out.");
	json_out_end(&out);
	return arena_copy(arena, buf_str(&text));
}

enum err
redeliver_test(struct hub *hub, const struct webhook *webhook,
	struct str publisher, struct redeliver_test *ret, struct buf *why)
{
	struct event_row event = {
		.workspace = webhook->workspace,
		.type = STR("grapnel.webhook.test"),
		.type_as_received = STR("grapnel.webhook.test"),
		.source = hub->options.source,
		.is_id_given = true,
		.form = EVENT_DATA,
		.attributes = STR("{\"datacontenttype\":\"application/json\"}"),
		.publisher = publisher,
		.matched = 1,
	};
	struct delivery_row row = {
		.workspace = webhook->workspace, .webhook = webhook->number};
	struct store_change changes[] = {
		{.kind = STORE_EVENT_ADD, .event = &event},
		{.kind = STORE_DELIVERY_ADD, .delivery = &row}};
	struct audit_entry entry = {.category = "webhooks",
		.action = "tested",
		.type = "webhook",
		.name = webhook->name};
	struct arena arena = {0};
	char subject[UUID_TEXT_SIZE];
	enum err err;

	if (!is_open(webhook, why))
		return ERR_CONFLICT;
	event.time = event.accepted = row.created = row.updated = row.due =
		clock_now();
	ingest_number(hub->ingest, &event.sequence, &row.sequence);
	row.event = event.sequence;
	uuid_format(uuid_from_sequence(event.accepted, event.sequence),
		ret->event_id);
	event.id = str_of(ret->event_id);
	event.subject = str_of(uuid_format(webhook->id, subject));
	event.body = compose(webhook, &arena);
	entry.id = event.subject;
	err = commit(hub, changes, COUNT_OF(changes), &entry, why);
	arena_release(&arena);
	if (err)
		return err;
	ret->delivery = redeliver_id(&row);
	deliver_offer(hub->deliver, &row, NULL);
	return ERR_OK;
}
