#include "base/map.h"
#include "flow/csv_format.h"
#include "flow/field.h"
#include "flow/json_layout.h"
#include "flow/run_private.h"

/*
 * Aggregators: each bundle that comes from the feeder leaves an item, and
 * when the feeder has no more the items become one bundle, or one for each
 * group, in the order in which the groups appeared.
 */

static struct value
pair(struct arena *arena, struct value key, struct value item)
{
	struct value_builder builder = value_builder_make(arena);

	value_builder_set(&builder, STR("key"), key);
	value_builder_set(&builder, STR("item"), item);
	return value_builder_collection(&builder);
}

enum failure_kind
run_collect(struct run *run, struct run_collector *collector,
	struct arena *arena, struct failure *failure)
{
	const struct blueprint_module *module = collector->aggregator;
	const struct template_problem *problems = NULL;
	struct value item, key = value_empty();
	enum failure_kind kind = run_input(run, module, arena, &item, failure);
	enum err err = ERR_OK;

	if (kind)
		return kind;
	if (module->group_by)
		err = template_evaluate(
			module->group_by, &run->scope, arena, &key, &problems);
	if (err)
		return run_problem(err, problems, arena, failure);
	value_builder_add(&collector->items,
		value_copy(pair(arena, key, item), &collector->arena));
	return FAILURE_NONE;
}

/* ---- what a group comes to ---- */

static struct str
parameter(const struct blueprint_module *module, const char *name)
{
	struct value value = value_member(module->parameters, str_of(name));

	return value.kind == VALUE_TEXT ? value.as.text : STR("");
}

/** "other" names one of the user's own. */
static struct str
separator(const struct blueprint_module *module, const char *name,
	const char *other)
{
	struct str text = parameter(module, name);

	return str_equal(text, STR("other")) ? parameter(module, other) : text;
}

static void
finish_array(const struct blueprint_module *module, struct value items,
	struct arena *arena, struct value_builder *bundle)
{
	(void)module;
	(void)arena;
	value_builder_set(bundle, STR("array"), items);
	value_builder_set(bundle, STR("__IMTAGGLENGTH__"),
		value_number((double)items.as.array.count));
}

static void
append_texts(struct buf *out, struct value items, struct str between)
{
	for (size_t i = 0; i < items.as.array.count; i++) {
		if (i)
			buf_append(out, between);
		/* What has no text adds none. */
		(void)!value_append_text(out, items.as.array.items[i]);
	}
}

static void
finish_text(const struct blueprint_module *module, struct value items,
	struct arena *arena, struct value_builder *bundle)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEMPLATE_BYTES_MAX);
	struct value_builder values = value_builder_make(arena);

	for (size_t i = 0; i < items.as.array.count; i++)
		value_builder_add(&values,
			value_member(items.as.array.items[i], STR("value")));
	append_texts(&text, value_builder_array(&values),
		separator(module, "rowSeparator", "otherRowSeparator"));
	value_builder_set(bundle, STR("text"),
		value_text(arena_copy(arena, buf_str(&text))));
}

/** Each item a row of its fields. */
static void
finish_table(const struct blueprint_module *module, struct value items,
	struct arena *arena, struct value_builder *bundle)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEMPLATE_BYTES_MAX);
	struct str row = separator(module, "rowSeparator", "otherRowSeparator");
	struct str column =
		separator(module, "columnSeparator", "otherColumnSeparator");

	for (size_t i = 0; i < items.as.array.count; i++) {
		struct value item = items.as.array.items[i];
		struct value_builder cells = value_builder_make(arena);

		for (size_t c = 0; item.kind == VALUE_COLLECTION &&
				   c < item.as.collection.count;
			c++)
			value_builder_add(
				&cells, item.as.collection.members[c].value);
		if (i)
			buf_append(&text, row);
		append_texts(&text, value_builder_array(&cells), column);
	}
	value_builder_set(bundle, STR("text"),
		value_text(arena_copy(arena, buf_str(&text))));
}

struct sums {
	double sum, least, most;
	size_t count;
};

static double
sum_of(const struct sums *sums)
{
	return sums->sum;
}

static double
average_of(const struct sums *sums)
{
	return sums->sum / (double)sums->count;
}

static double
count_of(const struct sums *sums)
{
	return (double)sums->count;
}

static double
most_of(const struct sums *sums)
{
	return sums->most;
}

static double
least_of(const struct sums *sums)
{
	return sums->least;
}

static const struct {
	const char *name;
	double (*of)(const struct sums *sums);
	bool is_zero_of_none;
} functions[] = {
	{"sum", sum_of, true},
	{"avg", average_of, false},
	{"count", count_of, true},
	{"max", most_of, false},
	{"min", least_of, false},
};

static struct sums
add_up(struct value items)
{
	struct sums sums = {0};

	for (size_t i = 0; i < items.as.array.count; i++) {
		struct value value =
			value_member(items.as.array.items[i], STR("value"));
		double number;

		if (!value_to_number(value, &number))
			continue;
		sums.sum += number;
		if (sums.count == 0 || number > sums.most)
			sums.most = number;
		if (sums.count == 0 || number < sums.least)
			sums.least = number;
		sums.count++;
	}
	return sums;
}

