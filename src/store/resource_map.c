#include "store/resource_map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* Sorting so many takes a millisecond. */
enum { FRESH_MAX = 8192 };

struct resource_undo {
	struct resource_entry *entry;
	struct resource_value former;
	bool was_dirty;
	bool is_new; /* the entry was made for it */
};

/* ---- keys ---- */

struct key_head {
	uint32_t workspace;
	uint32_t type_len;
};

struct str
resource_map_key(
	uint32_t workspace, struct str type, struct str id, struct arena *arena)
{
	struct key_head head = {workspace, (uint32_t)type.len};
	size_t len = sizeof(head) + type.len + id.len;
	char *key = arena_alloc_raw(arena, len);

	memcpy(key, &head, sizeof(head));
	if (type.len)
		memcpy(key + sizeof(head), type.ptr, type.len);
	if (id.len)
		memcpy(key + sizeof(head) + type.len, id.ptr, id.len);
	return str_make(key, len);
}

struct resource_name
resource_map_name(struct str key)
{
	struct key_head head;
	const char *text = key.ptr + sizeof(head);

	memcpy(&head, key.ptr, sizeof(head));
	return (struct resource_name){
		.workspace = head.workspace,
		.type = str_make(text, head.type_len),
		.id = str_make(text + head.type_len,
			key.len - sizeof(head) - head.type_len),
	};
}

static int
compare(const void *left, const void *right)
{
	struct str a = (*(struct resource_entry *const *)left)->key;
	struct str b = (*(struct resource_entry *const *)right)->key;
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.ptr, b.ptr, shorter);

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- lists ---- */

static void
append(struct resource_list *list, struct resource_entry *entry)
{
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->entries = mem_resize(list->entries,
			list->cap * sizeof(struct resource_entry *));
	}
	list->entries[list->count++] = entry;
}

void
resource_list_release(struct resource_list *list)
{
	mem_free(list->entries);
	*list = (struct resource_list){0};
}

/** The next of two sorted lists, or NULL. */
static struct resource_entry *
next_of(const struct resource_list *a, size_t *a_at,
	const struct resource_list *b, size_t *b_at)
{
	if (*a_at == a->count)
		return *b_at == b->count ? NULL : b->entries[(*b_at)++];
	if (*b_at == b->count ||
		compare(&a->entries[*a_at], &b->entries[*b_at]) < 0)
		return a->entries[(*a_at)++];
	return b->entries[(*b_at)++];
}

/** Brings the fresh ones among the sorted ones. */
static void
fold(struct resource_map *map)
{
	struct resource_list merged = {0};
	size_t sorted_at = 0, fresh_at = 0;
	struct resource_entry *entry;

	if (map->fresh.count == 0)
		return;
	qsort(map->fresh.entries, map->fresh.count,
		sizeof(struct resource_entry *), compare);
	while ((entry = next_of(&map->sorted, &sorted_at, &map->fresh,
			&fresh_at)) != NULL)
		append(&merged, entry);
	resource_list_release(&map->sorted);
	map->sorted = merged;
	map->fresh.count = 0;
}

/* ---- entries ---- */

void
resource_map_init(struct resource_map *map)
{
	*map = (struct resource_map){0};
	pthread_mutex_init(&map->lock, NULL);
}

void
resource_map_release(struct resource_map *map)
{
	struct resource_entry *entry;
	size_t at = 0;

	while ((entry = map_next(&map->map, &at)) != NULL)
		mem_free(entry);
	map_release(&map->map);
	resource_list_release(&map->sorted);
	resource_list_release(&map->fresh);
	resource_list_release(&map->idle);
	mem_free(map->undo);
	pthread_mutex_destroy(&map->lock);
}

void
resource_map_expect(struct resource_map *map, struct str key)
{
	uint64_t *expected = map->expected;
	size_t at = map->expected_at++;
	uint64_t half_way =
		expected[(at + RESOURCE_MAP_AHEAD / 2) % RESOURCE_MAP_AHEAD];

	expected[at % RESOURCE_MAP_AHEAD] = map_hash(key);
	map_fetch(&map->map, expected[at % RESOURCE_MAP_AHEAD]);
	fetch_ahead(map_guess(&map->map, half_way),
		sizeof(struct resource_entry) + CACHE_LINE);
}

struct resource_entry *
resource_map_find(const struct resource_map *map, struct str key)
{
	return map_get(&map->map, key);
}

static struct resource_entry *
make_entry(
	struct resource_map *map, struct str key, struct resource_value value)
{
	struct resource_entry *entry = mem_alloc(sizeof(*entry) + key.len);

	memcpy(entry + 1, key.ptr, key.len);
	entry->key = str_make((const char *)(entry + 1), key.len);
	entry->now = value;
	pthread_mutex_lock(&map->lock);
	map_put(&map->map, entry->key, entry);
	pthread_mutex_unlock(&map->lock);
	return entry;
}

