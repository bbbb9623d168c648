/* Deep equality of what json.c read. */
#include <stdlib.h>

#include "base/json.h"

static bool
are_escaped_equal(struct json a, struct json b)
{
	struct arena arena = {0};
	bool is_equal =
		str_equal(json_string(a, &arena), json_string(b, &arena));

	arena_release(&arena);
	return is_equal;
}

/** Of two strings. */
static inline bool
is_equal_string(struct json a, struct json b)
{
	const struct json_node *in_a = json_node_of(a), *in_b = json_node_of(b);

	if (UNLIKELY((in_a->flags | in_b->flags) & JSON_ESCAPED))
		return are_escaped_equal(a, b);
	return in_a->len == in_b->len &&
	       memcmp(a.doc->text.ptr + in_a->offset,
		       b.doc->text.ptr + in_b->offset, in_a->len) == 0;
}

/** Of two numbers whose texts are not the same. */
static bool
is_equal_number(struct json a, struct json b)
{
	if (json_node_of(a)->flags & json_node_of(b)->flags & JSON_DIGITS)
		return false;
	return number_compare(json_number(a), json_number(b)) == 0;
}

static bool
is_equal_array(struct json a, struct json b)
{
	struct json_walk in_a = json_walk(a);
	struct json_walk in_b = json_walk(b);

	while (json_walk_next(&in_a)) {
		if (!json_walk_next(&in_b) ||
			!json_equal(in_a.value, in_b.value))
			return false;
	}
	return !json_walk_next(&in_b);
}

/** Whether both have the same keys in the same order. */
static bool
has_same_layout(struct json a, struct json b)
{
	const struct json_node *in_a = a.doc->nodes, *in_b = b.doc->nodes;
	uint32_t end_a = json_node_of(a)->next, end_b = json_node_of(b)->next;
	uint32_t at_a = a.index + 1, at_b = b.index + 1;

	while (at_a < end_a && at_b < end_b) {
		if (!is_equal_string((struct json){a.doc, at_a},
			    (struct json){b.doc, at_b}))
			return false;
		at_a = in_a[at_a + 1].next;
		at_b = in_b[at_b + 1].next;
	}
	return at_a == end_a && at_b == end_b;
}

/** The position of the first member that differs; SIZE_MAX: none does. */
static size_t
first_difference(struct json a, struct json b)
{
	struct json_walk in_a = json_walk(a);
	struct json_walk in_b = json_walk(b);

	for (size_t i = 0; json_walk_next(&in_a) && json_walk_next(&in_b);
		i++) {
		if (!json_equal(in_a.value, in_b.value))
			return i;
	}
	return SIZE_MAX;
}

/** Whether the key of the member at `at` in the tape comes again behind it. */
static bool
comes_again(struct json object, uint32_t at)
{
	const struct json_node *nodes = object.doc->nodes;
	uint32_t end = json_node_of(object)->next;
	struct json key = {object.doc, at};

	while ((at = nodes[at + 1].next) < end) {
		if (is_equal_string((struct json){object.doc, at}, key))
			return true;
	}
	return false;
}

static uint32_t
member_at(struct json object, size_t position)
{
	const struct json_node *nodes = object.doc->nodes;
	uint32_t at = object.index + 1;

	while (position-- > 0)
		at = nodes[at + 1].next;
	return at;
}

static bool
is_container(const struct json_node *node)
{
	return node->kind == JSON_OBJECT || node->kind == JSON_ARRAY;
}

/**
 * Whether a member that both have, and that holds no members itself, settles
 * it: as far as the keys are the same, most objects differ in one of them.
 * False says nothing.
 */
