#include "store/delivery_ring.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* Slots at first; how often none may be used before more are given back; and
   how many a start may need, whatever the file says. */
enum { SLOTS_LEAST = 1024, UNUSED_MAX = 256, LOAD_MAX = 1 << 22 };

struct delivery_ring_slot {
	struct delivery_ring_entry entry;
	bool is_taken; /* the writer's */
};

static struct delivery_ring_slot *
slot_of(const struct delivery_ring *ring, uint64_t sequence)
{
	return &ring->slots[sequence & (ring->cap - 1)];
}

/** NULL: not in the ring. */
static struct delivery_ring_slot *
find_slot(const struct delivery_ring *ring, uint64_t sequence)
{
	struct delivery_ring_slot *slot;

	if (sequence < ring->low || sequence > ring->high)
		return NULL;
	slot = slot_of(ring, sequence);
	return slot->entry.sequence == sequence ? slot : NULL;
}

void
delivery_ring_init(struct delivery_ring *ring)
{
	*ring = (struct delivery_ring){.low = 1};
	pthread_mutex_init(&ring->lock, NULL);
}

void
delivery_ring_release(struct delivery_ring *ring)
{
	mem_free(ring->slots);
	mem_free(ring->added);
	mem_free(ring->taken);
	pthread_mutex_destroy(&ring->lock);
}

struct delivery_row
delivery_ring_row(const struct delivery_ring_entry *entry)
{
	return (struct delivery_row){
		.sequence = entry->sequence,
		.workspace = entry->workspace,
		.event = entry->event,
		.webhook = entry->webhook,
		.state = DELIVERY_WAITING,
		.due = entry->created,
		.created = entry->created,
		.updated = entry->created,
		.is_in_row = true,
	};
}

/* ---- the ring ---- */

static void
resize(struct delivery_ring *ring, size_t cap)
{
	struct delivery_ring_slot *old = ring->slots;
	size_t old_cap = ring->cap;

	ring->slots = mem_alloc_array(cap, sizeof(*ring->slots));
	ring->cap = cap;
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].entry.sequence)
			*slot_of(ring, old[i].entry.sequence) = old[i];
	}
	mem_free(old);
}

static void
insert(struct delivery_ring *ring, const struct delivery_ring_entry *entry)
{
	struct delivery_ring_slot *slot;
	size_t cap = ring->cap ? ring->cap : SLOTS_LEAST;

	if (ring->count == 0)
		ring->low = ring->high = entry->sequence;
	if (entry->sequence < ring->low)
		ring->low = entry->sequence;
	if (entry->sequence > ring->high)
		ring->high = entry->sequence;
	while (ring->high - ring->low >= cap)
		cap *= 2;
	if (cap != ring->cap)
		resize(ring, cap);
	slot = slot_of(ring, entry->sequence);
	ring->count += slot->entry.sequence == 0;
	*slot = (struct delivery_ring_slot){.entry = *entry};
}

static void
erase(struct delivery_ring *ring, uint64_t sequence)
{
	struct delivery_ring_slot *slot = find_slot(ring, sequence);

	if (slot == NULL)
		return;
	*slot = (struct delivery_ring_slot){.is_taken = false};
	ring->count--;
}

static void
raise_low(struct delivery_ring *ring)
{
	if (ring->count == 0) {
		ring->low = 1;
		ring->high = 0;
		return;
	}
	while (slot_of(ring, ring->low)->entry.sequence != ring->low)
		ring->low++;
}

/** Memory of a burst is given back, but not between two commits of it. */
static void
shrink(struct delivery_ring *ring)
{
	ring->unused = ring->count ? 0 : ring->unused + 1;
	if (ring->unused < UNUSED_MAX || ring->cap == SLOTS_LEAST)
		return;
	ring->unused = 0;
	if (ring->cap)
		resize(ring, SLOTS_LEAST);
}

bool
delivery_ring_load(
	struct delivery_ring *ring, const struct delivery_ring_entry *entry)
{
	uint64_t low = ring->low, high = ring->high;

	if (ring->count &&
		(entry->sequence < low ? high - entry->sequence
				       : entry->sequence - low) >= LOAD_MAX)
		return false;
	insert(ring, entry);
	return true;
}

/* ---- within a transaction ---- */

