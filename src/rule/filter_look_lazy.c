/* Predicates that are worked out only when somebody asks. */
#include "rule/filter_ast.h"
#include "rule/filter_eval.h"
#include "rule/filter_look.h"
#include "rule/filter_range.h"

enum { ELEMENTS_MAX = 64 * 1024 }; /* as the tree evaluator has it */

/* ---- any(f: f/a eq 1 and …) ---- */

static struct json
member(const struct json_doc *doc, uint32_t index, struct str name)
{
	const struct json_node *nodes = doc->nodes;
	struct json found = {0};
	uint32_t end = nodes[index].next;

	if (nodes[index].kind != JSON_OBJECT)
		return found;
	for (uint32_t at = index + 1; at < end; at = nodes[at + 1].next) {
		const struct json_node *key = &nodes[at];

		if (UNLIKELY(key->flags & JSON_ESCAPED)
				? json_string_equal(
					  (struct json){doc, at}, name)
				: key->len == name.len &&
					  !memcmp(doc->text.ptr + key->offset,
						  name.ptr, name.len))
			found = (struct json){doc, at + 1};
	}
	return found;
}

/** The part's value in an element; tag 0: none that a key has. */
static void
get_part(struct filter_look *look, const struct filter_shape *shape,
	uint32_t part, struct json element, struct filter_scalar *ret)
{
	uint32_t at = part ? shape->ends[part - 1] : 0;
	struct filter_value value;

	for (; at < shape->ends[part] && element.doc; at++)
		element =
			member(element.doc, element.index, shape->segments[at]);
	value = filter_value_from_json(element, look->arena);
	filter_scalar_set(ret, &value);
}

static bool
key_part_is(struct str *key, const struct filter_scalar *scalar)
{
	uint32_t len;

	if (key->ptr[0] != scalar->tag)
		return false;
	memcpy(&len, key->ptr + 1, sizeof(len));
	if (!str_equal(str_make(key->ptr + 5, len), scalar->bytes))
		return false;
	*key = str_skip(*key, 5 + (size_t)len);
	return true;
}

/** Whether the element is what the predicate asks for, part by part. */
static bool
is_element(struct filter_look *look, const struct filter_predicate *predicate,
	const struct filter_shape *shape, struct json element)
{
	struct str key = str_make(predicate->key->bytes, predicate->key->len);

	if (predicate->family != FILTER_FAMILY_ELEMENT ||
		predicate->more.shape != shape)
		return false;
	key = str_skip(key, sizeof(shape));
	for (uint32_t i = 0; i < shape->count; i++) {
		struct filter_scalar scalar;

		get_part(look, shape, i, element, &scalar);
		if (!key_part_is(&key, &scalar))
			return false;
	}
	return true;
}

static void
lookup(struct filter_look *look, uint64_t hash,
	const struct filter_shape *shape, struct json element)
{
	const struct filter_predicates *predicates = look->predicates;
	struct filter_probe probe =
		filter_table_probe(&predicates->table, hash);
	uint32_t head;

	while ((head = filter_table_next(&probe)) != FILTER_TABLE_END) {
		uint32_t next = head + 1;

		while (next) {
			const struct filter_predicate *predicate =
				filter_predicate_at(predicates, next - 1);

			if (predicate->hash != hash)
				break;
			if (is_element(look, predicate, shape, element))
				filter_look_found(look, next - 1);
			next = atomic_load_explicit(
				&predicate->next, memory_order_acquire);
		}
	}
}

static void
probe_element(struct filter_look *look, const struct filter_shape *shape,
	struct json element)
{
	uint64_t hash = shape->seed;

	for (uint32_t i = 0; i < shape->count; i++) {
		struct filter_scalar scalar;

		get_part(look, shape, i, element, &scalar);
		if (scalar.tag == 0)
			return;
		hash = filter_scalar_hash(hash, &scalar);
		/* Most elements part here. */
		if (i == 0 && !filter_bloom_has(look->bloom, hash))
			return;
	}
	lookup(look, hash, shape, element);
}

void
filter_look_walk(struct filter_look *look, uint32_t number)
{
	struct filter_seen *seen;
	const struct filter_shape *shape;
	struct json_walk walk;

	if (number >= look->slot_count)
		return;
	seen = &look->seen[number];
	if (seen->walk_stamp == look->stamp)
		return;
	seen->walk_stamp = look->stamp;
	if (seen->stamp != look->stamp || json_kind(seen->json) != JSON_ARRAY)
		return;
	shape = atomic_load_explicit(
		&filter_slot_at(look->predicates->slots, number)->shapes,
		memory_order_acquire);
	for (; shape; shape = atomic_load_explicit(
			      &shape->next, memory_order_acquire)) {
		walk = json_walk(seen->json);
		for (size_t i = 0; i < ELEMENTS_MAX && json_walk_next(&walk);
			i++)
			probe_element(look, shape, walk.value);
	}
}

/* ---- the others ---- */

static bool
is_opaque_true(
	struct filter_look *look, const struct filter_predicate *predicate)
{
	struct filter_value value =
		filter_eval(predicate->more.filter, look->event, look->arena);

	return value.kind == FILTER_VALUE_BOOLEAN &&
	       value.as.boolean == (predicate->tag == 1);
}

static bool
evaluate(struct filter_look *look, uint32_t number)
{
	const struct filter_predicate *predicate =
		filter_predicate_at(look->predicates, number);
	const struct filter_value *value;

	if (predicate->family == FILTER_FAMILY_OPAQUE)
		return is_opaque_true(look, predicate);
	if (predicate->family == FILTER_FAMILY_ELEMENT) {
		filter_look_walk(look, predicate->slot);
		return look->truths[number] == look->stamp + 1;
	}
	value = filter_look_value(look, predicate->slot);
	if (predicate->family == FILTER_FAMILY_NULL)
		return value->kind == FILTER_VALUE_NULL;
	if (predicate->family == FILTER_FAMILY_STRING)
		return value->kind == FILTER_VALUE_STRING;
	if (predicate->family == FILTER_FAMILY_ORDER)
		return filter_range_is(value,
			(uint8_t)filter_predicate_operator(predicate),
			predicate->more.literal);
	return filter_value_equal(*value, *predicate->more.literal);
}

bool
filter_look_evaluate(struct filter_look *look, uint32_t number)
{
	bool is_true = evaluate(look, number);

	look->evaluations++;
	look->truths[number] = look->stamp + is_true;
	return is_true;
}
