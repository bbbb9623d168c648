#include "base/encode.h"
#include "rule/date.h"
#include "rule/value.h"

/*
 * Typed JSON: each row is a member that marks a form, and how the rest of the
 * object is read. False: it is an ordinary collection after all.
 */
struct form {
	struct str mark;
	bool (*read)(
		struct json object, struct arena *arena, struct value *ret);
};

static enum err read_value(struct json json, enum value_json form,
	struct arena *arena, unsigned depth, struct value *ret);

static enum err read_members(struct json json, enum value_json form,
	struct arena *arena, unsigned depth, struct value *ret);

static bool
read_date(struct json object, struct arena *arena, struct value *ret)
{
	struct json text = json_member(object, STR("$date"));
	int64_t milliseconds;

	if (json_kind(text) != JSON_STRING || json_count(object) != 1 ||
		!date_read(json_string(text, arena), NULL, &milliseconds))
		return false;
	*ret = value_date(milliseconds);
	return !value_is_empty(*ret);
}

static const struct str encoding_names[] = {
	[VALUE_BINARY] = STR_INIT(""),
	[VALUE_UTF8] = STR_INIT("utf8"),
	[VALUE_LATIN1] = STR_INIT("latin1"),
};

static bool
read_buffer(struct json object, struct arena *arena, struct value *ret)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct json text = json_member(object, STR("$buffer"));
	struct json encoding = json_member(object, STR("encoding"));
	size_t members = json_is_missing(encoding) ? 1 : 2;
	size_t charset = 0;

	if (json_kind(text) != JSON_STRING || json_count(object) != members ||
		encode_base64_read(json_string(text, arena), &bytes))
		return false;
	while (charset < COUNT_OF(encoding_names) &&
		!str_equal(
			json_string(encoding, arena), encoding_names[charset]))
		charset++;
	if (charset == COUNT_OF(encoding_names))
		return false;
	*ret = value_buffer(arena_copy(arena, buf_str(&bytes)),
		(enum value_encoding)charset);
	return true;
}

static const struct form forms[] = {
	{STR_INIT("$date"), read_date},
	{STR_INIT("$buffer"), read_buffer},
	{STR_INIT("$collection"), NULL},
};

static enum err
read_items(struct json json, enum value_json form, struct arena *arena,
	unsigned depth, struct value *ret)
{
	size_t count = json_count(json);
	struct value *items = arena_alloc_array(arena, count, sizeof(*items));
	struct json_walk walk = json_walk(json);

	for (size_t i = 0; json_walk_next(&walk); i++) {
		enum err err =
			read_value(walk.value, form, arena, depth, &items[i]);

		if (err)
			return err;
	}
	*ret = value_array(items, count);
	return ERR_OK;
}

static struct str
own_string(struct json string, struct arena *arena)
{
	struct str text = json_string(string, arena);
	bool is_raw = json_raw_string(string).ptr == text.ptr;

	return is_raw ? arena_copy(arena, text) : text;
}

static enum err
read_members(struct json json, enum value_json form, struct arena *arena,
	unsigned depth, struct value *ret)
{
	struct value_builder builder = value_builder_make(arena);
	struct json_walk walk = json_walk(json);

	while (json_walk_next(&walk)) {
		struct value value;
		enum err err =
			read_value(walk.value, form, arena, depth, &value);

		if (err)
			return err;
		value_builder_set(&builder, own_string(walk.key, arena), value);
	}
	*ret = value_builder_collection(&builder);
	return ERR_OK;
}

static enum err
read_typed(struct json json, struct arena *arena, unsigned depth,
	struct value *ret)
{
	struct json inner = json_member(json, STR("$collection"));

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (forms[i].read && forms[i].read(json, arena, ret))
			return ERR_OK;
	}
	if (json_kind(inner) == JSON_OBJECT && json_count(json) == 1)
		return read_members(inner, VALUE_JSON_TYPED, arena, depth, ret);
	return read_members(json, VALUE_JSON_TYPED, arena, depth, ret);
}

