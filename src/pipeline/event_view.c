#include "pipeline/event_view.h"

#include "base/json_out.h"

struct json
event_view_attributes(const struct event_row *event, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);
	struct json_out out = json_out_make(&text);

	json_out_object(&out, NULL);
	json_out_string(&out, "id", event->id);
	json_out_string(&out, "source", event->source);
	if (!str_is_empty(event->subject))
		json_out_string(&out, "subject", event->subject);
	json_out_time(&out, "time", event->time);
	if (event->attributes.len > 2) {
		buf_append_char(&text, ',');
		buf_append(&text, str_make(event->attributes.ptr + 1,
					  event->attributes.len - 2));
	}
	json_out_end(&out);
	if (json_read(arena_copy(arena, buf_str(&text)), arena, doc, NULL))
		return (struct json){NULL, 0};
	return json_root(doc);
}

static struct json
make_attributes(const void *event, struct arena *arena)
{
	return event_view_attributes(event, arena);
}

struct filter_late_attributes
event_view_late(const struct event_row *event, bool has_extensions)
{
	return (struct filter_late_attributes){
		.make = make_attributes,
		.owner = event,
		.has_extensions = has_extensions,
	};
}

bool
event_view_is_sent(const struct filter_event *view)
{
	enum operation operation;

	if (operation_parse(view->operation, &operation))
		operation = OPERATION_NONE;
	return catalog_is_sent(catalog_find(catalog_builtin(), view->type),
		operation, view->old_state, view->new_state);
}

enum err
event_view_make(const struct event_row *event, struct str previous_body,
	struct arena *arena, struct filter_event *ret)
{
	struct event_states states;
	enum err err = event_body_states(event->form, event->operation,
		event->body, previous_body, arena, &states);

	if (err)
		return err;
	*ret = (struct filter_event){
		.type = event->type,
		.operation = str_of(operation_name(event->operation)),
		.new_state = states.new_state,
		.old_state = states.old_state,
		.attributes = event_view_attributes(event, arena),
	};
	return ERR_OK;
}
