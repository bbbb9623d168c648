#include "pipeline/ingest_work.h"

#include <stdarg.h>

#include "base/clock.h"

void
ingest_work_number(struct ingest_work *work)
{
	work->event.sequence =
		atomic_fetch_add_explicit(
			&work->ingest->last_event, 1, memory_order_relaxed) +
		1;
}

void
ingest_work_tell(const struct ingest_work *work)
{
	const struct ingest_options *options = &work->ingest->options;

	for (size_t i = 0; i < work->delivery_count; i++) {
		if (work->deliveries[i].state == DELIVERY_WAITING)
			options->accepted(options->context,
				&work->deliveries[i], work->payload);
	}
}

void
ingest_work_refuse(
	struct ingest_work *work, enum err err, const char *format, ...)
{
	va_list args;

	work->item->outcome = PUBLISH_REFUSED;
	work->item->err = err;
	va_start(args, format);
	buf_vprintf(&work->item->why, format, args);
	va_end(args);
}

struct str
ingest_work_type(const struct ingest_work *work)
{
	const struct publication_item *item = work->item;

	return catalog_canonical(item->kind == PUBLISH_EVENT
					 ? item->cloudevent.type
					 : item->type,
		work->arena);
}

const struct states_place *
ingest_work_place(struct ingest_work *work, struct str id)
{
	/* Of a later try it is known: the publication's arena keeps it. */
	if (str_is_empty(work->place.key) && work->item->ahead)
		work->place = work->item->ahead->place;
	else if (str_is_empty(work->place.key))
		work->place = states_place(work->publication->workspace,
			ingest_work_type(work), id, work->arena);
	return &work->place;
}

void
ingest_ahead_begin(struct ingest_ahead *ahead, uint32_t workspace,
	struct str type, struct str id, struct arena *arena)
{
	*ahead = (struct ingest_ahead){
		.place = states_place(
			workspace, catalog_canonical(type, arena), id, arena)};
}

void
ingest_ahead_on(struct ingest *ingest, struct ingest_ahead *ahead)
{
	if (ahead->next < STATES_STEPS)
		states_fetch(ingest->states, &ahead->place, ahead->next++);
}

/** Of what says itself that it is about a resource. */
static void
look(struct ingest_work *work, enum states_step step)
{
	const struct publication_item *item = work->item;

	if (item->kind != PUBLISH_EVENT && !str_is_empty(item->id))
		states_fetch(work->ingest->states,
			ingest_work_place(work, item->id), step);
}

void
ingest_work_look_ahead(struct ingest_work *works, size_t count, size_t at)
{
	/* The nearest one is to take its last step. */
	for (size_t i = 1; i <= STATES_STEPS && i < count - at; i++)
		look(&works[at + i], (enum states_step)(STATES_STEPS - i));
}

/** The document of a CloudEvent's data, or a missing value. */
static struct json
read_data(const struct ingest_work *work)
{
	const struct cloudevent *event = &work->item->cloudevent;
	struct arena *arena = work->arena;
	struct json_doc *doc;

	if (!event->has_data || !event->data_is_json)
		return (struct json){NULL, 0};
	doc = ARENA_NEW(arena, struct json_doc);
	if (json_read(event->data, arena, doc, NULL))
		return (struct json){NULL, 0};
	return json_root(doc);
}

bool
ingest_work_resource_id(const struct ingest_work *work, struct str *ret)
{
	const struct publication_item *item = work->item;
	struct json data, state;

	if (item->kind != PUBLISH_EVENT) {
		*ret = item->id;
		return true;
	}
	if (!ingest_is_resource_type(work->ingest, work->publication->workspace,
		    ingest_work_type(work)))
		return false;
	*ret = item->cloudevent.subject;
	if (!str_is_empty(*ret))
		return true;
	data = read_data(work);
	state = json_member(data, STR("new"));
	if (json_kind(state) != JSON_OBJECT)
		state = json_member(data, STR("old"));
	*ret = json_string(json_member(state, STR("id")), work->arena);
	return true;
}

/** {"operation":…,"new":…,"old":…} out of raw texts; NULL ones are null. */
static struct str
compose_change(struct arena *arena, enum operation operation, struct json new,
	struct json old)
{
	struct str new_text =
		json_is_missing(new) ? STR("null") : json_raw(new);
	struct str old_text =
		json_is_missing(old) ? STR("null") : json_raw(old);

