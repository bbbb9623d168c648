#pragma once
#include "base/epoch.h"

/*
 * A list of numbers below 2^63, in no order, for the index of filters: one
 * writer, readers that never wait. The list is what its place holds: nothing,
 * one number, or memory with many. Zero is the empty list.
 */
struct filter_list {
	uint32_t cap;
	uint32_t live; /* writer */
	_Atomic uint32_t count;
	_Atomic uint64_t items[]; /* FILTER_LIST_GONE where one was removed */
};

#define FILTER_LIST_GONE UINT64_MAX

void filter_list_release(_Atomic uint64_t *place);

/** Returns how many there are now. Writer. */
uint32_t filter_list_add(
	_Atomic uint64_t *place, uint64_t item, struct epoch *epoch);

/**
 * Removes one number equal to `item` when both are shifted right. Returns how
 * many are left. Writer.
 */
uint32_t filter_list_remove(_Atomic uint64_t *place, uint64_t item,
	unsigned shift, struct epoch *epoch);

struct filter_list_view {
	const _Atomic uint64_t *items;
	uint32_t count;
	_Atomic uint64_t single;
};

/** What a reader sees from now on. `view` must stay where it is. */
static inline void
filter_list_look(const _Atomic uint64_t *place, struct filter_list_view *view)
{
	uint64_t value = atomic_load_explicit(place, memory_order_acquire);

	view->count = 0;
	if (value & 1) {
		atomic_init(&view->single, value >> 1);
		view->items = &view->single;
		view->count = 1;
	} else if (value) {
		const struct filter_list *list =
			(const struct filter_list *)(uintptr_t)value;

		view->items = list->items;
		view->count = atomic_load_explicit(
			&list->count, memory_order_acquire);
	}
}

static inline uint64_t
filter_list_item(const struct filter_list_view *view, uint32_t i)
{
	return atomic_load_explicit(&view->items[i], memory_order_relaxed);
}
