#include "pipeline/envelope.h"

#include "base/timestamp.h"
#include "rule/cloudevents.h"
#include "rule/cloudevents_grammar.h"

/* What an event takes beside its data, as a rule. */
enum { ATTRIBUTES_LEN = 512 };

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

	buf_reserve(&text, payload->body.len + old.len + ATTRIBUTES_LEN);
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

/** Whether the event has a `sequence`. */
static bool
write_structured(
	const struct payload *payload, struct arena *arena, struct buf *out)
{
	struct cloudevent event = describe(payload, arena);
	struct json_out json = json_out_make(out);

	buf_reserve(out, event.data.len + ATTRIBUTES_LEN);
	cloudevents_write(&event, &json, NULL);
	return has_own_sequence(payload, &event, arena);
}

static void
build_structured(const struct payload *payload, struct arena *arena,
	struct envelope *ret)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	ret->has_sequence = write_structured(payload, arena, &text);
	/* In lower case: a public library takes the type for a whole. */
	ret->content_type = STR("application/cloudevents+json; charset=utf-8");
	ret->body = arena_copy(arena, buf_str(&text));
}

/** Behind the string that begins at `at`; its text is well-formed. */
static size_t
string_end(struct str text, size_t at)
{
	const char *quote = text.ptr + at;
	size_t slashes;

	do {
		size_t left = text.len - (size_t)(quote + 1 - text.ptr);

		quote = memchr(quote + 1, '"', left);
		if (quote == NULL)
			return text.len;
		for (slashes = 0; quote[-1 - (ptrdiff_t)slashes] == '\\';)
			slashes++;
	} while (slashes % 2 == 1);
	return (size_t)(quote + 1 - text.ptr);
}

/** A JSON text without the blanks between its tokens (RFC 8259 §2). */
static struct str
compact(struct str text, struct arena *arena)
{
	char *out = arena_alloc_raw(arena, text.len + 1);
	size_t len = 0, at = 0;

	while (at < text.len) {
		char c = text.ptr[at];
		size_t end = c == '"' ? string_end(text, at) : at + 1;

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
			memcpy(out + len, text.ptr + at, end - at);
			len += end - at;
		}
		at = end;
	}
	return str_make(out, len);
}

/**
 * As GreenLake sends it: the media type does not say that it is a CloudEvent,
 * and nothing is between the tokens, since there are receivers that check the
 * signature over what their own writer makes of it.
 */
static void
build_plain(const struct payload *payload, struct arena *arena,
	struct envelope *ret)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	write_structured(payload, arena, &text);
	/* A ce- header would make it look like one in binary mode. */
	ret->has_sequence = true;
	ret->content_type = STR("application/json");
	ret->body = compact(buf_str(&text), arena);
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
	struct str batch_type; /* empty: there are no batches of it */
	void (*build)(const struct payload *payload, struct arena *arena,
		struct envelope *ret);
} forms[] = {
	[PAYLOAD_RESOURCE] = {false, STR_INIT(""), build_resource},
	[PAYLOAD_CLOUDEVENT] = {true,
		STR_INIT("application/cloudevents-batch+json; charset=utf-8"),
		build_structured},
	[PAYLOAD_CLOUDEVENT_BINARY] = {true, STR_INIT(""), build_binary},
	[PAYLOAD_CLOUDEVENT_PLAIN] = {true, STR_INIT("application/json"),
		build_plain},
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

void
envelope_join(enum webhook_payload form, const struct envelope *parts,
	size_t count, struct arena *arena, struct envelope *ret)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);

	buf_append_char(&text, '[');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_char(&text, ',');
		buf_append(&text, parts[i].body);
	}
	buf_append_char(&text, ']');
	*ret = (struct envelope){
		.has_sequence = true, /* each its own, if any */
		.content_type = forms[form].batch_type,
		.body = arena_copy(arena, buf_str(&text)),
	};
}
