#include "flow/connection.h"

#include "base/ascii.h"

#define MASK STR("***")

static const struct connection_field *
find_field(const struct connection_type *type, struct str name)
{
	for (const struct connection_field *field = type->fields; field->name;
		field++) {
		if (str_equal(name, str_of(field->name)))
			return field;
	}
	return NULL;
}

bool
connection_id_is_valid(struct str id)
{
	/* In a path these two are no names. */
	if (str_equal(id, STR(".")) || str_equal(id, STR("..")))
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!ascii_is_letter(c) && !ascii_is_digit(c) && c != '-' &&
			c != '_' && c != '.')
			return false;
	}
	return id.len > 0 && id.len <= CONNECTION_ID_MAX;
}

/* ---- checking ---- */

static bool
is_among(const char *words, struct str word)
{
	struct str rest = str_of(words);

	while (rest.ptr != NULL) {
		if (str_equal(str_split(&rest, ' '), word))
			return true;
	}
	return false;
}

static bool
is_list_of_texts(struct value value)
{
	if (value.kind != VALUE_ARRAY || value.as.array.count == 0)
		return false;
	for (size_t i = 0; i < value.as.array.count; i++) {
		if (value.as.array.items[i].kind != VALUE_TEXT ||
			value_is_blank(value.as.array.items[i]))
			return false;
	}
	return true;
}

static enum err
check_text(const struct connection_field *field, struct value value,
	struct buf *why)
{
	struct str text = value.kind == VALUE_TEXT ? value.as.text : STR("");

