/* Leaves about the elements of an array. */
#include "rule/filter_lower_leaf.h"

enum { PARTS_MAX = 8 };

/** Whether the node is `variable/path eq constant`. */
static bool
is_part(const struct filter_lowering *low, const struct filter_node *node,
	uint8_t variable)
{
	const struct filter_node *path, *literal;
	struct filter_scalar scalar;

	if (node->kind != FILTER_COMPARE || node->op != FILTER_EQ)
		return false;
	path = filter_child(low->filter, node, 0);
	literal = filter_child(low->filter, node, 1);
	if (path->kind != FILTER_PATH || literal->kind != FILTER_LITERAL ||
		low->filter->paths[path->first].root != FILTER_ROOT_VARIABLE ||
		low->filter->paths[path->first].slot != variable)
		return false;
	filter_scalar_set(&scalar, &low->filter->literals[literal->first]);
	return scalar.tag != 0;
}

/** Whether filters may look into the path's elements by key. */
static bool
is_collection(const struct filter_lowering *low, uint32_t path)
{
	uint8_t root = low->filter->paths[path].root;

	return root == FILTER_ROOT_NEW || root == FILTER_ROOT_OLD ||
	       root == FILTER_ROOT_BARE || root == FILTER_ROOT_DATA;
}

static uint32_t
part_count(const struct filter_node *body)
{
	return body->kind == FILTER_AND ? body->count : 1;
}

static const struct filter_node *
part_at(const struct filter_lowering *low, const struct filter_node *body,
	uint32_t part)
{
	return body->kind == FILTER_AND ? filter_child(low->filter, body, part)
					: body;
}

bool
filter_lower_is_element(
	const struct filter_lowering *low, const struct filter_node *node)
{
	const struct filter_lambda *lambda = &low->filter->lambdas[node->first];
	const struct filter_node *body;

	if (lambda->is_all || lambda->body == FILTER_NONE ||
		!is_collection(low, lambda->path))
		return false;
	body = &low->filter->nodes[lambda->body];
	if (part_count(body) > PARTS_MAX)
		return false;
	for (uint32_t i = 0; i < part_count(body); i++) {
		if (!is_part(low, part_at(low, body, i), lambda->slot))
			return false;
	}
	return true;
}

static struct filter_shape *
shape_of(struct filter_lowering *low, const struct filter_lambda *lambda)
{
	const struct filter_node *body = &low->filter->nodes[lambda->body];
	struct str segments[PARTS_MAX * FILTER_PATH_MAX];
	uint32_t ends[PARTS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < part_count(body); i++) {
		const struct filter_node *path =
			filter_child(low->filter, part_at(low, body, i), 0);
		const struct filter_path *row =
			&low->filter->paths[path->first];

		for (uint32_t k = 0; k < row->count; k++)
			segments[count++] =
				low->filter->segments[row->first + k];
		ends[i] = count;
	}
	return filter_slots_shape(low->predicates->slots,
		filter_lower_slot(low, lambda->path), segments, ends,
		part_count(body));
}

/** One more constant of an element's key. */
static void
add_part(struct filter_wanted *want, const struct filter_value *literal,
	struct buf *key)
{
	struct filter_scalar scalar;

	filter_scalar_set(&scalar, literal);
	want->hash = filter_scalar_hash(want->hash, &scalar);
	filter_scalar_append(&scalar, key);
}

static struct filter_wanted
begin_key(struct filter_shape *shape, struct buf *key)
{
	buf_append(key, str_make((const char *)&shape, sizeof(shape)));
	return (struct filter_wanted){
		.family = FILTER_FAMILY_ELEMENT,
		.shape = shape,
		.slot = shape->slot,
		.hash = shape->seed,
	};
}

uint32_t
filter_lower_element(
	struct filter_lowering *low, const struct filter_node *node)
{
	const struct filter_lambda *lambda = &low->filter->lambdas[node->first];
	const struct filter_node *body = &low->filter->nodes[lambda->body];
	CLEANUP(buf_release) struct buf key = {0};
	struct filter_wanted want = begin_key(shape_of(low, lambda), &key);

	for (uint32_t i = 0; i < part_count(body); i++) {
		const struct filter_node *literal =
			filter_child(low->filter, part_at(low, body, i), 1);

		add_part(&want, &low->filter->literals[literal->first], &key);
	}
	want.key = buf_str(&key);
	return filter_lower_leaf(low, &want, true);
}

/* ---- a constant in an array ---- */

bool
filter_lower_is_member(
	const struct filter_lowering *low, const struct filter_node *node)
{
	const struct filter_node *literal = filter_child(low->filter, node, 0);
	const struct filter_node *path = filter_child(low->filter, node, 1);
	struct filter_scalar scalar;

	if (literal->kind != FILTER_LITERAL || path->kind != FILTER_PATH ||
		!is_collection(low, path->first))
		return false;
	filter_scalar_set(&scalar, &low->filter->literals[literal->first]);
	return scalar.tag != 0;
}

/** The same as any(x: x eq constant), but never unknown. */
uint32_t
filter_lower_member(struct filter_lowering *low, const struct filter_node *node,
	bool wanted)
{
	const struct filter_node *literal = filter_child(low->filter, node, 0);
	uint32_t path = filter_child(low->filter, node, 1)->first;
	CLEANUP(buf_release) struct buf key = {0};
	uint32_t end = 0;
	struct filter_wanted want =
		begin_key(filter_slots_shape(low->predicates->slots,
				  filter_lower_slot(low, path), NULL, &end, 1),
			&key);

	add_part(&want, &low->filter->literals[literal->first], &key);
	want.key = buf_str(&key);
	return filter_lower_leaf(low, &want, wanted);
}
