#include "rule/template_array.h"

#include <math.h>

#include "base/map.h"
#include "base/random.h"
#include "rule/template_function.h"

/** Goes on while there are items and the run is not over. */
#define EACH_ITEM(run_, array_, i_) \
	for (size_t i_ = 0; i_ < (array_).as.array.count && !(run_)->err; i_++)

/* ---- sets of values ---- */

/*
 * Values told apart by kind and content: 1 is not "1". What stands for a value
 * is its JSON.
 */
struct seen {
	struct template_run *run;
	struct map map;
};

static void
seen_release(struct seen *seen)
{
	map_release(&seen->map);
}

static bool
name_of(struct seen *seen, struct value value, struct str *ret)
{
	CLEANUP(buf_release) struct buf json = template_run_buf(seen->run);
	struct value text;

	value_append_json(&json, value, VALUE_JSON_TYPED);
	text = template_run_text(seen->run, &json);
	if (seen->run->err)
		return false;
	*ret = text.as.text;
	return true;
}

static bool
seen_has(struct seen *seen, struct value value)
{
	struct str name;

	return name_of(seen, value, &name) && map_get(&seen->map, name);
}

/** False when it was in there. */
static bool
seen_add(struct seen *seen, struct value value)
{
	struct str name;

	return name_of(seen, value, &name) &&
	       map_put(&seen->map, name, seen) == NULL;
}

static void
seen_add_all(struct seen *seen, struct value array)
{
	EACH_ITEM(seen->run, array, i)
	seen_add(seen, array.as.array.items[i]);
}

/* ---- items ---- */

/** "work,home", or an array, as the texts that are accepted. */
static bool
is_accepted(struct template_run *run, struct value value, struct value accepted)
{
	struct str text, list;

	if (accepted.kind == VALUE_ARRAY) {
		EACH_ITEM(run, accepted, i)
		{
			if (template_run_same(
				    run, value, accepted.as.array.items[i]))
				return true;
		}
		return false;
	}
	if (!template_run_to_text(run, value, &text) ||
		!template_run_to_text(run, accepted, &list))
		return false;
	while (list.ptr != NULL) {
		struct str one = str_split(&list, ',');

		if (str_equal(one, text) || str_equal(str_trim(one), text))
			return true;
	}
	return false;
}

static struct value
apply_map(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct value array = template_run_to_array(run, args[0]);
	struct str key, filter_key;
	bool is_filtered = !value_is_blank(args[2]);

	(void)count;
	if (!template_run_to_text(run, args[1], &key) ||
		!template_run_to_text(run, args[2], &filter_key))
		return value_empty();
	EACH_ITEM(run, array, i)
	{
		struct value item = array.as.array.items[i];
		struct value value = template_run_path(run, item, key);

		if (is_filtered &&
			!is_accepted(run,
				template_run_path(run, item, filter_key),
				args[3]))
			continue;
		if (!value_is_empty(value))
			template_run_add(run, &builder, value);
	}
	return template_run_array(run, &builder);
}

static struct value
apply_first(struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return value_item(template_run_to_array(run, args[0]), 1);
}

static struct value
apply_last(struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return value_item(template_run_to_array(run, args[0]), -1);
}

static struct value
apply_element(struct template_run *run, const struct value *args, size_t count)
{
	double index;

	(void)count;
	if (!template_run_to_number(run, args[1], &index))
		return value_empty();
	return value_item(template_run_to_array(run, args[0]), index);
}

/** A bound within the array; negative ones count from its end. */
static size_t
bound_of(struct template_run *run, struct value value, size_t fallback,
	size_t count)
{
	double number;

	if (value_is_blank(value) ||
		!template_run_to_number(run, value, &number))
		return fallback;
	number = trunc(number);
	if (number < 0)
		number += (double)count;
	if (number < 0)
		return 0;
	return number > (double)count ? count : (size_t)number;
}

