#include "pipeline/event_types.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "pipeline/audit.h"
#include "rule/filter_of_type.h"

/*
 * Two locks, as in the registry of webhooks: `change` is held through a whole
 * change, `table` for the moment of a look-up or an edit.
 */
struct event_types {
	struct store *store;
	struct writer *writer;
	pthread_mutex_t change;
	pthread_rwlock_t table;
	struct map by_key; /* workspace and name; references */
	atomic_size_t registered;
};

struct entry {
	const struct event_type *type;
	struct str key;
	char bytes[];
};

/** A key on the stack; names longer than any type are nobody's. */
struct key {
	char bytes[sizeof(uint32_t) + FILTER_TYPE_MAX];
	size_t len;
};

static bool
make_key(struct key *key, uint32_t workspace, struct str name)
{
	if (name.len > FILTER_TYPE_MAX)
		return false;
	memcpy(key->bytes, &workspace, sizeof(workspace));
	if (name.len)
		memcpy(key->bytes + sizeof(workspace), name.ptr, name.len);
	key->len = sizeof(workspace) + name.len;
	return true;
}

/* ---- the table ---- */

/** Takes over the reference; the table lock is held, or nobody looks yet. */
static void
put(struct event_types *types, const struct event_type *type)
{
	struct key key;
	struct entry *entry, *former;

	if (!make_key(&key, type->workspace, type->facts.name)) {
		event_type_unref(type);
		return;
	}
	entry = mem_alloc(sizeof(*entry) + key.len);
	entry->type = type;
	memcpy(entry->bytes, key.bytes, key.len);
	entry->key = str_make(entry->bytes, key.len);
	former = map_put(&types->by_key, entry->key, entry);
	if (former)
		event_type_unref(former->type);
	else if (type->workspace)
		atomic_fetch_add(&types->registered, 1);
	mem_free(former);
}

static void
take_out(struct event_types *types, uint32_t workspace, struct str name)
{
	struct key key;
	struct entry *entry;

	if (!make_key(&key, workspace, name))
		return;
	entry = map_remove(&types->by_key, str_make(key.bytes, key.len));
	if (entry == NULL)
		return;
	atomic_fetch_sub(&types->registered, 1);
	event_type_unref(entry->type);
	mem_free(entry);
}

static const struct event_type *
look(struct event_types *types, uint32_t workspace, struct str name)
{
	const struct event_type *type = NULL;
	struct entry *entry;
	struct key key;

	if (!make_key(&key, workspace, name))
		return NULL;
	pthread_rwlock_rdlock(&types->table);
	entry = map_get(&types->by_key, str_make(key.bytes, key.len));
	if (entry) {
		type = entry->type;
		event_type_ref(type);
	}
	pthread_rwlock_unlock(&types->table);
	return type;
}

const struct event_type *
event_types_find_registered(
	struct event_types *types, uint32_t workspace, struct str name)
{
	if (types == NULL || atomic_load_explicit(&types->registered,
				     memory_order_relaxed) == 0)
		return NULL;
	return look(types, workspace, name);
}

const struct event_type *
event_types_find(struct event_types *types, uint32_t workspace, struct str name)
{
	CLEANUP(arena_release) struct arena arena = {0};
	const struct event_type *type;

	name = catalog_canonical(name, &arena);
	type = look(types, workspace, name);
	return type ? type : look(types, 0, name);
}

static int
compare_names(const void *a, const void *b)
{
	const struct event_type *const *left = a;
	const struct event_type *const *right = b;

	return str_compare((*left)->facts.name, (*right)->facts.name);
}

const struct event_type **
event_types_list(struct event_types *types, uint32_t workspace,
	struct arena *arena, size_t *ret_count)
{
	const struct event_type **list;
	struct entry *entry;
	size_t at = 0, count = 0;

