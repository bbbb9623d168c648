#include "flow/structure.h"

#include "flow/field.h"

/* Those of value_coerce(), and three that take what comes. */
static const char *const types[] = {"text", "number", "integer", "uinteger",
	"boolean", "date", "timestamp", "time", "buffer", "array", "collection",
	"email", "url", "filename", "color", "uuid", "select", "json", "any"};

/* ---- fields ---- */

static struct str
text_of(struct value collection, const char *name)
{
	struct value value = value_member(collection, str_of(name));

	return value.kind == VALUE_TEXT ? value.as.text : STR("");
}

static bool
is_type(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (str_equal(name, str_of(types[i])))
			return true;
	}
	return false;
}

static enum err check_fields(
	struct value fields, unsigned depth, struct buf *why);

/** An item's description, which has no name. */
static enum err
check_item(struct value field, unsigned depth, struct buf *why)
{
	struct str type = text_of(field, "type");
	struct value spec = value_member(field, STR("spec"));

	if (!is_type(type)) {
		buf_printf(why, "there is no type \"%.*s\"",
			STR_ARG(str_head(type, 50)));
		return ERR_INVALID;
	}
	if (value_is_empty(spec))
		return ERR_OK;
	if (depth == STRUCTURE_DEPTH_MAX) {
		buf_printf(why, "fields stand in fields over %d deep",
			STRUCTURE_DEPTH_MAX);
		return ERR_INVALID;
	}
	if (str_equal(type, STR("array")) && spec.kind == VALUE_COLLECTION)
		return check_item(spec, depth + 1, why);
	if (str_equal(type, STR("array")) || str_equal(type, STR("collection")))
		return check_fields(spec, depth + 1, why);
	buf_append(why, STR("only arrays and collections have a spec"));
	return ERR_INVALID;
}

static bool
is_repeated(struct value fields, size_t number)
{
	struct str name = text_of(fields.as.array.items[number], "name");

	for (size_t i = 0; i < number; i++) {
		if (str_equal(text_of(fields.as.array.items[i], "name"), name))
			return true;
	}
	return false;
}

static enum err
check_field(struct value fields, size_t number, unsigned depth, struct buf *why)
{
	CLEANUP(buf_release) struct buf inner = {0};
	struct value field = fields.as.array.items[number];
	struct str name = text_of(field, "name");

	if (name.len == 0 || name.len > STRUCTURE_NAME_MAX) {
		buf_printf(why, "[%zu].name: expected a text of 1 to %d bytes",
			number, STRUCTURE_NAME_MAX);
		return ERR_INVALID;
	}
	if (is_repeated(fields, number)) {
		buf_printf(why, "[%zu].name: there is a \"%.*s\" already",
			number, STR_ARG(name));
		return ERR_INVALID;
	}
	if (check_item(field, depth, &inner) == ERR_OK)
		return ERR_OK;
	buf_printf(why, "[%zu] (%.*s): %s", number, STR_ARG(name),
		buf_text(&inner));
	return ERR_INVALID;
}

static enum err
check_fields(struct value fields, unsigned depth, struct buf *why)
{
	enum err err = ERR_OK;

	if (fields.kind != VALUE_ARRAY ||
		fields.as.array.count > STRUCTURE_FIELDS_MAX) {
		buf_printf(why, ": expected an array of at most %d fields",
			STRUCTURE_FIELDS_MAX);
		return ERR_INVALID;
	}
	for (size_t i = 0; i < fields.as.array.count && !err; i++)
		err = check_field(fields, i, depth, why);
	return err;
}

enum err
structure_check(struct value fields, struct buf *why)
{
	CLEANUP(buf_release) struct buf inner = {0};

	if (value_is_empty(fields) || !check_fields(fields, 1, &inner))
		return ERR_OK;
	buf_printf(why, "structure%s", buf_text(&inner));
	return ERR_INVALID;
}

/* ---- data ---- */

struct fitting {
	const struct structure_rules *rules;
	struct arena *arena;
	struct buf *why;
};

static enum err fit_fields(const struct fitting *fitting, struct value fields,
	struct str path, struct value data, struct value *ret);

static enum err
refuse(const struct fitting *fitting, struct str path, const char *what)
{
	buf_printf(fitting->why, "%.*s: %s", STR_ARG(path), what);
	return ERR_INVALID;
}

/** Items that are collections, or each of one type. */
static enum err fit_items(const struct fitting *fitting, struct value spec,
	struct str path, struct value array, struct value *ret);