bool
delivery_ring_admits(
	const struct delivery_ring *ring, uint64_t first, size_t count)
{
	uint64_t low = first, high = first + count - 1;

	if (ring->count && ring->low < low)
		low = ring->low;
	if (ring->count && ring->high > high)
		high = ring->high;
	if (ring->added_count && ring->added_low < low)
		low = ring->added_low;
	if (ring->added_count && ring->added_high > high)
		high = ring->added_high;
	if (first == 0 || high - low >= DELIVERY_RING_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (find_slot(ring, first + i))
			return false;
	}
	return true;
}

void
delivery_ring_add(
	struct delivery_ring *ring, const struct delivery_ring_entry *entry)
{
	if (ring->added_count == ring->added_cap) {
		ring->added_cap = ring->added_cap ? ring->added_cap * 2 : 64;
		ring->added = mem_resize(
			ring->added, ring->added_cap * sizeof(*ring->added));
	}
	if (ring->added_count == 0)
		ring->added_low = ring->added_high = entry->sequence;
	if (entry->sequence < ring->added_low)
		ring->added_low = entry->sequence;
	if (entry->sequence > ring->added_high)
		ring->added_high = entry->sequence;
	ring->added[ring->added_count++] =
		(struct delivery_ring_slot){.entry = *entry};
}

static struct delivery_ring_slot *
find_any(const struct delivery_ring *ring, uint64_t sequence)
{
	struct delivery_ring_slot *slot = find_slot(ring, sequence);

	if (slot || ring->added_count == 0 || sequence < ring->added_low ||
		sequence > ring->added_high)
		return slot;
	/* Seldom: who sets one knows that it was committed. */
	for (size_t i = 0; i < ring->added_count; i++) {
		if (ring->added[i].entry.sequence == sequence)
			return &ring->added[i];
	}
	return NULL;
}

static const struct delivery_ring_entry *
unless_taken(const struct delivery_ring_slot *slot)
{
	return slot && !slot->is_taken ? &slot->entry : NULL;
}

const struct delivery_ring_entry *
delivery_ring_find(const struct delivery_ring *ring, uint64_t sequence)
{
	return unless_taken(find_any(ring, sequence));
}

const struct delivery_ring_entry *
delivery_ring_find_old(const struct delivery_ring *ring, uint64_t sequence)
{
	return unless_taken(find_slot(ring, sequence));
}

void
delivery_ring_take(struct delivery_ring *ring, uint64_t sequence)
{
	struct delivery_ring_slot *slot = find_any(ring, sequence);

	assert(slot && !slot->is_taken);
	slot->is_taken = true;
	if (ring->taken_count == ring->taken_cap) {
		ring->taken_cap = ring->taken_cap ? ring->taken_cap * 2 : 64;
		ring->taken = mem_resize(
			ring->taken, ring->taken_cap * sizeof(*ring->taken));
	}
	ring->taken[ring->taken_count++] = sequence;
}

const struct delivery_ring_entry *
delivery_ring_next(const struct delivery_ring *ring, uint64_t sequence)
{
	uint64_t at = sequence < ring->low ? ring->low : sequence;

	for (; ring->count && at <= ring->high; at++) {
		const struct delivery_ring_entry *entry =
			delivery_ring_find_old(ring, at);

		if (entry)
			return entry;
	}
	return NULL;
}

const struct delivery_ring_entry *
delivery_ring_added(const struct delivery_ring *ring, size_t at)
{
	return unless_taken(&ring->added[at]);
}

static void
lower(uint64_t *lowest, const struct delivery_ring_entry *entry)
{
	if (entry && (*lowest == 0 || entry->event < *lowest))
		*lowest = entry->event;
}

uint64_t
delivery_ring_lowest_event(const struct delivery_ring *ring)
{
	uint64_t lowest = 0;

	for (uint64_t at = ring->low; ring->count && at <= ring->high; at++)
		lower(&lowest, delivery_ring_find_old(ring, at));
	for (size_t i = 0; i < ring->added_count; i++)
		lower(&lowest, delivery_ring_added(ring, i));
	return lowest;
}

struct delivery_ring_place
delivery_ring_place(const struct delivery_ring *ring)
{
	return (struct delivery_ring_place){
		ring->added_count, ring->taken_count};
}

void
delivery_ring_undo(struct delivery_ring *ring, struct delivery_ring_place place)
{
	while (ring->taken_count > place.taken)
		find_any(ring, ring->taken[--ring->taken_count])->is_taken =
			false;
	ring->added_count = place.added;
}

