#include "flow/datastore_search.h"

#include <stdlib.h>

#include "flow/field.h"

enum { FOUND_BYTES_MAX = 16 << 20 };

struct search {
	const struct module_call *call;
	struct value filter; /* array of arrays */
	struct value sort;
	size_t limit;
	struct arena *arena;  /* of what was found */
	struct arena scratch; /* of the record in hand */
	struct value_builder found;
	size_t bytes;
	enum failure_kind kind;
	struct failure *failure;
};

static struct value
field_of(const struct datastore_record *record, struct str name)
{
	if (str_equal(name, STR("key")))
		return value_text(record->key);
	return value_path(record->data, name);
}

/* ---- filter ---- */

static bool
fail(struct search *search, const char *what, struct str detail)
{
	search->kind =
		failure_set(search->failure, search->call->arena, FAILURE_DATA,
			"filter: %s%.*s", what, STR_ARG(str_head(detail, 200)));
	return false;
}

static bool
holds(struct search *search, struct value condition,
	const struct datastore_record *record)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct str name = field_text(condition, "o", &search->scratch);
	const struct condition_operator *op =
		condition_operator_find(name, NULL);
	bool is_fitting = false;

	if (!op)
		return fail(search, "there is no operator ", name);
	if (condition_holds(op,
		    field_of(record,
			    field_text(condition, "a", &search->scratch)),
		    value_member(condition, STR("b")),
		    search->call->scope->zone, &is_fitting, &why))
		return fail(search, "", buf_str(&why));
	return is_fitting;
}

static bool
all_hold(struct search *search, struct value conditions,
	const struct datastore_record *record)
{
	conditions = value_to_array(conditions, &search->scratch);
	for (size_t i = 0; i < conditions.as.array.count; i++) {
		if (!holds(search, conditions.as.array.items[i], record))
			return false;
	}
	return true;
}

static bool
passes(struct search *search, const struct datastore_record *record)
{
	if (search->filter.as.array.count == 0)
		return true;
	for (size_t i = 0; i < search->filter.as.array.count && !search->kind;
		i++) {
		if (all_hold(search, search->filter.as.array.items[i], record))
			return true;
	}
	return false;
}

static bool
see(void *context, const struct datastore_record *record)
{
	struct search *search = context;
	struct value_builder bundle = value_builder_make(search->arena);
	size_t before = search->arena->total;
	bool is_sorted = search->sort.as.array.count > 0;

	arena_reset(&search->scratch);
	if (!passes(search, record))
		return !search->kind;
	value_builder_set(&bundle, STR("key"),
		value_text(arena_copy(search->arena, record->key)));
	value_builder_set(
		&bundle, STR("data"), value_copy(record->data, search->arena));
	value_builder_add(&search->found, value_builder_collection(&bundle));
	search->bytes += search->arena->total - before;
	if (search->bytes > FOUND_BYTES_MAX)
		search->kind = failure_set(search->failure, search->call->arena,
			FAILURE_DATA_SIZE_LIMIT,
			"the records found are over %d MiB: filter more "
			"narrowly",
			FOUND_BYTES_MAX >> 20);
	return !search->kind &&
	       (is_sorted || search->found.count < search->limit);
}

/* ---- order ---- */

struct item {
	struct value bundle;
	size_t number;
};

static struct value
sort_field(struct value bundle, struct str name)
{
	struct datastore_record record = {
		.data = value_member(bundle, STR("data"))};
	struct value key = value_member(bundle, STR("key"));

	record.key = key.kind == VALUE_TEXT ? key.as.text : STR("");
	return field_of(&record, name);
}

static int
compare(const void *a, const void *b, void *context)
{
	const struct item *left = a, *right = b;
	struct search *search = context;

	for (size_t i = 0; i < search->sort.as.array.count; i++) {
		struct value rule = search->sort.as.array.items[i];
		struct value name = value_member(rule, STR("key"));
		struct str field =
			name.kind == VALUE_TEXT ? name.as.text : STR("");
		int order = value_order(sort_field(left->bundle, field),
			sort_field(right->bundle, field),
			search->call->scope->zone);

		if (order == 1 || order == -1)
			return field_number(rule, "order", 1) < 0 ? -order
								  : order;
	}
	return (left->number > right->number) - (left->number < right->number);
}

static const struct value *
sorted(struct search *search, struct value found)
{
	size_t count = found.as.array.count;
	struct item *items = arena_alloc_array(
		search->call->arena, count + 1, sizeof(*items));
	struct value *values = arena_alloc_array(
		search->call->arena, count + 1, sizeof(*values));

	for (size_t i = 0; i < count; i++)
		items[i] = (struct item){found.as.array.items[i], i};
	if (search->sort.as.array.count)
		qsort_r(items, count, sizeof(*items), compare, search);
	for (size_t i = 0; i < count; i++)
		values[i] = items[i].bundle;
	return values;
}

static size_t
read_limit(const struct module_call *call)
{
	double limit = field_number(call->input, "limit",
		field_number(call->parameters, "limit", 0));

	return limit >= 1 && limit < DATASTORE_FOUND_MAX ? (size_t)limit
							 : DATASTORE_FOUND_MAX;
}

enum failure_kind
datastore_search(const struct module_call *call,
	const struct datastore *datastore, struct module_result *result,
	struct failure *failure)
{
	struct search search = {.call = call,
		.filter = field_list(call->input, "filter", call->arena),
		.sort = field_list(call->input, "sort", call->arena),
		.limit = read_limit(call),
		.arena = call->arena,
		.found = value_builder_make(call->arena),
		.failure = failure};
	enum err err = datastore_scan(datastore, STR(""), see, &search);
	struct value found = value_builder_array(&search.found);

	arena_release(&search.scratch);
	if (search.kind)
		return search.kind;
	if (err)
		return failure_set(failure, call->arena, FAILURE_CONNECTION,
			"the data store cannot be read at the moment: %s",
			err_name(err));
	*result = (struct module_result){.bundles = sorted(&search, found),
		.count = found.as.array.count < search.limit
				 ? found.as.array.count
				 : search.limit,
		.is_many = true};
	return FAILURE_NONE;
}