	pthread_rwlock_rdlock(&types->table);
	list = arena_alloc_array(
		arena, types->by_key.count, sizeof(const void *));
	while ((entry = map_next(&types->by_key, &at))) {
		if (entry->type->workspace &&
			entry->type->workspace != workspace)
			continue;
		event_type_ref(entry->type);
		list[count++] = entry->type;
	}
	pthread_rwlock_unlock(&types->table);
	qsort(list, count, sizeof(const void *), compare_names);
	*ret_count = count;
	return list;
}

/* ---- changes; the change lock is held ---- */

static enum err
refuse(struct event_type_change *change, const char *field, enum err err,
	const char *sentence)
{
	change->field = field;
	buf_append(&change->why, str_of(sentence));
	return err;
}

/** `former` as it was, NULL when it is new. */
static enum err
commit(struct event_types *types, struct event_type_change *change,
	const struct event_type *former, const struct object_change *object)
{
	CLEANUP(arena_release) struct arena arena = {0};
	const struct store_change unit = {
		.kind = STORE_OBJECT, .object = object};
	const bool is_set = object->what == OBJECT_SET;
	struct object_row before = {0};
	struct audit_entry entry = {.category = "event_types",
		.action = !is_set  ? "deleted"
			  : former ? "updated"
				   : "created",
		.type = "event type",
		.id = object->row.id,
		.name = object->row.id,
		.after = object->row.body};
	enum err err;

	if (former)
		event_type_to_row(former, &arena, &before);
	entry.before = before.body;
	err = audit_commit(types->writer, &unit, 1, &entry, 1);

	if (err == ERR_OK)
		return ERR_OK;
	change->field = NULL;
	buf_printf(&change->why, "the change could not be stored (%s)",
		err_name(err));
	return ERR_IO;
}

/** Stores the snapshot and shows it. Takes over the reference. */
static enum err
store_type(struct event_types *types, struct event_type_change *change,
	const struct event_type *former, struct event_type *next)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_change object = {.what = OBJECT_SET};
	enum err err;

	next->workspace = change->workspace;
	next->updated_by = arena_copy(&next->arena, change->who);
	if (next->generation == 1)
		next->created_by = next->updated_by;
	event_type_to_row(next, &arena, &object.row);
	err = commit(types, change, former, &object);
	if (err) {
		event_type_unref(next);
		return err;
	}
	event_type_ref(next);
	change->ret = next;
	pthread_rwlock_wrlock(&types->table);
	put(types, next);
	pthread_rwlock_unlock(&types->table);
	return ERR_OK;
}

static enum err
make_next(struct event_types *types, struct event_type_change *change,
	const struct event_type *former)
{
	const struct event_type *next;

	if (event_type_next(
		    change->facts, former, &next, &change->field, &change->why))
		return ERR_INVALID;
	return store_type(
		types, change, former, (struct event_type *)(uintptr_t)next);
}

static size_t
count_of_workspace(struct event_types *types, uint32_t workspace)
{
	struct entry *entry;
	size_t at = 0, count = 0;

	pthread_rwlock_rdlock(&types->table);
	while ((entry = map_next(&types->by_key, &at)))
		count += entry->type->workspace == workspace;
	pthread_rwlock_unlock(&types->table);
	return count;
}

static enum err
create_locked(struct event_types *types, struct event_type_change *change)
{
	const struct event_type *present =
		event_types_find(types, change->workspace, change->facts->name);

	if (present) {
		event_type_unref(present);
		return refuse(change, "name", ERR_CONFLICT,
			"there is an event type of this name already");
	}
	if (count_of_workspace(types, change->workspace) >= EVENT_TYPES_MAX)
		return refuse(change, NULL, ERR_LIMIT,
			"the workspace has 1000 event types, which is the most "
			"allowed: delete one first");
	return make_next(types, change, NULL);
}

