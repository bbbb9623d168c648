#include "rule/filter_ast.h"

/*
 * Notes about what is valid but hardly meant. One row a kind of slip: whether
 * a comparison (`path`, the other side) is one, and what to say.
 */

static bool
is_text(const struct filter_value *value, const char *text)
{
	return value->kind == FILTER_VALUE_STRING &&
	       str_equal_nocase(value->text, str_of(text));
}

static void
note_quoted_boolean(const struct filter_path *path,
	const struct filter_value *value, struct buf *out)
{
	(void)path;
	if (is_text(value, "true") || is_text(value, "false"))
		buf_printf(out,
			"'%.*s' in quotes is text; a Boolean is written "
			"without quotes\n",
			STR_ARG(value->text));
}

static void
note_plural_type(const struct filter_path *path,
	const struct filter_value *value, struct buf *out)
{
	if (path->root != FILTER_ROOT_TYPE ||
		value->kind != FILTER_VALUE_STRING ||
		!str_starts_with(value->text, STR("compute-ops/")) ||
		!str_ends_with(value->text, STR("s")))
		return;
	buf_printf(out, "types are in the singular: '%.*s', not '%.*s'\n",
		STR_ARG(str_head(value->text, value->text.len - 1)),
		STR_ARG(value->text));
}

static void
note_unknown_operation(const struct filter_path *path,
	const struct filter_value *value, struct buf *out)
{
	if (path->root != FILTER_ROOT_OPERATION ||
		value->kind == FILTER_VALUE_NULL)
		return;
	if (value->kind == FILTER_VALUE_STRING &&
		(str_equal(value->text, STR("Created")) ||
			str_equal(value->text, STR("Updated")) ||
			str_equal(value->text, STR("Deleted"))))
		return;
	buf_append(out,
		STR("operation is 'Created', 'Updated' or 'Deleted', nothing "
		    "else\n"));
}

static void (*const notes[])(const struct filter_path *path,
	const struct filter_value *value, struct buf *out) = {
	note_quoted_boolean,
	note_plural_type,
	note_unknown_operation,
};

/** `status eq OK`: a single bare word to the right of a path. */
static void
note_bare_word(const struct filter *f, const struct filter_node *right,
	struct buf *out)
{
	const struct filter_path *path = &f->paths[right->first];

	if ((path->root == FILTER_ROOT_BARE ||
		    path->root == FILTER_ROOT_DATA) &&
		path->count == 1)
		buf_printf(out,
			"%.*s without quotes is a property; text is written "
			"'%.*s'\n",
			STR_ARG(f->segments[path->first]),
			STR_ARG(f->segments[path->first]));
}

static void
note_pair(const struct filter *f, const struct filter_node *a,
	const struct filter_node *b, struct buf *out)
{
	if (a->kind != FILTER_PATH || b->kind != FILTER_LITERAL)
		return;
	for (size_t i = 0; i < COUNT_OF(notes); i++)
		notes[i](&f->paths[a->first], &f->literals[b->first], out);
}

void
filter_notes(const struct filter *f, struct buf *out)
{
	const struct filter_node *root = &f->nodes[f->root];

	for (size_t i = 0; i < f->node_count; i++) {
		const struct filter_node *node = &f->nodes[i];
		bool is_compare = node->kind == FILTER_COMPARE;

		if (!is_compare && node->kind != FILTER_IN_LIST)
			continue;
		for (size_t k = 1; k < node->count; k++)
			note_pair(f, filter_child(f, node, 0),
				filter_child(f, node, k), out);
		if (!is_compare)
			continue;
		note_pair(f, filter_child(f, node, 1), filter_child(f, node, 0),
			out);
		if (filter_child(f, node, 0)->kind == FILTER_PATH &&
			filter_child(f, node, 1)->kind == FILTER_PATH)
			note_bare_word(f, filter_child(f, node, 1), out);
	}
	if (root->kind == FILTER_ARITHMETIC || root->kind == FILTER_NEGATE ||
		root->kind == FILTER_COUNT ||
		(root->kind == FILTER_LITERAL &&
			f->literals[root->first].kind != FILTER_VALUE_BOOLEAN))
		buf_append(out,
			STR("the filter is no condition and never matches\n"));
}
