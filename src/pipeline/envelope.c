#include "pipeline/envelope.h"

#include "base/timestamp.h"
#include "rule/cloudevents.h"
#include "rule/cloudevents_grammar.h"

/* What an event takes beside its data, as a rule. */
enum { ATTRIBUTES_LEN = 512 };

/* ---- the event that is meant ---- */

/** What the event's text takes, unless much of it is to be escaped. */
static size_t
room_for(const struct payload *payload)
{
	return payload->body.len + payload->rest.len + payload->attributes.len +
	       payload->id.len + payload->source.len + 2 * payload->type.len +
	       2 * payload->subject.len + ATTRIBUTES_LEN;
}

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

/** A text of the publisher's, which may have blanks between its tokens. */
static void
write_json(
	struct json_out *out, const char *key, struct str text, bool is_compact)
{
	json_out_raw(out, key, is_compact ? STR("") : text);
	if (is_compact)
		json_append_compact(out->buf, text);
}

static void
write_data(struct json_out *out, const char *key, const struct payload *payload,
	bool is_compact)
{
	bool is_deleted = payload->operation == OPERATION_DELETED;
	struct str old = is_deleted ? payload->body : payload->rest;

	json_out_object(out, key);
	json_out_string(out, "type", payload->type);
	json_out_string(out, "id", payload->subject);
	json_out_text(out, "operation", operation_name(payload->operation));
	if (!is_deleted)
		write_json(out, "new", payload->body, is_compact);
	if (old.len > 0)
		write_json(out, "old", old, is_compact);
	json_out_end(out);
}

static struct str
compose_data(const struct payload *payload, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct json_out out = json_out_make(&text);

	buf_reserve(&text, room_for(payload));
	write_data(&out, NULL, payload, false);
	return arena_copy(arena, buf_str(&text));
}

/** What the hub adds, and what it was given beside the state: a trace. */
static void
write_extensions(struct json_out *out, const struct payload *payload)
{
	char digits[STR_DECIMAL_SIZE];
	struct str more = payload->attributes;

	json_out_string(
		out, "sequence", str_decimal(payload->event, 20, digits));
	if (more.len > 2)
		json_out_raw(out, NULL, str_make(more.ptr + 1, more.len - 2));
}

static void
describe_resource(const struct payload *payload, struct arena *arena,
	struct cloudevent *event)
{
	CLEANUP(buf_release) struct buf extensions = buf_make(0);
	struct json_out out = json_out_make(&extensions);

	json_out_object(&out, NULL);
	write_extensions(&out, payload);
	json_out_end(&out);
	event->type = str_of(type_of(payload->operation));
	event->datacontenttype = STR("application/json");
	event->extensions = arena_copy(arena, buf_str(&extensions));
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

	if (payload->attributes.len <= 2 ||
		json_read(payload->attributes, arena, &doc, NULL))
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
		payload->is_json ||
		((event->datacontenttype.len == 0 ||
			 cloudevents_is_json_type(event->datacontenttype)) &&
			json_read(event->data, arena, &doc, NULL) == ERR_OK);
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

