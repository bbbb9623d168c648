#include "rule/filter_slot.h"

#include "base/mem.h"
#include "rule/filter_range.h"

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
	slots->epoch = epoch;
	chunks_init(&slots->nodes, sizeof(struct filter_trie_node));
	chunks_init(&slots->slots, sizeof(struct filter_slot));
	filter_table_init(&slots->names, epoch, node_hash, slots);
	chunks_take(&slots->nodes);
	for (int i = 0; i < FILTER_SLOT_FIRST; i++) {
		uint32_t slot = chunks_take(&slots->slots);

		filter_slot_at(slots, slot)->root = FILTER_SLOT_ENVELOPE;
		filter_slots_ref(slots, slot);
	}
}

static void
free_content(struct filter_slot *slot)
{
	struct filter_shape *shape = atomic_load(&slot->shapes);

	while (shape) {
		struct filter_shape *next = atomic_load(&shape->next);

		mem_free(shape);
		shape = next;
	}
	filter_ranges_free(atomic_load(&slot->ranges));
	atomic_store(&slot->shapes, NULL);
	atomic_store(&slot->ranges, NULL);
}

void
filter_slots_release(struct filter_slots *slots)
{
	uint32_t count = chunks_count(&slots->nodes);

	for (uint32_t i = 1; i < count; i++)
		mem_free((void *)(uintptr_t)filter_trie_at(slots, i)->name.ptr);
	count = chunks_count(&slots->slots);
	for (uint32_t i = 0; i < count; i++)
		free_content(filter_slot_at(slots, i));
	filter_table_release(&slots->names);
	chunks_release(&slots->nodes);
	chunks_release(&slots->slots);
}

/* ---- nodes ---- */

static uint64_t
child_bit(const struct filter_trie_node *node)
{
	return UINT64_C(1) << (filter_trie_hash(node->name) & 63);
}

static void
link_child(struct filter_slots *slots, uint32_t number)
{
	struct filter_trie_node *node = filter_trie_at(slots, number);
	struct filter_trie_node *parent = filter_trie_at(slots, node->parent);

	node->next = parent->first_child;
	if (node->next)
		filter_trie_at(slots, node->next)->previous = number;
	parent->first_child = number;
	parent->child_count++;
	parent->refs++;
	atomic_fetch_or_explicit(
		&parent->children, child_bit(node), memory_order_release);
}

/** The bits are made anew once as many children left as there are. */
static void
unlink_child(struct filter_slots *slots, uint32_t number)
{
	struct filter_trie_node *node = filter_trie_at(slots, number);
	struct filter_trie_node *parent = filter_trie_at(slots, node->parent);
	uint64_t bits = 0;

	if (node->next)
		filter_trie_at(slots, node->next)->previous = node->previous;
	if (node->previous)
		filter_trie_at(slots, node->previous)->next = node->next;
	else
		parent->first_child = node->next;
	if (++parent->stale < --parent->child_count)
		return;
	for (uint32_t at = parent->first_child; at;
		at = filter_trie_at(slots, at)->next)
		bits |= child_bit(filter_trie_at(slots, at));
	atomic_store_explicit(&parent->children, bits, memory_order_release);
	parent->stale = 0;
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
	link_child(slots, child);
	return child;
}

static void
give_node(void *owner, uint64_t number)
{
	struct filter_slots *slots = owner;
	struct filter_trie_node *node = filter_trie_at(slots, (uint32_t)number);

	mem_free((void *)(uintptr_t)node->name.ptr);
	node->name = str_make(NULL, 0);
	chunks_give(&slots->nodes, (uint32_t)number);
}

/** Takes the node out if nothing hangs on it, and then those above it. */
static void
prune(struct filter_slots *slots, uint32_t number)
{
	while (number) {
		struct filter_trie_node *node = filter_trie_at(slots, number);
		struct filter_trie_node *parent =
			filter_trie_at(slots, node->parent);

		if (node->refs)
			return;
		filter_table_replace(
			&slots->names, node->hash, number, FILTER_TABLE_END);
		unlink_child(slots, number);
		epoch_retire(slots->epoch, give_node, slots, number);
		parent->refs--;
		number = node->parent;
	}
}

