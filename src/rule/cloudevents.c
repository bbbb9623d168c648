#include "rule/cloudevents.h"

#include <stddef.h>

#include "base/encode.h"
#include "base/timestamp.h"
#include "rule/cloudevents_grammar.h"

enum form { TEXT, VERSION, URI, URI_REFERENCE, MEDIA_TYPE, TIME };

struct attribute {
	const char *name;
	enum form form;
	bool is_required;
	size_t offset; /* of the struct str in struct cloudevent */
};

/* The context attributes of CloudEvents 1.0.2 §2.3; others are extensions. */
static const struct attribute attributes[] = {
	{"specversion", VERSION, true, 0},
	{"id", TEXT, true, offsetof(struct cloudevent, id)},
	{"source", URI_REFERENCE, true, offsetof(struct cloudevent, source)},
	{"type", TEXT, true, offsetof(struct cloudevent, type)},
	{"subject", TEXT, false, offsetof(struct cloudevent, subject)},
	{"datacontenttype", MEDIA_TYPE, false,
		offsetof(struct cloudevent, datacontenttype)},
	{"dataschema", URI, false, offsetof(struct cloudevent, dataschema)},
	{"time", TIME, false, 0},
};

struct reader {
	struct arena *arena;
	struct cloudevent *event;
	struct buf *why;
	struct buf text; /* of the extensions */
	struct json_out extensions;
	struct str names[CLOUDEVENTS_ATTRIBUTES_MAX]; /* seen so far */
	size_t name_count;
	unsigned seen; /* a bit for each of `attributes` */
};

static enum err refuse(struct reader *r, struct str name, const char *expected)
	MUST_USE;

static enum err
refuse(struct reader *r, struct str name, const char *expected)
{
	buf_printf(r->why, "attribute '%.*s': expected %s",
		STR_ARG(str_head(name, CLOUDEVENTS_NAME_MAX)), expected);
	return ERR_INVALID;
}

static enum err
take_time(struct reader *r, struct str value)
{
	if (timestamp_parse_microseconds(value, &r->event->time))
		return refuse(r, STR("time"), "an RFC 3339 date and time");
	r->event->has_time = true;
	return ERR_OK;
}

static enum err
take_value(
	struct reader *r, const struct attribute *attribute, struct str value)
{
	struct str name = str_of(attribute->name);
	void *at = (char *)r->event + attribute->offset;
	const char *expected = NULL;

	switch (attribute->form) {
	case TEXT: break;
	case VERSION:
		if (!str_equal(value, STR("1.0")))
			expected = "\"1.0\"";
		break;
	case URI:
		if (!cloudevents_is_uri(value))
			expected = "an absolute URI (RFC 3986)";
		break;
	case URI_REFERENCE:
		if (!cloudevents_is_uri_reference(value))
			expected = "a URI-reference (RFC 3986)";
		break;
	case MEDIA_TYPE:
		if (!cloudevents_is_media_type(value))
			expected = "a media type such as application/json";
		break;
	case TIME: return take_time(r, value);
	}
	if (expected)
		return refuse(r, name, expected);
	if (attribute->form != VERSION)
		*(struct str *)at = value;
	return ERR_OK;
}

/** Length and characters, the same for every attribute. */
static enum err
check_text(struct reader *r, struct str name, struct str value)
{
	if (value.len > CLOUDEVENTS_VALUE_MAX) {
		buf_printf(r->why, "attribute '%.*s': %zu bytes, at most %d",
			STR_ARG(name), value.len, CLOUDEVENTS_VALUE_MAX);
		return ERR_LIMIT;
	}
	if (!cloudevents_is_clean(value))
		return refuse(r, name,
			"UTF-8 text without control characters and "
			"noncharacters");
	return ERR_OK;
}

/** The name's grammar and that it comes once. */
static enum err
check_name(struct reader *r, struct str name)
{
	if (name.len > CLOUDEVENTS_NAME_MAX) {
		buf_printf(r->why,
			"attribute name '%.*s...': %zu characters, at most %d",
			STR_ARG(str_head(name, 20)), name.len,
			CLOUDEVENTS_NAME_MAX);
		return ERR_LIMIT;
	}
	if (!cloudevents_is_name(name)) {
		buf_printf(r->why,
			"attribute name '%.*s': expected only a-z and 0-9",
			STR_ARG(name));
		return ERR_INVALID;
	}
	for (size_t i = 0; i < r->name_count; i++) {
		if (str_equal(r->names[i], name))
			return refuse(r, name, "to be given once");
	}
	if (r->name_count == COUNT_OF(r->names)) {
		buf_printf(r->why, "more than %d attributes",
			CLOUDEVENTS_ATTRIBUTES_MAX);
		return ERR_LIMIT;
	}
	r->names[r->name_count++] = name;
	return ERR_OK;
}

