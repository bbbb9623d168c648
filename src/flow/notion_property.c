#include "flow/notion_property.h"

#include "base/encode.h"
#include "base/zone.h"

enum {
	/* Notion takes 2000 UTF-16 units in a piece, and 100 pieces. */
	PIECE_CHARACTERS = 1000,
	PIECES_MAX = 100,
	DAY_LEN = 10, /* YYYY-MM-DD */
};

struct making {
	struct arena *arena;
	const struct zone *zone;
	struct str field;
	const char *type;
	struct buf *why;
};

static enum err
refuse(const struct making *making, const char *expected, struct value value)
{
	buf_printf(making->why, "fields.%.*s: expected %s, found %s",
		STR_ARG(str_head(making->field, 100)), expected,
		value_kind_name(value));
	return ERR_INVALID;
}

static struct value
one_member(struct arena *arena, const char *name, struct value value)
{
	struct value_builder builder = value_builder_make(arena);

	value_builder_set(&builder, str_of(name), value);
	return value_builder_collection(&builder);
}

static enum err
to_text(const struct making *making, struct value value, struct str *ret)
{
	if (value.kind == VALUE_COLLECTION ||
		value_to_text(value, making->arena, ret))
		return refuse(making, "a text", value);
	return ERR_OK;
}

/* ---- the types ---- */

static enum err
make_rich(const struct making *making, struct value value, struct value *ret)
{
	struct value_builder pieces = value_builder_make(making->arena);
	struct str text;
	enum err err = to_text(making, value, &text);

	while (!err && text.len) {
		struct value_builder piece = value_builder_make(making->arena);
		size_t end = 0;

		for (size_t i = 0; i < PIECE_CHARACTERS && end < text.len;
			i++) {
			end++;
			while (end < text.len &&
				((unsigned char)text.ptr[end] & 0xC0) == 0x80)
				end++;
		}
		if (pieces.count == PIECES_MAX) {
			buf_printf(making->why,
				"fields.%.*s: over %d characters",
				STR_ARG(str_head(making->field, 100)),
				PIECES_MAX * PIECE_CHARACTERS);
			return ERR_INVALID;
		}
		value_builder_set(&piece, STR("type"), value_text(STR("text")));
		value_builder_set(&piece, STR("text"),
			one_member(making->arena, "content",
				value_text(str_head(text, end))));
		value_builder_add(&pieces, value_builder_collection(&piece));
		text = str_skip(text, end);
	}
	*ret = value_builder_array(&pieces);
	return err;
}

static enum err
make_number(const struct making *making, struct value value, struct value *ret)
{
	double number;

	if (!value_to_number(value, &number))
		return refuse(making, "a number", value);
	*ret = value_number(number);
	return ERR_OK;
}

static enum err
make_text(const struct making *making, struct value value, struct value *ret)
{
	struct str text;
	enum err err = to_text(making, value, &text);

	*ret = value_text(text);
	return err;
}

static enum err
make_option(const struct making *making, struct value value, struct value *ret)
{
	struct str text;
	enum err err = to_text(making, value, &text);

	*ret = one_member(making->arena, "name", value_text(text));
	return err;
}

static enum err
make_checkbox(
	const struct making *making, struct value value, struct value *ret)
{
	(void)making;
	*ret = value_boolean(value_to_boolean(value));
	return ERR_OK;
}

static struct value
make_file(const struct making *making, struct str text)
{
	struct value_builder file = value_builder_make(making->arena);
	struct str name = text;
	size_t at;

	while ((at = str_find_char(name, '/')) != SIZE_MAX && at + 1 < name.len)
		name = str_skip(name, at + 1);
	value_builder_set(&file, STR("name"), value_text(str_head(name, 100)));
	value_builder_set(&file, STR("type"), value_text(STR("external")));
	value_builder_set(&file, STR("external"),
		one_member(making->arena, "url", value_text(text)));
	return value_builder_collection(&file);
}

static struct value
make_item(const struct making *making, struct str text)
{
	struct value_builder person = value_builder_make(making->arena);
	struct str type = str_of(making->type);

	if (str_equal(type, STR("files")))
		return make_file(making, text);
	if (str_equal(type, STR("multi_select")))
		return one_member(making->arena, "name", value_text(text));
	if (str_equal(type, STR("people")))
		value_builder_set(
			&person, STR("object"), value_text(STR("user")));
	value_builder_set(&person, STR("id"), value_text(text));
	return value_builder_collection(&person);
}

/** An array, or a text with commas. */
static enum err
make_list(const struct making *making, struct value value, struct value *ret)
{
	struct value_builder items = value_builder_make(making->arena);
	struct value all = value_to_array(value, making->arena);
	bool is_text = value.kind == VALUE_TEXT;

	for (size_t i = 0; i < all.as.array.count; i++) {
		struct value entry = all.as.array.items[i];
		struct str rest;
		enum err err;

		if (entry.kind == VALUE_COLLECTION) {
			value_builder_add(&items, entry);
			continue;
		}
		err = to_text(making, entry, &rest);
		if (err)
			return err;
		while (rest.ptr != NULL) {
			struct str text =
				is_text ? str_split(&rest, ',') : rest;

			if (!is_text)
				rest = (struct str){0};
			text = str_trim(text);
			if (text.len)
				value_builder_add(
					&items, make_item(making, text));
		}
	}
	*ret = value_builder_array(&items);
	return ERR_OK;
}

static bool
is_day(struct value value)
{
	return value.kind == VALUE_TEXT && value.as.text.len == DAY_LEN &&
	       value.as.text.ptr[4] == '-' && value.as.text.ptr[7] == '-';
}

