#include "rule/filter_ast.h"

#include <stdlib.h>

/*
 * Which types a filter needs: a sorted set, or no tie at all. `and` may take
 * the common part of its tied children, `or` needs all of them tied.
 */
struct types {
	bool is_tied;
	struct str *items;
	size_t count;
};

static struct types types_of(const struct filter *f,
	const struct filter_node *node, struct arena *work);

static int
compare_items(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void
sort(struct types *types)
{
	size_t kept = 0;

	if (types->count == 0)
		return;
	qsort(types->items, types->count, sizeof(*types->items), compare_items);
	for (size_t i = 1; i < types->count; i++) {
		if (!str_equal(types->items[i], types->items[kept]))
			types->items[++kept] = types->items[i];
	}
	types->count = kept + 1;
}

static bool
is_type(const struct filter *f, const struct filter_node *node)
{
	return node->kind == FILTER_PATH &&
	       f->paths[node->first].root == FILTER_ROOT_TYPE;
}

/** Literals that are no strings never equal a type. */
static void
add_literal(const struct filter *f, const struct filter_node *node,
	struct types *types)
{
	const struct filter_value *value = &f->literals[node->first];

	if (value->kind == FILTER_VALUE_STRING)
		types->items[types->count++] = value->text;
}

static struct types
types_of_compare(const struct filter *f, const struct filter_node *node,
	struct arena *work)
{
	const struct filter_node *a = filter_child(f, node, 0);
	const struct filter_node *b = filter_child(f, node, 1);
	struct types types = {0};

	if (is_type(f, b)) {
		const struct filter_node *swap = a;

		a = b;
		b = swap;
	}
	/* `type eq null` is true of an event without a type. */
	if (node->op != FILTER_EQ || !is_type(f, a) ||
		b->kind != FILTER_LITERAL ||
		f->literals[b->first].kind != FILTER_VALUE_STRING)
		return types;
	types.is_tied = true;
	types.items = ARENA_NEW(work, struct str);
	add_literal(f, b, &types);
	return types;
}

static struct types
types_of_list(const struct filter *f, const struct filter_node *node,
	struct arena *work)
{
	struct types types = {0};

	if (!is_type(f, filter_child(f, node, 0)))
		return types;
	types.items =
		arena_alloc_array(work, node->count, sizeof(*types.items));
	for (size_t i = 1; i < node->count; i++) {
		const struct filter_node *item = filter_child(f, node, i);

		if (f->literals[item->first].kind != FILTER_VALUE_STRING)
			return (struct types){0};
		add_literal(f, item, &types);
	}
	types.is_tied = true;
	sort(&types);
	return types;
}

static struct types
intersect(struct types a, struct types b)
{
	struct types both = {.is_tied = true, .items = a.items};
	size_t at = 0;

	for (size_t i = 0; i < a.count; i++) {
		while (at < b.count && str_compare(b.items[at], a.items[i]) < 0)
			at++;
		if (at < b.count && str_equal(b.items[at], a.items[i]))
			both.items[both.count++] = a.items[i];
	}
	return both;
}

static struct types
types_of_and(const struct filter *f, const struct filter_node *node,
	struct arena *work)
{
	struct types result = {0};

	for (size_t i = 0; i < node->count; i++) {
		struct types child =
			types_of(f, filter_child(f, node, i), work);

		if (child.is_tied)
			result = result.is_tied ? intersect(result, child)
						: child;
	}
	return result;
}

static struct types
types_of_or(const struct filter *f, const struct filter_node *node,
	struct arena *work)
{
	struct types *children =
		arena_alloc_array(work, node->count, sizeof(*children));
	struct types all = {.is_tied = true};
	size_t total = 0;

	for (size_t i = 0; i < node->count; i++) {
		children[i] = types_of(f, filter_child(f, node, i), work);
		if (!children[i].is_tied)
			return (struct types){0};
		total += children[i].count;
	}
	all.items = arena_alloc_array(work, total + 1, sizeof(*all.items));
	for (size_t i = 0; i < node->count; i++) {
		for (size_t k = 0; k < children[i].count; k++)
			all.items[all.count++] = children[i].items[k];
	}
	sort(&all);
	return all;
}

static struct types
types_of(const struct filter *f, const struct filter_node *node,
	struct arena *work)
{
	if (node->kind == FILTER_AND)
		return types_of_and(f, node, work);
	if (node->kind == FILTER_OR)
		return types_of_or(f, node, work);
	if (node->kind == FILTER_COMPARE)
		return types_of_compare(f, node, work);
	if (node->kind == FILTER_IN_LIST)
		return types_of_list(f, node, work);
	return (struct types){0};
}

void
filter_types_find(struct filter *f, struct arena *arena)
{
	CLEANUP(arena_release) struct arena work = {0};
	struct types types = types_of(f, &f->nodes[f->root], &work);
	struct str *kept;

	f->is_tied_to_types = types.is_tied;
	f->type_count = (uint32_t)types.count;
	kept = arena_alloc_array(arena, types.count + 1, sizeof(*kept));
	for (size_t i = 0; i < types.count; i++)
		kept[i] = types.items[i];
	f->types = kept;
}
