#include "pipeline/envelope.h"

#include "base/timestamp.h"
#include "rule/cloudevents.h"
#include "rule/cloudevents_grammar.h"

/* ---- the event that is meant ---- */

static const char *
type_of(enum operation operation)
{
	switch (operation) {
	case OPERATION_CREATED: return "grapnel.resource.created";
	case OPERATION_UPDATED: return "grapnel.resource.updated";
	case OPERATION_DELETED: return "grapnel.resource.deleted";
	case OPERATION_NONE: break;
	}
	return "grapnel.resource";
}

static struct str
compose_data(const struct payload *payload, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);
	bool is_deleted = payload->operation == OPERATION_DELETED;
	struct str old = is_deleted ? payload->body : payload->rest;

	json_out_object(&out, NULL);
	json_out_string(&out, "type", payload->type);
	json_out_string(&out, "id", payload->subject);
	json_out_text(&out, "operation", operation_name(payload->operation));
	if (!is_deleted)
		json_out_raw(&out, "new", payload->body);
	if (old.len > 0)
		json_out_raw(&out, "old", old);
	json_out_end(&out);
	return arena_copy(arena, buf_str(&text));
}

static void
describe_resource(const struct payload *payload, struct arena *arena,
	struct cloudevent *event)
{
	event->type = str_of(type_of(payload->operation));
	event->datacontenttype = STR("application/json");
	event->extensions = arena_printf(arena, "{\"sequence\":\"%020llu\"}",
		(unsigned long long)payload->event);
	event->data = compose_data(payload, arena);
	event->has_data = event->data_is_json = true;
}

/** The attributes that have a member of their own, out of the others. */
static void
split_attributes(const struct payload *payload, struct arena *arena,
	struct cloudevent *event)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);
	struct json_doc doc;
	struct json_walk walk;

	if (json_read(payload->attributes, arena, &doc, NULL))
		return;
	walk = json_walk(json_root(&doc));
	json_out_object(&out, NULL);
	while (json_walk_next(&walk)) {
		struct str name = json_string(walk.key, arena);

		if (str_equal(name, STR("datacontenttype"))) {
			event->datacontenttype = json_string(walk.value, arena);
		} else if (str_equal(name, STR("dataschema"))) {
			event->dataschema = json_string(walk.value, arena);
		} else {
			json_out_key(&out, name);
			json_out_raw(&out, NULL, json_raw(walk.value));
		}
	}
	json_out_end(&out);
	event->extensions = arena_copy(arena, buf_str(&text));
}

static void
describe_cloudevent(const struct payload *payload, struct arena *arena,
	struct cloudevent *event)
{
	struct json_doc doc;

	event->type = payload->type;
	split_attributes(payload, arena, event);
	event->data = payload->rest.len ? payload->rest : payload->body;
	event->has_data = event->data.len > 0;
	event->data_is_json =
		(event->datacontenttype.len == 0 ||
			cloudevents_is_json_type(event->datacontenttype)) &&
		json_read(event->data, arena, &doc, NULL) == ERR_OK;
	if (event->data_is_json && event->datacontenttype.len == 0)
		event->datacontenttype = STR("application/json");
}

static struct cloudevent
describe(const struct payload *payload, struct arena *arena)
{
	struct cloudevent event = {
		.id = payload->id,
		.source = payload->source,
		.subject = payload->subject,
		.time = payload->time,
		.has_time = true,
	};

	if (payload->is_cloudevent)
		describe_cloudevent(payload, arena, &event);
	else
		describe_resource(payload, arena, &event);
	return event;
}

/** A publisher's own `sequence` must not be contradicted. */
static bool
has_own_sequence(const struct payload *payload, const struct cloudevent *event,
	struct arena *arena)
{
	struct json_doc doc;

	return payload->is_cloudevent &&
	       json_read(event->extensions, arena, &doc, NULL) == ERR_OK &&
	       !json_is_missing(json_member(json_root(&doc), STR("sequence")));
}

/* ---- the forms ---- */