static struct value
apply_slice(struct template_run *run, const struct value *args, size_t count)
{
	struct value array = template_run_to_array(run, args[0]);
	size_t size = array.as.array.count;
	size_t start = bound_of(run, args[1], 0, size);
	size_t end = bound_of(run, args[2], size, size);

	(void)count;
	if (end <= start)
		return value_array(NULL, 0);
	return value_array(array.as.array.items + start, end - start);
}

/* ---- building ---- */

static struct value
apply_join(struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct value array = template_run_to_array(run, args[0]);

	(void)count;
	EACH_ITEM(run, array, i)
	{
		if (i)
			template_run_append(run, &out, args[1]);
		template_run_append(run, &out, array.as.array.items[i]);
	}
	return template_run_take(run, &out);
}

static void
add_items(struct template_run *run, struct value_builder *builder,
	struct value array)
{
	EACH_ITEM(run, array, i)
	template_run_add(run, builder, array.as.array.items[i]);
}

static struct value
apply_merge(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);

	for (size_t i = 0; i < count; i++)
		add_items(run, &builder, template_run_to_array(run, args[i]));
	return template_run_array(run, &builder);
}

static struct value
apply_add(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);

	add_items(run, &builder, template_run_to_array(run, args[0]));
	for (size_t i = 1; i < count; i++)
		template_run_add(run, &builder, args[i]);
	return template_run_array(run, &builder);
}

static struct value
apply_remove(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct value array = template_run_to_array(run, args[0]);

	EACH_ITEM(run, array, i)
	{
		struct value item = array.as.array.items[i];
		size_t at = 1;

		while (at < count && !template_run_same(run, item, args[at]))
			at++;
		if (at >= count)
			template_run_add(run, &builder, item);
	}
	return template_run_array(run, &builder);
}

static struct value
apply_reverse(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct value array = template_run_to_array(run, args[0]);
	size_t size = array.as.array.count;

	(void)count;
	EACH_ITEM(run, array, i)
	template_run_add(run, &builder, array.as.array.items[size - 1 - i]);
	return template_run_array(run, &builder);
}

/** Each order is as likely as any other (Fisher and Yates). */
static struct value
apply_shuffle(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);

	(void)count;
	add_items(run, &builder, template_run_to_array(run, args[0]));
	for (size_t left = builder.count; left > 1 && !run->err; left--) {
		size_t other = (size_t)random_below(left);
		struct value_member *members = builder.members;
		struct value value = members[left - 1].value;

		members[left - 1].value = members[other].value;
		members[other].value = value;
	}
	return template_run_array(run, &builder);
}

static void
flatten(struct template_run *run, struct value_builder *builder,
	struct value array, double depth)
{
	EACH_ITEM(run, array, i)
	{
		struct value item = array.as.array.items[i];

		if (item.kind == VALUE_ARRAY && depth >= 1)
			flatten(run, builder, item, depth - 1);
		else
			template_run_add(run, builder, item);
	}
}

static struct value
apply_flatten(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	double depth = VALUE_HEIGHT_MAX;

	(void)count;
	template_run_to_number(run, args[1], &depth);
	flatten(run, &builder, template_run_to_array(run, args[0]), depth);
	return template_run_array(run, &builder);
}

/* ---- without what is there twice ---- */

/** An empty key: told apart by the items themselves. */
static struct value
distinct_by(struct template_run *run, struct value from, struct str key)
{
	CLEANUP(seen_release) struct seen seen = {.run = run};
	struct value_builder builder = value_builder_make(run->arena);
	struct value array = template_run_to_array(run, from);

	EACH_ITEM(run, array, i)
	{
		struct value item = array.as.array.items[i];
		struct value told_by =
			key.len ? template_run_path(run, item, key) : item;

		if (seen_add(&seen, told_by))
			template_run_add(run, &builder, item);
	}
	return template_run_array(run, &builder);
}

static struct value
apply_distinct(struct template_run *run, const struct value *args, size_t count)
{
	struct str key;

	(void)count;
	if (!template_run_to_text(run, args[1], &key))
		return value_empty();
	return distinct_by(run, args[0], key);
}