static enum err
read_value(struct json json, enum value_json form, struct arena *arena,
	unsigned depth, struct value *ret)
{
	*ret = value_empty();
	switch (json_kind(json)) {
	case JSON_MISSING:
	case JSON_NULL: return ERR_OK;
	case JSON_FALSE: *ret = value_boolean(false); return ERR_OK;
	case JSON_TRUE: *ret = value_boolean(true); return ERR_OK;
	case JSON_NUMBER:
		*ret = value_number(json_number(json).real);
		return ERR_OK;
	case JSON_STRING:
		*ret = value_text(own_string(json, arena));
		return ERR_OK;
	case JSON_ARRAY:
	case JSON_OBJECT: break;
	}
	if (depth == VALUE_HEIGHT_MAX)
		return ERR_LIMIT;
	if (json_kind(json) == JSON_ARRAY)
		return read_items(json, form, arena, depth + 1, ret);
	if (form == VALUE_JSON_TYPED)
		return read_typed(json, arena, depth + 1, ret);
	return read_members(json, form, arena, depth + 1, ret);
}

enum err
value_from_json(struct json json, enum value_json form, struct arena *arena,
	struct value *ret)
{
	return read_value(json, form, arena, 0, ret);
}

/* ---- writing ---- */

static void
append_typed_date(struct buf *out, struct value value)
{
	buf_append(out, STR("{\"$date\":\""));
	value_append_date(out, value.as.date);
	buf_append(out, STR("\"}"));
}

static void
append_typed_buffer(struct buf *out, struct value value)
{
	buf_append(out, STR("{\"$buffer\":\""));
	encode_base64(out, value.as.text);
	buf_append_char(out, '"');
	if (value.charset != VALUE_BINARY) {
		buf_append(out, STR(",\"encoding\":"));
		json_out_quote(out, encoding_names[value.charset]);
	}
	buf_append_char(out, '}');
}

static void
append_quoted(struct buf *out, struct value value)
{
	CLEANUP(buf_release) struct buf text = {0};

	if (value_append_text(&text, value) == ERR_INVALID)
		encode_base64(&text, value.as.text);
	json_out_quote(out, buf_str(&text));
}

static void
append_items(struct buf *out, struct value value, enum value_json form)
{
	buf_append_char(out, '[');
	for (size_t i = 0; i < value.as.array.count; i++) {
		if (i)
			buf_append_char(out, ',');
		value_append_json(out, value.as.array.items[i], form);
	}
	buf_append_char(out, ']');
}

/** Whether reading it typed would take it for something else. */
static bool
looks_typed(struct value value)
{
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		for (size_t at = 0; at < value.as.collection.count; at++) {
			if (str_equal(value.as.collection.members[at].key,
				    forms[i].mark))
				return true;
		}
	}
	return false;
}

static void
append_members(struct buf *out, struct value value, enum value_json form)
{
	bool is_wrapped = form == VALUE_JSON_TYPED && looks_typed(value);

	buf_append(out, is_wrapped ? STR("{\"$collection\":{") : STR("{"));
	for (size_t i = 0; i < value.as.collection.count; i++) {
		const struct value_member *member =
			&value.as.collection.members[i];

		if (i)
			buf_append_char(out, ',');
		json_out_quote(out, member->key);
		buf_append_char(out, ':');
		value_append_json(out, member->value, form);
	}
	buf_append(out, is_wrapped ? STR("}}") : STR("}"));
}

void
value_append_json(struct buf *out, struct value value, enum value_json form)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_EMPTY: buf_append(out, STR("null")); return;
	case VALUE_BOOLEAN:
		buf_append(out, value.as.boolean ? STR("true") : STR("false"));
		return;
	case VALUE_NUMBER: value_append_number(out, value.as.number); return;
	case VALUE_TEXT: json_out_quote(out, value.as.text); return;
	case VALUE_DATE:
		if (form == VALUE_JSON_TYPED)
			append_typed_date(out, value);
		else
			append_quoted(out, value);
		return;
	case VALUE_BUFFER:
		if (form == VALUE_JSON_TYPED)
			append_typed_buffer(out, value);
		else
			append_quoted(out, value);
		return;
	case VALUE_ARRAY: append_items(out, value, form); return;
	case VALUE_COLLECTION: append_members(out, value, form); return;
	}
}

void
value_out(struct json_out *out, const char *key, struct value value,
	enum value_json form)
{
	json_out_raw(out, key, STR(""));
	value_append_json(out->buf, value, form);
}
