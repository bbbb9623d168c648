#include "rule/filter_lower.h"

#include <stdlib.h>

#include "rule/filter_lower_leaf.h"

enum kind { NEVER, ALWAYS, LEAF, AND, OR };

/** A junction has two or more children and none of its own kind. */
struct expression {
	enum kind kind;
	uint32_t leaf;
	uint32_t count;
	struct expression *children;
};

static struct expression lower(
	struct filter_lowering *low, uint32_t node, bool wanted);

/* ---- junctions ---- */

struct gathering {
	struct expression *items;
	uint32_t count;
	uint32_t cap;
};

static void
gather(struct filter_lowering *low, struct gathering *list,
	struct expression item)
{
	if (list->count == list->cap) {
		struct expression *grown;

		list->cap = list->cap ? list->cap * 2 : 8;
		grown = arena_alloc_raw(low->arena, list->cap * sizeof(*grown));
		if (list->count)
			memcpy(grown, list->items,
				list->count * sizeof(*grown));
		list->items = grown;
	}
	list->items[list->count++] = item;
}

/** Lazy leaves behind the others, then by number; junctions last. */
static int
compare_items(const void *left, const void *right)
{
	const struct expression *a = left;
	const struct expression *b = right;
	uint32_t lazy_a = a->leaf & FILTER_WORD_LAZY;
	uint32_t lazy_b = b->leaf & FILTER_WORD_LAZY;

	if (a->kind != LEAF || b->kind != LEAF)
		return (a->kind != LEAF) - (b->kind != LEAF);
	if (lazy_a != lazy_b)
		return lazy_a < lazy_b ? -1 : 1;
	return a->leaf < b->leaf ? -1 : a->leaf > b->leaf;
}

static void
sort(struct filter_lowering *low, struct gathering *list)
{
	uint32_t kept = 0;

	if (list->count < 2)
		return;
	if (list->count == 2) {
		if (compare_items(&list->items[0], &list->items[1]) > 0) {
			struct expression swap = list->items[0];

			list->items[0] = list->items[1];
			list->items[1] = swap;
		}
	} else {
		qsort(list->items, list->count, sizeof(*list->items),
			compare_items);
	}
	for (uint32_t i = 1; i < list->count; i++) {
		struct expression *last = &list->items[kept];

		if (last->kind == LEAF && list->items[i].kind == LEAF &&
			last->leaf == list->items[i].leaf)
			filter_predicates_unref(low->predicates,
				filter_word_predicate(last->leaf));
		else
			list->items[++kept] = list->items[i];
	}
	list->count = kept + 1;
}

static struct expression
finish(struct filter_lowering *low, enum kind kind, struct gathering *list)
{
	sort(low, list);
	if (list->count == 0)
		return (struct expression){
			.kind = kind == AND ? ALWAYS : NEVER};
	if (list->count == 1)
		return list->items[0];
	return (struct expression){
		.kind = kind, .count = list->count, .children = list->items};
}

static void
drop(struct filter_lowering *low, const struct expression *expression)
{
	if (expression->kind == LEAF)
		filter_predicates_unref(low->predicates,
			filter_word_predicate(expression->leaf));
	for (uint32_t i = 0; i < expression->count; i++)
		drop(low, &expression->children[i]);
}

/** Adds a child; false when it decides the junction alone. */
static bool
join(struct filter_lowering *low, enum kind kind, struct gathering *list,
	struct expression child)
{
	if (child.kind == (kind == AND ? ALWAYS : NEVER))
		return true;
	if (child.kind == (kind == AND ? NEVER : ALWAYS))
		return false;
	if (child.kind != kind) {
		gather(low, list, child);
		return true;
	}
	for (uint32_t i = 0; i < child.count; i++)
		gather(low, list, child.children[i]);
	return true;
}

static struct expression
decided(struct filter_lowering *low, enum kind kind, struct gathering *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		drop(low, &list->items[i]);
	return (struct expression){.kind = kind == AND ? NEVER : ALWAYS};
}

static struct expression
lower_junction(struct filter_lowering *low, const struct filter_node *node,
	bool wanted)
{
	enum kind kind = (node->kind == FILTER_AND) == wanted ? AND : OR;
	struct gathering list = {0};

	for (uint32_t i = 0; i < node->count; i++) {
		uint32_t child = low->filter->children[node->first + i];

		if (!join(low, kind, &list, lower(low, child, wanted)))
			return decided(low, kind, &list);
	}
	return finish(low, kind, &list);
}

/* ---- leaves ---- */

