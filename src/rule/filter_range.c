#include "rule/filter_range.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/epoch.h"
#include "base/mem.h"
#include "rule/filter_ast.h"

/* Skip lists: readers follow the lowest level, the writer all of them. */
enum { LEVELS = 12, DIRECTIONS = 2 };

enum kind { NUMBER, STRING, TIMESTAMP, KINDS };

struct filter_range {
	struct filter_bound bound;
	uint32_t levels;
	_Atomic(struct filter_range *) next[];
};

struct list {
	_Atomic(struct filter_range *) first[LEVELS];
};

struct filter_ranges {
	struct list lists[KINDS][DIRECTIONS];
};

static bool
kind_of(const struct filter_value *literal, enum kind *ret)
{
	switch (literal->kind) {
	case FILTER_VALUE_NUMBER:
		*ret = NUMBER;
		/* NaN has no order. */
		return filter_value_order(*literal, *literal) == 0;
	case FILTER_VALUE_STRING: *ret = STRING; return true;
	case FILTER_VALUE_TIMESTAMP: *ret = TIMESTAMP; return true;
	case FILTER_VALUE_NULL:
	case FILTER_VALUE_BOOLEAN:
	case FILTER_VALUE_DATE:
	case FILTER_VALUE_TIME:
	case FILTER_VALUE_DURATION:
	case FILTER_VALUE_GUID:
	case FILTER_VALUE_PATTERN:
	case FILTER_VALUE_JSON: break;
	}
	return false;
}

bool
filter_ranges_take(const struct filter_value *literal)
{
	enum kind kind;

	return kind_of(literal, &kind);
}

struct filter_ranges *
filter_ranges_new(void)
{
	return MEM_NEW(struct filter_ranges);
}

static struct filter_range *
follow(const _Atomic(struct filter_range *) *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

static void
free_list(struct list *list)
{
	struct filter_range *range = follow(&list->first[0]);

	while (range) {
		struct filter_range *next = follow(&range->next[0]);

		mem_free(range);
		range = next;
	}
}

void
filter_ranges_free(struct filter_ranges *ranges)
{
	if (ranges == NULL)
		return;
	for (int kind = 0; kind < KINDS; kind++) {
		free_list(&ranges->lists[kind][false]);
		free_list(&ranges->lists[kind][true]);
	}
	mem_free(ranges);
}

/* ---- changes ---- */

static bool
is_downward(uint8_t op)
{
	return op == FILTER_LT || op == FILTER_LE;
}

static bool
is_inclusive(uint8_t op)
{
	return op == FILTER_GE || op == FILTER_LE;
}

/** Whether `a` is true of more values than `b`, both of one list. */
static bool
is_before(const struct filter_bound *a, const struct filter_bound *b)
{
	int order = filter_value_order(*a->literal, *b->literal);

	if (order)
		return is_downward(a->op) ? order > 0 : order < 0;
	if (is_inclusive(a->op) != is_inclusive(b->op))
		return is_inclusive(a->op);
	return a->predicate < b->predicate;
}

static struct list *
list_of(struct filter_ranges *ranges, const struct filter_bound *bound)
{
	enum kind kind;
	bool is_known = kind_of(bound->literal, &kind);

	assert(is_known);
	return &ranges->lists[kind][is_downward(bound->op)];
}

/** The links behind which the bound is, or belongs, at each level. */
static void
find_links(struct list *list, const struct filter_bound *bound,
	_Atomic(struct filter_range *) *ret[LEVELS])
{
	_Atomic(struct filter_range *) *links = list->first;

	for (int level = LEVELS - 1; level >= 0; level--) {
		struct filter_range *next = follow(&links[level]);

		while (next && is_before(&next->bound, bound)) {
			links = next->next;
			next = follow(&links[level]);
		}
		ret[level] = &links[level];
	}
}

void
filter_ranges_add(struct filter_ranges *ranges,
	const struct filter_bound *bound, uint64_t salt)
{
	_Atomic(struct filter_range *) *links[LEVELS];
	struct filter_range *range;
	uint32_t levels = 1;

	/* One in four goes up. */
	for (; levels < LEVELS && (salt & 3) == 0; salt >>= 2)
		levels++;
	find_links(list_of(ranges, bound), bound, links);
	range = mem_alloc(sizeof(*range) + levels * sizeof(range->next[0]));
	range->bound = *bound;
	range->levels = levels;
	for (uint32_t i = 0; i < levels; i++)
		atomic_init(&range->next[i], follow(links[i]));
	for (uint32_t i = 0; i < levels; i++)
		atomic_store_explicit(links[i], range, memory_order_release);
}

void
filter_ranges_remove(struct filter_ranges *ranges,
	const struct filter_bound *bound, struct epoch *epoch)
{
	_Atomic(struct filter_range *) *links[LEVELS];
	struct filter_range *range;

	find_links(list_of(ranges, bound), bound, links);
	range = follow(links[0]);
	assert(range && range->bound.predicate == bound->predicate);
	for (uint32_t i = 0; i < range->levels; i++)
		atomic_store_explicit(links[i], follow(&range->next[i]),
			memory_order_release);
	epoch_retire_memory(epoch, range);
}

/* ---- looking ---- */

bool
filter_range_is(const struct filter_value *value, uint8_t op,
	const struct filter_value *literal)
{
	int order;

	if (value->kind == FILTER_VALUE_NULL &&
		literal->kind == FILTER_VALUE_NULL)
		return is_inclusive(op);
	order = filter_value_order(*value, *literal);
	if (order == 2)
		return false;
	if (order == 0)
		return is_inclusive(op);
	return order > 0 ? !is_downward(op) : is_downward(op);
}

static void
look(const struct filter_ranges *ranges, enum kind kind,
	const struct filter_value *value,
	void (*found)(void *owner, uint32_t predicate), void *owner)
{
	for (int direction = 0; direction < DIRECTIONS; direction++) {
		const struct filter_range *range =
			follow(&ranges->lists[kind][direction].first[0]);

		while (range && filter_range_is(value, range->bound.op,
					range->bound.literal)) {
			found(owner, range->bound.predicate);
			range = follow(&range->next[0]);
		}
	}
}

void
filter_ranges_look(const struct filter_ranges *ranges,
	const struct filter_value *value,
	void (*found)(void *owner, uint32_t predicate), void *owner)
{
	struct filter_value instant;

	if (value->kind == FILTER_VALUE_NUMBER)
		look(ranges, NUMBER, value, found, owner);
	if (value->kind != FILTER_VALUE_STRING)
		return;
	look(ranges, STRING, value, found, owner);
	/* Read once: as a literal of a timestamp would read it. */
	if ((follow(&ranges->lists[TIMESTAMP][0].first[0]) ||
		    follow(&ranges->lists[TIMESTAMP][1].first[0])) &&
		filter_value_to_instant(*value, &instant) &&
		instant.kind == FILTER_VALUE_TIMESTAMP)
		look(ranges, TIMESTAMP, &instant, found, owner);
}