/** A reference to one that may be changed. */
static enum err
find_own(struct event_types *types, struct event_type_change *change,
	const struct event_type **ret)
{
	const struct event_type *type =
		event_types_find(types, change->workspace, change->facts->name);

	if (type == NULL)
		return refuse(change, NULL, ERR_NOT_FOUND,
			"there is no such event type");
	if (type->workspace == 0) {
		event_type_unref(type);
		return refuse(change, NULL, ERR_DENIED,
			"the event type ships with the product and cannot be "
			"changed");
	}
	if (change->expected_generation &&
		change->expected_generation != type->generation) {
		event_type_unref(type);
		return refuse(change, NULL, ERR_CONFLICT,
			"the event type was changed at the same time");
	}
	*ret = type;
	return ERR_OK;
}

static enum err
patch_locked(struct event_types *types, struct event_type_change *change)
{
	const struct event_type *former;
	enum err err = find_own(types, change, &former);

	if (err)
		return err;
	err = make_next(types, change, former);
	event_type_unref(former);
	return err;
}

static enum err
delete_locked(struct event_types *types, struct event_type_change *change)
{
	struct object_change object = {.what = OBJECT_REMOVE,
		.row = {.workspace = change->workspace,
			.kind = OBJECT_EVENT_TYPE}};
	const struct event_type *type;
	enum err err = find_own(types, change, &type);

	if (err)
		return err;
	object.row.id = type->facts.name;
	err = commit(types, change, type, &object);
	if (!err) {
		pthread_rwlock_wrlock(&types->table);
		take_out(types, type->workspace, type->facts.name);
		pthread_rwlock_unlock(&types->table);
	}
	event_type_unref(type);
	return err;
}

static enum err
run(struct event_types *types, struct event_type_change *change,
	enum err (*does)(
		struct event_types *types, struct event_type_change *change))
{
	enum err err;

	pthread_mutex_lock(&types->change);
	err = does(types, change);
	pthread_mutex_unlock(&types->change);
	return err;
}

enum err
event_types_create(struct event_types *types, struct event_type_change *change)
{
	return run(types, change, create_locked);
}

enum err
event_types_patch(struct event_types *types, struct event_type_change *change)
{
	return run(types, change, patch_locked);
}

enum err
event_types_delete(struct event_types *types, struct event_type_change *change)
{
	return run(types, change, delete_locked);
}

/* ---- life ---- */

static enum err
load(struct event_types *types, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf after = buf_make(0);
	struct object_query query = {
		.kind = OBJECT_EVENT_TYPE, .limit = OBJECT_PAGE_MAX};
	struct object_list list;
	enum err err;

	do {
		arena_reset(&arena);
		query.after_id = buf_str(&after);
		err = store_objects(types->store, &query, &arena, &list);
		if (err) {
			buf_append(why, STR("the event types cannot be read"));
			return err;
		}
		for (size_t i = 0; !err && i < list.count; i++) {
			const struct event_type *type;

			err = event_type_from_row(&list.rows[i], &type, why);
			if (!err)
				put(types, type);
		}
		if (list.count) {
			buf_clear(&after);
			buf_append(&after, list.rows[list.count - 1].id);
			query.after_workspace =
				list.rows[list.count - 1].workspace;
		}
	} while (!err && list.count == query.limit);
	return err;
}

enum err
event_types_open(struct store *store, struct writer *writer,
	struct event_types **ret, struct buf *why)
{
	struct event_types *types = MEM_NEW(struct event_types);
	const struct catalog_type *row;
	size_t at = 0;
	enum err err;

	types->store = store;
	types->writer = writer;
	pthread_mutex_init(&types->change, NULL);
	pthread_rwlock_init(&types->table, NULL);
	while ((row = catalog_next(catalog_builtin(), &at)))
		put(types, event_type_builtin(row));
	err = load(types, why);
	if (err)
		event_types_close(types);
	else
		*ret = types;
	return err;
}

void
event_types_close(struct event_types *types)
{
	struct entry *entry;
	size_t at = 0;

	if (types == NULL)
		return;
	while ((entry = map_next(&types->by_key, &at))) {
		event_type_unref(entry->type);
		mem_free(entry);
	}
	map_release(&types->by_key);
	pthread_rwlock_destroy(&types->table);
	pthread_mutex_destroy(&types->change);
	mem_free(types);
}