static const struct attribute *
find_attribute(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		if (str_equal(name, str_of(attributes[i].name)))
			return &attributes[i];
	}
	return NULL;
}

/** A defined attribute whose text has been decoded. */
static enum err
take_attribute(
	struct reader *r, const struct attribute *attribute, struct str value)
{
	struct str name = str_of(attribute->name);
	enum err err = check_text(r, name, value);

	if (err)
		return err;
	if (value.len == 0)
		return refuse(r, name, "a non-empty string");
	r->seen |= 1u << (attribute - attributes);
	return take_value(r, attribute, value);
}

static enum err
take_text_extension(struct reader *r, struct str name, struct str value)
{
	enum err err = check_text(r, name, value);

	if (err)
		return err;
	json_out_key(&r->extensions, name);
	json_out_string(&r->extensions, NULL, value);
	return ERR_OK;
}

static enum err
take_json_extension(struct reader *r, struct str name, struct json value)
{
	enum json_kind kind = json_kind(value);
	int64_t integer = 0;

	if (kind == JSON_STRING) {
		if (cloudevents_has_lone_surrogate(value))
			return refuse(r, name, "whole surrogate pairs");
		return take_text_extension(
			r, name, json_string(value, r->arena));
	}
	if (kind != JSON_TRUE && kind != JSON_FALSE &&
		(!json_to_integer(value, &integer) || integer < INT32_MIN ||
			integer > INT32_MAX))
		return refuse(r, name,
			"a string, a boolean or a whole number of 32 bits");
	json_out_key(&r->extensions, name);
	if (kind == JSON_NUMBER)
		json_out_integer(&r->extensions, NULL, integer);
	else
		json_out_boolean(&r->extensions, NULL, kind == JSON_TRUE);
	return ERR_OK;
}

static enum err
take_json_attribute(struct reader *r, struct str name, struct json value)
{
	const struct attribute *attribute = find_attribute(name);
	enum err err = check_name(r, name);

	if (err || json_kind(value) == JSON_NULL)
		return err;
	if (attribute == NULL)
		return take_json_extension(r, name, value);
	if (json_kind(value) != JSON_STRING) {
		buf_printf(r->why, "attribute '%s': expected a string, got %s",
			attribute->name, json_kind_name(json_kind(value)));
		return ERR_INVALID;
	}
	if (cloudevents_has_lone_surrogate(value))
		return refuse(r, name, "whole surrogate pairs");
	return take_attribute(r, attribute, json_string(value, r->arena));
}

static enum err
take_base64(struct reader *r, struct json value)
{
	CLEANUP(buf_release) struct buf bytes = buf_make(0);

	if (json_kind(value) != JSON_STRING ||
		encode_base64_read(json_string(value, r->arena), &bytes)) {
		buf_append(r->why,
			STR("member 'data_base64': expected a Base64 string"));
		return ERR_INVALID;
	}
	r->event->data = arena_copy(r->arena, buf_str(&bytes));
	r->event->has_data = true;
	return ERR_OK;
}

static enum err
take_data(struct reader *r, struct json data)
{
	struct cloudevent *event = r->event;

	event->has_data = true;
	event->data_is_json = event->datacontenttype.len == 0 ||
			      cloudevents_is_json_type(event->datacontenttype);
	if (event->data_is_json) {
		event->data = json_raw(data);
		return ERR_OK;
	}
	if (json_kind(data) != JSON_STRING ||
		cloudevents_has_lone_surrogate(data)) {
		buf_printf(r->why,
			"member 'data': expected a string, because "
			"datacontenttype is '%.*s'",
			STR_ARG(str_head(event->datacontenttype, 80)));
		return ERR_INVALID;
	}
	event->data = json_string(data, r->arena);
	return ERR_OK;
}

static struct reader
start(struct arena *arena, struct cloudevent *event, struct buf *why)
{
	*event = (struct cloudevent){.extensions = STR("{}")};
	return (struct reader){.arena = arena, .event = event, .why = why};
}

static enum err
finish(struct reader *r)
{
	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		if (attributes[i].is_required && !(r->seen & 1u << i)) {
			buf_printf(r->why, "attribute '%s' is missing",
				attributes[i].name);
			return ERR_INVALID;
		}
	}
	json_out_end(&r->extensions);
	r->event->extensions = arena_copy(r->arena, buf_str(&r->text));
	return ERR_OK;
}

/** All members but the payload's; those are handed back. */
static enum err
take_members(struct reader *r, struct json event, struct json *ret_data,
	struct json *ret_base64)
{
	struct json_walk walk = json_walk(event);

