#include "flow/service_cache.h"

#include <pthread.h>

#include "base/digest.h"
#include "base/mem.h"
#include "flow/connection.h"

struct entry {
	uint8_t key[DIGEST_SHA256_LEN];
	int64_t end; /* clock_monotonic(); 0: free */
	char *text;
	size_t len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry entries[SERVICE_CACHE_MAX]; /* under `lock` */

static void
make_key(const struct module_call *call, struct str name, uint8_t key[])
{
	CLEANUP(buf_release) struct buf text = {0};

	buf_append(&text, call->connection->id);
	buf_append_char(&text, '\n');
	value_append_json(&text, call->connection->members, VALUE_JSON_TYPED);
	buf_append_char(&text, '\n');
	buf_append(&text, name);
	digest_sha256(buf_str(&text), key);
}

static void
clear(struct entry *entry)
{
	mem_free(entry->text);
	*entry = (struct entry){0};
}

/** The entry with this key that has not ended, or NULL. */
static struct entry *
find(const uint8_t key[])
{
	int64_t now = clock_monotonic();

	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		if (entries[i].end == 0 ||
			memcmp(entries[i].key, key, DIGEST_SHA256_LEN) != 0)
			continue;
		if (entries[i].end > now)
			return &entries[i];
		clear(&entries[i]);
	}
	return NULL;
}

bool
service_cache_get(
	const struct module_call *call, struct str name, struct str *ret)
{
	uint8_t key[DIGEST_SHA256_LEN];
	const struct entry *entry;

	make_key(call, name, key);
	pthread_mutex_lock(&lock);
	entry = find(key);
	if (entry)
		*ret = arena_copy(
			call->arena, str_make(entry->text, entry->len));
	pthread_mutex_unlock(&lock);
	return entry != NULL;
}

/** A free entry, or the one that ends first. */
static struct entry *
take(const uint8_t key[])
{
	struct entry *best = find(key);

	for (size_t i = 0; !best && i < COUNT_OF(entries); i++) {
		if (entries[i].end == 0)
			best = &entries[i];
	}
	if (!best) {
		best = &entries[0];
		for (size_t i = 1; i < COUNT_OF(entries); i++) {
			if (entries[i].end < best->end)
				best = &entries[i];
		}
	}
	clear(best);
	return best;
}

void
service_cache_put(const struct module_call *call, struct str name,
	struct str text, int64_t time)
{
	uint8_t key[DIGEST_SHA256_LEN];
	struct entry *entry;

	if (text.len == 0 || text.len > SERVICE_CACHE_TEXT_MAX || time <= 0)
		return;
	make_key(call, name, key);
	pthread_mutex_lock(&lock);
	entry = take(key);
	memcpy(entry->key, key, sizeof(key));
	entry->end = clock_monotonic() + time;
	entry->text = mem_alloc(text.len);
	entry->len = text.len;
	memcpy(entry->text, text.ptr, text.len);
	pthread_mutex_unlock(&lock);
}

void
service_cache_drop(const struct module_call *call, struct str name)
{
	uint8_t key[DIGEST_SHA256_LEN];
	struct entry *entry;

	make_key(call, name, key);
	pthread_mutex_lock(&lock);
	entry = find(key);
	if (entry)
		clear(entry);
	pthread_mutex_unlock(&lock);
}
