#include "flow/hook_body.h"

#include "base/encode.h"
#include "base/map.h"
#include "flow/multipart_read.h"

/* ---- fields that may have the same name ---- */

struct field {
	struct field *next;
	struct str name;
	struct value_builder values;
};

struct fields {
	struct arena *arena;
	struct map by_name;
	struct field *first, **last;
	size_t count;
};

static void
fields_release(struct fields *fields)
{
	map_release(&fields->by_name);
}

static enum err
fields_add(struct fields *fields, struct str name, struct value value)
{
	struct str key = value_from_text(name, fields->arena).as.text;
	struct field *field = map_get(&fields->by_name, key);

	if (fields->count++ == HOOK_BODY_FIELDS_MAX)
		return ERR_LIMIT;
	if (field == NULL) {
		field = ARENA_NEW(fields->arena, struct field);
		field->name = key;
		field->values = value_builder_make(fields->arena);
		*fields->last = field;
		fields->last = &field->next;
		map_put(&fields->by_name, key, field);
	}
	value_builder_add(&field->values, value);
	return ERR_OK;
}

static void
fields_set(const struct fields *fields, struct value_builder *bundle)
{
	for (struct field *field = fields->first; field; field = field->next) {
		struct value values = value_builder_array(&field->values);

		value_builder_set(bundle, field->name,
			field->values.count == 1 ? value_item(values, 1)
						 : values);
	}
}

/* ---- kinds of bodies ---- */

struct reading {
	const struct hook_body_request *request;
	struct str content_type;
	struct arena *arena;
	struct value_builder *bundle;
	struct buf *why;
};

static enum err
refuse(struct buf *why, const char *sentence)
{
	buf_append(why, str_of(sentence));
	return ERR_INVALID;
}

static struct str
body_of(const struct reading *reading)
{
	return reading->request->request->body;
}

static enum err
read_text(struct reading *reading)
{
	struct str body = body_of(reading);
	struct value value = value_text(body);

	if (!str_is_utf8(body))
		value = value_buffer(body, VALUE_BINARY);
	if (body.len > 0)
		value_builder_set(reading->bundle, STR("value"), value);
	return ERR_OK;
}

static enum err
read_json(struct reading *reading)
{
	struct json_doc *doc = ARENA_NEW(reading->arena, struct json_doc);
	struct value value;

	if (reading->request->passes_json)
		return read_text(reading);
	if (str_trim(body_of(reading)).len == 0)
		return ERR_OK;
	if (json_read(body_of(reading), reading->arena, doc, reading->why))
		return ERR_INVALID;
	if (value_from_json(
		    json_root(doc), VALUE_JSON_PLAIN, reading->arena, &value) ||
		value.height > HOOK_BODY_DEPTH_MAX)
		return refuse(reading->why, "the body is nested too deeply");
	if (value.kind != VALUE_COLLECTION) {
		value_builder_set(reading->bundle, STR("value"), value);
		return ERR_OK;
	}
	for (size_t i = 0; i < value.as.collection.count; i++)
		value_builder_set(reading->bundle,
			value.as.collection.members[i].key,
			value.as.collection.members[i].value);
	return ERR_OK;
}

/** Without a type: what is not JSON after all is text. */
static enum err
read_untyped(struct reading *reading)
{
	struct str body = str_trim(body_of(reading));
	struct json_doc doc;

	if (body.len > 0 && (body.ptr[0] == '{' || body.ptr[0] == '[') &&
		json_read(body, reading->arena, &doc, NULL) == ERR_OK)
		return read_json(reading);
	return read_text(reading);
}

static enum err
read_form_text(struct str form, const char *what, struct reading *reading)
{
	struct fields fields = {.arena = reading->arena};
	enum err err = ERR_OK;

	fields.last = &fields.first;
	while (form.ptr != NULL && !err) {
		struct str value = str_split(&form, '&');
		struct str name = str_split(&value, '=');

		if (name.len == 0 && value.ptr == NULL)
			continue;
		if (encode_percent_read(name, true, reading->arena, &name) ||
			encode_percent_read(
				value, true, reading->arena, &value))
			err = ERR_INVALID;
		else
			err = fields_add(&fields, name,
				value_from_text(value, reading->arena));
	}
	if (!err)
		fields_set(&fields, reading->bundle);
	else
		buf_printf(reading->why, "the %s has %s", what,
			err == ERR_LIMIT ? "too many fields"
					 : "a broken percent-escape");
	fields_release(&fields);
	return err ? ERR_INVALID : ERR_OK;
}

