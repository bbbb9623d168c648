#include "flow/udt.h"

/* As reference and exports name them; the rest is not checked. */
static const char *const types[] = {"any", "array", "boolean", "buffer",
	"collection", "date", "email", "integer", "json", "number", "text",
	"time", "timestamp", "uinteger", "url", "uuid"};

/* ---- the definition ---- */

struct check {
	struct buf *why;
	size_t left; /* fields */
};

static enum err check_fields(
	struct check *check, struct json fields, size_t depth);

static bool
is_type(struct json type)
{
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (json_string_equal(type, str_of(types[i])))
			return true;
	}
	return json_is_missing(type);
}

static enum err
check_one(struct check *check, struct json field, bool has_name, size_t depth)
{
	struct json name = json_member(field, STR("name"));
	struct json spec = json_member(field, STR("spec"));

	if (json_kind(field) != JSON_OBJECT ||
		(has_name && json_kind(name) != JSON_STRING)) {
		buf_append(check->why,
			STR("expected fields, objects with name and type"));
		return ERR_INVALID;
	}
	if (!is_type(json_member(field, STR("type")))) {
		buf_printf(check->why, "%.*s: there is no such type",
			STR_ARG(str_head(json_raw(name), 100)));
		return ERR_INVALID;
	}
	if (check->left-- == 0 || depth == UDT_DEPTH_MAX) {
		buf_printf(check->why, "expected at most %d fields, %d deep",
			UDT_FIELDS_MAX, UDT_DEPTH_MAX);
		return ERR_INVALID;
	}
	if (json_kind(spec) == JSON_ARRAY)
		return check_fields(check, spec, depth + 1);
	return json_kind(spec) == JSON_OBJECT
		       ? check_one(check, spec, false, depth + 1)
		       : ERR_OK;
}

static enum err
check_fields(struct check *check, struct json fields, size_t depth)
{
	struct json_walk walk = json_walk(fields);
	enum err err = ERR_OK;

	while (!err && json_walk_next(&walk))
		err = check_one(check, walk.value, true, depth);
	return err;
}

enum err
udt_check(struct json fields, struct buf *why)
{
	struct check check = {.why = why, .left = UDT_FIELDS_MAX};

	if (json_kind(fields) == JSON_ARRAY)
		return check_fields(&check, fields, 0);
	buf_append(why, STR("expected a list of fields"));
	return ERR_INVALID;
}

/* ---- the bundle ---- */

struct match {
	bool is_strict;
	struct arena *arena;
	struct buf *why;
};

static enum err match_fields(const struct match *match, struct json fields,
	struct value value, struct str path);

static enum err
refuse(const struct match *match, struct str path, const char *what)
{
	buf_printf(match->why, "%.*s: %s", STR_ARG(path), what);
	return ERR_INVALID;
}

static enum err match_items(const struct match *match, struct json spec,
	struct value array, struct str path);

static enum err
match_value(const struct match *match, struct json field, struct value value,
	struct str path)
{
	CLEANUP(buf_release) struct buf why = buf_make(256);
	struct json type = json_member(field, STR("type"));
	struct json spec = json_member(field, STR("spec"));
	bool is_array = json_string_equal(type, STR("array"));
	struct value fitted;

	if (is_array && value.kind != VALUE_ARRAY)
		return refuse(match, path, "expected an array");
	if (json_kind(type) == JSON_STRING && !is_array &&
		value_coerce(value, json_string(type, match->arena), NULL,
			match->arena, &fitted, &why))
		return refuse(match, path, buf_text(&why));
	if (is_array)
		return match_items(match, spec, value, path);
	return json_kind(spec) == JSON_ARRAY && value.kind == VALUE_COLLECTION
		       ? match_fields(match, spec, value, path)
		       : ERR_OK;
}

static enum err
match_items(const struct match *match, struct json spec, struct value array,
	struct str path)
{
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < array.as.array.count; i++) {
		struct str place = arena_printf(
			match->arena, "%.*s[%zu]", STR_ARG(path), i + 1);
		struct value item = array.as.array.items[i];

		if (json_kind(spec) == JSON_OBJECT)
			err = match_value(match, spec, item, place);
		else if (json_kind(spec) == JSON_ARRAY)
			err = item.kind == VALUE_COLLECTION
				      ? match_fields(match, spec, item, place)
				      : refuse(match, place,
						"expected an object");
	}
	return err;
}

static bool
is_known(struct json fields, struct str name)
{
	struct json_walk walk = json_walk(fields);

	if (str_starts_with(name, STR("__IMT")))
		return true;
	while (json_walk_next(&walk)) {
		if (json_string_equal(
			    json_member(walk.value, STR("name")), name))
			return true;
	}
	return false;
}

static struct str
path_of(const struct match *match, struct str path, struct str name)
{
	name = str_head(name, 100);
	return path.len ? arena_printf(match->arena, "%.*s.%.*s", STR_ARG(path),
				  STR_ARG(name))
			: name;
}

static enum err
match_fields(const struct match *match, struct json fields, struct value value,
	struct str path)
{
	struct json_walk walk = json_walk(fields);
	enum err err = ERR_OK;

	for (size_t i = 0; match->is_strict && i < value.as.collection.count;
		i++) {
		struct str key = value.as.collection.members[i].key;

		if (!is_known(fields, key))
			return refuse(match, path_of(match, path, key),
				"there is no such field");
	}
	while (!err && json_walk_next(&walk)) {
		struct str name = json_string(
			json_member(walk.value, STR("name")), match->arena);
		struct value member = value_member(value, name);
		bool is_required = json_kind(json_member(walk.value,
					   STR("required"))) == JSON_TRUE;

		if (!value_is_empty(member))
			err = match_value(match, walk.value, member,
				path_of(match, path, name));
		else if (is_required)
			err = refuse(match, path_of(match, path, name),
				"must be given");
	}
	return err;
}

enum err
udt_match(struct json fields, bool is_strict, struct value bundle,
	struct arena *arena, struct buf *why)
{
	const struct match match = {
		.is_strict = is_strict, .arena = arena, .why = why};

	return match_fields(&match, fields, bundle, STR(""));
}
