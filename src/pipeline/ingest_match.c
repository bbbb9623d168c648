/* Holding an event against the webhooks. */
#include <stdatomic.h>

#include "pipeline/event_view.h"
#include "pipeline/ingest_work.h"
#include "rule/resource_key.h"

static void
find_webhooks(struct ingest_work *work, struct match_list *ret)
{
	struct arena *arena = work->arena;
	const struct event_row *event = &work->event;
	struct filter_event view = {
		.type = event->type,
		.operation = str_of(operation_name(event->operation)),
		.new_state = work->new_state,
		.old_state = work->old_state,
	};
	struct filter_late_attributes late = event_view_late(
		event, work->item->cloudevent.extensions.len > 2);

	*ret = (struct match_list){0};
	if (!event_view_is_sent(&view))
		return;
	view.late = &late;
	match_look(work->ingest->options.match, event->workspace, &view, arena,
		ret);
}

/** What orders its deliveries to those webhooks that want an order. */
static uint64_t
order_of(const struct ingest_work *work)
{
	const struct event_row *event = &work->event;

	return work->is_resource
		       ? resource_key(event->type, work->resource.id)
		       : resource_key_of_event(event->source, event->subject);
}

static void
set_delivery(struct ingest_work *work, const struct webhook *webhook,
	uint64_t sequence, struct delivery_row *row)
{
	bool is_sent = health_is_sending(&webhook->health) ||
		       health_is_waiting(&webhook->health);

	*row = (struct delivery_row){
		.sequence = sequence,
		.is_in_row = true,
		.workspace = webhook->workspace,
		.event = work->event.sequence,
		.webhook = webhook->number,
		.state = is_sent ? DELIVERY_WAITING : DELIVERY_SKIPPED,
		.due = work->event.accepted,
		.created = work->event.accepted,
		.updated = work->event.accepted,
		.resource = webhook->options.ordering == ORDERING_RESOURCE
				    ? order_of(work)
				    : 0,
	};
	if (is_sent) {
		work->item->matched++;
		work->wants_envelope |=
			webhook->options.payload != PAYLOAD_RESOURCE;
		return;
	}
	work->item->skipped++;
	row->reason =
		arena_printf(work->arena, "The webhook was not sending: %.*s",
			STR_ARG(webhook->status_reason));
}

/** Whom the event is kept from, and who gets it without asking. */
static void
adjust_webhooks(struct ingest_work *work, struct match_list *list)
{
	const struct webhook *also = work->also_to;
	const struct webhook **all;
	size_t kept = 0;

	if (also == NULL && work->not_to == 0)
		return;
	all = arena_alloc_array(work->arena, list->count + 1, sizeof(*all));
	for (size_t i = 0; i < list->count; i++) {
		uint64_t number = list->webhooks[i]->number;

		if (number != work->not_to && !(also && number == also->number))
			all[kept++] = list->webhooks[i];
	}
	if (also && also->number != work->not_to)
		all[kept++] = also;
	list->webhooks = all;
	list->count = kept;
}

static void
make_deliveries(struct ingest_work *work, const struct match_list *list)
{
	/* In a row, so that the event can say which they are. */
	uint64_t first =
		1 + atomic_fetch_add_explicit(&work->ingest->last_delivery,
			    list->count, memory_order_relaxed);

	work->item->matched = work->item->skipped = 0;
	work->wants_envelope = false;
	work->deliveries = arena_alloc_array(
		work->arena, list->count, sizeof(*work->deliveries));
	work->delivery_count = list->count;
	for (size_t i = 0; i < list->count; i++)
		set_delivery(work, list->webhooks[i], first + i,
			&work->deliveries[i]);
	work->event.matched = (uint32_t)list->count;
	work->event.first_delivery = list->count ? first : 0;
}

/** Whether what the event's body, and the state before, were read from is. */
static bool
is_compact(const struct ingest_work *work)
{
	const struct json_doc *new_doc = work->new_state.doc;
	const struct json_doc *old_doc = work->old_state.doc;

	return (new_doc || old_doc) && (!new_doc || new_doc->is_compact) &&
	       (!old_doc || old_doc->is_compact);
}

static struct payload_facts
payload_facts(const struct ingest_work *work)
{
	struct payload_facts facts = {
		.event = work->event.sequence,
		.time = work->event.time,
		.operation = work->event.operation,
		.id = work->event.id,
		.source = work->event.source,
		.type = work->event.type_as_received,
		.subject = work->event.subject,
		.is_cloudevent = work->event.is_id_given,
		.is_json = work->item->cloudevent.data_is_json,
		.is_compact = is_compact(work),
		.is_whole = work->wants_envelope,
	};

	facts.body = ingest_work_delivered(work);
	if (work->event.operation != OPERATION_DELETED)
		facts.text = work->text;
	/* The trace goes into headers, whatever the form. */
	if (work->wants_envelope || work->event.attributes.len > 2)
		facts.attributes = work->event.attributes;
	if (work->wants_envelope)
		facts.rest = ingest_work_rest(work);
	return facts;
}

/** All that are sent must fit; false: refused. */
static bool
do_all_fit(struct ingest_work *work, const struct match_list *list,
	const struct payload_facts *facts)
{
	for (size_t i = 0; i < list->count; i++) {
		if (work->deliveries[i].state == DELIVERY_WAITING &&
			!ingest_fits(work, list->webhooks[i], facts))
			return false;
	}
	return true;
}

bool
ingest_match(struct ingest_work *work)
{
	struct match_list list;
	struct payload_facts facts;
	bool is_good = true;

	find_webhooks(work, &list);
	adjust_webhooks(work, &list);
	make_deliveries(work, &list);
	if (work->item->matched > 0) {
		facts = payload_facts(work);
		is_good = do_all_fit(work, &list, &facts);
		if (is_good)
			work->payload = payload_new_bounded(&facts);
	}
	match_leave(&list);
	return is_good;
}