	if (value.kind == VALUE_ARRAY || value.kind == VALUE_BUFFER) {
		buf_printf(why, "%s: expected a text, found %s", field->name,
			value_kind_name(value));
		return ERR_INVALID;
	}
	if (text.len > CONNECTION_MEMBER_MAX) {
		buf_printf(why, "%s: over %d bytes", field->name,
			CONNECTION_MEMBER_MAX);
		return ERR_INVALID;
	}
	if (field->choices && !is_among(field->choices, text)) {
		buf_printf(why, "%s: expected one of %s", field->name,
			field->choices);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static enum err
check_members(const struct connection_type *type, struct value members,
	struct buf *why)
{
	for (size_t i = 0; i < members.as.collection.count; i++) {
		struct value_member member = members.as.collection.members[i];
		const struct connection_field *field =
			find_field(type, member.key);
		enum err err = ERR_OK;

		if (!field) {
			buf_printf(why,
				"%.*s: a connection of type %s has no such "
				"member",
				STR_ARG(str_head(member.key, 64)), type->name);
			return ERR_INVALID;
		}
		if (value_is_blank(member.value))
			continue;
		if (field->is_list && !is_list_of_texts(member.value)) {
			buf_printf(why, "%s: expected an array of texts",
				field->name);
			return ERR_INVALID;
		}
		if (!field->is_list)
			err = check_text(field, member.value, why);
		if (err)
			return err;
	}
	return ERR_OK;
}

static bool
has_any(const char *names, struct value members)
{
	struct str rest = str_of(names);

	while (rest.ptr != NULL) {
		if (!value_is_blank(
			    value_member(members, str_split(&rest, ' '))))
			return true;
	}
	return false;
}

enum err
connection_check(const struct connection_type *type, struct value members,
	struct buf *why)
{
	enum err err;

	if (members.kind != VALUE_COLLECTION) {
		buf_printf(why, "members: expected an object, found %s",
			value_kind_name(members));
		return ERR_INVALID;
	}
	err = check_members(type, members, why);
	if (err)
		return err;
	for (const struct connection_field *field = type->fields; field->name;
		field++) {
		if (!field->is_required || !value_is_blank(value_member(members,
						   str_of(field->name))))
			continue;
		buf_printf(why, "%s: a connection of type %s needs it",
			field->name, type->name);
		return ERR_INVALID;
	}
	if (type->any_of && !has_any(type->any_of, members)) {
		buf_printf(why,
			"a connection of type %s needs one of the members %s",
			type->name, type->any_of);
		return ERR_INVALID;
	}
	return ERR_OK;
}

struct value
connection_merge(struct value before, struct value change, struct arena *arena)
{
	struct value_builder all = value_builder_make(arena);
	struct value_builder kept = value_builder_make(arena);
	struct value merged;

	for (size_t i = 0; before.kind == VALUE_COLLECTION &&
			   i < before.as.collection.count;
		i++)
		value_builder_set(&all, before.as.collection.members[i].key,
			before.as.collection.members[i].value);
	for (size_t i = 0; change.kind == VALUE_COLLECTION &&
			   i < change.as.collection.count;
		i++) {
		struct value_member member = change.as.collection.members[i];

		if (member.value.kind != VALUE_TEXT ||
			!str_equal(member.value.as.text, MASK))
			value_builder_set(&all, member.key, member.value);
	}
	merged = value_builder_collection(&all);
	for (size_t i = 0; i < merged.as.collection.count; i++) {
		struct value_member member = merged.as.collection.members[i];

		if (!value_is_blank(member.value))
			value_builder_set(&kept, member.key, member.value);
	}
	return value_copy(value_builder_collection(&kept), arena);
}

/* ---- keeping ---- */

static void
out_member(struct json_out *out, struct value_member member)
{
	CLEANUP(buf_release) struct buf text = {0};

	json_out_key(out, member.key);
	if (member.value.kind == VALUE_ARRAY) {
		value_out(out, NULL, member.value, VALUE_JSON_PLAIN);
	} else if (member.value.kind == VALUE_COLLECTION) {
		value_append_json(&text, member.value, VALUE_JSON_PLAIN);
		json_out_string(out, NULL, buf_str(&text));
	} else {
		/* Fails for bytes that are no text only; those are refused. */
		(void)!value_append_text(&text, member.value);
		json_out_string(out, NULL, buf_str(&text));
	}
}

/** The members that are secret, or those that are not. */
static void
out_members(struct json_out *out, const struct connection *connection,
	bool is_secret)
{
	const struct connection_type *type =
		connection_type_find(connection->type);
	struct value members = connection->members;

	for (size_t i = 0; members.kind == VALUE_COLLECTION &&
			   i < members.as.collection.count;
		i++) {
		struct value_member member = members.as.collection.members[i];
		const struct connection_field *field =
			type ? find_field(type, member.key) : NULL;

		/* What is of no known type is rather kept too secret. */
		if ((!field || field->is_secret) == is_secret &&
			!value_is_blank(member.value))
			out_member(out, member);
	}
}

static void
out_secret_names(struct json_out *out, const struct connection *connection)
{
	const struct connection_type *type =
		connection_type_find(connection->type);

	json_out_array(out, "secrets");
	for (const struct connection_field *field = type ? type->fields : NULL;
		field && field->name; field++) {
		if (field->is_secret &&
			!value_is_blank(value_member(
				connection->members, str_of(field->name))))
			json_out_text(out, NULL, field->name);
	}
	json_out_end(out);
}

void
connection_to_object(const struct connection *connection,
	const struct seal_key *key, struct arena *arena, struct object_row *ret)
{
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(buf_release) struct buf secrets = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	struct json_out out = json_out_make(&body);
	struct json_out hidden = json_out_make(&secrets);

	json_out_object(&out, NULL);
	json_out_string(&out, "name", connection->name);
	json_out_string(&out, "type", connection->type);
	json_out_object(&out, "members");
	out_members(&out, connection, false);
	json_out_end(&out);
	out_secret_names(&out, connection);
	json_out_end(&out);
	json_out_object(&hidden, NULL);
	out_members(&hidden, connection, true);
	json_out_end(&hidden);
	seal_close(key, connection->id, buf_str(&secrets), &sealed);
	*ret = (struct object_row){.kind = OBJECT_CONNECTION,
		.id = arena_copy(arena, connection->id),
		.body = arena_copy(arena, buf_str(&body)),
		.sealed = arena_copy(arena, buf_str(&sealed))};
}

static enum err
read_members(struct json json, struct value_builder *builder)
{
	struct value members;
	enum err err = value_from_json(
		json, VALUE_JSON_PLAIN, builder->arena, &members);

	if (err || members.kind != VALUE_COLLECTION)
		return err;
	for (size_t i = 0; i < members.as.collection.count; i++)
		value_builder_set(builder, members.as.collection.members[i].key,
			members.as.collection.members[i].value);
	return ERR_OK;
}

static enum err
read_secrets(const struct object_row *row, const struct seal_key *key,
	struct value_builder *builder)
{
	struct json_doc doc;
	struct str plain;
	enum err err =
		seal_open(key, row->id, row->sealed, builder->arena, &plain);

	if (!err)
		err = json_read(plain, builder->arena, &doc, NULL);
	return err ? err : read_members(json_root(&doc), builder);
}

enum err
connection_from_object(const struct object_row *row, const struct seal_key *key,
	struct arena *arena, struct connection *ret)
{
	struct value_builder builder = value_builder_make(arena);
	struct json_doc doc;
	struct json root;
	struct str body = arena_copy(arena, row->body);
	enum err err = json_read(body, arena, &doc, NULL);

	if (err)
		return err;
	root = json_root(&doc);
	err = read_members(json_member(root, STR("members")), &builder);
	if (!err && row->sealed.len)
		err = read_secrets(row, key, &builder);
	if (err)
		return err;
	*ret = (struct connection){.id = arena_copy(arena, row->id),
		.name = json_string(json_member(root, STR("name")), arena),
		.type = json_string(json_member(root, STR("type")), arena),
		.members = value_builder_collection(&builder)};
	return ERR_OK;
}

/* ---- telling ---- */

static void
write_members(struct json root, struct json_out *out)
{
	struct json_walk walk = json_walk(json_member(root, STR("members")));
	struct json_walk names = json_walk(json_member(root, STR("secrets")));

	json_out_object(out, "members");
	while (json_walk_next(&walk)) {
		json_out_key(out, json_raw_string(walk.key));
		json_out_raw(out, NULL, json_raw(walk.value));
	}
	while (json_walk_next(&names)) {
		json_out_key(out, json_raw_string(names.value));
		json_out_string(out, NULL, MASK);
	}
	json_out_end(out);
}

void
connection_write(const struct object_row *row, struct json_out *out)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct json_doc doc;
	struct json root = {0};

	if (json_read(row->body, &arena, &doc, NULL) == ERR_OK)
		root = json_root(&doc);
	json_out_object(out, NULL);
	json_out_string(out, "id", row->id);
	json_out_string(out, "name",
		json_string(json_member(root, STR("name")), &arena));
	json_out_string(out, "type",
		json_string(json_member(root, STR("type")), &arena));
	write_members(root, out);
	json_out_time(out, "createdAt", row->created);
	json_out_time(out, "updatedAt", row->updated);
	json_out_end(out);
}

struct str
connection_text(const struct connection *connection, const char *name)
{
	struct value value = value_member(connection->members, str_of(name));
	const struct connection_type *type;
	const struct connection_field *field;

	if (value.kind == VALUE_TEXT && value.as.text.len)
		return value.as.text;
	type = connection_type_find(connection->type);
	field = type ? find_field(type, str_of(name)) : NULL;
	return field ? str_of(field->fallback) : STR("");
}
