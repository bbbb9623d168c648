#include "pipeline/match.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/chunks.h"
#include "base/mem.h"
#include "base/numbers.h"
#include "rule/filter_index.h"

/* The webhooks of one workspace; spaces stay until the end. */
struct space {
	uint32_t workspace;
	struct filter_index *index;
	struct chunks webhooks; /* by id in the index: pointers */
	struct space *next;
};

enum { SPACE_LISTS = 256 };

/* A filter that leads to a webhook: its own, or that of a subscription. */
struct way {
	uint32_t id;
	const struct subscription *subscription; /* NULL: its own */
};

/* Of one webhook; changed under the lock. */
struct entry {
	struct numbers_node by_number;
	struct space *space;
	const struct webhook *webhook; /* holds the ways' subscriptions */
	struct way *ways;
	size_t count;
};

struct match {
	pthread_mutex_t lock; /* of changes */
	_Atomic(struct space *) spaces[SPACE_LISTS];
	struct numbers entries; /* by number of the webhook */
};

struct place {
	_Atomic(const struct webhook *) webhook;
};

static struct entry *
entry_of(struct numbers_node *node)
{
	return node ? CONTAINER_OF(node, struct entry, by_number) : NULL;
}

struct match *
match_new(void)
{
	struct match *match = MEM_NEW(struct match);

	pthread_mutex_init(&match->lock, NULL);
	return match;
}

static struct space *
find_space(struct match *match, uint32_t workspace)
{
	struct space *space = atomic_load_explicit(
		&match->spaces[workspace % SPACE_LISTS], memory_order_acquire);

	while (space && space->workspace != workspace)
		space = space->next;
	return space;
}

static struct space *
get_space(struct match *match, uint32_t workspace)
{
	_Atomic(struct space *) *list = &match->spaces[workspace % SPACE_LISTS];
	struct space *space = find_space(match, workspace);

	if (space)
		return space;
	space = MEM_NEW(struct space);
	space->workspace = workspace;
	space->index = filter_index_new();
	chunks_init(&space->webhooks, sizeof(struct place));
	space->next = atomic_load_explicit(list, memory_order_relaxed);
	atomic_store_explicit(list, space, memory_order_release);
	return space;
}

void
match_free(struct match *match)
{
	struct numbers_node *node, *after;

	if (match == NULL)
		return;
	for (node = numbers_next(&match->entries, NULL); node; node = after) {
		struct entry *entry = entry_of(node);

		after = numbers_next(&match->entries, node);
		webhook_unref(entry->webhook);
		mem_free(entry->ways);
		mem_free(entry);
	}
	numbers_release(&match->entries);
	for (size_t i = 0; i < SPACE_LISTS; i++) {
		struct space *space = atomic_load(&match->spaces[i]);

		while (space) {
			struct space *next = space->next;

			filter_index_free(space->index);
			chunks_release(&space->webhooks);
			mem_free(space);
			space = next;
		}
	}
	pthread_mutex_destroy(&match->lock);
	mem_free(match);
}

/* ---- changes ---- */

static void
put_webhook(struct space *space, uint32_t id, const struct webhook *webhook)
{
	struct place *place = chunks_at(&space->webhooks, id);

	atomic_store_explicit(&place->webhook, webhook, memory_order_release);
}

static void
unref_later(void *owner, uint64_t thing)
{
	(void)owner;
	webhook_unref((const struct webhook *)(uintptr_t)thing);
}

static void
give_later(void *owner, uint64_t id)
{
	struct space *space = owner;

	chunks_give(&space->webhooks, (uint32_t)id);
}

/** An id is used again after two rounds (filter_index_remove). */
static void
give_soon(void *owner, uint64_t id)
{
	struct space *space = owner;

	filter_index_retire(space->index, give_later, space, id);
}

static void
leave_index(struct space *space, uint32_t id)
{
	filter_index_remove(space->index, id);
	filter_index_retire(space->index, give_soon, space, id);
}

/** A new filter gets a new id: an id never changes its filter. */
static uint32_t
enter_index(struct space *space, const struct webhook *webhook,
	const struct filter *filter)
{
	uint32_t id = chunks_take(&space->webhooks);

	put_webhook(space, id, webhook);
	filter_index_set(space->index, id, filter);
	return id;
}

/** Whether a way of `former` leads to the same filter for `next`. */
static bool
is_kept(const struct entry *former, const struct way *way,
	const struct webhook *next)
{
	if (way->subscription)
		return webhook_has_subscription(next, way->subscription);
	return next->filter &&
	       str_equal(former->webhook->filter_text, next->filter_text);
}

static const struct way *
find_way(const struct entry *former, const struct subscription *subscription)
{
	for (size_t i = 0; i < former->count; i++) {
		if (former->ways[i].subscription == subscription)
			return &former->ways[i];
	}
	return NULL;
}

/** Keeps the way that `former` has, or makes a new one. */
static struct way
make_way(const struct entry *former, const struct webhook *webhook,
	const struct subscription *subscription)
{
	const struct way *way = find_way(former, subscription);

	if (way && is_kept(former, way, webhook)) {
		put_webhook(former->space, way->id, webhook);
		return *way;
	}
	return (struct way){
		enter_index(former->space, webhook,
			subscription ? subscription->filter : webhook->filter),
		subscription};
}

