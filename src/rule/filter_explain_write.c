#include "rule/filter_explain.h"

/* ---- JSON ---- */

static void
write_value(struct json_out *out, const char *key, const char *missing_key,
	const struct filter_explain_json *value)
{
	json_out_raw(out, key, value->text);
	if (value->is_missing && missing_key)
		json_out_boolean(out, missing_key, true);
}

static void
write_values(struct json_out *out, const struct filter_explain_node *node)
{
	if (node->value_count == 0)
		return;
	json_out_array(out, "values");
	for (size_t i = 0; i < node->value_count; i++) {
		const struct filter_explain_value *value = &node->values[i];

		json_out_object(out, NULL);
		json_out_string(out, "text", value->text);
		write_value(out, "value", "missing", &value->value);
		if (value->value.is_cut)
			json_out_boolean(out, "cut", true);
		if (value->is_change) {
			write_value(out, "old", NULL, &value->old_value);
			write_value(out, "new", NULL, &value->new_value);
		}
		json_out_end(out);
	}
	json_out_end(out);
}

static void
write_node(struct json_out *out, const char *key,
	const struct filter_explain_node *node)
{
	json_out_object(out, key);
	json_out_text(out, "kind", node->kind);
	json_out_string(out, "text", node->text);
	json_out_text(out, "truth", filter_truth_name(node->truth));
	json_out_boolean(out, "decides", node->is_deciding);
	if (node->has_element) {
		json_out_integer(out, "element", (int64_t)node->element);
		write_value(out, "elementValue", NULL, &node->element_value);
	}
	write_values(out, node);
	if (node->first) {
		json_out_array(out, "children");
		for (const struct filter_explain_node *child = node->first;
			child; child = child->next)
			write_node(out, NULL, child);
		json_out_end(out);
	}
	if (node->is_cut)
		json_out_boolean(out, "more", true);
	json_out_end(out);
}

/** Calls for the deciding clauses that nothing below them explains. */
static void
write_because(struct json_out *out, const struct filter_explain_node *node,
	size_t *left)
{
	bool is_leaf = true;

	for (const struct filter_explain_node *child = node->first; child;
		child = child->next) {
		if (!child->is_deciding || child->has_element)
			continue;
		is_leaf = false;
		write_because(out, child, left);
	}
	if (is_leaf && *left > 0) {
		json_out_string(out, NULL, node->text);
		--*left;
	}
}

void
filter_explain_write(
	const struct filter_explanation *explanation, struct json_out *out)
{
	size_t left = FILTER_EXPLAIN_BECAUSE_MAX;

	json_out_boolean(out, "matches", explanation->truth == FILTER_IS_TRUE);
	json_out_text(out, "truth", filter_truth_name(explanation->truth));
	if (explanation->is_spent)
		json_out_boolean(out, "spent", true);
	json_out_array(out, "because");
	write_because(out, explanation->root, &left);
	json_out_end(out);
	write_node(out, "tree", explanation->root);
}

/* ---- lines of text ---- */

static const char *
mark_of(enum filter_truth truth)
{
	static const char *const marks[] = {
		[FILTER_IS_FALSE] = "✗",
		[FILTER_IS_TRUE] = "✓",
		[FILTER_IS_UNKNOWN] = "?",
	};

	return marks[truth];
}

static void
print_json(const struct filter_explain_json *value, struct buf *out)
{
	buf_append(out, value->is_missing ? STR("missing") : value->text);
}

static void
print_values(
	const struct filter_explain_node *node, unsigned depth, struct buf *out)
{
	for (size_t i = 0; i < node->value_count; i++) {
		const struct filter_explain_value *value = &node->values[i];

		buf_printf(out, "%*s%.*s is ", (int)(2 * depth + 4), "",
			STR_ARG(value->text));
		print_json(&value->value, out);
		if (value->is_change) {
			buf_append(out, STR(": "));
			print_json(&value->old_value, out);
			buf_append(out, STR(" before, "));
			print_json(&value->new_value, out);
			buf_append(out, STR(" after"));
		}
		buf_append_char(out, '\n');
	}
}

static void
print_node(
	const struct filter_explain_node *node, unsigned depth, struct buf *out)
{
	bool is_connective = !strcmp(node->kind, "and") ||
			     !strcmp(node->kind, "or") ||
			     !strcmp(node->kind, "not");

	buf_printf(out, "%*s%s ", (int)(2 * depth), "", mark_of(node->truth));
	if (node->has_element)
		buf_printf(out, "[%zu] ", node->element);
	/* What stands below a connective need not be said twice. */
	buf_append(out, is_connective ? str_of(node->kind) : node->text);
	if (node->is_deciding)
		buf_append(out, STR("  <--"));
	buf_append_char(out, '\n');
	print_values(node, depth, out);
	for (const struct filter_explain_node *child = node->first; child;
		child = child->next)
		print_node(child, depth + 1, out);
	if (node->is_cut)
		buf_printf(out, "%*s…\n", (int)(2 * depth + 2), "");
}

void
filter_explain_print(
	const struct filter_explanation *explanation, struct buf *out)
{
	static const char *const sentences[] = {
		[FILTER_IS_FALSE] = "The filter is false: it does not match.",
		[FILTER_IS_TRUE] = "The filter is true: it matches.",
		[FILTER_IS_UNKNOWN] =
			"The filter is unknown, which does not match.",
	};

	print_node(explanation->root, 0, out);
	if (explanation->is_spent)
		buf_append(out,
			STR("It takes more work than one match may; not all "
			    "clauses could be looked at.\n"));
	buf_printf(out, "%s\n", sentences[explanation->truth]);
}
