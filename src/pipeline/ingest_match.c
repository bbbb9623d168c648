/* Holding an event against the webhooks. */
#include <stdatomic.h>

#include "pipeline/event_view.h"
#include "pipeline/ingest_work.h"

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
	match_event(work->ingest->options.match, event->workspace, &view, arena,
		ret);
}

static void
set_delivery(struct ingest_work *work, const struct webhook *webhook,
	struct delivery_row *row)
{
	bool is_sent = health_is_sending(&webhook->health) ||
		       health_is_waiting(&webhook->health);

	*row = (struct delivery_row){
		.sequence =
			atomic_fetch_add_explicit(&work->ingest->last_delivery,
				1, memory_order_relaxed) +
			1,
		.workspace = webhook->workspace,
		.event = work->event.sequence,
		.webhook = webhook->number,
		.state = is_sent ? DELIVERY_WAITING : DELIVERY_SKIPPED,
		.due = work->event.accepted,
		.created = work->event.accepted,
		.updated = work->event.accepted,
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

		if (number == work->not_to || (also && number == also->number))
			webhook_unref(list->webhooks[i]);
		else
			all[kept++] = list->webhooks[i];
	}
	if (also && also->number != work->not_to) {
		webhook_ref(also);
		all[kept++] = also;
	}
	*list = (struct match_list){all, kept};
}

static void
make_deliveries(struct ingest_work *work)
{
	struct match_list list;

	find_webhooks(work, &list);
	adjust_webhooks(work, &list);
	work->item->matched = work->item->skipped = 0;
	work->wants_envelope = false;
	work->deliveries = arena_alloc_array(
		work->arena, list.count, sizeof(*work->deliveries));
	work->delivery_count = list.count;
	for (size_t i = 0; i < list.count; i++) {
		set_delivery(work, list.webhooks[i], &work->deliveries[i]);
		webhook_unref(list.webhooks[i]);
	}
	work->event.matched = (uint32_t)list.count;
}

static void
make_payload(struct ingest_work *work)
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
		.is_whole = work->wants_envelope,
	};

	if (work->item->matched == 0)
		return;
	facts.body = ingest_work_delivered(work);
	if (work->wants_envelope) {
		facts.attributes = work->event.attributes;
		facts.rest = ingest_work_rest(work);
	}
	work->payload = payload_new_bounded(&facts);
}

void
ingest_match(struct ingest_work *work)
{
	make_deliveries(work);
	make_payload(work);
}