static bool
differs_soon(struct json a, struct json b)
{
	const struct json_node *in_a = a.doc->nodes, *in_b = b.doc->nodes;
	uint32_t end_a = json_node_of(a)->next, end_b = json_node_of(b)->next;
	uint32_t at_a = a.index + 1, at_b = b.index + 1;

	while (at_a < end_a && at_b < end_b) {
		struct json value_a = {a.doc, at_a + 1};
		struct json value_b = {b.doc, at_b + 1};

		if (!is_equal_string((struct json){a.doc, at_a},
			    (struct json){b.doc, at_b}))
			return false;
		if (!(is_container(&in_a[at_a + 1]) &&
			    is_container(&in_b[at_b + 1])) &&
			!json_equal(value_a, value_b))
			return !comes_again(a, at_a) && !comes_again(b, at_b);
		at_a = in_a[at_a + 1].next;
		at_b = in_b[at_b + 1].next;
	}
	return false;
}

struct member {
	struct str key;
	size_t position;
	struct json value;
};

static int
compare_members(const void *left, const void *right)
{
	const struct member *a = left;
	const struct member *b = right;
	int order = str_compare(a->key, b->key);

	if (order != 0)
		return order;
	return a->position < b->position ? -1 : a->position > b->position;
}

/** The members sorted by key; of those with one name the last, which counts. */
static struct member *
sorted_members(struct json object, struct arena *arena, size_t *ret_count)
{
	struct json_walk walk = json_walk(object);
	size_t total = json_count(object), count = 0;
	struct member *members =
		arena_alloc_array(arena, total, sizeof(*members));

	for (size_t i = 0; json_walk_next(&walk); i++)
		members[i] = (struct member){
			json_string(walk.key, arena), i, walk.value};
	if (total > 1)
		qsort(members, total, sizeof(*members), compare_members);
	for (size_t i = 0; i < total; i++) {
		if (i + 1 == total ||
			!str_equal(members[i].key, members[i + 1].key))
			members[count++] = members[i];
	}
	*ret_count = count;
	return members;
}

/**
 * Compares by key. Of two objects with the same layout the members before
 * `differs` are known to be equal and the one at it is known not to be.
 */
static bool
is_equal_by_key(struct json a, struct json b, size_t differs)
{
	struct arena arena = {0};
	size_t count_a, count_b;
	struct member *in_a = sorted_members(a, &arena, &count_a);
	struct member *in_b = sorted_members(b, &arena, &count_b);
	bool is_equal = count_a == count_b;

	for (size_t i = 0; is_equal && i < count_a; i++) {
		if (differs != SIZE_MAX && in_a[i].position <= differs)
			is_equal = in_a[i].position < differs;
		else
			is_equal = str_equal(in_a[i].key, in_b[i].key) &&
				   json_equal(in_a[i].value, in_b[i].value);
	}
	arena_release(&arena);
	return is_equal;
}

/*
 * No pair of values may be compared twice: at every level of nesting that
 * would double the work, which an input 512 levels deep could abuse. Objects
 * mostly have the same layout, so sorting is the exception: another order, or
 * a difference that a later member of the same name may make good.
 */
static bool
is_equal_object(struct json a, struct json b)
{
	size_t differs;

	if (differs_soon(a, b))
		return false;
	if (!has_same_layout(a, b))
		return is_equal_by_key(a, b, SIZE_MAX);
	differs = first_difference(a, b);
	if (differs == SIZE_MAX)
		return true;
	return comes_again(a, member_at(a, differs)) &&
	       is_equal_by_key(a, b, differs);
}

bool
json_equal(struct json a, struct json b)
{
	enum json_kind kind_a = json_kind(a);
	enum json_kind kind_b = json_kind(b);

	if (kind_a == JSON_MISSING)
		kind_a = JSON_NULL;
	if (kind_b == JSON_MISSING)
		kind_b = JSON_NULL;
	if (kind_a != kind_b)
		return false;
	if (kind_a == JSON_NULL || kind_a == JSON_TRUE || kind_a == JSON_FALSE)
		return true;
	if (str_equal(json_raw(a), json_raw(b)))
		return true;
	switch (kind_a) {
	case JSON_NUMBER: return is_equal_number(a, b);
	case JSON_STRING: return is_equal_string(a, b);
	case JSON_ARRAY: return is_equal_array(a, b);
	case JSON_OBJECT: return is_equal_object(a, b);
	case JSON_MISSING:
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE: break;
	}
	return true;
}
