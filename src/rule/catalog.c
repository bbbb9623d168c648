#include "rule/catalog.h"

#include <assert.h>
#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"
#include "rule/embedded_event_types.h"

struct catalog {
	struct arena arena;
	struct map by_name;
	struct catalog_type **types; /* in the order they were added */
	size_t count;
	size_t cap;
};

struct catalog *
catalog_new(void)
{
	return MEM_NEW(struct catalog);
}

void
catalog_free(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	map_release(&catalog->by_name);
	mem_free(catalog->types);
	arena_release(&catalog->arena);
	mem_free(catalog);
}

static struct str
keep(struct catalog *catalog, struct json string)
{
	struct arena scratch = {0};
	struct str kept =
		arena_copy(&catalog->arena, json_string(string, &scratch));

	arena_release(&scratch);
	return kept;
}

static bool
read_name(struct catalog *catalog, struct catalog_type *type, struct json value)
{
	type->name = keep(catalog, value);
	return type->name.len > 0;
}

static bool
read_friendly_name(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	type->friendly_name = keep(catalog, value);
	return type->friendly_name.len > 0;
}

static bool
read_service_manager(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	type->service_manager = keep(catalog, value);
	return type->service_manager.len > 0;
}

static bool
read_api_group(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	type->api_group = keep(catalog, value);
	return type->api_group.len > 0;
}

static bool
read_description(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	type->description = keep(catalog, value);
	return type->description.len > 0;
}

static bool
read_schema(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	type->schema = arena_copy(&catalog->arena, json_raw(value));
	return json_kind(value) == JSON_OBJECT;
}

static bool
read_sample(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	type->sample = arena_copy(&catalog->arena, json_raw(value));
	return json_kind(value) == JSON_OBJECT;
}

static bool
read_kind(struct catalog *catalog, struct catalog_type *type, struct json value)
{
	(void)catalog;
	type->is_resource = json_string_equal(value, STR("resource"));
	return type->is_resource || json_string_equal(value, STR("event"));
}

static bool
read_dialect(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	(void)catalog;
	type->is_com = true;
	return json_string_equal(value, STR("com"));
}

static bool
read_monitorable(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	struct json_walk walk = json_walk(value);
	size_t count = json_count(value);
	struct str *names;

	if (json_kind(value) != JSON_ARRAY || count == 0 ||
		count > CATALOG_MONITORABLE_MAX)
		return false;
	names = arena_alloc_array(&catalog->arena, count, sizeof(*names));
	type->monitorable = names;
	while (json_walk_next(&walk)) {
		*names = keep(catalog, walk.value);
		if (names++->len == 0)
			return false;
		type->monitorable_count++;
	}
	return true;
}

static bool
read_boolean(struct json value, bool *ret)
{
	*ret = json_kind(value) == JSON_TRUE;
	return *ret || json_kind(value) == JSON_FALSE;
}

static bool
read_sends_updated(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	(void)catalog;
	return read_boolean(value, &type->sends_updated);
}

static bool
read_sends_deleted(
	struct catalog *catalog, struct catalog_type *type, struct json value)
{
	(void)catalog;
	return read_boolean(value, &type->sends_deleted);
}

static const struct member {
	const char *name;
	bool is_mandatory;
	/* False: not what `expected` says. */
	bool (*read)(struct catalog *catalog, struct catalog_type *type,
		struct json value);
	const char *expected;
} members[] = {
	{"name", true, read_name, "a non-empty string"},
	{"friendlyName", true, read_friendly_name, "a non-empty string"},
	{"kind", true, read_kind, "\"resource\" or \"event\""},
	{"serviceManager", false, read_service_manager, "a non-empty string"},
	{"apiGroup", false, read_api_group, "a non-empty string"},
	{"description", false, read_description, "a non-empty string"},
	{"schema", false, read_schema, "a JSON Schema, an object"},
	{"sample", false, read_sample, "an object"},
	{"dialect", false, read_dialect, "\"com\""},
	{"monitorable", false, read_monitorable,
		"an array of 1 to 64 property names"},
	{"sendsUpdated", false, read_sends_updated, "true or false"},
	{"sendsDeleted", false, read_sends_deleted, "true or false"},
};

static size_t
find_member(struct json key)
{
	size_t i = 0;

	while (i < COUNT_OF(members) &&
		!json_string_equal(key, str_of(members[i].name)))
		i++;
	return i;
}

static enum err
read_members(struct catalog *catalog, struct json row,
	struct catalog_type *type, struct buf *why)
{
	struct json_walk walk = json_walk(row);
	unsigned seen = 0;