void
delivery_ring_settle(struct delivery_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	for (size_t i = 0; i < ring->taken_count; i++)
		erase(ring, ring->taken[i]);
	raise_low(ring);
	for (size_t i = 0; i < ring->added_count; i++) {
		if (!ring->added[i].is_taken)
			insert(ring, &ring->added[i].entry);
	}
	shrink(ring);
	pthread_mutex_unlock(&ring->lock);
	ring->taken_count = 0;
	ring->added_count = 0;
}

/* ---- any thread ---- */

static bool
is_wanted(const struct delivery_ring_query *query,
	const struct delivery_ring_entry *entry)
{
	return (query->webhook == 0 || entry->webhook == query->webhook) &&
	       (query->event == 0 || entry->event == query->event);
}

/** Their entries, since rows are larger and it is under the lock. */
static size_t
copy_entries(const struct delivery_ring *ring,
	const struct delivery_ring_query *query,
	struct delivery_ring_entry *entries)
{
	uint64_t first = query->from > ring->low ? query->from : ring->low;
	uint64_t end = query->end && query->end <= ring->high ? query->end
							      : ring->high + 1;
	size_t count = 0;

	for (uint64_t i = 0; first + i < end && count < query->limit; i++) {
		uint64_t sequence =
			query->is_newest_first ? end - 1 - i : first + i;
		const struct delivery_ring_slot *slot =
			find_slot(ring, sequence);

		if (slot && is_wanted(query, &slot->entry))
			entries[count++] = slot->entry;
	}
	return count;
}

struct delivery_list
delivery_ring_list(struct delivery_ring *ring,
	const struct delivery_ring_query *query, struct arena *arena)
{
	struct delivery_list list = {0};
	struct delivery_ring_entry *entries;
	size_t most;

	pthread_mutex_lock(&ring->lock);
	most = ring->count < query->limit ? ring->count : query->limit;
	entries = arena_alloc_raw(arena, (most + 1) * sizeof(*entries));
	list.count = copy_entries(ring, query, entries);
	pthread_mutex_unlock(&ring->lock);
	list.rows = arena_alloc_array(arena, list.count, sizeof(*list.rows));
	for (size_t i = 0; i < list.count; i++)
		list.rows[i] = delivery_ring_row(&entries[i]);
	return list;
}

bool
delivery_ring_get(
	struct delivery_ring *ring, uint64_t sequence, struct delivery_row *ret)
{
	const struct delivery_ring_slot *slot;

	pthread_mutex_lock(&ring->lock);
	slot = find_slot(ring, sequence);
	if (slot)
		*ret = delivery_ring_row(&slot->entry);
	pthread_mutex_unlock(&ring->lock);
	return slot != NULL;
}

int64_t
delivery_ring_oldest(struct delivery_ring *ring)
{
	int64_t oldest = 0;

	pthread_mutex_lock(&ring->lock);
	if (ring->count)
		oldest = slot_of(ring, ring->low)->entry.created;
	pthread_mutex_unlock(&ring->lock);
	return oldest;
}

static int
compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

size_t
delivery_ring_webhooks(
	struct delivery_ring *ring, struct arena *arena, uint64_t **ret)
{
	const struct delivery_ring_query all = {.limit = SIZE_MAX};
	struct delivery_list list = delivery_ring_list(ring, &all, arena);
	size_t kept = 0;

	*ret = arena_alloc_array(arena, list.count, sizeof(**ret));
	for (size_t i = 0; i < list.count; i++)
		(*ret)[i] = list.rows[i].webhook;
	if (list.count)
		qsort(*ret, list.count, sizeof(**ret), compare);
	for (size_t i = 0; i < list.count; i++) {
		if (kept == 0 || (*ret)[kept - 1] != (*ret)[i])
			(*ret)[kept++] = (*ret)[i];
	}
	return kept;
}

bool
delivery_ring_first(
	struct delivery_ring *ring, uint64_t sequence, struct delivery_row *ret)
{
	const struct delivery_ring_slot *slot = NULL;
	uint64_t at;

	pthread_mutex_lock(&ring->lock);
	at = sequence < ring->low ? ring->low : sequence;
	while (slot == NULL && at <= ring->high)
		slot = find_slot(ring, at++);
	if (slot)
		*ret = delivery_ring_row(&slot->entry);
	pthread_mutex_unlock(&ring->lock);
	return slot != NULL;
}

uint64_t
delivery_ring_low(struct delivery_ring *ring)
{
	uint64_t low;

	pthread_mutex_lock(&ring->lock);
	low = ring->count ? ring->low : UINT64_MAX;
	pthread_mutex_unlock(&ring->lock);
	return low;
}
