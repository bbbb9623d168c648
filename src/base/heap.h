#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A binary heap of things that have a time: the earliest is at the top. Nodes
 * are embedded in those things (CONTAINER_OF) and know their place, so any of
 * them can be taken out in logarithmic time. One thread at a time.
 *
 * A zeroed struct heap is a valid empty one; a zeroed node is in no heap.
 */
struct heap_node {
	int64_t key;
	size_t place; /* index + 1 while in a heap, else 0 */
};

struct heap {
	struct heap_node **nodes;
	size_t count;
	size_t cap;
};

void heap_release(struct heap *heap);

/** `node` must be in no heap; its key must be set. */
void heap_add(struct heap *heap, struct heap_node *node);

/** Harmless for a node that is in no heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

enum { HEAP_SMALLEST_MAX = 32 };

/**
 * The nodes with the smallest keys in their order, as many as there are and
 * at most `max`, itself at most HEAP_SMALLEST_MAX. Returns how many. Looks at
 * no more than 2 * max + 1 nodes, however many there are.
 */
size_t heap_smallest(
	const struct heap *heap, size_t max, struct heap_node **ret);

/** The node with the smallest key, or NULL. */
static inline struct heap_node *
heap_first(const struct heap *heap)
{
	return heap->count ? heap->nodes[0] : NULL;
}