static struct expression
from_leaf(uint32_t leaf)
{
	if (leaf == FILTER_LEAF_NEVER)
		return (struct expression){.kind = NEVER};
	if (leaf == FILTER_LEAF_ALWAYS)
		return (struct expression){.kind = ALWAYS};
	return (struct expression){.kind = LEAF, .leaf = leaf};
}

static struct expression
lower_list(struct filter_lowering *low, const struct filter_node *node,
	bool wanted)
{
	enum kind kind = wanted ? OR : AND;
	struct gathering list = {0};

	for (uint32_t i = 1; i < node->count; i++) {
		struct expression item = from_leaf(
			filter_lower_compare(low, node, i, FILTER_EQ, wanted));

		if (!join(low, kind, &list, item))
			return decided(low, kind, &list);
	}
	return finish(low, kind, &list);
}

/** contains & co: false only of strings, so `not` has two leaves. */
static struct expression
lower_text(struct filter_lowering *low, const struct filter_node *node,
	bool wanted)
{
	struct gathering list = {0};
	struct expression is_string, has;

	has = from_leaf(filter_lower_text(low, node));
	if (wanted)
		return has;
	is_string = from_leaf(filter_lower_is_string(low, node));
	if (has.kind == LEAF)
		has.leaf ^= FILTER_WORD_NEGATED;
	else
		has.kind = has.kind == ALWAYS ? NEVER : ALWAYS;
	if (!join(low, AND, &list, is_string) || !join(low, AND, &list, has))
		return decided(low, AND, &list);
	return finish(low, AND, &list);
}

static struct expression
lower(struct filter_lowering *low, uint32_t index, bool wanted)
{
	const struct filter_node *node = &low->filter->nodes[index];

	switch ((enum filter_kind)node->kind) {
	case FILTER_NOT:
		return lower(low, low->filter->children[node->first], !wanted);
	case FILTER_AND:
	case FILTER_OR: return lower_junction(low, node, wanted);
	case FILTER_IN_LIST:
		if (filter_lower_has_slot(low, node, 0))
			return lower_list(low, node, wanted);
		break;
	case FILTER_COMPARE:
		if (filter_lower_is_comparison(low, node))
			return from_leaf(
				filter_lower_comparison(low, node, wanted));
		break;
	case FILTER_CALL:
		if (filter_lower_is_text(low, node))
			return lower_text(low, node, wanted);
		break;
	case FILTER_PATH:
		return from_leaf(filter_lower_boolean(low, node, wanted));
	case FILTER_LAMBDA:
		if (wanted && filter_lower_is_element(low, node))
			return from_leaf(filter_lower_element(low, node));
		break;
	case FILTER_IN_PATH:
		if (filter_lower_is_member(low, node))
			return from_leaf(
				filter_lower_member(low, node, wanted));
		break;
	case FILTER_LITERAL:
	case FILTER_COUNT:
	case FILTER_ARITHMETIC:
	case FILTER_NEGATE: break;
	}
	return from_leaf(filter_lower_opaque(low, index, wanted));
}

/* ---- words ---- */

static uint32_t
count_words(const struct expression *expression)
{
	uint32_t count = 1;

	for (uint32_t i = 0; i < expression->count; i++)
		count += count_words(&expression->children[i]);
	return count;
}

static uint32_t *
write_words(const struct expression *expression, uint32_t *at)
{
	if (expression->kind == LEAF) {
		*at++ = expression->leaf;
		return at;
	}
	*at++ = FILTER_WORD_JUNCTION |
		(expression->kind == OR ? FILTER_WORD_OR : 0) |
		(count_words(expression) - 1);
	for (uint32_t i = 0; i < expression->count; i++)
		at = write_words(&expression->children[i], at);
	return at;
}

struct filter_words
filter_lower(struct filter_predicates *predicates, const struct filter *filter,
	struct arena *arena)
{
	struct filter_lowering low = {
		.predicates = predicates, .filter = filter, .arena = arena};
	struct expression whole = lower(&low, filter->root, true);
	struct filter_words ret = {.is_never = whole.kind == NEVER};
	uint32_t *end;

	ret.words = end = arena_alloc_raw(
		arena, count_words(&whole) * sizeof(*ret.words));
	if (whole.kind == AND) {
		for (uint32_t i = 0; i < whole.count; i++)
			end = write_words(&whole.children[i], end);
	} else if (whole.kind == LEAF || whole.kind == OR) {
		end = write_words(&whole, end);
	}
	ret.count = (uint32_t)(end - ret.words);
	return ret;
}

void
filter_words_unref(struct filter_predicates *predicates, const uint32_t *words,
	uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!(words[i] & FILTER_WORD_JUNCTION))
			filter_predicates_unref(
				predicates, filter_word_predicate(words[i]));
	}
}
