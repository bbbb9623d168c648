#include "pipeline/match.h"

#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"

/* Webhooks of one workspace and one type ("": of all types). */
struct bucket {
	struct str key; /* workspace (4 bytes) and type */
	const struct webhook **webhooks;
	size_t count;
	size_t cap;
};

struct match {
	pthread_rwlock_t lock;
	struct map buckets;  /* key → struct bucket */
	struct map webhooks; /* number (8 bytes) → struct webhook */
};

struct match *
match_new(void)
{
	struct match *match = MEM_NEW(struct match);

	pthread_rwlock_init(&match->lock, NULL);
	return match;
}

void
match_free(struct match *match)
{
	struct bucket *bucket;
	size_t at = 0;
	struct webhook *webhook;

	if (match == NULL)
		return;
	while ((bucket = map_next(&match->buckets, &at))) {
		mem_free(bucket->webhooks);
		mem_free(bucket);
	}
	map_release(&match->buckets);
	at = 0;
	while ((webhook = map_next(&match->webhooks, &at)))
		webhook_unref(webhook);
	map_release(&match->webhooks);
	pthread_rwlock_destroy(&match->lock);
	mem_free(match);
}

/** Key of a bucket, in `space` (which must hold 4 + type.len bytes). */
static struct str
bucket_key(uint32_t workspace, struct str type, char *space)
{
	memcpy(space, &workspace, sizeof(workspace));
	if (type.len)
		memcpy(space + sizeof(workspace), type.ptr, type.len);
	return str_make(space, sizeof(workspace) + type.len);
}

static struct bucket *
get_bucket(struct match *match, uint32_t workspace, struct str type)
{
	struct bucket *bucket =
		mem_alloc(sizeof(*bucket) + sizeof(workspace) + type.len);
	struct bucket *present;

	bucket->key = bucket_key(workspace, type, (char *)(bucket + 1));
	present = map_get(&match->buckets, bucket->key);
	if (present) {
		mem_free(bucket);
		return present;
	}
	map_put(&match->buckets, bucket->key, bucket);
	return bucket;
}

static void
bucket_add(struct bucket *bucket, const struct webhook *webhook)
{
	/* A filter may name a type twice. */
	if (bucket->count && bucket->webhooks[bucket->count - 1] == webhook)
		return;
	if (bucket->count == bucket->cap) {
		bucket->cap = bucket->cap ? bucket->cap * 2 : 4;
		bucket->webhooks = mem_resize(bucket->webhooks,
			bucket->cap * sizeof(*bucket->webhooks));
	}
	bucket->webhooks[bucket->count++] = webhook;
}

static void
bucket_remove(struct bucket *bucket, const struct webhook *webhook)
{
	for (size_t i = 0; i < bucket->count; i++) {
		if (bucket->webhooks[i] == webhook) {
			bucket->webhooks[i] = bucket->webhooks[--bucket->count];
			return;
		}
	}
}

/** Calls `edit` for each bucket that a webhook's filter belongs to. */
static void
each_bucket(struct match *match, const struct webhook *webhook,
	void (*edit)(struct bucket *, const struct webhook *))
{
	const struct str *types;
	size_t count;

	if (!filter_types(webhook->filter, &types, &count)) {
		edit(get_bucket(match, webhook->workspace, STR("")), webhook);
		return;
	}
	for (size_t i = 0; i < count; i++)
		edit(get_bucket(match, webhook->workspace, types[i]), webhook);
}

static struct str
number_key(const uint64_t *number)
{
	return str_make((const char *)number, sizeof(*number));
}

static void
remove_locked(struct match *match, uint64_t number)
{
	struct webhook *former =
		map_remove(&match->webhooks, number_key(&number));

	if (former == NULL)
		return;
	each_bucket(match, former, bucket_remove);
	webhook_unref(former);
}

void
match_set(struct match *match, const struct webhook *webhook)
{
	webhook_ref(webhook);
	pthread_rwlock_wrlock(&match->lock);
	remove_locked(match, webhook->number);
	each_bucket(match, webhook, bucket_add);
	map_put(&match->webhooks, number_key(&webhook->number),
		webhook_unconst(webhook));
	pthread_rwlock_unlock(&match->lock);
}

void
match_remove(struct match *match, uint64_t webhook_number)
{
	pthread_rwlock_wrlock(&match->lock);
	remove_locked(match, webhook_number);
	pthread_rwlock_unlock(&match->lock);
}

/** Holds the event against one bucket's webhooks. */
static void
match_bucket(const struct bucket *bucket, const struct filter_event *event,
	struct arena *arena, struct match_list *list)
{
	const struct webhook **joined;

	if (bucket == NULL || bucket->count == 0)
		return;
	joined = arena_alloc_array(
		arena, list->count + bucket->count, sizeof(*joined));
	if (list->count)
		memcpy(joined, list->webhooks, list->count * sizeof(*joined));
	list->webhooks = joined;
	for (size_t i = 0; i < bucket->count; i++) {
		if (!filter_matches(bucket->webhooks[i]->filter, event, arena))
			continue;
		webhook_ref(bucket->webhooks[i]);
		joined[list->count++] = bucket->webhooks[i];
	}
}

void
match_event(struct match *match, uint32_t workspace,
	const struct filter_event *event, struct arena *arena,
	struct match_list *ret)
{
	char *space =
		arena_alloc_raw(arena, sizeof(workspace) + event->type.len);

	*ret = (struct match_list){0};
	pthread_rwlock_rdlock(&match->lock);
	match_bucket(
		map_get(&match->buckets, bucket_key(workspace, STR(""), space)),
		event, arena, ret);
	if (event->type.len)
		match_bucket(map_get(&match->buckets,
				     bucket_key(workspace, event->type, space)),
			event, arena, ret);
	pthread_rwlock_unlock(&match->lock);
}
