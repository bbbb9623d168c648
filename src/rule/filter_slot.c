#include "rule/filter_slot.h"

#include "base/mem.h"

static uint64_t
node_hash(const void *owner, uint32_t number)
{
	const struct filter_slots *slots = owner;

	return filter_trie_at(slots, number)->hash;
}

void
filter_slots_init(
	struct filter_slots *slots, struct epoch *epoch, uint64_t seed)
{
	slots->seed = seed;
	chunks_init(&slots->nodes, sizeof(struct filter_trie_node));
	chunks_init(&slots->slots, sizeof(struct filter_slot));
	filter_table_init(&slots->names, epoch, node_hash, slots);
	chunks_take(&slots->nodes);
	for (int i = 0; i < FILTER_SLOT_FIRST; i++) {
		uint32_t slot = chunks_take(&slots->slots);

		filter_slot_at(slots, slot)->root = FILTER_SLOT_ENVELOPE;
	}
}

void
filter_slots_release(struct filter_slots *slots)
{
	uint32_t count = chunks_count(&slots->nodes);

	for (uint32_t i = 1; i < count; i++)
		mem_free((void *)(uintptr_t)filter_trie_at(slots, i)->name.ptr);
	count = chunks_count(&slots->slots);
	for (uint32_t i = 0; i < count; i++) {
		struct filter_shape *shape =
			atomic_load(&filter_slot_at(slots, i)->shapes);

		while (shape) {
			struct filter_shape *next = shape->next;

			mem_free(shape);
			shape = next;
		}
	}
	filter_table_release(&slots->names);
	chunks_release(&slots->nodes);
	chunks_release(&slots->slots);
}

static uint32_t
get_child(struct filter_slots *slots, uint32_t parent, struct str name)
{
	uint64_t name_hash = filter_trie_hash(name);
	uint32_t child = filter_trie_child(slots, parent, name_hash, name);
	struct filter_trie_node *node;
	char *copy;

	if (child != FILTER_TABLE_END)
		return child;
	child = chunks_take(&slots->nodes);
	node = filter_trie_at(slots, child);
	copy = mem_alloc(name.len + 1);
	if (name.len)
		memcpy(copy, name.ptr, name.len);
	node->name = str_make(copy, name.len);
	node->parent = parent;
	node->hash = filter_key_mix(
		name_hash ^ slots->seed, parent * 2 + 0x9E3779B97F4A7C15u);
	filter_table_add(&slots->names, node->hash, child);
	atomic_fetch_or_explicit(&filter_trie_at(slots, parent)->children,
		UINT64_C(1) << (name_hash & 63), memory_order_release);
	return child;
}

uint32_t
filter_slots_get(struct filter_slots *slots, enum filter_slot_root root,
	const struct str *segments, size_t count)
{
	uint32_t node = 0;
	_Atomic uint32_t *place;
	struct filter_slot *slot;
	uint32_t number;

	for (size_t i = 0; i < count; i++)
		node = get_child(slots, node, segments[i]);
	place = &filter_trie_at(slots, node)->slots[root];
	number = atomic_load_explicit(place, memory_order_relaxed);
	if (number)
		return number;
	number = chunks_take(&slots->slots);
	slot = filter_slot_at(slots, number);
	slot->node = node;
	slot->root = (uint8_t)root;
	atomic_store_explicit(place, number, memory_order_release);
	return number;
}

static bool
is_shape(const struct filter_shape *shape, const struct str *segments,
	const uint32_t *ends, uint32_t count)
{
	if (shape->count != count ||
		memcmp(shape->ends, ends, count * sizeof(*ends)) != 0)
		return false;
	for (uint32_t i = 0; i < ends[count - 1]; i++) {
		if (!str_equal(shape->segments[i], segments[i]))
			return false;
	}
	return true;
}

/** Shape, ends, segments and their bytes in one piece of memory. */
static struct filter_shape *
make_shape(const struct str *segments, const uint32_t *ends, uint32_t count)
{
	size_t head =
		(sizeof(struct filter_shape) + count * sizeof(*ends) + 15) &
		~(size_t)15;
	uint32_t total = ends[count - 1];
	size_t size = head + total * sizeof(*segments);
	struct filter_shape *shape;
	struct str *names;
	char *bytes;

	for (uint32_t i = 0; i < total; i++)
		size += segments[i].len;
	shape = mem_alloc(size);
	names = (struct str *)(void *)((char *)shape + head);
	bytes = (char *)(names + total);
	shape->count = count;
	memcpy(shape->ends, ends, count * sizeof(*ends));
	for (uint32_t i = 0; i < total; i++) {
		names[i] = str_make(bytes, segments[i].len);
		if (segments[i].len)
			memcpy(bytes, segments[i].ptr, segments[i].len);
		bytes += segments[i].len;
	}
	shape->segments = names;
	return shape;
}

struct filter_shape *
filter_slots_shape(struct filter_slots *slots, uint32_t slot,
	const struct str *segments, const uint32_t *ends, uint32_t count)
{
	_Atomic(struct filter_shape *) *list =
		&filter_slot_at(slots, slot)->shapes;
	struct filter_shape *first =
		atomic_load_explicit(list, memory_order_relaxed);
	struct filter_shape *shape;
	uint64_t seed = slots->seed;

	for (shape = first; shape; shape = shape->next) {
		if (is_shape(shape, segments, ends, count))
			return shape;
	}
	shape = make_shape(segments, ends, count);
	shape->slot = slot;
	for (uint32_t i = 0; i < ends[count - 1]; i++)
		seed = filter_key_hash(seed, segments[i]);
	shape->seed = filter_key_mix(seed ^ count, slot + 0x9E3779B97F4A7C15u);
	shape->next = first;
	atomic_store_explicit(list, shape, memory_order_release);
	return shape;
}
