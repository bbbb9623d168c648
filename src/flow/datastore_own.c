#include "flow/datastore_own.h"

#include "base/clock.h"
#include "flow/field.h"
#include "flow/structure.h"

bool
datastore_id_is_valid(struct str id)
{
	return id.len > 0 && id.len <= DATASTORE_KEY_MAX &&
	       !str_has_control(id) && str_is_utf8(id) &&
	       str_find_char(id, '/') == SIZE_MAX && !str_equal(id, STR(".")) &&
	       !str_equal(id, STR(".."));
}

struct datastore_own
datastore_own_usual(struct str id)
{
	return (struct datastore_own){.id = id,
		.name = id,
		.structure = value_empty(),
		.records_max = DATASTORE_RECORDS_DEFAULT,
		.bytes_max = DATASTORE_BYTES_DEFAULT};
}

/* ---- the stored form ---- */

enum err
datastore_own_from_object(const struct object_row *row, struct arena *arena,
	struct datastore_own *ret)
{
	struct datastore_own usual = datastore_own_usual(row->id);
	struct value body;
	struct json_doc doc;
	enum err err = json_read(row->body, arena, &doc, NULL);

	if (!err)
		err = value_from_json(
			json_root(&doc), VALUE_JSON_TYPED, arena, &body);
	if (err)
		return err;
	*ret = usual;
	ret->name = field_text(body, "name", arena);
	ret->description = field_text(body, "description", arena);
	ret->structure = value_member(body, STR("structure"));
	ret->is_strict = field_flag(body, "strict", false);
	ret->records_max = (size_t)field_number(
		body, "maxRecords", (double)usual.records_max);
	ret->bytes_max =
		(size_t)field_number(body, "maxBytes", (double)usual.bytes_max);
	ret->records = (size_t)field_number(body, "records", 0);
	ret->bytes = (size_t)field_number(body, "bytes", 0);
	ret->revision = row->revision;
	ret->created = row->created;
	ret->updated = row->updated;
	return ERR_OK;
}

struct object_change
datastore_own_to_object(uint32_t workspace, const struct datastore_own *own,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct value_builder body = value_builder_make(arena);
	int64_t now = clock_now();

	value_builder_set(&body, STR("name"), value_text(own->name));
	if (own->description.len)
		value_builder_set(&body, STR("description"),
			value_text(own->description));
	if (!value_is_empty(own->structure))
		value_builder_set(&body, STR("structure"), own->structure);
	value_builder_set(&body, STR("strict"), value_boolean(own->is_strict));
	value_builder_set(&body, STR("maxRecords"),
		value_number((double)own->records_max));
	value_builder_set(
		&body, STR("maxBytes"), value_number((double)own->bytes_max));
	value_builder_set(
		&body, STR("records"), value_number((double)own->records));
	value_builder_set(
		&body, STR("bytes"), value_number((double)own->bytes));
	value_append_json(
		&text, value_builder_collection(&body), VALUE_JSON_TYPED);
	return (struct object_change){.what = OBJECT_SET,
		.row = {.workspace = workspace,
			.kind = OBJECT_DATASTORE,
			.id = own->id,
			.revision = own->revision + 1,
			.created = own->created ? own->created : now,
			.updated = now,
			.body = arena_copy(arena, buf_str(&text))}};
}

/* ---- settings ---- */

struct setting {
	const char *name;
	enum err (*read)(struct json value, struct datastore_own *own,
		struct arena *arena, struct buf *why);
};

static enum err
read_text(struct json value, size_t max, struct arena *arena, struct str *ret,
	struct buf *why)
{
	*ret = json_string(value, arena);
	if (json_kind(value) == JSON_NULL)
		*ret = STR("");
	if ((json_kind(value) == JSON_STRING || ret->len == 0) &&
		ret->len <= max && !str_has_control(*ret))
		return ERR_OK;
	buf_printf(why, "expected a text of at most %zu bytes", max);
	return ERR_INVALID;
}

static enum err
read_name(struct json value, struct datastore_own *own, struct arena *arena,
	struct buf *why)
{
	enum err err =
		read_text(value, DATASTORE_KEY_MAX, arena, &own->name, why);

	if (!err && own->name.len == 0)
		own->name = own->id;
	return err;
}

static enum err
read_description(struct json value, struct datastore_own *own,
	struct arena *arena, struct buf *why)
{
	return read_text(value, DATASTORE_DESCRIPTION_MAX, arena,
		&own->description, why);
}

static enum err
read_structure(struct json value, struct datastore_own *own,
	struct arena *arena, struct buf *why)
{
	CLEANUP(buf_release) struct buf inner = {0};