	while (json_walk_next(&walk)) {
		size_t i = find_member(walk.key);

		if (i == COUNT_OF(members) || seen & 1u << i) {
			buf_printf(why, "unexpected member '%.*s'",
				STR_ARG(str_head(
					json_raw_string(walk.key), 40)));
			return ERR_INVALID;
		}
		seen |= 1u << i;
		if (!members[i].read(catalog, type, walk.value)) {
			buf_printf(why, "%s: expected %s", members[i].name,
				members[i].expected);
			return ERR_INVALID;
		}
	}
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (members[i].is_mandatory && !(seen & 1u << i)) {
			buf_printf(why, "%s is missing", members[i].name);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

/** What only the whole row can tell. */
static enum err
check_type(const struct catalog *catalog, const struct catalog_type *type,
	struct buf *why)
{
	struct arena scratch = {0};
	bool is_canonical =
		str_equal(catalog_canonical(type->name, &scratch), type->name);

	arena_release(&scratch);
	if (!is_canonical) {
		buf_append(why, STR("name: expected the canonical spelling"));
		return ERR_INVALID;
	}
	if (type->is_com && type->sends_updated &&
		type->monitorable_count == 0) {
		buf_append(why, STR("monitorable is missing: no Updated "
				    "could ever be sent"));
		return ERR_INVALID;
	}
	if (map_get(&catalog->by_name, type->name) != NULL) {
		buf_printf(why, "'%.*s' is in the catalog already",
			STR_ARG(type->name));
		return ERR_CONFLICT;
	}
	if (catalog->count == CATALOG_TYPES_MAX) {
		buf_printf(why, "more than %d types", CATALOG_TYPES_MAX);
		return ERR_LIMIT;
	}
	return ERR_OK;
}

static enum err
add_type(struct catalog *catalog, struct json row, struct buf *why)
{
	struct catalog_type *type =
		ARENA_NEW(&catalog->arena, struct catalog_type);
	enum err err;

	type->sends_updated = true;
	type->sends_deleted = true;
	err = read_members(catalog, row, type, why);
	if (!err)
		err = check_type(catalog, type, why);
	if (err)
		return err;
	if (catalog->count == catalog->cap) {
		catalog->cap = catalog->cap ? catalog->cap * 2 : 16;
		catalog->types = mem_resize(
			catalog->types, catalog->cap * sizeof(*catalog->types));
	}
	catalog->types[catalog->count++] = type;
	map_put(&catalog->by_name, type->name, type);
	return ERR_OK;
}

static enum err
add_types(struct catalog *catalog, struct str file_name, struct json root,
	struct buf *why)
{
	struct json types = json_member(root, STR("types"));
	struct json_walk walk = json_walk(types);
	enum err err = ERR_OK;

	if (json_kind(types) != JSON_ARRAY || json_count(root) != 1) {
		buf_printf(why, "%.*s: expected {\"types\": [...]}",
			STR_ARG(file_name));
		return ERR_INVALID;
	}
	for (size_t i = 1; !err && json_walk_next(&walk); i++) {
		size_t len = why->len;

		buf_printf(why, "%.*s: type %zu: ", STR_ARG(file_name), i);
		err = add_type(catalog, walk.value, why);
		if (!err)
			buf_truncate(why, len);
	}
	return err;
}

enum err
catalog_add_file(struct catalog *catalog, struct str file_name, struct str text,
	struct buf *why)
{
	struct arena scratch = {0};
	struct json_doc doc;
	size_t len = why->len;
	enum err err;

	buf_printf(why, "%.*s: ", STR_ARG(file_name));
	err = json_read(text, &scratch, &doc, why);
	if (!err) {
		buf_truncate(why, len);
		err = add_types(catalog, file_name, json_root(&doc), why);
	}
	arena_release(&scratch);
	return err;
}

static pthread_once_t builtin_once = PTHREAD_ONCE_INIT;
static struct catalog *builtin;

static void
read_builtin(void)
{
	CLEANUP(buf_release) struct buf why = buf_make(0);
	bool is_good = true;

	builtin = catalog_new();
	for (size_t i = 0; i < EMBEDDED_EVENT_TYPES_COUNT; i++)
		is_good =
			is_good &&
			!catalog_add_file(builtin, embedded_event_types[i].name,
				embedded_event_types[i].bytes, &why);
	/* A unit test reads the same files and tells what is wrong. */
	assert(is_good);
}

const struct catalog *
catalog_builtin(void)
{
	pthread_once(&builtin_once, read_builtin);
	return builtin;
}

const struct catalog_type *
catalog_find(const struct catalog *catalog, struct str canonical_name)
{
	return map_get(&catalog->by_name, canonical_name);
}

const struct catalog_type *
catalog_next(const struct catalog *catalog, size_t *at)
{
	return *at < catalog->count ? catalog->types[(*at)++] : NULL;
}

struct str
catalog_canonical(struct str name, struct arena *arena)
{
	const struct str other = STR("compute-ops-mgmt/");
	const struct str canonical = STR("compute-ops/");
	char *copy;

	if (!str_starts_with(name, other))
		return name;
	name = str_skip(name, other.len);
	copy = arena_alloc_raw(arena, canonical.len + name.len + 1);
	memcpy(copy, canonical.ptr, canonical.len);
	memcpy(copy + canonical.len, name.ptr, name.len);
	copy[canonical.len + name.len] = '\0';
	return str_make(copy, canonical.len + name.len);
}

static const char *const operation_names[] = {
	[OPERATION_NONE] = "",
	[OPERATION_CREATED] = "Created",
	[OPERATION_UPDATED] = "Updated",
	[OPERATION_DELETED] = "Deleted",
};

const char *
operation_name(enum operation operation)
{
	return operation_names[operation];
}

enum err
operation_parse(struct str text, enum operation *ret)
{
	for (size_t i = OPERATION_CREATED; i < COUNT_OF(operation_names); i++) {
		if (str_equal(text, str_of(operation_names[i]))) {
			*ret = (enum operation)i;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}

static bool
has_monitorable_change(const struct catalog_type *type, struct json old_state,
	struct json new_state)
{
	for (size_t i = 0; i < type->monitorable_count; i++) {
		struct str name = type->monitorable[i];

		if (!json_equal(json_member(old_state, name),
			    json_member(new_state, name)))
			return true;
	}
	return false;
}

bool
catalog_is_sent(const struct catalog_type *type, enum operation operation,
	struct json old_state, struct json new_state)
{
	if (type == NULL || !type->is_com)
		return true;
	switch (operation) {
	case OPERATION_NONE:
	case OPERATION_CREATED: return true;
	case OPERATION_UPDATED:
		return type->sends_updated &&
		       has_monitorable_change(type, old_state, new_state);
	case OPERATION_DELETED: return type->sends_deleted;
	}
	return true;
}