/** Counts a bare path at the name that it begins with. */
static void
count_bare(struct filter_slots *slots, uint32_t number, bool is_more)
{
	struct filter_trie_node *node = filter_trie_at(slots, number);
	uint32_t count;

	if (number == 0)
		return;
	while (node->parent)
		node = filter_trie_at(slots, node->parent);
	count = atomic_load_explicit(&node->bare, memory_order_relaxed);
	if (count == (is_more ? 0 : 1))
		atomic_store_explicit(&slots->bare_names,
			slots->bare_names + (is_more ? 1U : -1U),
			memory_order_relaxed);
	atomic_store_explicit(&node->bare, count + (is_more ? 1U : -1U),
		memory_order_release);
}

/* ---- slots ---- */

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
	filter_trie_at(slots, node)->refs++;
	if (root == FILTER_SLOT_BARE)
		count_bare(slots, node, true);
	atomic_store_explicit(place, number, memory_order_release);
	return number;
}

uint32_t
filter_slots_derive(struct filter_slots *slots, uint32_t base, size_t function)
{
	_Atomic uint32_t *list = &filter_slot_at(slots, base)->derived;
	uint32_t first = atomic_load_explicit(list, memory_order_relaxed);
	struct filter_slot *slot;
	uint32_t number;

	for (number = first; number; number = slot->next_derived) {
		slot = filter_slot_at(slots, number);
		if (slot->function == function)
			return number;
	}
	number = chunks_take(&slots->slots);
	slot = filter_slot_at(slots, number);
	slot->root = filter_slot_at(slots, base)->root;
	slot->is_derived = true;
	slot->function = (uint8_t)function;
	slot->base = base;
	slot->next_derived = first;
	filter_slots_ref(slots, base);
	atomic_store_explicit(list, number, memory_order_release);
	return number;
}

void
filter_slots_ref(struct filter_slots *slots, uint32_t number)
{
	struct filter_slot *slot = filter_slot_at(slots, number);

	if (slot->refs++ == 0)
		slots->live++;
}

static void
give_slot(void *owner, uint64_t number)
{
	struct filter_slots *slots = owner;

	free_content(filter_slot_at(slots, (uint32_t)number));
	chunks_give(&slots->slots, (uint32_t)number);
}

static void
unlink_derived(struct filter_slots *slots, uint32_t number)
{
	struct filter_slot *slot = filter_slot_at(slots, number);
	_Atomic uint32_t *link = &filter_slot_at(slots, slot->base)->derived;

	while (atomic_load_explicit(link, memory_order_relaxed) != number)
		link = &filter_slot_at(slots, *link)->next_derived;
	atomic_store_explicit(link, slot->next_derived, memory_order_release);
}

void
filter_slots_unref(struct filter_slots *slots, uint32_t number)
{
	struct filter_slot *slot = filter_slot_at(slots, number);

	if (--slot->refs)
		return;
	slots->live--;
	epoch_retire(slots->epoch, give_slot, slots, number);
	if (slot->is_derived) {
		unlink_derived(slots, number);
		filter_slots_unref(slots, slot->base);
		return;
	}
	atomic_store_explicit(
		&filter_trie_at(slots, slot->node)->slots[slot->root], 0,
		memory_order_release);
	if (slot->root == FILTER_SLOT_BARE)
		count_bare(slots, slot->node, false);
	filter_trie_at(slots, slot->node)->refs--;
	prune(slots, slot->node);
}

/* ---- shapes ---- */

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

	for (shape = first; shape; shape = atomic_load_explicit(&shape->next,
					   memory_order_relaxed)) {
		if (is_shape(shape, segments, ends, count))
			return shape;
	}
	shape = make_shape(segments, ends, count);
	shape->slot = slot;
	for (uint32_t i = 0; i < ends[count - 1]; i++)
		seed = filter_key_hash(seed, segments[i]);
	shape->seed = filter_key_mix(seed ^ count, slot + 0x9E3779B97F4A7C15u);
	atomic_init(&shape->next, first);
	atomic_store_explicit(list, shape, memory_order_release);
	return shape;
}

void
filter_slots_shape_unref(struct filter_slots *slots, struct filter_shape *shape)
{
	_Atomic(struct filter_shape *) *link =
		&filter_slot_at(slots, shape->slot)->shapes;
	struct filter_shape *at;

	if (--shape->refs)
		return;
	while ((at = atomic_load_explicit(link, memory_order_relaxed)) != shape)
		link = &at->next;
	atomic_store_explicit(link,
		atomic_load_explicit(&shape->next, memory_order_relaxed),
		memory_order_release);
	epoch_retire_memory(slots->epoch, shape);
}
