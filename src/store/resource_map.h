#pragma once
#include <pthread.h>

#include "base/arena.h"
#include "base/map.h"

/*
 * Last states of resources in memory, some of which are not in the database
 * yet (dirty). One thread, the writer, changes them within transactions, which
 * may be rolled back; what a transaction changed is shown to readers when it
 * stands. Only resource_map_get() may be called by other threads.
 */
struct resource_value {
	uint64_t last; /* sequence of the event; 0: there is no such resource */
	int64_t updated;
	bool is_deleted;
};

struct resource_entry {
	struct str key;		     /* behind it */
	struct resource_value now;   /* the writer's */
	struct resource_value shown; /* under the lock; last 0: not here */
	bool is_dirty;
	bool is_used; /* since the last resource_map_gather() */
};

struct resource_undo; /* what a change is undone by */

struct resource_list {
	struct resource_entry **entries;
	size_t count, cap;
};

enum { RESOURCE_MAP_AHEAD = 8 }; /* keys expected before they are looked for */

struct resource_map {
	/* Of the map's shape and what entries show. The writer looks up
	   without it, as nobody else changes them. */
	pthread_mutex_t lock;
	struct map map;
	/* The writer's. */
	struct resource_list sorted; /* by key; all but those below */
	struct resource_list fresh;
	struct resource_list idle; /* to be dropped */
	struct resource_undo *undo;
	size_t undo_count, undo_cap;
	size_t dirty_count;
	uint64_t expected[RESOURCE_MAP_AHEAD]; /* hashes */
	size_t expected_at;
};

void resource_map_init(struct resource_map *map);
void resource_map_release(struct resource_map *map);

/**
 * A key in the arena. Keys of one workspace and type are in the order of their
 * ids, byte by byte.
 */
struct str resource_map_key(uint32_t workspace, struct str type, struct str id,
	struct arena *arena);

/** What the key was made of; `type` and `id` point into it. */
struct resource_name {
	uint32_t workspace;
	struct str type;
	struct str id;
};
struct resource_name resource_map_name(struct str key);

/**
 * The key will be looked for, a few other calls later: asks for the place that
 * it has, and for the entry of one that was expected some calls ago.
 */
void resource_map_expect(struct resource_map *map, struct str key);

/** NULL: not here. */
struct resource_entry *resource_map_find(
	const struct resource_map *map, struct str key);

/** At the start, before there are readers: one that is dirty. */
void resource_map_load(
	struct resource_map *map, struct str key, struct resource_value value);

/* ---- within a transaction ---- */

/** One as it is in the database. The key is not here; it is copied. */
struct resource_entry *resource_map_add(
	struct resource_map *map, struct str key, struct resource_value value);

/** `value` may be the entry's own. */
void resource_map_set(struct resource_map *map, struct resource_entry *entry,
	struct resource_value value, bool is_dirty);

/** Undoes all changes but the first `count` of map->undo_count. */
void resource_map_undo(struct resource_map *map, size_t count);

/** The transaction stands: readers see what it changed. */
void resource_map_show(struct resource_map *map);

/* ---- between transactions: nothing is left to undo ---- */

/**
 * Fills `dirty` with the dirty ones in the order of their keys. With
 * `must_drop` those are to be dropped that are neither dirty nor were used
 * since the last call. What is to be dropped already stays so, unless it was
 * used.
 */
void resource_map_gather(
	struct resource_map *map, bool must_drop, struct resource_list *dirty);

/** Drops at most `max` of them, but not those that are used again. */
void resource_map_drop(struct resource_map *map, size_t max);

/** How many there are, those to be dropped not counted. */
size_t resource_map_kept(const struct resource_map *map);

/** Its array only; zeroed is harmless. */
void resource_list_release(struct resource_list *list);

/* ---- any thread ---- */

/** False: not here, or not shown yet. */
bool resource_map_get(
	struct resource_map *map, struct str key, struct resource_value *ret);