static void
finish_number(const struct blueprint_module *module, struct value items,
	struct arena *arena, struct value_builder *bundle)
{
	struct sums sums = add_up(items);
	struct str name = parameter(module, "fn");
	struct value result = value_empty();

	(void)arena;
	for (size_t i = 0; i < COUNT_OF(functions); i++) {
		if (str_equal(name, str_of(functions[i].name)) &&
			(sums.count || functions[i].is_zero_of_none))
			result = value_number(functions[i].of(&sums));
	}
	value_builder_set(bundle, STR("result"), result);
}

static void
finish_json(const struct blueprint_module *module, struct value items,
	struct arena *arena, struct value_builder *bundle)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEMPLATE_BYTES_MAX);

	/* What is too long is cut short, as texts are: aggregators do not
	   fail. */
	(void)!json_layout_append(&text, items, parameter(module, "space"));
	value_builder_set(bundle, STR("json"),
		value_text(arena_copy(arena, buf_str(&text))));
}

static void
finish_csv(const struct blueprint_module *module, struct value items,
	struct arena *arena, struct value_builder *bundle)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEMPLATE_BYTES_MAX);
	CLEANUP(buf_release) struct buf why = {0};
	char separator = csv_format_separator(module->parameters, arena);

	/* A row that has no text ends the table: aggregators do not fail. */
	(void)!csv_format_write(items, separator ? separator : ',',
		field_flag(module->parameters, "includeHeaders", true), &text,
		&why);
	value_builder_set(bundle, STR("csv"),
		value_text(arena_copy(arena, buf_str(&text))));
}

static const struct aggregator {
	const char *name;
	void (*finish)(const struct blueprint_module *module,
		struct value items, struct arena *arena,
		struct value_builder *bundle);
} aggregators[] = {
	{"builtin:BasicAggregator", finish_array},
	{"util:TextAggregator", finish_text},
	{"util:FunctionAggregator2", finish_number},
	{"util:AggregateAggregator", finish_table},
	{"json:AggregateToJSON", finish_json},
	{"csv:CreateCSV", finish_csv},
};

/* ---- groups ---- */

static struct value
finish_group(const struct blueprint_module *module, struct value key,
	struct value items, struct arena *arena)
{
	struct value_builder bundle = value_builder_make(arena);

	for (size_t i = 0; i < COUNT_OF(aggregators); i++) {
		if (strcmp(module->kind->name, aggregators[i].name) == 0)
			aggregators[i].finish(module, items, arena, &bundle);
	}
	if (module->group_by)
		value_builder_set(&bundle, STR("__IMTKEY__"), key);
	return value_builder_collection(&bundle);
}

/** The items of one key. */
struct group {
	struct group *next;
	struct value key;
	struct value_builder items;
};

static struct group *
new_group(struct value key, struct arena *arena)
{
	struct group *group = ARENA_NEW(arena, struct group);

	group->key = key;
	group->items = value_builder_make(arena);
	return group;
}

/** Keys are the same when their typed JSON is; without group_by there is one.
 */
static struct str
name_of(const struct blueprint_module *module, struct value key,
	struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = buf_make(TEMPLATE_BYTES_MAX);

	if (module->group_by)
		value_append_json(&text, key, VALUE_JSON_TYPED);
	return arena_copy(arena, buf_str(&text));
}

/** In one pass, in the order in which the groups appeared. */
static struct group *
gather(const struct blueprint_module *module, struct value pairs,
	struct arena *arena)
{
	struct group *first = NULL, **last = &first, *group;
	struct map by_name = {0};

	for (size_t i = 0; i < pairs.as.array.count; i++) {
		struct value each = pairs.as.array.items[i];
		struct value key = value_member(each, STR("key"));
		struct str name = name_of(module, key, arena);

		group = map_get(&by_name, name);
		if (!group) {
			group = *last = new_group(key, arena);
			last = &group->next;
			map_put(&by_name, name, group);
		}
		value_builder_add(
			&group->items, value_member(each, STR("item")));
	}
	map_release(&by_name);
	/* Without groups nothing comes to one bundle, too. */
	if (!first && !module->group_by)
		first = new_group(value_empty(), arena);
	return first;
}

void
run_aggregate(struct run *run, struct run_collector *collector,
	struct arena *arena, struct module_result *result)
{
	const struct blueprint_module *module = collector->aggregator;
	struct value pairs =
		value_copy(value_builder_array(&collector->items), arena);
	struct value_builder bundles = value_builder_make(arena);
	struct value all;

	run->operations++;
	if (pairs.as.array.count == 0 && module->stops_if_empty)
		return;
	for (struct group *group = gather(module, pairs, arena); group;
		group = group->next)
		value_builder_add(&bundles,
			finish_group(module, group->key,
				value_builder_array(&group->items), arena));
	all = value_builder_array(&bundles);
	*result = (struct module_result){
		.bundles = all.as.array.items, .count = all.as.array.count};
}
