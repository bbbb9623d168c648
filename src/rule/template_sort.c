#include <stdlib.h>

#include "rule/filter_text.h"
#include "rule/template_array.h"

/*
 * Sorting. Values of one kind have their own order; between kinds it is that
 * of `ranks`, so that the order is total whatever an array holds. Stable:
 * what is equal stays in its order, also when the order is a descending one.
 */
static const int ranks[] = {
	[VALUE_NUMBER] = 0,
	[VALUE_DATE] = 1,
	[VALUE_BOOLEAN] = 2,
	[VALUE_TEXT] = 3,
	[VALUE_BUFFER] = 4,
	[VALUE_ARRAY] = 5,
	[VALUE_COLLECTION] = 5,
	[VALUE_EMPTY] = 6,
};

struct entry {
	struct value item;
	struct value key;
	size_t index;
};

struct sorting {
	struct template_run *run;
	int sign;
	bool ignores_case;
};

static int
compare_keys(const struct sorting *sorting, struct value a, struct value b)
{
	if (ranks[a.kind] != ranks[b.kind])
		return ranks[a.kind] < ranks[b.kind] ? -1 : 1;
	switch ((enum value_kind)a.kind) {
	case VALUE_NUMBER:
		return (a.as.number > b.as.number) -
		       (a.as.number < b.as.number);
	case VALUE_DATE:
		return (a.as.date > b.as.date) - (a.as.date < b.as.date);
	case VALUE_BOOLEAN: return a.as.boolean - b.as.boolean;
	case VALUE_TEXT:
	case VALUE_BUFFER:
		template_run_steps(sorting->run, a.as.text.len / 64 + 1);
		return str_compare(a.as.text, b.as.text);
	case VALUE_ARRAY:
	case VALUE_COLLECTION:
	case VALUE_EMPTY: break;
	}
	return 0;
}

/** Once the run is over the order does not matter, but must be one. */
static int
compare_entries(const void *a, const void *b, void *context)
{
	const struct sorting *sorting = context;
	const struct entry *x = a, *y = b;
	int order = 0;

	if (template_run_steps(sorting->run, 1))
		order = compare_keys(sorting, x->key, y->key);
	if (order)
		return order > 0 ? sorting->sign : -sorting->sign;
	return (x->index > y->index) - (x->index < y->index);
}

static struct value
key_of(const struct sorting *sorting, struct value item, struct str path)
{
	if (path.len)
		item = template_run_path(sorting->run, item, path);
	if (sorting->ignores_case && item.kind == VALUE_TEXT &&
		template_run_bytes(sorting->run, item.as.text.len * 2))
		item.as.text =
			filter_text_lower(item.as.text, sorting->run->arena);
	return item;
}

static struct value
sort(struct sorting *sorting, struct value array, struct str path)
{
	struct template_run *run = sorting->run;
	struct value_builder builder = value_builder_make(run->arena);
	size_t count = array.as.array.count;
	struct entry *entries;

	if (!template_run_bytes(run, count * sizeof(*entries)))
		return value_empty();
	entries = arena_alloc_array(run->arena, count, sizeof(*entries));
	for (size_t i = 0; i < count && !run->err; i++) {
		entries[i].item = array.as.array.items[i];
		entries[i].key = key_of(sorting, entries[i].item, path);
		entries[i].index = i;
	}
	if (run->err)
		return value_empty();
	if (count)
		qsort_r(entries, count, sizeof(*entries), compare_entries,
			sorting);
	for (size_t i = 0; i < count && !run->err; i++)
		template_run_add(run, &builder, entries[i].item);
	return template_run_array(run, &builder);
}

static const struct {
	const char *word;
	int sign;
	bool ignores_case;
} orders[] = {
	{"asc", 1, false},
	{"desc", -1, false},
	{"asc ci", 1, true},
	{"desc ci", -1, true},
};

/** False when the word is none of an order. */
static bool
read_order(struct sorting *sorting, struct str word)
{
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		if (!str_equal_nocase(word, str_of(orders[i].word)))
			continue;
		sorting->sign = orders[i].sign;
		sorting->ignores_case = orders[i].ignores_case;
		return true;
	}
	return false;
}

struct value
template_array_sort(
	struct template_run *run, const struct value *args, size_t count)
{
	struct sorting sorting = {run, 1, false};
	struct value array = template_run_to_array(run, args[0]);
	struct str order, path;

	(void)count;
	if (!template_run_to_text(run, args[1], &order) ||
		!template_run_to_text(run, args[2], &path))
		return value_empty();
	/* A second argument that is no order is the key. */
	if (order.len && !read_order(&sorting, order) && path.len == 0)
		path = order;
	return sort(&sorting, array, path);
}

/** All texts of the arguments and of arrays among them. */
static struct value
sort_texts(struct template_run *run, const struct value *args, size_t count,
	int sign)
{
	struct sorting sorting = {run, sign, false};
	struct value_builder builder = value_builder_make(run->arena);

	for (size_t i = 0; i < count && !run->err; i++) {
		struct value items = template_run_to_array(run, args[i]);

		for (size_t j = 0; j < items.as.array.count && !run->err; j++) {
			struct str text;

			if (template_run_to_text(
				    run, items.as.array.items[j], &text))
				template_run_add(
					run, &builder, value_text(text));
		}
	}
	return sort(&sorting, template_run_array(run, &builder), STR(""));
}

struct value
template_array_sort_texts_up(
	struct template_run *run, const struct value *args, size_t count)
{
	return sort_texts(run, args, count, 1);
}

struct value
template_array_sort_texts_down(
	struct template_run *run, const struct value *args, size_t count)
{
	return sort_texts(run, args, count, -1);
}
