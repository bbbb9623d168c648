#include <stdlib.h>

#include "flow/hook_memory.h"
#include "flow/hooks_private.h"

/* Finding hooks, and going over all of them. */

struct str
hooks_key(const struct uuid *id)
{
	return str_make((const char *)id->bytes, sizeof(id->bytes));
}

const struct hook *
hooks_find(struct hooks *hooks, struct str token)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	const struct hook *hook;

	digest_sha256(token, digest);
	pthread_mutex_lock(&hooks->lock);
	hook = map_get(&hooks->by_token,
		str_make((const char *)digest, sizeof(digest)));
	if (hook)
		hook_ref(hook);
	pthread_mutex_unlock(&hooks->lock);
	return hook;
}

const struct hook *
hooks_get(struct hooks *hooks, uint32_t workspace, struct uuid id)
{
	const struct hook *hook;

	pthread_mutex_lock(&hooks->lock);
	hook = map_get(&hooks->by_id, hooks_key(&id));
	if (hook && hook->workspace != workspace)
		hook = NULL;
	if (hook)
		hook_ref(hook);
	pthread_mutex_unlock(&hooks->lock);
	return hook;
}

static int
compare_names(const void *a, const void *b)
{
	const struct hook *left = *(const struct hook *const *)a;
	const struct hook *right = *(const struct hook *const *)b;
	int order = str_compare(left->options.name, right->options.name);

	return order ? order
		     : memcmp(left->id.bytes, right->id.bytes,
			       sizeof(left->id.bytes));
}

void
hooks_list(struct hooks *hooks, uint32_t workspace, struct arena *arena,
	struct hook_list *ret)
{
	const struct hook *hook;
	size_t at = 0;

	pthread_mutex_lock(&hooks->lock);
	ret->count = 0;
	ret->items = arena_alloc_array(
		arena, hooks->by_id.count + 1, sizeof(*ret->items));
	while ((hook = map_next(&hooks->by_id, &at))) {
		if (!workspace || hook->workspace == workspace)
			ret->items[ret->count++] = hook_ref(hook);
	}
	pthread_mutex_unlock(&hooks->lock);
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
}

void
hooks_flush(struct hooks *hooks)
{
	struct arena arena = {0};
	struct hook_list list;

	if (!hooks)
		return;
	hooks_list(hooks, 0, &arena, &list);
	for (size_t i = 0; i < list.count; i++) {
		hook_memory_flush(hooks->options.writer, list.items[i]);
		hook_unref(list.items[i]);
	}
	arena_release(&arena);
}

/* ---- counting ---- */

void
hooks_count(struct hooks *hooks, const struct hook_note *note)
{
	atomic_fetch_add(&hooks->counts[note->event], 1);
	if (note->event == HOOK_REFUSED)
		atomic_fetch_add(&hooks->refused[note->refusal], 1);
}

void
hooks_stats(struct hooks *hooks, struct hooks_stats *ret)
{
	for (size_t i = 0; i < HOOK_EVENTS; i++)
		ret->counts[i] = atomic_load(&hooks->counts[i]);
	for (size_t i = 0; i < HOOK_REFUSALS; i++)
		ret->refused[i] = atomic_load(&hooks->refused[i]);
}
