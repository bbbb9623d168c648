#include "base/heap.h"

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
