#pragma once
#include "base/str.h"

/*
 * A hash map from bytes to pointers, for things that are looked up by name or
 * id. The map keeps the key's pointer: keys live as long as their entry, as a
 * rule inside the thing the value points to. Keys are hashed with a secret of
 * the process, so nobody outside can make them collide. One thread at a time.
 *
 * A zeroed struct map is a valid empty one.
 */
struct map_entry {
	struct str key;
	void *value; /* NULL: empty or removed */
	uint64_t hash;
};

struct map {
	struct map_entry *entries;
	size_t cap;   /* a power of two, or 0 */
	size_t count; /* entries with a value */
	size_t used;  /* entries ever taken, removed ones included */
};

void map_release(struct map *map);

/** The value, or NULL. */
void *map_get(const struct map *map, struct str key);

/** Sets or replaces; `value` is not NULL. Returns the value replaced. */
void *map_put(struct map *map, struct str key, void *value);

/** Returns what was removed, or NULL. */
void *map_remove(struct map *map, struct str key);

/** Walks in no order: size_t at = 0; while ((v = map_next(map, &at))) … */
void *map_next(const struct map *map, size_t *at);

/** The hash used by maps, for whoever needs a spread of the same quality. */
uint64_t map_hash(struct str key);

/*
 * For whoever looks up many keys in memory that was last used long ago, and
 * can ask for it ahead: a key's hash is made once, map_fetch() asks for the
 * place in the map, map_guess() then tells whose memory to ask for next.
 */

/** map_get() of a key whose map_hash() is `hash`. */
void *map_get_hashed(const struct map *map, struct str key, uint64_t hash);

/** Asks for the memory that a look for this hash will begin with. */
void map_fetch(const struct map *map, uint64_t hash);

/** What most likely is the value of a key with this hash, or NULL. */
void *map_guess(const struct map *map, uint64_t hash);
