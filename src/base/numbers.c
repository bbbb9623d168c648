#include "base/numbers.h"

#include <assert.h>

#include "base/map.h"
#include "base/mem.h"

enum { FIRST_CAP = 16 };

/**
 * Eight neighbours share a cache line of heads, each in a place of its own;
 * whole lines are spread, so that numbers of which only every nth is here use
 * all places, too.
 */
static uint64_t
spread(uint64_t number)
{
	uint64_t line = (number >> 3) * UINT64_C(0x9E3779B97F4A7C15);

	line = (line ^ line >> 32) * UINT64_C(0x9E3779B97F4A7C15);
	return line >> 32 ^ (number & 7);
}

static size_t
place_of(const struct numbers *numbers, uint64_t number)
{
	struct str key = str_make((const char *)&number, sizeof(number));
	uint64_t hash = numbers->is_counted ? spread(number) : map_hash(key);

	return hash & (numbers->cap - 1);
}

void
numbers_release(struct numbers *numbers)
{
	if (numbers == NULL)
		return;
	mem_free(numbers->heads);
	*numbers = (struct numbers){0};
}

struct numbers_node *
numbers_get(const struct numbers *numbers, uint64_t number)
{
	struct numbers_node *node;

	if (numbers->count == 0)
		return NULL;
	node = numbers->heads[place_of(numbers, number)];
	while (node && node->number != number)
		node = node->next;
	return node;
}

static void
put(struct numbers *numbers, struct numbers_node *node)
{
	struct numbers_node **head =
		&numbers->heads[place_of(numbers, node->number)];

	node->next = *head;
	*head = node;
}

static void
grow(struct numbers *numbers, size_t cap)
{
	struct numbers former = *numbers;

	numbers->cap = cap;
	numbers->heads = mem_alloc_array(cap, sizeof(*numbers->heads));
	for (size_t i = 0; i < former.cap; i++) {
		while (former.heads[i]) {
			struct numbers_node *node = former.heads[i];

			former.heads[i] = node->next;
			put(numbers, node);
		}
	}
	mem_free(former.heads);
}

void
numbers_add(struct numbers *numbers, struct numbers_node *node)
{
	size_t places = numbers->is_counted ? numbers->cap / 2 : numbers->cap;

	if (numbers->count == places)
		grow(numbers, numbers->cap ? numbers->cap * 2 : FIRST_CAP);
	put(numbers, node);
	numbers->count++;
}

void
numbers_remove(struct numbers *numbers, struct numbers_node *node)
{
	struct numbers_node **at;

	assert(numbers->count > 0);
	at = &numbers->heads[place_of(numbers, node->number)];
	while (*at != node) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = node->next;
	numbers->count--;
}

struct numbers_node *
numbers_next(const struct numbers *numbers, const struct numbers_node *node)
{
	size_t at = 0;

	if (node && node->next)
		return node->next;
	if (node)
		at = place_of(numbers, node->number) + 1;
	while (at < numbers->cap && numbers->heads[at] == NULL)
		at++;
	return at < numbers->cap ? numbers->heads[at] : NULL;
}