static enum err
fit_value(const struct fitting *fitting, struct value field, struct str path,
	struct value value, struct value *ret)
{
	CLEANUP(buf_release) struct buf inner = {0};
	struct str type = text_of(field, "type");
	struct value spec = value_member(field, STR("spec"));

	if (value_coerce(value, type, fitting->rules->zone, fitting->arena, ret,
		    &inner))
		return refuse(fitting, path, buf_text(&inner));
	if (str_equal(type, STR("array")) && ret->kind == VALUE_ARRAY &&
		(spec.kind == VALUE_ARRAY || spec.kind == VALUE_COLLECTION))
		return fit_items(fitting, spec, path, *ret, ret);
	if (str_equal(type, STR("collection")) && spec.kind == VALUE_ARRAY &&
		!value_is_empty(*ret))
		return fit_fields(fitting, spec, path, *ret, ret);
	return ERR_OK;
}

static enum err
fit_items(const struct fitting *fitting, struct value spec, struct str path,
	struct value array, struct value *ret)
{
	struct value_builder items = value_builder_make(fitting->arena);
	enum err err = ERR_OK;

	for (size_t i = 0; i < array.as.array.count && !err; i++) {
		struct value item = array.as.array.items[i];
		struct str place = arena_printf(
			fitting->arena, "%.*s[%zu]", STR_ARG(path), i + 1);

		err = spec.kind == VALUE_COLLECTION
			      ? fit_value(fitting, spec, place, item, &item)
			      : fit_fields(fitting, spec, place, item, &item);
		value_builder_add(&items, item);
	}
	*ret = value_builder_array(&items);
	return err;
}

static enum err
fit_field(const struct fitting *fitting, struct value field, struct str path,
	struct value data, struct value_builder *fitted)
{
	struct str name = text_of(field, "name");
	struct value value = value_member(data, name);
	struct str place = arena_printf(
		fitting->arena, "%.*s.%.*s", STR_ARG(path), STR_ARG(name));
	enum err err;

	if (name.len == 0)
		return ERR_OK;
	if (value_is_blank(value) && !fitting->rules->ignores_defaults &&
		!value_is_empty(value_member(field, STR("default"))))
		value = value_member(field, STR("default"));
	if (value_is_blank(value) && field_flag(field, "required", false))
		return refuse(fitting, place, "must be given");
	if (value_is_empty(value))
		return ERR_OK;
	err = fit_value(fitting, field, place, value, &value);
	value_builder_set(fitted, name, value);
	return err;
}

/** What no field names stays, unless that is refused. */
static enum err
fit_others(const struct fitting *fitting, struct value fields, struct str path,
	struct value data, struct value_builder *fitted)
{
	for (size_t i = 0; i < data.as.collection.count; i++) {
		const struct value_member *member =
			&data.as.collection.members[i];
		bool is_known = false;

		for (size_t f = 0; f < fields.as.array.count && !is_known; f++)
			is_known = str_equal(member->key,
				text_of(fields.as.array.items[f], "name"));
		if (is_known)
			continue;
		if (fitting->rules->is_strict)
			return refuse(fitting,
				arena_printf(fitting->arena, "%.*s.%.*s",
					STR_ARG(path),
					STR_ARG(str_head(member->key, 255))),
				"the structure has no such field");
		value_builder_set(fitted, member->key, member->value);
	}
	return ERR_OK;
}

static enum err
fit_fields(const struct fitting *fitting, struct value fields, struct str path,
	struct value data, struct value *ret)
{
	struct value_builder fitted = value_builder_make(fitting->arena);
	enum err err = ERR_OK;

	if (data.kind != VALUE_COLLECTION)
		return refuse(fitting, path, "expected a collection");
	for (size_t i = 0; i < fields.as.array.count && !err; i++)
		err = fit_field(
			fitting, fields.as.array.items[i], path, data, &fitted);
	if (!err)
		err = fit_others(fitting, fields, path, data, &fitted);
	*ret = value_builder_collection(&fitted);
	return err;
}

enum err
structure_fit(const struct structure_rules *rules, struct value data,
	struct arena *arena, struct value *ret, struct buf *why)
{
	const struct fitting fitting = {rules, arena, why};

	*ret = data;
	if (rules->fields.kind != VALUE_ARRAY ||
		(rules->fields.as.array.count == 0 && !rules->is_strict))
		return ERR_OK;
	return fit_fields(&fitting, rules->fields, STR("data"), data, ret);
}