static enum err
read_form(struct reading *reading)
{
	return read_form_text(body_of(reading), "form", reading);
}

static struct value
file_value(const struct multipart_part *part, struct arena *arena)
{
	struct value_builder file = value_builder_make(arena);
	struct str mime =
		part->mime.len ? part->mime : STR("application/octet-stream");

	value_builder_set(
		&file, STR("name"), value_from_text(part->filename, arena));
	value_builder_set(&file, STR("mime"), value_from_text(mime, arena));
	value_builder_set(
		&file, STR("data"), value_buffer(part->data, VALUE_BINARY));
	return value_builder_collection(&file);
}

static enum err
read_multipart(struct reading *reading)
{
	struct fields fields = {.arena = reading->arena};
	struct multipart_list list;
	struct str boundary;

	if (multipart_boundary(
		    reading->content_type, reading->arena, &boundary))
		return refuse(reading->why,
			"the Content-Type names no boundary of 1 to 70 "
			"characters");
	if (multipart_read(body_of(reading), boundary, reading->arena, &list,
		    reading->why))
		return ERR_INVALID;
	fields.last = &fields.first;
	/* There are fewer parts than fields may be. */
	for (size_t i = 0; i < list.count; i++) {
		const struct multipart_part *part = &list.parts[i];

		(void)!fields_add(&fields, part->name,
			part->is_file
				? file_value(part, reading->arena)
				: value_from_text(part->data, reading->arena));
	}
	fields_set(&fields, reading->bundle);
	fields_release(&fields);
	return ERR_OK;
}

/* The last row takes everything. */
static const struct {
	struct str type;
	struct str suffix;
	enum err (*read)(struct reading *reading);
} kinds[] = {
	{STR_INIT("application/json"), STR_INIT("+json"), read_json},
	{STR_INIT("text/json"), STR_INIT("+json"), read_json},
	{STR_INIT("application/x-www-form-urlencoded"), {0}, read_form},
	{STR_INIT("multipart/form-data"), {0}, read_multipart},
};

static enum err
read_body(struct reading *reading)
{
	struct str type = reading->content_type;

	type = str_trim(str_head(type, str_find_char(type, ';')));
	type = arena_copy_lower(reading->arena, type);
	if (type.len == 0)
		return read_untyped(reading);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (str_equal(type, kinds[i].type) ||
			(kinds[i].suffix.len > 0 &&
				str_ends_with(type, kinds[i].suffix)))
			return kinds[i].read(reading);
	}
	return read_text(reading);
}

static struct value
headers_value(const struct inbound_request *request, struct arena *arena)
{
	struct value_builder headers = value_builder_make(arena);

	for (size_t i = 0; i < request->header_count; i++) {
		struct value_builder header = value_builder_make(arena);

		value_builder_set(&header, STR("name"),
			value_from_text(arena_copy_lower(arena,
						request->headers[i].name),
				arena));
		value_builder_set(&header, STR("value"),
			value_from_text(request->headers[i].value, arena));
		value_builder_add(&headers, value_builder_collection(&header));
	}
	return value_builder_array(&headers);
}

enum err
hook_body_read(const struct hook_body_request *request, struct arena *arena,
	struct value *ret, struct buf *why)
{
	struct value_builder bundle = value_builder_make(arena);
	struct reading reading = {.request = request,
		.content_type =
			inbound_header(request->request, STR("Content-Type")),
		.arena = arena,
		.bundle = &bundle,
		.why = why};
	enum err err = read_body(&reading);

	if (!err)
		err = read_form_text(request->query, "query", &reading);
	if (err)
		return err;
	if (request->wants_headers)
		value_builder_set(&bundle, STR("__IMTHEADERS__"),
			headers_value(request->request, arena));
	if (request->wants_method)
		value_builder_set(&bundle, STR("__IMTMETHOD__"),
			value_from_text(request->request->method, arena));
	*ret = value_builder_collection(&bundle);
	return ERR_OK;
}