	if (value_from_json(value, VALUE_JSON_TYPED, arena, &own->structure)) {
		buf_append(why, STR("nested too deep"));
		return ERR_INVALID;
	}
	if (structure_check(own->structure, &inner) == ERR_OK)
		return ERR_OK;
	/* The member's name stands before it already. */
	buf_append(why, str_skip(buf_str(&inner), STR("structure").len));
	return ERR_INVALID;
}

static enum err
read_strict(struct json value, struct datastore_own *own, struct arena *arena,
	struct buf *why)
{
	enum json_kind kind = json_kind(value);

	(void)arena;
	own->is_strict = kind == JSON_TRUE;
	if (kind == JSON_TRUE || kind == JSON_FALSE || kind == JSON_NULL)
		return ERR_OK;
	buf_append(why, STR("expected true or false"));
	return ERR_INVALID;
}

static enum err
read_size(struct json value, int64_t usual, int64_t max, size_t *ret,
	struct buf *why)
{
	int64_t number = usual;

	if ((json_kind(value) != JSON_NULL &&
		    !json_to_integer(value, &number)) ||
		number < 1 || number > max) {
		buf_printf(why, "expected a whole number from 1 to %lld",
			(long long)max);
		return ERR_INVALID;
	}
	*ret = (size_t)number;
	return ERR_OK;
}

static enum err
read_records_max(struct json value, struct datastore_own *own,
	struct arena *arena, struct buf *why)
{
	(void)arena;
	return read_size(value, DATASTORE_RECORDS_DEFAULT,
		DATASTORE_RECORDS_MAX, &own->records_max, why);
}

static enum err
read_bytes_max(struct json value, struct datastore_own *own,
	struct arena *arena, struct buf *why)
{
	(void)arena;
	return read_size(value, DATASTORE_BYTES_DEFAULT, DATASTORE_BYTES_MAX,
		&own->bytes_max, why);
}

/** What is only told may come back. */
static enum err
read_told(struct json value, struct datastore_own *own, struct arena *arena,
	struct buf *why)
{
	(void)value;
	(void)own;
	(void)arena;
	(void)why;
	return ERR_OK;
}

static const struct setting settings[] = {
	{"name", read_name},
	{"description", read_description},
	{"structure", read_structure},
	{"strict", read_strict},
	{"maxRecords", read_records_max},
	{"maxBytes", read_bytes_max},
	{"id", read_told},
	{"records", read_told},
	{"bytes", read_told},
	{"createdAt", read_told},
	{"updatedAt", read_told},
};

static enum err
read_setting(struct json key, struct json value, struct datastore_own *own,
	struct arena *arena, struct buf *why)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		CLEANUP(buf_release) struct buf inner = {0};

		if (!json_string_equal(key, str_of(settings[i].name)))
			continue;
		if (settings[i].read(value, own, arena, &inner) == ERR_OK)
			return ERR_OK;
		buf_printf(why, "%s%s%s", settings[i].name,
			str_starts_with(buf_str(&inner), STR("[")) ? "" : ": ",
			buf_text(&inner));
		return ERR_INVALID;
	}
	buf_printf(why, "a data store has no member \"%.*s\"",
		STR_ARG(str_head(json_raw_string(key), 64)));
	return ERR_INVALID;
}

enum err
datastore_own_read(struct json body, struct datastore_own *own,
	struct arena *arena, struct buf *why)
{
	struct json_walk walk = json_walk(body);
	enum err err = ERR_OK;

	if (json_kind(body) != JSON_OBJECT) {
		buf_append(why, STR("expected an object"));
		return ERR_INVALID;
	}
	while (!err && json_walk_next(&walk))
		err = read_setting(walk.key, walk.value, own, arena, why);
	if (!err && own->is_strict && own->structure.kind != VALUE_ARRAY) {
		buf_append(why, STR("strict: needs a structure"));
		err = ERR_INVALID;
	}
	return err;
}

/* ---- for people ---- */

void
datastore_own_write(const struct datastore_own *own, struct json_out *out)
{
	CLEANUP(buf_release) struct buf structure = {0};

	if (!value_is_empty(own->structure))
		value_append_json(&structure, own->structure, VALUE_JSON_TYPED);
	else
		buf_append(&structure, STR("null"));
	json_out_object(out, NULL);
	json_out_string(out, "id", own->id);
	json_out_string(out, "name", own->name);
	json_out_string(out, "description", own->description);
	json_out_raw(out, "structure", buf_str(&structure));
	json_out_boolean(out, "strict", own->is_strict);
	json_out_integer(out, "maxRecords", (int64_t)own->records_max);
	json_out_integer(out, "maxBytes", (int64_t)own->bytes_max);
	json_out_integer(out, "records", (int64_t)own->records);
	json_out_integer(out, "bytes", (int64_t)own->bytes);
	json_out_time(out, "createdAt", own->created);
	json_out_time(out, "updatedAt", own->updated);
	json_out_end(out);
}
