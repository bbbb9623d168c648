#include "pipeline/allow_lists.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/map.h"
#include "base/mem.h"
#include "pipeline/audit.h"
#include "store/object.h"

/* One in memory; does not change. */
struct kept {
	struct arena arena;
	struct str key;
	uint32_t workspace;
	struct allow_list list;
	struct address_network *networks;
};

struct allow_lists {
	struct allow_lists_options options;
	pthread_mutex_t change; /* held through a commit */
	pthread_rwlock_t table; /* of what follows */
	struct map by_key;
	atomic_size_t count; /* so that most need no lock */
};

/** "7/lab"; in the arena. */
static struct str
key_of(uint32_t workspace, struct str name, struct arena *arena)
{
	return arena_printf(
		arena, "%u/%.*s", (unsigned)workspace, STR_ARG(name));
}

static struct str *
copy_texts(const struct str *texts, size_t count, struct arena *arena)
{
	struct str *copy = arena_alloc_array(arena, count, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = arena_copy(arena, texts[i]);
	return copy;
}

static struct allow_list
copy_list(const struct allow_list *list, struct arena *arena)
{
	struct allow_list copy = *list;

	copy.name = arena_copy(arena, list->name);
	copy.description = arena_copy(arena, list->description);
	copy.networks = copy_texts(list->networks, list->network_count, arena);
	copy.hosts = copy_texts(list->hosts, list->host_count, arena);
	return copy;
}

static struct kept *
kept_new(uint32_t workspace, const struct allow_list *list)
{
	CLEANUP(buf_release) struct buf why = buf_make(512);
	struct kept *kept = MEM_NEW(struct kept);

	kept->workspace = workspace;
	kept->key = key_of(workspace, list->name, &kept->arena);
	kept->list = copy_list(list, &kept->arena);
	kept->networks = arena_alloc_array(
		&kept->arena, list->network_count, sizeof(*kept->networks));
	for (size_t i = 0; i < list->network_count; i++) {
		if (address_network_parse(
			    list->networks[i], &kept->networks[i], &why))
			abort(); /* it was read before */
	}
	return kept;
}

static void
kept_free(struct kept *kept)
{
	if (kept == NULL)
		return;
	arena_release(&kept->arena);
	mem_free(kept);
}

static void
put(struct allow_lists *lists, struct kept *kept)
{
	struct kept *former;

	pthread_rwlock_wrlock(&lists->table);
	former = map_remove(&lists->by_key, kept->key);
	map_put(&lists->by_key, kept->key, kept);
	atomic_store(&lists->count, lists->by_key.count);
	pthread_rwlock_unlock(&lists->table);
	kept_free(former);
}

static void
take_out(struct allow_lists *lists, uint32_t workspace, struct str name)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct kept *former;

	pthread_rwlock_wrlock(&lists->table);
	former = map_remove(&lists->by_key, key_of(workspace, name, &arena));
	atomic_store(&lists->count, lists->by_key.count);
	pthread_rwlock_unlock(&lists->table);
	kept_free(former);
}

/* ---- from and to the store ---- */

static enum err
load_row(struct allow_lists *lists, const struct object_row *row,
	struct arena *arena, struct buf *why)
{
	struct webhook_issues issues = {.arena = arena};
	struct allow_list list = {.created = row->created,
		.updated = row->updated,
		.revision = row->revision};
	struct json_doc doc;

	if (json_read(row->body, arena, &doc, NULL) == ERR_OK)
		allow_list_read(json_root(&doc), &list, &issues);
	if (issues.count > 0 || list.name.len == 0) {
		buf_printf(why, "allow-list \"%.*s\" cannot be read",
			STR_ARG(row->id));
		return ERR_INVALID;
	}
	put(lists, kept_new(row->workspace, &list));
	return ERR_OK;
}

static enum err
load_all(struct allow_lists *lists, struct buf *why)
{
	struct object_query query = {
		.kind = OBJECT_ALLOW_LIST, .limit = OBJECT_PAGE_MAX};
	CLEANUP(arena_release) struct arena arena = {0};
	struct object_list page;
	enum err err;

	do {
		err = store_objects(
			lists->options.store, &query, &arena, &page);
		if (err)
			buf_append(why, STR("the allow-lists cannot be read"));
		for (size_t i = 0; !err && i < page.count; i++) {
			err = load_row(lists, &page.rows[i], &arena, why);
			query.after_id = page.rows[i].id;
			query.after_workspace = page.rows[i].workspace;
		}
	} while (!err && page.count == query.limit);
	return err;
}