	return arena_printf(arena,
		"{\"operation\":\"%s\",\"new\":%.*s,\"old\":%.*s}",
		operation_name(operation), STR_ARG(new_text),
		STR_ARG(old_text));
}

/* ---- the three kinds ---- */

static void
set_states(struct ingest_work *work, enum operation operation,
	struct json old_state, struct json new_state)
{
	work->event.operation = operation;
	work->old_state = old_state;
	work->new_state = new_state;
}

/**
 * The event's body: the state itself, if the old one can be found through
 * `previous`; else both states in one body.
 */
static void
set_state_body(struct ingest_work *work, const struct states_hold *hold)
{
	bool has_old = !json_is_missing(work->old_state);

	if (!has_old || hold->is_plain) {
		work->event.form = EVENT_STATE;
		work->event.previous = has_old ? hold->last : 0;
		work->event.body = work->item->body;
		return;
	}
	work->event.form = EVENT_CHANGE;
	work->event.body = compose_change(work->arena, work->event.operation,
		work->new_state, work->old_state);
}

static bool
decide_state(struct ingest_work *work, const struct states_hold *hold)
{
	struct json old_state = state_json(hold->state);

	if (!json_is_missing(old_state) &&
		json_equal(old_state, work->item->json)) {
		work->item->outcome = PUBLISH_UNCHANGED;
		return false;
	}
	set_states(work,
		json_is_missing(old_state) ? OPERATION_CREATED
					   : OPERATION_UPDATED,
		old_state, work->item->json);
	set_state_body(work, hold);
	return true;
}

static bool
decide_delete(struct ingest_work *work, const struct states_hold *hold)
{
	if (hold->state == NULL) {
		ingest_work_refuse(work, ERR_NOT_FOUND,
			"no resource \"%.*s\" of type \"%.*s\"",
			STR_ARG(work->item->id), STR_ARG(work->item->type));
		return false;
	}
	set_states(work, OPERATION_DELETED, state_json(hold->state),
		(struct json){NULL, 0});
	set_state_body(work, hold);
	return true;
}

static struct json
object_or_missing(struct json value)
{
	return json_kind(value) == JSON_OBJECT ? value : (struct json){NULL, 0};
}

/** The operation that the data names, or that its states amount to. */
static bool
read_operation(struct ingest_work *work, struct json data,
	const struct states_hold *hold, enum operation *ret)
{
	struct json named = json_member(data, STR("operation"));
	bool has_new = json_kind(json_member(data, STR("new"))) == JSON_OBJECT;
	bool has_old = json_kind(json_member(data, STR("old"))) == JSON_OBJECT;

	if (json_is_missing(named)) {
		*ret = !has_new			? OPERATION_DELETED
		       : has_old || hold->state ? OPERATION_UPDATED
						: OPERATION_CREATED;
	} else if (operation_parse(json_raw_string(named), ret)) {
		ingest_work_refuse(work, ERR_INVALID,
			"data.operation: expected \"Created\", \"Updated\" or "
			"\"Deleted\"");
		return false;
	}
	if (*ret == OPERATION_DELETED ? !has_old && !hold->state : !has_new) {
		ingest_work_refuse(work, ERR_INVALID,
			"data.%s: expected an object for operation %s",
			*ret == OPERATION_DELETED ? "old" : "new",
			operation_name(*ret));
		return false;
	}
	return true;
}

/** A CloudEvent that says itself what happened to a resource. */
static bool
decide_change(struct ingest_work *work, const struct states_hold *hold)
{
	struct json data = read_data(work);
	struct json old_state =
		object_or_missing(json_member(data, STR("old")));
	struct json new_state =
		object_or_missing(json_member(data, STR("new")));
	bool is_complete = true;
	enum operation operation;

	if (json_kind(data) != JSON_OBJECT) {
		ingest_work_refuse(work, ERR_INVALID,
			"data: expected an object {\"operation\", \"new\", "
			"\"old\"} for a resource type");
		return false;
	}
	if (!read_operation(work, data, hold, &operation))
		return false;
	if (operation == OPERATION_CREATED) {
		old_state = (struct json){NULL, 0};
	} else if (json_is_missing(old_state)) {
		old_state = state_json(hold->state);
		is_complete = false;
	}
	if (operation == OPERATION_DELETED)
		new_state = (struct json){NULL, 0};
	set_states(work, operation, old_state, new_state);
	work->event.form = EVENT_CHANGE;
	/* Retention takes the state before by the event that follows it. */
	work->event.previous = hold->is_plain && hold->state ? hold->last : 0;
	work->event.body = is_complete ? work->item->cloudevent.data
				       : compose_change(work->arena, operation,
						 new_state, old_state);
	return true;
}