static struct value
apply_deduplicate(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return distinct_by(run, args[0], STR(""));
}

/** The items that `other` has, or has not. */
static void
add_those(struct template_run *run, struct value_builder *builder,
	struct value array, struct value other, bool has)
{
	CLEANUP(seen_release) struct seen seen = {.run = run};

	seen_add_all(&seen, other);
	EACH_ITEM(run, array, i)
	{
		struct value item = array.as.array.items[i];

		if (seen_has(&seen, item) == has)
			template_run_add(run, builder, item);
	}
}

static struct value
apply_difference(
	struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct value a = template_run_to_array(run, args[0]);
	struct value b = template_run_to_array(run, args[1]);
	struct str mode;

	(void)count;
	if (!template_run_to_text(run, args[2], &mode))
		return value_empty();
	add_those(run, &builder, a, b, false);
	if (str_equal_nocase(mode, STR("symmetric")))
		add_those(run, &builder, b, a, false);
	return template_run_array(run, &builder);
}

static struct value
apply_diff(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);

	(void)count;
	add_those(run, &builder, template_run_to_array(run, args[0]),
		template_run_to_array(run, args[1]), false);
	return template_run_array(run, &builder);
}

static struct value
apply_intersect(
	struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);

	(void)count;
	add_those(run, &builder, template_run_to_array(run, args[0]),
		template_run_to_array(run, args[1]), true);
	return template_run_array(run, &builder);
}

/* ---- collections ---- */

static struct value
apply_keys(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);

	(void)count;
	if (args[0].kind != VALUE_COLLECTION)
		return value_array(NULL, 0);
	for (size_t i = 0; i < args[0].as.collection.count && !run->err; i++)
		template_run_add(run, &builder,
			value_text(args[0].as.collection.members[i].key));
	return template_run_array(run, &builder);
}

static struct value
apply_to_array(struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct value from = args[0];

	(void)count;
	if (from.kind != VALUE_COLLECTION)
		return template_run_to_array(run, from);
	for (size_t i = 0; i < from.as.collection.count && !run->err; i++) {
		const struct value_member *member =
			&from.as.collection.members[i];
		struct value_builder pair = value_builder_make(run->arena);

		template_run_set(
			run, &pair, STR("key"), value_text(member->key));
		template_run_set(run, &pair, STR("value"), member->value);
		template_run_add(
			run, &builder, template_run_collection(run, &pair));
	}
	return template_run_array(run, &builder);
}

static struct value
apply_to_collection(
	struct template_run *run, const struct value *args, size_t count)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct value array = template_run_to_array(run, args[0]);
	struct str key_field, value_field;

	(void)count;
	if (!template_run_to_text(run, args[1], &key_field) ||
		!template_run_to_text(run, args[2], &value_field))
		return value_empty();
	EACH_ITEM(run, array, i)
	{
		struct value item = array.as.array.items[i];
		struct value key = template_run_path(run, item, key_field);
		struct str name;

		if (!value_is_empty(key) &&
			template_run_to_text(run, key, &name))
			template_run_set(run, &builder, name,
				template_run_path(run, item, value_field));
	}
	return template_run_collection(run, &builder);
}

#define FIRST_IS_ARRAY TEMPLATE_ARRAY(0)
#define BOTH_ARE_ARRAYS (TEMPLATE_ARRAY(0) | TEMPLATE_ARRAY(1))

#define ROW(name_, signature_, summary_, min_, max_, apply_) \
	{ \
		.name = (name_), .signature = (signature_), \
		.summary = (summary_), .args_min = (min_), .args_max = (max_), \
		.arrays = FIRST_IS_ARRAY, .apply = (apply_) \
	}