	return payload->is_cloudevent && event->extensions.len > 2 &&
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

/** As cloudevents_write() would write what describe_resource() says. */
static void
write_resource(const struct payload *payload, struct buf *out, bool is_compact)
{
	struct json_out json = json_out_make(out);

	json_out_object(&json, NULL);
	json_out_text(&json, "specversion", "1.0");
	json_out_string(&json, "id", payload->id);
	json_out_string(&json, "source", payload->source);
	json_out_text(&json, "type", type_of(payload->operation));
	if (payload->subject.len > 0)
		json_out_string(&json, "subject", payload->subject);
	json_out_time(&json, "time", payload->time);
	json_out_text(&json, "datacontenttype", "application/json");
	write_extensions(&json, payload);
	write_data(&json, "data", payload, is_compact);
	json_out_end(&json);
}

/** Appends the event; returns whether it brings a `sequence`. */
static bool
write_structured(
	const struct payload *payload, struct arena *arena, struct buf *out)
{
	struct json_out json = json_out_make(out);
	struct cloudevent event;

	if (!payload->is_cloudevent) {
		write_resource(payload, out, false);
		return false;
	}
	event = describe(payload, arena);
	cloudevents_write(&event, &json, NULL);
	return has_own_sequence(payload, &event, arena);
}

/**
 * Nothing is between the tokens, since there are receivers that check the
 * signature over what their own writer makes of it.
 */
static bool
write_plain(const struct payload *payload, struct arena *arena, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	if (!payload->is_cloudevent) {
		write_resource(payload, out, !payload->is_compact);
	} else if (payload->is_compact) {
		write_structured(payload, arena, out);
	} else {
		write_structured(payload, arena, &text);
		json_append_compact(out, buf_str(&text));
	}
	/* A ce- header would make it look like one in binary mode. */
	return true;
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
	struct str type;       /* media type of a text … */
	struct str batch_type; /* … of several; empty: there are no batches */
	/* Appends it as a text; returns whether it says its order itself. */
	bool (*write)(const struct payload *payload, struct arena *arena,
		struct buf *out);
	/* Where it is no text of its own. */
	void (*build)(const struct payload *payload, struct arena *arena,
		struct envelope *ret);
} forms[] = {
	[PAYLOAD_RESOURCE] = {.build = build_resource},
	/* In lower case: a public library takes the type for a whole. */
	[PAYLOAD_CLOUDEVENT] = {.needs_whole = true,
		.type = STR_INIT("application/cloudevents+json; charset=utf-8"),
		.batch_type = STR_INIT(
			"application/cloudevents-batch+json; charset=utf-8"),
		.write = write_structured},
	[PAYLOAD_CLOUDEVENT_BINARY] = {.needs_whole = true,
		.build = build_binary},
	/* As GreenLake sends it: the type does not say that it is one. */
	[PAYLOAD_CLOUDEVENT_PLAIN] = {.needs_whole = true,
		.type = STR_INIT("application/json"),
		.batch_type = STR_INIT("application/json"),
		.write = write_plain},
};

bool
envelope_needs_whole(enum webhook_payload form)
{
	return forms[form].needs_whole;
}

/* What is written as one text. */
struct text {
	enum webhook_payload form;
	const struct payload *const *payloads;
	size_t count;
	bool is_array;
};

/** Returns whether what was written last says its order itself. */
static bool
append_text(const struct text *text, struct arena *arena, struct buf *out)
{
	bool has_sequence = false;

	for (size_t i = 0; i < text->count; i++) {
		if (text->is_array)
			buf_append_char(out, i == 0 ? '[' : ',');
		has_sequence =
			forms[text->form].write(text->payloads[i], arena, out);
	}
	if (text->is_array)
		buf_append_char(out, ']');
	return has_sequence;
}

/** In place, as a rule; text of which much was escaped is copied. */
static void
write_text(const struct text *text, struct arena *arena, struct envelope *ret)
{
	CLEANUP(buf_release) struct buf large = buf_make(0);
	size_t room = 2;
	struct buf out;

	for (size_t i = 0; i < text->count; i++)
		room += room_for(text->payloads[i]);
	out = arena_buf(arena, room);
	ret->has_sequence = append_text(text, arena, &out);
	ret->body = buf_str(&out);
	if (!buf_is_overflown(&out))
		return;
	append_text(text, arena, &large);
	ret->body = arena_copy(arena, buf_str(&large));
}

void
envelope_build(enum webhook_payload form, const struct payload *payload,
	struct arena *arena, struct envelope *ret)
{
	*ret = (struct envelope){.content_type = forms[form].type};
	if (forms[form].build)
		forms[form].build(payload, arena, ret);
	else
		write_text(
			&(struct text){form, &payload, 1, false}, arena, ret);
}

void
envelope_build_batch(enum webhook_payload form,
	const struct payload *const *payloads, size_t count,
	struct arena *arena, struct envelope *ret)
{
	*ret = (struct envelope){.content_type = forms[form].batch_type};
	write_text(&(struct text){form, payloads, count, true}, arena, ret);
	ret->has_sequence = true; /* each its own, if any */
}