/** What leads to the webhook from now on, where `former` did until now. */
static void
make_ways(struct entry *entry, const struct entry *former,
	const struct webhook *webhook)
{
	size_t cap = webhook->subscription_count + 1;

	entry->webhook = webhook;
	entry->ways = mem_alloc(cap * sizeof(*entry->ways));
	entry->count = 0;
	if (webhook->filter)
		entry->ways[entry->count++] = make_way(former, webhook, NULL);
	for (size_t i = 0; i < webhook->subscription_count; i++)
		entry->ways[entry->count++] =
			make_way(former, webhook, webhook->subscriptions[i]);
}

/** The new ways first: what wants the event finds one or the other. */
static void
replace(struct entry *entry, const struct webhook *webhook)
{
	struct entry former = *entry;

	make_ways(entry, &former, webhook);
	for (size_t i = 0; i < former.count; i++) {
		if (!is_kept(&former, &former.ways[i], webhook))
			leave_index(entry->space, former.ways[i].id);
	}
	mem_free(former.ways);
	filter_index_retire(entry->space->index, unref_later, NULL,
		(uintptr_t)former.webhook);
}

static struct entry *
make_entry(struct match *match, const struct webhook *webhook)
{
	struct entry *entry = MEM_NEW(struct entry);
	struct entry none;

	entry->by_number.number = webhook->number;
	entry->space = get_space(match, webhook->workspace);
	none = *entry;
	make_ways(entry, &none, webhook);
	return entry;
}

void
match_set(struct match *match, const struct webhook *webhook)
{
	struct entry *entry;

	webhook_ref(webhook);
	pthread_mutex_lock(&match->lock);
	entry = entry_of(numbers_get(&match->entries, webhook->number));
	if (entry) {
		replace(entry, webhook);
	} else {
		entry = make_entry(match, webhook);
		numbers_add(&match->entries, &entry->by_number);
	}
	pthread_mutex_unlock(&match->lock);
}

void
match_remove(struct match *match, uint64_t webhook_number)
{
	struct entry *entry;

	pthread_mutex_lock(&match->lock);
	entry = entry_of(numbers_get(&match->entries, webhook_number));
	if (entry) {
		numbers_remove(&match->entries, &entry->by_number);
		for (size_t i = 0; i < entry->count; i++)
			leave_index(entry->space, entry->ways[i].id);
		filter_index_retire(entry->space->index, unref_later, NULL,
			(uintptr_t)entry->webhook);
		mem_free(entry->ways);
		mem_free(entry);
	}
	pthread_mutex_unlock(&match->lock);
}

struct match_counts
match_count(struct match *match)
{
	struct match_counts counts = {0};

	pthread_mutex_lock(&match->lock);
	for (size_t i = 0; i < SPACE_LISTS; i++) {
		struct space *space = atomic_load(&match->spaces[i]);

		for (; space; space = space->next) {
			struct filter_index_counts one =
				filter_index_count(space->index);

			counts.filters += one.filters;
			counts.scanned += one.scanned;
		}
	}
	pthread_mutex_unlock(&match->lock);
	return counts;
}

/* ---- matching ---- */

/** By number; of one number the newest first. */
static int
compare_webhooks(const void *left, const void *right)
{
	const struct webhook *a = *(const struct webhook *const *)left;
	const struct webhook *b = *(const struct webhook *const *)right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->revision > b->revision ? -1 : a->revision < b->revision;
}

/**
 * Several subscriptions may lead to one webhook, and one that is changing its
 * filter may be there with both.
 */
static void
keep_newest(struct match_list *list)
{
	size_t kept = 0;

	if (list->count < 2)
		return;
	qsort(list->webhooks, list->count, sizeof(*list->webhooks),
		compare_webhooks);
	for (size_t i = 1; i < list->count; i++) {
		if (list->webhooks[i]->number != list->webhooks[kept]->number)
			list->webhooks[++kept] = list->webhooks[i];
	}
	list->count = kept + 1;
}

void
match_look(struct match *match, uint32_t workspace,
	const struct filter_event *event, struct arena *arena,
	struct match_list *ret)
{
	struct space *space = find_space(match, workspace);
	const uint32_t *ids;
	size_t count;

	*ret = (struct match_list){0};
	if (space == NULL)
		return;
	ret->reader = filter_index_enter(space->index);
	ids = filter_index_match(ret->reader, event, arena, &count);
	ret->webhooks = arena_alloc_array(arena, count, sizeof(*ret->webhooks));
	for (size_t i = 0; i < count; i++) {
		struct place *place = chunks_at(&space->webhooks, ids[i]);

		ret->webhooks[ret->count++] = atomic_load_explicit(
			&place->webhook, memory_order_acquire);
	}
	keep_newest(ret);
}

void
match_leave(struct match_list *list)
{
	if (list->reader)
		filter_index_leave(list->reader);
	list->reader = NULL;
}

void
match_event(struct match *match, uint32_t workspace,
	const struct filter_event *event, struct arena *arena,
	struct match_list *ret)
{
	match_look(match, workspace, event, arena, ret);
	for (size_t i = 0; i < ret->count; i++)
		webhook_ref(ret->webhooks[i]);
	match_leave(ret);
}