enum err
allow_lists_open(const struct allow_lists_options *options,
	struct allow_lists **ret, struct buf *why)
{
	struct allow_lists *lists = MEM_NEW(struct allow_lists);
	enum err err;

	lists->options = *options;
	pthread_mutex_init(&lists->change, NULL);
	pthread_rwlock_init(&lists->table, NULL);
	err = load_all(lists, why);
	if (err)
		allow_lists_close(lists);
	else
		*ret = lists;
	return err;
}

void
allow_lists_close(struct allow_lists *lists)
{
	struct kept *kept;
	size_t at = 0;

	if (lists == NULL)
		return;
	while ((kept = map_next(&lists->by_key, &at)))
		kept_free(kept);
	map_release(&lists->by_key);
	pthread_rwlock_destroy(&lists->table);
	pthread_mutex_destroy(&lists->change);
	mem_free(lists);
}

static enum err
commit(struct allow_lists *lists, struct object_change *object)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf before = buf_make(0);
	struct json_out out = json_out_make(&before);
	struct store_change change = {.kind = STORE_OBJECT, .object = object};
	struct audit_entry entry = {.category = "allow_lists",
		.action = "created",
		.type = "allow-list",
		.id = object->row.id,
		.name = object->row.id,
		.after = object->row.body};
	struct allow_list present;

	if (allow_lists_get(lists, object->row.workspace, object->row.id,
		    &arena, &present)) {
		allow_list_write(&present, &out);
		entry.before = buf_str(&before);
		entry.action =
			object->what == OBJECT_SET ? "updated" : "deleted";
	}
	return audit_commit(lists->options.writer, &change, 1, &entry, 1);
}

/** Under the change lock: what stands against storing it. */
static enum err
check_change(struct allow_lists *lists, uint32_t workspace,
	const struct allow_list *list, struct arena *arena)
{
	struct allow_list present;
	size_t count;

	if (allow_lists_get(lists, workspace, list->name, arena, &present))
		return present.revision == list->revision ? ERR_OK
							  : ERR_CONFLICT;
	if (list->revision > 0)
		return ERR_NOT_FOUND;
	allow_lists_all(lists, workspace, arena, &count);
	return count < ALLOW_LISTS_MAX ? ERR_OK : ERR_LIMIT;
}

enum err
allow_lists_set(
	struct allow_lists *lists, uint32_t workspace, struct allow_list *list)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct json_out out = json_out_make(&body);
	struct object_change change = {.what = OBJECT_SET};
	enum err err;

	if (lists->options.are_off)
		return ERR_DENIED;
	pthread_mutex_lock(&lists->change);
	err = check_change(lists, workspace, list, &arena);
	if (!err) {
		list->updated = clock_now();
		if (list->revision++ == 0)
			list->created = list->updated;
		allow_list_write(list, &out);
		change.row = (struct object_row){.workspace = workspace,
			.kind = OBJECT_ALLOW_LIST,
			.id = list->name,
			.revision = list->revision,
			.created = list->created,
			.updated = list->updated,
			.body = buf_str(&body)};
		err = commit(lists, &change);
		if (err == ERR_LIMIT)
			err = ERR_IO;
	}
	if (!err)
		put(lists, kept_new(workspace, list));
	pthread_mutex_unlock(&lists->change);
	return err;
}

enum err
allow_lists_remove(
	struct allow_lists *lists, uint32_t workspace, struct str name)
{
	struct object_change change = {.what = OBJECT_REMOVE,
		.row = {.workspace = workspace,
			.kind = OBJECT_ALLOW_LIST,
			.id = name}};
	enum err err;

	pthread_mutex_lock(&lists->change);
	err = commit(lists, &change);
	if (err == ERR_OK)
		take_out(lists, workspace, name);
	pthread_mutex_unlock(&lists->change);
	if (err == ERR_CONFLICT)
		return ERR_NOT_FOUND;
	return err ? ERR_IO : ERR_OK;
}

/* ---- looking ---- */

static const struct kept *
find(const struct allow_lists *lists, uint32_t workspace, struct str name,
	struct arena *arena)
{
	return map_get(&lists->by_key, key_of(workspace, name, arena));
}

