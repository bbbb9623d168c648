#include "rule/filter_list.h"

#include <assert.h>

#include "base/mem.h"

static struct filter_list *
to_list(uint64_t value)
{
	return value & 1 ? NULL : (struct filter_list *)(uintptr_t)value;
}

void
filter_list_release(_Atomic uint64_t *place)
{
	mem_free(to_list(atomic_load(place)));
	atomic_store(place, 0);
}

static struct filter_list *
make(uint32_t cap)
{
	struct filter_list *list =
		mem_alloc(sizeof(*list) + (size_t)cap * sizeof(list->items[0]));

	list->cap = cap;
	return list;
}

static void
append(struct filter_list *list, uint64_t item)
{
	uint32_t count =
		atomic_load_explicit(&list->count, memory_order_relaxed);

	atomic_store_explicit(&list->items[count], item, memory_order_relaxed);
	atomic_store_explicit(&list->count, count + 1, memory_order_release);
	list->live++;
}

/** What is left of a list, with room for more. */
static struct filter_list *
rebuild(_Atomic uint64_t *place, uint32_t cap, struct epoch *epoch)
{
	struct filter_list *old = to_list(atomic_load(place));
	struct filter_list *list = make(cap);

	for (uint32_t i = 0; i < atomic_load(&old->count); i++) {
		uint64_t item = atomic_load(&old->items[i]);

		if (item != FILTER_LIST_GONE)
			append(list, item);
	}
	atomic_store_explicit(
		place, (uint64_t)(uintptr_t)list, memory_order_release);
	epoch_retire_memory(epoch, old);
	return list;
}

uint32_t
filter_list_add(_Atomic uint64_t *place, uint64_t item, struct epoch *epoch)
{
	uint64_t value = atomic_load_explicit(place, memory_order_relaxed);
	struct filter_list *list = to_list(value);

	assert(item < FILTER_LIST_GONE / 2);
	if (value == 0) {
		atomic_store_explicit(
			place, item << 1 | 1, memory_order_release);
		return 1;
	}
	if (list == NULL) {
		list = make(3);
		append(list, value >> 1);
		append(list, item);
		atomic_store_explicit(
			place, (uint64_t)(uintptr_t)list, memory_order_release);
		return 2;
	}
	if (atomic_load_explicit(&list->count, memory_order_relaxed) ==
		list->cap)
		list = rebuild(place, list->live + list->live / 2 + 2, epoch);
	append(list, item);
	return list->live;
}

uint32_t
filter_list_remove(_Atomic uint64_t *place, uint64_t item, unsigned shift,
	struct epoch *epoch)
{
	uint64_t value = atomic_load_explicit(place, memory_order_relaxed);
	struct filter_list *list = to_list(value);
	uint32_t at = 0;

	if (list == NULL) {
		assert(value >> 1 >> shift == item >> shift);
		atomic_store_explicit(place, 0, memory_order_release);
		return 0;
	}
	while (atomic_load_explicit(&list->items[at], memory_order_relaxed) ==
			FILTER_LIST_GONE ||
		atomic_load_explicit(&list->items[at], memory_order_relaxed) >>
				shift !=
			item >> shift) {
		at++;
		assert(at < list->cap);
	}
	atomic_store_explicit(
		&list->items[at], FILTER_LIST_GONE, memory_order_relaxed);
	list->live--;
	if (list->live == 0) {
		atomic_store_explicit(place, 0, memory_order_release);
		epoch_retire_memory(epoch, list);
		return 0;
	}
	if (list->live * 2 < list->cap && list->cap > 8)
		return rebuild(place, list->live + 2, epoch)->live;
	return list->live;
}
