#include "base/numbers.h"

#include "base/random.h"
#include "check.h"

enum { THINGS = 2000 };

static struct thing {
	struct numbers_node node;
	bool is_in;
} things[THINGS];

static void
try_at_random(bool is_counted)
{
	struct numbers numbers = {.is_counted = is_counted};
	size_t count = 0;

	random_test_seed(3);
	memset(things, 0, sizeof(things));
	for (size_t i = 0; i < THINGS; i++)
		things[i].node.number = i * 64;
	CHECK(numbers_get(&numbers, 0) == NULL);
	for (int step = 0; step < 200000; step++) {
		/* It fills up, and empties. */
		size_t some = 1 + (step / 50000 % 2 ? 50 : THINGS - 1);
		struct thing *thing = &things[random_below(THINGS)];
		bool wants = thing < &things[some];
		struct numbers_node *found =
			numbers_get(&numbers, thing->node.number);

		CHECK(found == (thing->is_in ? &thing->node : NULL));
		if (wants && !thing->is_in)
			numbers_add(&numbers, &thing->node);
		if (!wants && thing->is_in)
			numbers_remove(&numbers, &thing->node);
		count += (size_t)wants - (size_t)thing->is_in;
		thing->is_in = wants;
		CHECK_INT(numbers.count, count);
	}
	numbers_release(&numbers);
}

TEST(numbers, at_random_it_finds_what_is_in_and_nothing_else)
{
	try_at_random(false);
	try_at_random(true);
}

/** The longest chain of so many numbers, each `step` above the one before. */
static size_t
longest_chain(uint64_t step)
{
	struct numbers numbers = {.is_counted = true};
	size_t longest = 0;

	for (size_t i = 0; i < THINGS; i++) {
		things[i].node.number = 1000000 + i * step;
		numbers_add(&numbers, &things[i].node);
	}
	for (size_t i = 0; i < numbers.cap; i++) {
		size_t length = 0;

		for (struct numbers_node *node = numbers.heads[i]; node;
			node = node->next)
			length++;
		longest = length > longest ? length : longest;
	}
	numbers_release(&numbers);
	return longest;
}

TEST(numbers, counted_ones_are_spread_whatever_their_step)
{
	for (uint64_t step = 1; step <= 256; step++)
		CHECK(longest_chain(step) <= 16);
}

TEST(numbers, a_walk_meets_each_once)
{
	struct numbers numbers = {0};
	struct numbers_node *node = NULL;
	size_t met = 0;

	for (size_t i = 0; i < THINGS; i++) {
		things[i].node.number = i;
		numbers_add(&numbers, &things[i].node);
	}
	while ((node = numbers_next(&numbers, node))) {
		struct thing *thing = CONTAINER_OF(node, struct thing, node);

		CHECK(!thing->is_in);
		thing->is_in = true;
		met++;
	}
	CHECK_INT(met, THINGS);
	numbers_release(&numbers);
}