	while (json_walk_next(&walk)) {
		struct str name = json_string(walk.key, r->arena);
		enum err err = ERR_OK;

		if (str_equal(name, STR("data")))
			*ret_data = walk.value;
		else if (str_equal(name, STR("data_base64")))
			*ret_base64 = walk.value;
		else
			err = take_json_attribute(r, name, walk.value);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err
cloudevents_read(struct json event, struct arena *arena, struct cloudevent *ret,
	struct buf *why)
{
	struct reader r = start(arena, ret, why);
	struct json data = {0}, base64 = {0};
	enum err err = ERR_INVALID;

	r.extensions = json_out_make(&r.text);
	json_out_object(&r.extensions, NULL);
	if (json_kind(event) != JSON_OBJECT) {
		buf_printf(why, "an event: expected an object, got %s",
			json_kind_name(json_kind(event)));
		goto out;
	}
	err = take_members(&r, event, &data, &base64);
	if (err)
		goto out;
	if (json_kind(base64) == JSON_NULL)
		base64 = (struct json){0};
	if (!json_is_missing(data) && !json_is_missing(base64)) {
		buf_append(why, STR("members 'data' and 'data_base64': "
				    "expected one of them, got both"));
		err = ERR_INVALID;
	} else if (!json_is_missing(base64)) {
		err = take_base64(&r, base64);
	} else if (!json_is_missing(data)) {
		err = take_data(&r, data);
	}
	if (!err)
		err = finish(&r);
out:
	buf_release(&r.text);
	return err;
}

/**
 * The content of a quoted string (RFC 9110 §5.6.4); anything that does not
 * begin with a quote is itself.
 */
static enum err
unquote(struct str value, struct arena *arena, struct str *ret)
{
	size_t len = 0;
	char *copy;

	*ret = value;
	if (value.len == 0 || value.ptr[0] != '"')
		return ERR_OK;
	copy = arena_alloc_raw(arena, value.len);
	for (size_t i = 1; i < value.len; i++) {
		if (value.ptr[i] == '"') {
			*ret = str_make(copy, len);
			return i + 1 == value.len ? ERR_OK : ERR_INVALID;
		}
		if (value.ptr[i] == '\\' && ++i == value.len)
			break;
		copy[len++] = value.ptr[i];
	}
	return ERR_INVALID;
}

static enum err
take_header(struct reader *r, struct str name, struct str value)
{
	const struct attribute *attribute = find_attribute(name);
	enum err err = check_name(r, name);

	if (err)
		return err;
	if (str_equal(name, STR("datacontenttype")) ||
		str_equal(name, STR("data")))
		return refuse(r, name,
			"no such header: Content-Type and the body tell it");
	if (unquote(str_trim(value), r->arena, &value))
		return refuse(r, name, "one whole quoted string");
	if (encode_percent_read(value, false, r->arena, &value))
		return refuse(
			r, name, "two hex digits after every '%', not 00");
	if (attribute == NULL)
		return take_text_extension(r, name, value);
	return take_attribute(r, attribute, value);
}

static enum err
take_headers(struct reader *r, const struct cloudevents_header *headers,
	size_t header_count)
{
	for (size_t i = 0; i < header_count; i++) {
		struct str name = headers[i].name;
		enum err err;

		if (!str_equal_nocase(str_head(name, 3), STR("ce-")))
			continue;
		name = arena_copy_lower(r->arena, str_skip(name, 3));
		err = take_header(r, name, headers[i].value);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err
take_body(struct reader *r, struct str body)
{
	struct cloudevent *event = r->event;
	struct json_doc doc;
	size_t len = r->why->len;

	if (body.len == 0)
		return ERR_OK;
	event->data = body;
	event->has_data = true;
	if (!cloudevents_is_json_type(event->datacontenttype))
		return ERR_OK;
	event->data_is_json = true;
	buf_append(r->why, STR("the body is not the JSON that Content-Type "
			       "says it is: "));
	if (json_read(body, r->arena, &doc, r->why))
		return ERR_INVALID;
	buf_truncate(r->why, len);
	return ERR_OK;
}

enum err
cloudevents_read_binary(const struct cloudevents_message *message,
	struct arena *arena, struct cloudevent *ret, struct buf *why)
{
	struct str content_type = str_trim(message->content_type);
	struct reader r = start(arena, ret, why);
	enum err err;

	r.extensions = json_out_make(&r.text);
	json_out_object(&r.extensions, NULL);
	err = take_headers(&r, message->headers, message->header_count);
	if (!err && content_type.len > 0)
		err = take_attribute(&r, find_attribute(STR("datacontenttype")),
			content_type);
	if (!err)
		err = take_body(&r, message->body);
	if (!err)
		err = finish(&r);
	buf_release(&r.text);
	return err;
}
