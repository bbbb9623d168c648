#include "rule/event_body.h"

/* An empty text is a missing value, not a broken one. */
static enum err
read_text(struct str text, struct arena *arena, struct json *ret)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct json_doc *doc;

	*ret = (struct json){0};
	if (str_is_empty(text))
		return ERR_OK;
	doc = ARENA_NEW(arena, struct json_doc);
	if (json_read(text, arena, doc, &why))
		return ERR_INVALID;
	*ret = json_root(doc);
	return ERR_OK;
}

static enum err
read_change(struct str body, struct arena *arena, struct json *ret)
{
	enum err err = read_text(body, arena, ret);

	if (err == ERR_OK && json_kind(*ret) != JSON_OBJECT)
		err = ERR_INVALID;
	return err;
}

enum err
event_body_delivered(enum event_form form, enum operation operation,
	struct str body, struct str previous, struct arena *arena,
	struct str *ret)
{
	bool is_deleted = operation == OPERATION_DELETED;
	struct str bytes = body;

	if (form == EVENT_STATE && is_deleted)
		bytes = previous;
	if (form == EVENT_CHANGE) {
		struct json change, state;
		enum err err = read_change(body, arena, &change);

		if (err)
			return err;
		state = json_member(
			change, is_deleted ? STR("old") : STR("new"));
		if (json_kind(state) == JSON_NULL)
			return ERR_NOT_FOUND;
		bytes = json_raw(state);
	}
	/* Data without a body is an event all the same; a state is not. */
	if (form != EVENT_DATA && str_is_empty(bytes))
		return ERR_NOT_FOUND;
	*ret = bytes;
	return ERR_OK;
}

static enum err
read_states(enum event_form form, struct str body, struct str previous,
	struct arena *arena, struct event_states *ret)
{
	struct json change;
	enum err err;

	switch (form) {
	case EVENT_STATE:
		err = read_text(body, arena, &ret->new_state);
		return err ? err : read_text(previous, arena, &ret->old_state);
	case EVENT_CHANGE:
		err = read_change(body, arena, &change);
		if (err)
			return err;
		ret->new_state = json_member(change, STR("new"));
		ret->old_state = json_member(change, STR("old"));
		return ERR_OK;
	case EVENT_DATA:
		if (read_text(body, arena, &ret->new_state))
			ret->new_state = (struct json){0};
		return ERR_OK;
	}
	return ERR_INVALID;
}

enum err
event_body_states(enum event_form form, enum operation operation,
	struct str body, struct str previous, struct arena *arena,
	struct event_states *ret)
{
	struct event_states states = {0};
	enum err err = read_states(form, body, previous, arena, &states);

	if (err)
		return err;
	if (form != EVENT_DATA && operation == OPERATION_CREATED)
		states.old_state = (struct json){0};
	if (form != EVENT_DATA && operation == OPERATION_DELETED)
		states.new_state = (struct json){0};
	*ret = states;
	return ERR_OK;
}