/** "2024-05-06" of the scenario's zone, or the instant. A day stays a day. */
static enum err
make_moment(const struct making *making, struct value value, bool has_time,
	struct value *ret)
{
	CLEANUP(buf_release) struct buf text = {0};
	int64_t moment;

	if (!value_to_date(value, making->zone, &moment))
		return refuse(making, "a date", value);
	if (is_day(value)) {
		*ret = value;
		return ERR_OK;
	}
	if (!has_time && making->zone)
		moment += zone_offset(making->zone, moment / 1000) * 1000;
	value_append_date(&text, moment);
	*ret = value_text(arena_copy(making->arena,
		has_time ? buf_str(&text) : str_head(buf_str(&text), DAY_LEN)));
	return ERR_OK;
}

static enum err
make_date(const struct making *making, struct value value, struct value *ret)
{
	struct value_builder date = value_builder_make(making->arena);
	struct value start = value, end = value_empty(), moment;
	bool has_time = true;
	enum err err;

	if (value.kind == VALUE_COLLECTION) {
		struct value with = value_member(value, STR("includeTime"));

		start = value_member(value, STR("start"));
		end = value_member(value, STR("end"));
		has_time = value_is_blank(with) || value_to_boolean(with);
	}
	err = make_moment(making, start, has_time, &moment);
	if (err)
		return err;
	value_builder_set(&date, STR("start"), moment);
	if (!value_is_blank(end)) {
		err = make_moment(making, end, has_time, &moment);
		value_builder_set(&date, STR("end"), moment);
	}
	if (value.kind == VALUE_COLLECTION &&
		!value_is_blank(value_member(value, STR("time_zone"))))
		value_builder_set(&date, STR("time_zone"),
			value_member(value, STR("time_zone")));
	*ret = value_builder_collection(&date);
	return err;
}

static const struct kind {
	const char *type;
	enum err (*make)(const struct making *making, struct value value,
		struct value *ret);
	bool is_list; /* emptied with [], not null */
} kinds[] = {
	{"title", make_rich, true},
	{"rich_text", make_rich, true},
	{"number", make_number, false},
	{"select", make_option, false},
	{"status", make_option, false},
	{"multi_select", make_list, true},
	{"date", make_date, false},
	{"checkbox", make_checkbox, false},
	{"url", make_text, false},
	{"email", make_text, false},
	{"phone_number", make_text, false},
	{"people", make_list, true},
	{"relation", make_list, true},
	{"files", make_list, true},
};

/* ---- fields ---- */

static struct str
decoded(struct str text, struct arena *arena)
{
	struct str plain;

	return encode_percent_read(text, false, arena, &plain) ? text : plain;
}

/** The property that a field names. */
static const struct value_member *
find_property(struct value schema, struct str field, struct arena *arena)
{
	struct str id = decoded(field, arena);

	for (size_t i = 0; i < schema.as.collection.count; i++) {
		const struct value_member *member =
			&schema.as.collection.members[i];
		struct value own = value_member(member->value, STR("id"));

		if (str_equal(member->key, field))
			return member;
		if (own.kind == VALUE_TEXT &&
			str_equal(decoded(own.as.text, arena), id))
			return member;
	}
	return NULL;
}

static enum err
make_property(const struct making *making, const struct kind *kind,
	struct value value, struct value *ret)
{
	struct value inner = value_empty();
	enum err err = ERR_OK;

	if (value.kind == VALUE_COLLECTION &&
		!value_is_empty(value_member(value, str_of(kind->type)))) {
		*ret = value;
		return ERR_OK;
	}
	if (!value_is_blank(value))
		err = kind->make(making, value, &inner);
	else if (kind->is_list)
		inner = value_array(NULL, 0);
	*ret = one_member(making->arena, kind->type, inner);
	return err;
}

static const struct kind *
find_kind(struct str type)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (str_equal(type, str_of(kinds[i].type)))
			return &kinds[i];
	}
	return NULL;
}

static enum err
add_field(struct making *making, struct value schema,
	const struct value_member *field, struct value_builder *properties)
{
	const struct value_member *property =
		find_property(schema, field->key, making->arena);
	struct value type = value_empty(), value;
	const struct kind *kind = NULL;
	enum err err;

	making->field = field->key;
	if (!property) {
		buf_printf(making->why,
			"fields.%.*s: the database has no such property",
			STR_ARG(str_head(field->key, 100)));
		return ERR_INVALID;
	}
	type = value_member(property->value, STR("type"));
	if (type.kind == VALUE_TEXT)
		kind = find_kind(type.as.text);
	if (!kind) {
		buf_printf(making->why,
			"fields.%.*s: a property of type %.*s cannot be "
			"written",
			STR_ARG(str_head(field->key, 100)),
			STR_ARG(type.kind == VALUE_TEXT ? type.as.text
							: STR("unknown")));
		return ERR_INVALID;
	}
	making->type = kind->type;
	err = make_property(making, kind, field->value, &value);
	if (!err)
		value_builder_set(properties, property->key, value);
	return err;
}

enum err
notion_properties(struct value schema, struct value fields,
	const struct zone *zone, struct arena *arena, struct value *ret,
	struct buf *why)
{
	struct making making = {.arena = arena, .zone = zone, .why = why};
	struct value_builder properties = value_builder_make(arena);

	for (size_t i = 0; i < fields.as.collection.count; i++) {
		const struct value_member *field =
			&fields.as.collection.members[i];
		enum err err;

		if (value_is_blank(field->value) &&
			field->value.shade != VALUE_ERASE)
			continue;
		err = add_field(&making, schema, field, &properties);
		if (err)
			return err;
	}
	*ret = value_builder_collection(&properties);
	return ERR_OK;
}
