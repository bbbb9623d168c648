#include "base/map.h"
#include "rule/value.h"

/* From here on a search through all keys costs more than a hash. */
enum { HASHED_FROM = 16 };

struct value_builder
value_builder_make(struct arena *arena)
{
	return (struct value_builder){.arena = arena};
}

static void
make_room(struct value_builder *builder)
{
	size_t cap = builder->cap ? builder->cap * 2 : 8;
	struct value_member *members;

	if (builder->count < builder->cap)
		return;
	members = arena_alloc_array(builder->arena, cap, sizeof(*members));
	if (builder->count)
		memcpy(members, builder->members,
			builder->count * sizeof(*members));
	builder->members = members;
	builder->cap = cap;
}

void
value_builder_add(struct value_builder *builder, struct value item)
{
	make_room(builder);
	builder->members[builder->count++].value = item;
}

/** The slot of the key, or the free one where it belongs. */
static uint32_t *
find_slot(const struct value_builder *builder, struct str key)
{
	size_t mask = builder->slot_cap - 1;
	size_t at = (size_t)map_hash(key) & mask;

	while (builder->slots[at] &&
		!str_equal(builder->members[builder->slots[at] - 1].key, key))
		at = (at + 1) & mask;
	return &builder->slots[at];
}

static void
hash_keys(struct value_builder *builder)
{
	builder->slot_cap = builder->cap * 4;
	builder->slots = arena_alloc_array(
		builder->arena, builder->slot_cap, sizeof(*builder->slots));
	for (size_t i = 0; i < builder->count; i++)
		*find_slot(builder, builder->members[i].key) =
			(uint32_t)(i + 1);
}

/** The index of the key, or the count. */
static size_t
find_key(struct value_builder *builder, struct str key)
{
	size_t at = 0;
	uint32_t *slot;

	if (builder->count < HASHED_FROM) {
		while (at < builder->count &&
			!str_equal(builder->members[at].key, key))
			at++;
		return at;
	}
	if (builder->slot_cap < builder->cap * 2)
		hash_keys(builder);
	slot = find_slot(builder, key);
	if (*slot)
		return *slot - 1;
	*slot = (uint32_t)(builder->count + 1);
	return builder->count;
}

void
value_builder_set(
	struct value_builder *builder, struct str key, struct value value)
{
	size_t at;

	make_room(builder);
	at = find_key(builder, key);
	if (at == builder->count)
		builder->count++;
	builder->members[at] = (struct value_member){key, value};
}

struct value
value_builder_array(struct value_builder *builder)
{
	struct value *items = arena_alloc_array(
		builder->arena, builder->count, sizeof(*items));

	for (size_t i = 0; i < builder->count; i++)
		items[i] = builder->members[i].value;
	return value_array(items, builder->count);
}

struct value
value_builder_collection(struct value_builder *builder)
{
	return value_collection(builder->members, builder->count);
}
