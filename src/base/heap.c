#include "base/heap.h"

#include <assert.h>

#include "base/mem.h"

static void
put(struct heap *heap, size_t at, struct heap_node *node)
{
	heap->nodes[at] = node;
	node->place = at + 1;
}

/** Moves the node at `at` to where it belongs above or below. */
static void
settle(struct heap *heap, size_t at)
{
	struct heap_node *node = heap->nodes[at];

	while (at > 0 && heap->nodes[(at - 1) / 2]->key > node->key) {
		put(heap, at, heap->nodes[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
			heap->nodes[child + 1]->key < heap->nodes[child]->key)
			child++;
		if (heap->nodes[child]->key >= node->key)
			break;
		put(heap, at, heap->nodes[child]);
		at = child;
	}
	put(heap, at, node);
}

void
heap_release(struct heap *heap)
{
	mem_free(heap->nodes);
	*heap = (struct heap){0};
}

void
heap_add(struct heap *heap, struct heap_node *node)
{
	if (heap->count == heap->cap) {
		heap->cap = heap->cap ? heap->cap * 2 : 16;
		heap->nodes = mem_resize(
			heap->nodes, heap->cap * sizeof(*heap->nodes));
	}
	put(heap, heap->count++, node);
	settle(heap, heap->count - 1);
}

void
heap_remove(struct heap *heap, struct heap_node *node)
{
	size_t at = node->place - 1;

	if (node->place == 0)
		return;
	node->place = 0;
	heap->count--;
	if (at == heap->count)
		return;
	put(heap, at, heap->nodes[heap->count]);
	settle(heap, at);
}

/** Takes the place with the smallest key out of the list. */
static size_t
take_smallest(const struct heap *heap, size_t *places, size_t *count)
{
	size_t best = 0;
	size_t place;

	for (size_t i = 1; i < *count; i++) {
		if (heap->nodes[places[i]]->key <
			heap->nodes[places[best]]->key)
			best = i;
	}
	place = places[best];
	places[best] = places[--*count];
	return place;
}

size_t
heap_smallest(const struct heap *heap, size_t max, struct heap_node **ret)
{
	/* Where the next one may be: below those that were found. */
	size_t places[HEAP_SMALLEST_MAX + 1] = {0};
	size_t open = heap->count > 0;
	size_t count = 0;

	assert(max <= HEAP_SMALLEST_MAX);
	while (count < max && open > 0) {
		size_t place = take_smallest(heap, places, &open);

		ret[count++] = heap->nodes[place];
		for (size_t child = 2 * place + 1;
			child <= 2 * place + 2 && child < heap->count; child++)
			places[open++] = child;
	}
	return count;
}