static void
decide_data(struct ingest_work *work)
{
	set_states(
		work, OPERATION_NONE, (struct json){NULL, 0}, read_data(work));
	work->event.form = EVENT_DATA;
	work->event.body = work->item->cloudevent.data;
}

/* ---- the envelope ---- */

/** The extensions, and those optional attributes that have no column. */
static struct str
compose_attributes(const struct ingest_work *work)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	const struct cloudevent *event = &work->item->cloudevent;
	struct json_out out = json_out_make(&text);

	if (event->datacontenttype.len == 0 && event->dataschema.len == 0)
		return event->extensions;
	json_out_object(&out, NULL);
	if (event->datacontenttype.len > 0)
		json_out_string(
			&out, "datacontenttype", event->datacontenttype);
	if (event->dataschema.len > 0)
		json_out_string(&out, "dataschema", event->dataschema);
	if (event->extensions.len > 2) {
		buf_append_char(&text, ',');
		buf_append(&text, str_make(event->extensions.ptr + 1,
					  event->extensions.len - 2));
	}
	json_out_end(&out);
	return arena_copy(work->arena, buf_str(&text));
}

/** All of a request has come at once; what is tried again comes later. */
static int64_t
time_of(const struct ingest_work *work)
{
	bool is_of_request = work->tries == 0 && work->publication->begun;

	return is_of_request ? work->publication->begun : clock_now();
}

static void
set_envelope(struct ingest_work *work)
{
	const struct publication_item *item = work->item;
	const struct cloudevent *event = &item->cloudevent;

	work->event.workspace = work->publication->workspace;
	work->event.publisher = work->publication->publisher;
	work->event.type = ingest_work_type(work);
	work->event.accepted = time_of(work);
	if (item->kind == PUBLISH_EVENT) {
		work->event.is_id_given = true;
		work->event.id = event->id;
		work->event.source = event->source;
		work->event.type_as_received = event->type;
		work->event.subject = event->subject;
		work->event.attributes = compose_attributes(work);
		work->event.time =
			event->has_time ? event->time : work->event.accepted;
	} else {
		work->event.type_as_received = item->type;
		work->event.subject = item->id;
		work->event.time = work->event.accepted;
	}
}

static bool
decide(struct ingest_work *work, const struct states_hold *hold)
{
	work->event = (struct event_row){0};
	work->is_resource = hold != NULL;
	set_envelope(work);
	if (hold == NULL) {
		decide_data(work);
		return true;
	}
	work->expected = hold->last;
	work->resource = (struct resource_row){
		.workspace = work->event.workspace,
		.type = work->event.type,
		.updated = work->event.accepted,
	};
	switch (work->item->kind) {
	case PUBLISH_STATE: return decide_state(work, hold);
	case PUBLISH_DELETE: return decide_delete(work, hold);
	case PUBLISH_EVENT: return decide_change(work, hold);
	}
	return false;
}

bool
ingest_work_decide(struct ingest_work *work, const struct states_hold *hold)
{
	if (!decide(work, hold))
		return false;
	ingest_add_trace(work);
	return ingest_hold_type(work);
}

struct str
ingest_work_delivered(const struct ingest_work *work)
{
	if (work->event.operation == OPERATION_DELETED)
		return work->event.form == EVENT_STATE
			       ? work->old_state.doc->text
			       : json_raw(work->old_state);
	if (work->event.form == EVENT_CHANGE)
		return json_raw(work->new_state);
	return work->event.body;
}

struct str
ingest_work_rest(const struct ingest_work *work)
{
	if (work->event.is_id_given)
		return work->event.form == EVENT_CHANGE ? work->event.body
							: STR("");
	return work->event.operation == OPERATION_UPDATED
		       ? json_raw(work->old_state)
		       : STR("");
}
