#include "rule/filter_lower_leaf.h"

#include "rule/filter_function.h"
#include "rule/filter_opaque.h"

/* ---- paths ---- */

static const struct {
	bool has_slot;
	enum filter_slot_root root;
} roots[] = {
	[FILTER_ROOT_TYPE] = {true, FILTER_SLOT_ENVELOPE},
	[FILTER_ROOT_OPERATION] = {true, FILTER_SLOT_ENVELOPE},
	[FILTER_ROOT_NEW] = {true, FILTER_SLOT_NEW},
	[FILTER_ROOT_OLD] = {true, FILTER_SLOT_OLD},
	[FILTER_ROOT_CHANGED] = {true, FILTER_SLOT_CHANGED},
	[FILTER_ROOT_BARE] = {true, FILTER_SLOT_BARE},
	[FILTER_ROOT_DATA] = {true, FILTER_SLOT_DATA},
	[FILTER_ROOT_VARIABLE] = {false, FILTER_SLOT_ENVELOPE},
};

static const struct filter_node *
child_of(const struct filter_lowering *low, const struct filter_node *node,
	uint32_t child)
{
	return filter_child(low->filter, node, child);
}

static bool
is_changed(const struct filter_lowering *low, const struct filter_node *node)
{
	return node->kind == FILTER_PATH &&
	       low->filter->paths[node->first].root == FILTER_ROOT_CHANGED;
}

/** A path, or a function of what has a slot. */
static bool
is_slot(const struct filter_lowering *low, const struct filter_node *node)
{
	if (node->kind == FILTER_CALL && filter_function_at(node->op)->is_keyed)
		return !is_changed(low, child_of(low, node, 0)) &&
		       is_slot(low, child_of(low, node, 0));
	return node->kind == FILTER_PATH &&
	       roots[low->filter->paths[node->first].root].has_slot;
}

bool
filter_lower_has_slot(const struct filter_lowering *low,
	const struct filter_node *node, uint32_t child)
{
	return is_slot(low, child_of(low, node, child));
}

uint32_t
filter_lower_slot(struct filter_lowering *low, uint32_t index)
{
	const struct filter_path *path = &low->filter->paths[index];

	if (path->root == FILTER_ROOT_TYPE)
		return FILTER_SLOT_TYPE;
	if (path->root == FILTER_ROOT_OPERATION)
		return FILTER_SLOT_OPERATION;
	return filter_slots_get(low->predicates->slots, roots[path->root].root,
		low->filter->segments + path->first, path->count);
}

static uint32_t
slot_of(struct filter_lowering *low, const struct filter_node *node)
{
	if (node->kind == FILTER_CALL)
		return filter_slots_derive(low->predicates->slots,
			slot_of(low, child_of(low, node, 0)), node->op);
	return filter_lower_slot(low, node->first);
}

/* ---- predicates ---- */

uint32_t
filter_lower_leaf(struct filter_lowering *low,
	const struct filter_wanted *wanted, bool is)
{
	uint32_t number = filter_predicates_get(low->predicates, wanted);

	return number << FILTER_WORDS_SHIFT | (is ? 0 : FILTER_WORD_NEGATED) |
	       (wanted->family > FILTER_FAMILY_KEYED ? FILTER_WORD_LAZY : 0);
}

static uint32_t
constant(bool is)
{
	return is ? FILTER_LEAF_ALWAYS : FILTER_LEAF_NEVER;
}

/** `changed/…` is true or false, so all else about it is known. */
static uint32_t
equal_changed(struct filter_lowering *low, const struct filter_node *path,
	const struct filter_value *literal, bool wanted)
{
	struct filter_wanted equal = {
		.family = FILTER_FAMILY_EQUAL, .tag = 'b', .key = STR("1")};

	if (literal->kind != FILTER_VALUE_BOOLEAN)
		return constant(!wanted);
	equal.slot = slot_of(low, path);
	return filter_lower_leaf(low, &equal, literal->as.boolean == wanted);
}

static uint32_t
equal(struct filter_lowering *low, const struct filter_node *path,
	const struct filter_value *literal, bool wanted)
{
	struct filter_scalar scalar;
	struct filter_wanted want = {0};

	if (is_changed(low, path))
		return equal_changed(low, path, literal, wanted);
	filter_scalar_set(&scalar, literal);
	want.tag = scalar.tag;
	want.key = scalar.bytes;
	want.family = FILTER_FAMILY_EQUAL;
	if (literal->kind == FILTER_VALUE_NUMBER && scalar.tag == 0)
		return constant(!wanted); /* NaN */
	if (literal->kind == FILTER_VALUE_PATTERN)
		return constant(!wanted);
	want.slot = slot_of(low, path);
	if (literal->kind == FILTER_VALUE_NULL) {
		want.family = FILTER_FAMILY_NULL;
	} else if (scalar.tag == 0) {
		want.family = FILTER_FAMILY_EQUAL_OTHER;
		want.tag = (char)literal->kind;
		want.key = literal->text;
		want.literal = literal;
	}
	return filter_lower_leaf(low, &want, wanted);
}

/** Kind and spelling; a number by its value. */
static struct str
order_key(const struct filter_value *literal, char space[16])
{
	struct filter_scalar scalar;

	filter_scalar_set(&scalar, literal);
	if (literal->text.len || scalar.tag == 0)
		return literal->text;
	space[0] = scalar.tag;
	memcpy(space + 1, scalar.bytes.ptr, scalar.bytes.len);
	return str_make(space, scalar.bytes.len + 1);
}

