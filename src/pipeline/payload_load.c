#include "pipeline/payload_load.h"

#include "rule/event_body.h"

/** What payload.rest is to be (see there). */
static struct str
read_rest(
	const struct event_row *event, struct str previous, struct arena *arena)
{
	struct event_states states;

	if (event->is_id_given)
		return event->form == EVENT_CHANGE ? event->body : STR("");
	if (event->operation != OPERATION_UPDATED ||
		event_body_states(event->form, event->operation, event->body,
			previous, arena, &states))
		return STR("");
	return json_raw(states.old_state);
}

/**
 * Whether the event before is needed: to send what a deletion took away, or
 * both states.
 */
static bool
needs_previous(const struct event_row *event, bool is_whole)
{
	return event->previous && event->form == EVENT_STATE &&
	       (is_whole || event->operation == OPERATION_DELETED);
}

struct payload *
payload_load(struct store *store, uint64_t sequence, bool is_whole)
{
	struct arena arena = {0};
	struct event_row event, previous = {0};
	struct payload *payload = NULL;
	struct payload_facts facts = {0};
	enum err err = store_event(store, sequence, &arena, &event);

	if (!err && needs_previous(&event, is_whole))
		err = store_event(store, event.previous, &arena, &previous);
	if (!err)
		err = event_body_delivered(event.form, event.operation,
			event.body, previous.body, &arena, &facts.body);
	if (!err) {
		facts.event = event.sequence;
		facts.time = event.time;
		facts.operation = event.operation;
		facts.id = event.id;
		facts.source = event.source;
		facts.type = event.type_as_received;
		facts.subject = event.subject;
		facts.attributes = event.attributes;
		facts.is_cloudevent = event.is_id_given;
		facts.is_whole = is_whole;
		if (is_whole)
			facts.rest = read_rest(&event, previous.body, &arena);
		payload = payload_new(&facts);
	}
	arena_release(&arena);
	return payload;
}