static void
build_resource(const struct payload *payload, struct arena *arena,
	struct envelope *ret)
{
	(void)arena;
	ret->content_type = STR("application/json");
	ret->body = payload->body;
}

static void
build_structured(const struct payload *payload, struct arena *arena,
	struct envelope *ret)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct cloudevent event = describe(payload, arena);
	struct json_out out = json_out_make(&text);

	cloudevents_write(&event, &out, NULL);
	ret->has_sequence = has_own_sequence(payload, &event, arena);
	/* In lower case: a public library takes the type for a whole. */
	ret->content_type = STR("application/cloudevents+json; charset=utf-8");
	ret->body = arena_copy(arena, buf_str(&text));
}

/** HTTP binding §3.1.3.2: blank, '"', '%' and all beyond ASCII as %XX. */
static struct str
encode_value(struct str value, struct arena *arena)
{
	static const char digits[] = "0123456789ABCDEF";
	CLEANUP(buf_release) struct buf text = buf_make(0);

	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c > 0x20 && c < 0x7F && c != '"' && c != '%') {
			buf_append_char(&text, (char)c);
		} else {
			buf_append_char(&text, '%');
			buf_append_char(&text, digits[c >> 4]);
			buf_append_char(&text, digits[c & 15]);
		}
	}
	return arena_copy(arena, buf_str(&text));
}

struct header_list {
	struct http_header *rows;
	size_t count;
	struct arena *arena;
};

static void
add(struct header_list *list, struct str name, struct str value)
{
	if (value.len == 0)
		return;
	list->rows[list->count++] = (struct http_header){
		arena_printf(list->arena, "ce-%.*s", STR_ARG(name)),
		encode_value(value, list->arena)};
}

static void
add_extensions(struct header_list *list, struct json extensions)
{
	struct json_walk walk = json_walk(extensions);

	while (list->count < CLOUDEVENTS_ATTRIBUTES_MAX &&
		json_walk_next(&walk)) {
		bool is_text = json_kind(walk.value) == JSON_STRING;

		add(list, json_string(walk.key, list->arena),
			is_text ? json_string(walk.value, list->arena)
				: json_raw(walk.value));
	}
}

static void
build_binary(const struct payload *payload, struct arena *arena,
	struct envelope *ret)
{
	CLEANUP(buf_release) struct buf time = buf_make(64);
	struct cloudevent event = describe(payload, arena);
	struct header_list list = {
		.rows = arena_alloc_array(arena, CLOUDEVENTS_ATTRIBUTES_MAX + 1,
			sizeof(struct http_header)),
		.arena = arena,
	};
	struct json_doc doc;

	timestamp_append(&time, event.time);
	add(&list, STR("specversion"), STR("1.0"));
	add(&list, STR("id"), event.id);
	add(&list, STR("source"), event.source);
	add(&list, STR("type"), event.type);
	add(&list, STR("subject"), event.subject);
	add(&list, STR("time"), buf_str(&time));
	add(&list, STR("dataschema"), event.dataschema);
	if (json_read(event.extensions, arena, &doc, NULL) == ERR_OK)
		add_extensions(&list, json_root(&doc));
	ret->content_type = event.datacontenttype.len
				    ? event.datacontenttype
				    : STR("application/octet-stream");
	ret->body = event.data;
	ret->headers = list.rows;
	ret->header_count = list.count;
}

static const struct form {
	bool needs_whole;
	void (*build)(const struct payload *payload, struct arena *arena,
		struct envelope *ret);
} forms[] = {
	[PAYLOAD_RESOURCE] = {false, build_resource},
	[PAYLOAD_CLOUDEVENT] = {true, build_structured},
	[PAYLOAD_CLOUDEVENT_BINARY] = {true, build_binary},
};

bool
envelope_needs_whole(enum webhook_payload form)
{
	return forms[form].needs_whole;
}

void
envelope_build(enum webhook_payload form, const struct payload *payload,
	struct arena *arena, struct envelope *ret)
{
	*ret = (struct envelope){0};
	forms[form].build(payload, arena, ret);
}