/** The lock is held. */
static void
drop_entry(struct resource_map *map, struct resource_entry *entry)
{
	map_remove(&map->map, entry->key);
	mem_free(entry);
}

static void
set_dirty(struct resource_map *map, struct resource_entry *entry, bool is_dirty)
{
	map->dirty_count -= entry->is_dirty;
	map->dirty_count += is_dirty;
	entry->is_dirty = is_dirty;
}

void
resource_map_load(
	struct resource_map *map, struct str key, struct resource_value value)
{
	struct resource_entry *entry = make_entry(map, key, value);

	entry->shown = value;
	set_dirty(map, entry, true);
	append(&map->fresh, entry);
}

/* ---- within a transaction ---- */

/** Before the entry changes. */
static void
remember(struct resource_map *map, struct resource_entry *entry, bool is_new)
{
	if (map->undo_count == map->undo_cap) {
		map->undo_cap = map->undo_cap ? map->undo_cap * 2 : 64;
		map->undo = mem_resize(map->undo,
			map->undo_cap * sizeof(struct resource_undo));
	}
	map->undo[map->undo_count++] = (struct resource_undo){
		entry, entry->now, entry->is_dirty, is_new};
}

struct resource_entry *
resource_map_add(
	struct resource_map *map, struct str key, struct resource_value value)
{
	struct resource_entry *entry = make_entry(map, key, value);

	remember(map, entry, true);
	return entry;
}

void
resource_map_set(struct resource_map *map, struct resource_entry *entry,
	struct resource_value value, bool is_dirty)
{
	remember(map, entry, false);
	entry->now = value;
	set_dirty(map, entry, is_dirty);
}

void
resource_map_undo(struct resource_map *map, size_t count)
{
	if (map->undo_count == count)
		return;
	pthread_mutex_lock(&map->lock);
	while (map->undo_count > count) {
		struct resource_undo undo = map->undo[--map->undo_count];

		undo.entry->now = undo.former;
		set_dirty(map, undo.entry, undo.was_dirty);
		if (undo.is_new)
			drop_entry(map, undo.entry);
	}
	pthread_mutex_unlock(&map->lock);
}

void
resource_map_show(struct resource_map *map)
{
	if (map->undo_count == 0)
		return;
	pthread_mutex_lock(&map->lock);
	for (size_t i = 0; i < map->undo_count; i++) {
		const struct resource_undo *undo = &map->undo[i];

		undo->entry->shown = undo->entry->now;
		if (undo->is_new)
			append(&map->fresh, undo->entry);
	}
	pthread_mutex_unlock(&map->lock);
	map->undo_count = 0;
	if (map->fresh.count >= FRESH_MAX)
		fold(map);
}

/* ---- between transactions ---- */

static bool
is_idle(const struct resource_entry *entry)
{
	return !entry->is_used && !entry->is_dirty;
}

/** Those that are used again go to the others. */
static void
pick_out_of_idle(struct resource_map *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->idle.count; i++) {
		struct resource_entry *entry = map->idle.entries[i];

		if (is_idle(entry))
			map->idle.entries[kept++] = entry;
		else
			append(&map->fresh, entry);
	}
	map->idle.count = kept;
}

void
resource_map_gather(
	struct resource_map *map, bool must_drop, struct resource_list *dirty)
{
	size_t kept = 0;

	assert(map->undo_count == 0);
	pick_out_of_idle(map);
	fold(map);
	dirty->count = 0;
	for (size_t i = 0; i < map->sorted.count; i++) {
		struct resource_entry *entry = map->sorted.entries[i];

		if (must_drop && is_idle(entry)) {
			append(&map->idle, entry);
			continue;
		}
		entry->is_used = false;
		map->sorted.entries[kept++] = entry;
		if (entry->is_dirty)
			append(dirty, entry);
	}
	map->sorted.count = kept;
}

void
resource_map_drop(struct resource_map *map, size_t max)
{
	struct resource_list *idle = &map->idle;

	assert(map->undo_count == 0);
	if (idle->count == 0)
		return;
	pthread_mutex_lock(&map->lock);
	for (; max > 0 && idle->count > 0; max--) {
		struct resource_entry *entry = idle->entries[--idle->count];

		if (is_idle(entry))
			drop_entry(map, entry);
		else
			append(&map->fresh, entry);
	}
	pthread_mutex_unlock(&map->lock);
}

size_t
resource_map_kept(const struct resource_map *map)
{
	return map->map.count - map->idle.count;
}

/* ---- any thread ---- */

bool
resource_map_get(
	struct resource_map *map, struct str key, struct resource_value *ret)
{
	const struct resource_entry *entry;

	*ret = (struct resource_value){0};
	pthread_mutex_lock(&map->lock);
	entry = map_get(&map->map, key);
	if (entry)
		*ret = entry->shown;
	pthread_mutex_unlock(&map->lock);
	return ret->last != 0;
}