bool
allow_lists_get(struct allow_lists *lists, uint32_t workspace, struct str name,
	struct arena *arena, struct allow_list *ret)
{
	const struct kept *kept;

	pthread_rwlock_rdlock(&lists->table);
	kept = find(lists, workspace, name, arena);
	if (kept)
		*ret = copy_list(&kept->list, arena);
	pthread_rwlock_unlock(&lists->table);
	return kept != NULL;
}

static int
by_name(const void *a, const void *b)
{
	const struct allow_list *x = a, *y = b;

	return str_compare(x->name, y->name);
}

struct allow_list *
allow_lists_all(struct allow_lists *lists, uint32_t workspace,
	struct arena *arena, size_t *ret_count)
{
	struct allow_list *all;
	const struct kept *kept;
	size_t at = 0, count = 0;

	pthread_rwlock_rdlock(&lists->table);
	all = arena_alloc_array(arena, lists->by_key.count + 1, sizeof(*all));
	while ((kept = map_next(&lists->by_key, &at))) {
		if (kept->workspace == workspace)
			all[count++] = copy_list(&kept->list, arena);
	}
	pthread_rwlock_unlock(&lists->table);
	qsort(all, count, sizeof(*all), by_name);
	*ret_count = count;
	return all;
}

/* ---- what a webhook may reach ---- */

static bool
is_used(const struct kept *kept, uint32_t workspace,
	const struct webhook_options *options)
{
	if (kept->workspace != workspace)
		return false;
	if (!options->has_allow_lists)
		return kept->list.is_default;
	for (size_t i = 0; i < options->allow_list_count; i++) {
		if (str_equal(options->allow_lists[i], kept->list.name))
			return true;
	}
	return false;
}

static int
by_key(const void *a, const void *b)
{
	const struct kept *const *x = a, *const *y = b;

	return str_compare((*x)->key, (*y)->key);
}

/** Equal for equal content, in whatever order the map has it. */
static void
identify(const struct kept **used, size_t count, struct address_list *list)
{
	CLEANUP(buf_release) struct buf all = buf_make(0);

	qsort(used, count, sizeof(*used), by_key);
	for (size_t i = 0; i < count; i++) {
		const struct allow_list *from = &used[i]->list;

		for (size_t k = 0; k < from->network_count; k++)
			buf_printf(&all, "%.*s ", STR_ARG(from->networks[k]));
		for (size_t k = 0; k < from->host_count; k++)
			buf_printf(&all, "/%.*s ", STR_ARG(from->hosts[k]));
	}
	digest_sha256(buf_str(&all), list->id);
}

static const struct address_list *
merge(const struct kept **used, size_t count, struct arena *arena)
{
	struct address_list *list = ARENA_NEW(arena, struct address_list);
	struct address_network *networks;
	struct str *hosts;

	for (size_t i = 0; i < count; i++) {
		list->network_count += used[i]->list.network_count;
		list->host_count += used[i]->list.host_count;
	}
	networks = arena_alloc_array(
		arena, list->network_count, sizeof(*networks));
	hosts = arena_alloc_array(arena, list->host_count, sizeof(*hosts));
	list->networks = networks;
	list->hosts = hosts;
	identify(used, count, list);
	for (size_t i = 0; i < count; i++) {
		const struct allow_list *from = &used[i]->list;

		for (size_t k = 0; k < from->network_count; k++)
			*networks++ = used[i]->networks[k];
		for (size_t k = 0; k < from->host_count; k++)
			*hosts++ = arena_copy(arena, from->hosts[k]);
	}
	return list;
}

const struct address_list *
allow_lists_for(struct allow_lists *lists, uint32_t workspace,
	const struct webhook_options *options, struct arena *arena)
{
	const struct address_list *list = NULL;
	const struct kept **used, *kept;
	size_t at = 0, count = 0;

	if (lists == NULL || lists->options.are_off ||
		atomic_load_explicit(&lists->count, memory_order_acquire) == 0)
		return NULL;
	pthread_rwlock_rdlock(&lists->table);
	used = arena_alloc_array(arena, lists->by_key.count + 1, sizeof(*used));
	while ((kept = map_next(&lists->by_key, &at))) {
		if (is_used(kept, workspace, options))
			used[count++] = kept;
	}
	if (count > 0)
		list = merge(used, count, arena);
	pthread_rwlock_unlock(&lists->table);
	return list;
}
