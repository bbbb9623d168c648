#include "base/heap.h"

#include <string.h>

#include "base/random.h"
#include "check.h"

enum { NODES = 10000 };

static struct heap_node nodes[NODES];

static void
fill(struct heap *heap, size_t count)
{
	*heap = (struct heap){0};
	memset(nodes, 0, sizeof(nodes));
	for (size_t i = 0; i < count; i++) {
		nodes[i].key = (int64_t)random_below(2 * NODES);
		heap_add(heap, &nodes[i]);
	}
}

TEST(heap, the_smallest_come_in_order_and_stay)
{
	struct heap_node *found[HEAP_SMALLEST_MAX];
	struct heap heap;

	fill(&heap, 500);
	for (int round = 0; round < 10; round++) {
		CHECK_INT(heap_smallest(&heap, 20, found), 20);
		CHECK_INT(heap.count, 500 - (size_t)round * 20);
		for (int i = 0; i < 20; i++) {
			struct heap_node *first = heap_first(&heap);

			CHECK_INT(found[i]->key, first->key);
			heap_remove(&heap, first);
		}
	}
	heap_release(&heap);
}

TEST(heap, of_few_nodes_all_are_the_smallest)
{
	struct heap_node *found[HEAP_SMALLEST_MAX];
	struct heap heap;

	fill(&heap, 3);
	CHECK_INT(heap_smallest(&heap, HEAP_SMALLEST_MAX, found), 3);
	CHECK(found[0]->key <= found[1]->key && found[1]->key <= found[2]->key);
	CHECK_INT(heap_smallest(&heap, 0, found), 0);
	heap_release(&heap);
	heap = (struct heap){0};
	CHECK_INT(heap_smallest(&heap, 20, found), 0);
}

/* In a heap that was filled in order, what may be looked at stands in front:
   to look behind that is to follow a NULL. */
TEST(heap, the_smallest_are_found_without_looking_at_the_rest)
{
	struct heap_node *found[HEAP_SMALLEST_MAX];
	struct heap heap = {0};

	memset(nodes, 0, sizeof(nodes));
	for (size_t i = 0; i < NODES; i++) {
		nodes[i].key = (int64_t)i;
		heap_add(&heap, &nodes[i]);
	}
	for (size_t i = 2 * 20 + 1; i < NODES; i++)
		heap.nodes[i] = NULL;
	CHECK_INT(heap_smallest(&heap, 20, found), 20);
	for (size_t i = 0; i < 20; i++)
		CHECK(found[i] == &nodes[i]);
	heap_release(&heap);
}