static uint32_t
ordered(struct filter_lowering *low, const struct filter_node *path,
	const struct filter_value *literal, enum filter_operator op,
	bool wanted)
{
	char space[16];
	struct filter_wanted want = {.family = FILTER_FAMILY_ORDER,
		.tag = (char)((int)op << 4 | (int)literal->kind),
		.literal = literal};

	want.slot = slot_of(low, path);
	want.key = order_key(literal, space);
	return filter_lower_leaf(low, &want, wanted);
}

static uint32_t
compare_with(struct filter_lowering *low, const struct filter_node *path,
	const struct filter_value *literal, enum filter_operator op,
	bool wanted)
{
	if (op == FILTER_EQ || op == FILTER_NE)
		return equal(low, path, literal, wanted == (op == FILTER_EQ));
	return ordered(low, path, literal, op, wanted);
}

uint32_t
filter_lower_compare(struct filter_lowering *low,
	const struct filter_node *node, uint32_t literal,
	enum filter_operator op, bool wanted)
{
	const struct filter_node *item = child_of(low, node, literal);

	return compare_with(low, child_of(low, node, 0),
		&low->filter->literals[item->first], op, wanted);
}

bool
filter_lower_is_comparison(
	const struct filter_lowering *low, const struct filter_node *node)
{
	const struct filter_node *a = child_of(low, node, 0);
	const struct filter_node *b = child_of(low, node, 1);

	return (is_slot(low, a) && b->kind == FILTER_LITERAL) ||
	       (is_slot(low, b) && a->kind == FILTER_LITERAL);
}

uint32_t
filter_lower_comparison(struct filter_lowering *low,
	const struct filter_node *node, bool wanted)
{
	static const uint8_t swapped[] = {
		[FILTER_EQ] = FILTER_EQ,
		[FILTER_NE] = FILTER_NE,
		[FILTER_GT] = FILTER_LT,
		[FILTER_GE] = FILTER_LE,
		[FILTER_LT] = FILTER_GT,
		[FILTER_LE] = FILTER_GE,
	};
	const struct filter_node *literal = child_of(low, node, 0);

	if (is_slot(low, literal))
		return filter_lower_compare(
			low, node, 1, (enum filter_operator)node->op, wanted);
	return compare_with(low, child_of(low, node, 1),
		&low->filter->literals[literal->first],
		(enum filter_operator)swapped[node->op], wanted);
}

uint32_t
filter_lower_boolean(struct filter_lowering *low,
	const struct filter_node *node, bool wanted)
{
	struct filter_value is_wanted = filter_value_boolean(wanted);

	return equal(low, node, &is_wanted, true);
}

/* ---- text ---- */

static const struct {
	struct str name;
	enum filter_family family;
} text_functions[] = {
	{STR_INIT("contains"), FILTER_FAMILY_PART},
	{STR_INIT("startswith"), FILTER_FAMILY_HEAD},
	{STR_INIT("endswith"), FILTER_FAMILY_TAIL},
};

static bool
text_family(const struct filter_node *node, enum filter_family *ret)
{
	struct str name = str_of(filter_function_at(node->op)->name);

	for (size_t i = 0; i < COUNT_OF(text_functions); i++) {
		if (str_equal(text_functions[i].name, name)) {
			*ret = text_functions[i].family;
			return true;
		}
	}
	return false;
}

bool
filter_lower_is_text(
	const struct filter_lowering *low, const struct filter_node *node)
{
	enum filter_family family;

	return text_family(node, &family) &&
	       filter_lower_has_slot(low, node, 0) &&
	       child_of(low, node, 1)->kind == FILTER_LITERAL;
}

static bool
is_never_text(const struct filter_lowering *low, const struct filter_node *node)
{
	const struct filter_node *needle = child_of(low, node, 1);

	return low->filter->literals[needle->first].kind !=
		       FILTER_VALUE_STRING ||
	       is_changed(low, child_of(low, node, 0));
}

uint32_t
filter_lower_is_string(
	struct filter_lowering *low, const struct filter_node *node)
{
	struct filter_wanted want = {.family = FILTER_FAMILY_STRING};

	if (is_never_text(low, node))
		return FILTER_LEAF_NEVER;
	want.slot = slot_of(low, child_of(low, node, 0));
	return filter_lower_leaf(low, &want, true);
}

uint32_t
filter_lower_text(struct filter_lowering *low, const struct filter_node *node)
{
	struct filter_wanted want = {0};

	if (is_never_text(low, node))
		return FILTER_LEAF_NEVER;
	want.key = low->filter->literals[child_of(low, node, 1)->first].text;
	if (want.key.len == 0)
		return filter_lower_is_string(low, node);
	text_family(node, &want.family);
	want.slot = slot_of(low, child_of(low, node, 0));
	return filter_lower_leaf(low, &want, true);
}

/* ---- the rest ---- */

uint32_t
filter_lower_opaque(struct filter_lowering *low, uint32_t node, bool wanted)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct filter_wanted want = {
		.slot = FILTER_SLOT_NOTHING,
		.family = FILTER_FAMILY_OPAQUE,
		.tag = wanted,
		.source = low->filter,
		.node = node,
	};

	filter_opaque_print(low->filter, node, &text);
	want.key = buf_str(&text);
	return filter_lower_leaf(low, &want, true);
}
