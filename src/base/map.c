#include "base/map.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/random.h"

enum { FIRST_CAP = 16 };

static pthread_once_t secret_once = PTHREAD_ONCE_INIT;
static uint64_t secret[2];

static void
draw_secret(void)
{
	random_bytes(secret, sizeof(secret));
}

static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = a;

	product *= b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
load(const char *at, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, at, len);
	return word;
}

/* Multiply-and-fold over 16-byte steps, keyed by the process's secret. */
uint64_t
map_hash(struct str key)
{
	uint64_t hash;
	size_t left = key.len;
	const char *at = key.ptr;

	pthread_once(&secret_once, draw_secret);
	hash = secret[0] ^ key.len;
	while (left > 16) {
		hash = mix(load(at, 8) ^ secret[1], load(at + 8, 8) ^ hash);
		at += 16;
		left -= 16;
	}
	if (left > 8)
		return mix(load(at, 8) ^ secret[1],
			mix(load(at + 8, left - 8) ^ secret[0], hash));
	return mix(load(at ? at : "", left) ^ secret[1],
		hash ^ 0x9E3779B97F4A7C15u);
}

void
map_release(struct map *map)
{
	if (map == NULL)
		return;
	mem_free(map->entries);
	*map = (struct map){0};
}

/** The entry of `key`, or the first free one in its chain. */
static struct map_entry *
find(const struct map *map, struct str key, uint64_t hash)
{
	size_t at = hash & (map->cap - 1);
	struct map_entry *removed = NULL;

	for (;;) {
		struct map_entry *entry = &map->entries[at];

		if (entry->value == NULL && entry->key.ptr == NULL)
			return removed ? removed : entry;
		if (entry->value == NULL)
			removed = removed ? removed : entry;
		else if (entry->hash == hash && str_equal(entry->key, key))
			return entry;
		at = (at + 1) & (map->cap - 1);
	}
}

void *
map_get(const struct map *map, struct str key)
{
	return map->count ? find(map, key, map_hash(key))->value : NULL;
}

void *
map_get_hashed(const struct map *map, struct str key, uint64_t hash)
{
	return map->count ? find(map, key, hash)->value : NULL;
}

void
map_fetch(const struct map *map, uint64_t hash)
{
	if (map->count)
		__builtin_prefetch(&map->entries[hash & (map->cap - 1)]);
}

void *
map_guess(const struct map *map, uint64_t hash)
{
	size_t at = hash & (map->cap - 1);

	while (map->count && map->entries[at].value) {
		if (map->entries[at].hash == hash)
			return map->entries[at].value;
		at = (at + 1) & (map->cap - 1);
	}
	return NULL;
}

static void
grow(struct map *map)
{
	struct map larger = {.cap = FIRST_CAP};

	while (larger.cap < map->count * 4)
		larger.cap *= 2;
	larger.entries = mem_alloc_array(larger.cap, sizeof(*larger.entries));
	for (size_t i = 0; i < map->cap; i++) {
		struct map_entry *entry = &map->entries[i];

		if (entry->value != NULL)
			*find(&larger, entry->key, entry->hash) = *entry;
	}
	larger.count = larger.used = map->count;
	mem_free(map->entries);
	*map = larger;
}

void *
map_put(struct map *map, struct str key, void *value)
{
	uint64_t hash = map_hash(key);
	struct map_entry *entry;
	void *replaced;

	if (key.ptr == NULL)
		key.ptr = "";
	if (map->used * 4 >= map->cap * 3)
		grow(map);
	entry = find(map, key, hash);
	replaced = entry->value;
	if (replaced == NULL) {
		map->count++;
		map->used += entry->key.ptr == NULL;
	}
	*entry = (struct map_entry){key, value, hash};
	return replaced;
}

void *
map_remove(struct map *map, struct str key)
{
	struct map_entry *entry;
	void *removed;

	if (map->count == 0)
		return NULL;
	entry = find(map, key, map_hash(key));
	removed = entry->value;
	if (removed != NULL) {
		/* A key that points nowhere but is set marks the grave. */
		entry->key = str_make("", 0);
		entry->value = NULL;
		map->count--;
	}
	return removed;
}

void *
map_next(const struct map *map, size_t *at)
{
	while (*at < map->cap) {
		void *value = map->entries[(*at)++].value;

		if (value != NULL)
			return value;
	}
	return NULL;
}