static const struct template_function rows[] = {
	ROW("map", "(array; key; [filter key]; [values])",
		"the items' values of a key; with a filter only those whose "
		"filter key is one of the values (\"a,b\")",
		2, 4, apply_map),
	ROW("first", "(array)", "the first item", 1, 1, apply_first),
	ROW("last", "(array)", "the last item", 1, 1, apply_last),
	ROW("slice", "(array; start; [end])",
		"the items from start, counted from 0, up to before end", 2, 3,
		apply_slice),
	ROW("join", "(array; separator)",
		"as a text, with the separator "
		"between",
		1, 2, apply_join),
	{.name = "merge",
		.signature = "(array; …)",
		.summary = "one array of all",
		.args_min = 1,
		.args_max = TEMPLATE_MANY,
		.arrays = UINT32_MAX,
		.apply = apply_merge},
	ROW("add", "(array; value; …)", "with the values at its end", 1,
		TEMPLATE_MANY, apply_add),
	ROW("remove", "(array; value; …)", "without the values", 1,
		TEMPLATE_MANY, apply_remove),
	ROW("reverse", "(array)", "from its end", 1, 1, apply_reverse),
	ROW("shuffle", "(array)", "in random order", 1, 1, apply_shuffle),
	ROW("sort", "(array; [order]; [key])",
		"in order: \"asc\", \"desc\", or without regard to case \"asc "
		"ci\", \"desc ci\"; by a key of its items if given",
		1, 3, template_array_sort),
	ROW("distinct", "(array; [key])",
		"the first of each value, or of each value of a key", 1, 2,
		apply_distinct),
	ROW("deduplicate", "(array)", "the first of each value", 1, 1,
		apply_deduplicate),
	ROW("flatten", "(array; [depth])",
		"with the items of arrays in it in their place", 1, 2,
		apply_flatten),
	{.name = "keys",
		.signature = "(collection)",
		.summary = "the names of its members",
		.args_min = 1,
		.args_max = 1,
		.apply = apply_keys},
	{.name = "toArray",
		.signature = "(collection)",
		.summary = "its members as collections of key and value",
		.args_min = 1,
		.args_max = 1,
		.apply = apply_to_array},
	ROW("toCollection", "(array; key field; value field)",
		"a collection with a member for each item; later ones win", 3,
		3, apply_to_collection),
	{.name = "arrayDifference",
		.signature = "(a; b; [mode])",
		.summary = "the items of a that b has not; in mode "
			   "\"symmetric\" also those of b that a has not",
		.args_min = 2,
		.args_max = 3,
		.arrays = BOTH_ARE_ARRAYS,
		.apply = apply_difference},
	{.name = "arrayDiff",
		.signature = "(a; b)",
		.summary = "the items of a that b has not",
		.args_min = 2,
		.args_max = 2,
		.arrays = BOTH_ARE_ARRAYS,
		.apply = apply_diff},
	{.name = "arrayIntersect",
		.signature = "(a; b)",
		.summary = "the items of a that b has too",
		.args_min = 2,
		.args_max = 2,
		.arrays = BOTH_ARE_ARRAYS,
		.apply = apply_intersect},
	{.name = "arrayElement",
		.signature = "(array; index)",
		.summary = "the item with this number, from 1",
		.is_fusion = true,
		.args_min = 2,
		.args_max = 2,
		.arrays = FIRST_IS_ARRAY,
		.apply = apply_element},
	{.name = "sortAscString",
		.signature = "(array or text; …)",
		.summary = "an array of the texts in order",
		.is_fusion = true,
		.args_min = 1,
		.args_max = TEMPLATE_MANY,
		.arrays = UINT32_MAX,
		.apply = template_array_sort_texts_up},
	{.name = "sortDescString",
		.signature = "(array or text; …)",
		.summary = "an array of the texts, the last one first",
		.is_fusion = true,
		.args_min = 1,
		.args_max = TEMPLATE_MANY,
		.arrays = UINT32_MAX,
		.apply = template_array_sort_texts_down},
};

const struct template_group template_array_functions = {
	"Array", rows, COUNT_OF(rows)};
