#include "rule/template_function.h"

#define ROWS(rows_) (rows_), COUNT_OF(rows_)

/** The value of an argument that may be missing. */
static struct value
lazy_arg(struct template_run *run, const struct template_node *const *args,
	size_t count, size_t index)
{
	return index < count ? template_run_node(run, args[index])
			     : value_empty();
}

static struct value
run_if(struct template_run *run, const struct template_node *const *args,
	size_t count)
{
	struct value condition = lazy_arg(run, args, count, 0);

	return lazy_arg(run, args, count, value_is_true(condition) ? 1 : 2);
}

/** An array without items counts as empty too. */
static bool
is_unfilled(struct value value)
{
	return value_is_blank(value) ||
	       (value.kind == VALUE_ARRAY && value.as.array.count == 0);
}

static struct value
run_ifempty(struct template_run *run, const struct template_node *const *args,
	size_t count)
{
	struct value value = lazy_arg(run, args, count, 0);

	return is_unfilled(value) ? lazy_arg(run, args, count, 1) : value;
}

static struct value
run_switch(struct template_run *run, const struct template_node *const *args,
	size_t count)
{
	struct value value = lazy_arg(run, args, count, 0);
	size_t at = 1;

	for (; at + 1 < count && !run->err; at += 2) {
		struct value candidate = template_run_node(run, args[at]);

		if (template_run_same(run, value, candidate))
			return template_run_node(run, args[at + 1]);
	}
	return lazy_arg(run, args, count, at);
}

static struct value
apply_get(struct template_run *run, const struct value *args, size_t count)
{
	struct str path;

	(void)count;
	if (value_is_empty(args[1]) ||
		!template_run_to_text(run, args[1], &path))
		return value_empty();
	return template_run_path(run, args[0], path);
}

/* ---- collections ---- */

/** Whether one of the texts, or of the arrays of texts, is this key. */
static bool
is_named(struct template_run *run, struct str key, const struct value *names,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str name;

		if (names[i].kind == VALUE_ARRAY) {
			if (is_named(run, key, names[i].as.array.items,
				    names[i].as.array.count))
				return true;
			continue;
		}
		if (template_run_to_text(run, names[i], &name) &&
			str_equal(name, key))
			return true;
	}
	return false;
}

static struct value
choose_members(struct template_run *run, const struct value *args, size_t count,
	bool keeps_named)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct value from = args[0];

	if (from.kind != VALUE_COLLECTION)
		return value_empty();
	for (size_t i = 0; i < from.as.collection.count && !run->err; i++) {
		const struct value_member *member =
			&from.as.collection.members[i];

		if (is_named(run, member->key, args + 1, count - 1) ==
			keeps_named)
			template_run_set(
				run, &builder, member->key, member->value);
	}
	return template_run_collection(run, &builder);
}

static struct value
apply_pick(struct template_run *run, const struct value *args, size_t count)
{
	return choose_members(run, args, count, true);
}

static struct value
apply_omit(struct template_run *run, const struct value *args, size_t count)
{
	return choose_members(run, args, count, false);
}

static struct value
apply_merge_collections(
	struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);

	for (size_t at = 0; at < count && !run->err; at++) {
		struct value from = args[at];

		if (from.kind != VALUE_COLLECTION)
			continue;
		for (size_t i = 0; i < from.as.collection.count && !run->err;
			i++)
			template_run_set(run, &builder,
				from.as.collection.members[i].key,
				from.as.collection.members[i].value);
	}
	return template_run_collection(run, &builder);
}

/* ---- comparisons ---- */

static struct value
apply_equal(struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return value_boolean(template_run_same(run, args[0], args[1]));
}

static struct value
apply_is_blank(struct template_run *run, const struct value *args, size_t count)
{
	(void)run;
	(void)count;
	return value_boolean(value_is_blank(args[0]));
}

/** Without coercion, unlike `=`. */
static bool
is_among(struct template_run *run, struct value value,
	const struct value *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* Charges for looking at both. */
		template_run_same(run, value, candidates[i]);
		if (run->err)
			return false;
		if (value_equal(value, candidates[i]))
			return true;
	}
	return false;
}

static struct value
apply_in(struct template_run *run, const struct value *args, size_t count)
{
	return value_boolean(
		count > 1 && is_among(run, args[0], args + 1, count - 1));
}

static struct value
apply_ifin(struct template_run *run, const struct value *args, size_t count)
{
	if (count < 3)
		return value_empty();
	return is_among(run, args[0], args + 1, count - 3) ? args[count - 2]
							   : args[count - 1];
}

static struct value
run_case(struct template_run *run, const struct template_node *const *args,
	size_t count)
{
	struct value index = lazy_arg(run, args, count, 0);
	double number;

	if (!template_run_to_number(run, index, &number) || number < 1 ||
		number >= (double)count)
		return value_empty();
	return template_run_node(run, args[(size_t)number]);
}

static const struct template_function rows[] = {
	{.name = "if",
		.signature = "(condition; a; b)",
		.summary = "a when the condition holds, else b",
		.args_min = 2,
		.args_max = 3,
		.lazy = run_if},
	{.name = "ifempty",
		.signature = "(a; b)",
		.summary = "a, or b when a is empty, \"\" or an array without "
			   "items",
		.args_min = 2,
		.args_max = 2,
		.lazy = run_ifempty},
	{.name = "switch",
		.signature = "(x; value; result; …; [else])",
		.summary = "the result behind the first value that equals x",
		.args_min = 3,
		.args_max = TEMPLATE_MANY,
		.lazy = run_switch},
	{.name = "get",
		.signature = "(value; path)",
		.summary = "what a path leads to: names and item numbers from "
			   "1, with dots between",
		.args_min = 2,
		.args_max = 2,
		.apply = apply_get},
	{.name = "pick",
		.signature = "(collection; key; …)",
		.summary = "the collection with these members only",
		.args_min = 1,
		.args_max = TEMPLATE_MANY,
		.apply = apply_pick},
	{.name = "omit",
		.signature = "(collection; key; …)",
		.summary = "the collection without these members",
		.args_min = 1,
		.args_max = TEMPLATE_MANY,
		.apply = apply_omit},
	{.name = "equal",
		.signature = "(a; b)",
		.summary = "the same as a = b",
		.args_min = 2,
		.args_max = 2,
		.apply = apply_equal},
	{.name = "mergeCollections",
		.signature = "(a; b; …)",
		.summary = "the members of all; later ones win",
		.is_fusion = true,
		.args_min = 2,
		.args_max = TEMPLATE_MANY,
		.apply = apply_merge_collections},
	{.name = "isBlank",
		.signature = "(x)",
		.summary = "whether x is empty or \"\"",
		.is_fusion = true,
		.args_min = 1,
		.args_max = 1,
		.apply = apply_is_blank},
	{.name = "in",
		.signature = "(x; value; …)",
		.summary = "whether x is one of the values, of the same type",
		.is_fusion = true,
		.args_min = 2,
		.args_max = TEMPLATE_MANY,
		.apply = apply_in},
	{.name = "ifin",
		.signature = "(x; value; …; a; b)",
		.summary = "a when x is one of the values, else b",
		.is_fusion = true,
		.args_min = 3,
		.args_max = TEMPLATE_MANY,
		.apply = apply_ifin},
	{.name = "case",
		.signature = "(index; result; …)",
		.summary = "the result with this number, from 1",
		.is_fusion = true,
		.args_min = 2,
		.args_max = TEMPLATE_MANY,
		.lazy = run_case},
};

const struct template_group template_general_functions = {
	"General", ROWS(rows)};
