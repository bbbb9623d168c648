/* Holding a value against a compiled schema. */
#include <math.h>

#include "rule/json_schema_node.h"

/* Where in the value one is: a chain upwards. */
struct place {
	const struct place *above;
	struct str member;
	size_t element; /* when there is no member */
	bool is_member;
};

struct check {
	struct filter_run run;
	const char *name;
	struct buf *why; /* NULL: only whether */
	unsigned depth;
};

static bool holds(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place);

/* ---- faults ---- */

static void
append_place(struct check *check, const struct place *place)
{
	if (place == NULL) {
		buf_append(check->why, str_of(check->name));
		return;
	}
	append_place(check, place->above);
	if (place->is_member)
		buf_printf(check->why, "/%.*s",
			STR_ARG(str_head(place->member, 64)));
	else
		buf_printf(check->why, "/%zu", place->element);
}

static bool fault(struct check *check, const struct place *place,
	const char *format, ...) PRINTF_LIKE(3, 4);

/** False; the first fault is told. */
static bool
fault(struct check *check, const struct place *place, const char *format, ...)
{
	va_list args;

	if (check->why == NULL || check->why->len > 0)
		return false;
	append_place(check, place);
	buf_append(check->why, STR(": "));
	va_start(args, format);
	buf_vprintf(check->why, format, args);
	va_end(args);
	return false;
}

/** Whether it holds, without telling why not. */
static bool
would_hold(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	struct buf *why = check->why;
	bool is_good;

	check->why = NULL;
	is_good = holds(check, schema, value, place);
	check->why = why;
	return is_good;
}

/* ---- any value ---- */

static bool
check_type(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	CLEANUP(buf_release) struct buf expected = buf_make(200);

	if (schema->types == 0 || (schema->types & schema_types_of(value)))
		return true;
	schema_type_print(schema->types, &expected);
	return fault(check, place, "expected %s, found %s", buf_text(&expected),
		json_kind_name(json_kind(value)));
}

/** Comparing costs as much as the values are large. */
static bool
is_equal(struct check *check, struct json a, struct json b)
{
	size_t size =
		json_is_missing(a) ? 1 : a.doc->nodes[a.index].next - a.index;

	return filter_run_step(&check->run, 1 + size / 4) && json_equal(a, b);
}

static bool
check_values(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	struct json_walk walk = json_walk(schema->enumeration);
	bool is_one = json_is_missing(schema->enumeration);

	while (!is_one && json_walk_next(&walk))
		is_one = is_equal(check, value, walk.value);
	if (!is_one)
		return fault(check, place, "expected one of %.*s",
			STR_ARG(str_head(json_raw(schema->enumeration), 200)));
	if (!json_is_missing(schema->constant) &&
		!is_equal(check, value, schema->constant))
		return fault(check, place, "expected %.*s",
			STR_ARG(str_head(json_raw(schema->constant), 200)));
	return true;
}

/* ---- numbers ---- */

static bool
is_multiple(struct number value, struct number of)
{
	double quotient;

	if (value.is_integer && of.is_integer)
		return value.integer % of.integer == 0;
	quotient = value.real / of.real;
	return isfinite(quotient) &&
	       fabs(quotient - round(quotient)) <= 1e-9 * fabs(quotient);
}

static bool
check_number(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	const struct {
		const struct schema_bound *bound;
		int sign; /* of value against bound, where it is wrong */
		bool or_equal;
		const char *expected;
	} rows[] = {
		{&schema->minimum, -1, false, "at least"},
		{&schema->maximum, 1, false, "at most"},
		{&schema->above, -1, true, "more than"},
		{&schema->below, 1, true, "less than"},
	};
	struct number number = json_number(value);

	if (json_kind(value) != JSON_NUMBER)
		return true;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int order;

		if (!rows[i].bound->is_set)
			continue;
		order = number_compare(number, rows[i].bound->value);
		if (order == rows[i].sign || (rows[i].or_equal && order == 0))
			return fault(check, place, "expected %s %g, found %.*s",
				rows[i].expected, rows[i].bound->value.real,
				STR_ARG(str_head(json_raw(value), 32)));
	}
	if (schema->multiple_of.is_set &&
		!is_multiple(number, schema->multiple_of.value))
		return fault(check, place, "expected a multiple of %g",
			schema->multiple_of.value.real);
	return true;
}

/* ---- strings ---- */

static bool
is_in(const struct schema_range *range, uint64_t count)
{
	return count >= range->least && count <= range->most;
}

static bool
fault_of_range(struct check *check, const struct place *place,
	const struct schema_range *range, uint64_t count, const char *what)
{
	bool is_less = count < range->least;

	return fault(check, place, "expected at %s %llu %s, found %llu",
		is_less ? "least" : "most",
		(unsigned long long)(is_less ? range->least : range->most),
		what, (unsigned long long)count);
}

static bool
is_found(struct check *check, const void *pattern, struct str text)
{
	struct filter_value found =
		filter_pattern_match(&check->run, pattern, text);

	return found.kind == FILTER_VALUE_BOOLEAN && found.as.boolean;
}

static bool
check_text(struct check *check, const struct json_schema *schema,
	struct str text, const struct place *place)
{
	size_t count;

	filter_run_step(&check->run, text.len / 64);
	count = str_characters(text);
	if (!is_in(&schema->length, count))
		return fault_of_range(
			check, place, &schema->length, count, "characters");
	if (schema->pattern && !is_found(check, schema->pattern, text))
		return fault(check, place, "expected the pattern %.*s",
			STR_ARG(str_head(schema->pattern_text, 100)));
	if (schema->format && !schema->format->is(text))
		return fault(
			check, place, "expected %s", schema->format->expected);
	return true;
}

static bool
check_string(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	if (json_kind(value) != JSON_STRING ||
		!filter_run_text(&check->run, json_raw(value).len))
		return true;
	return check_text(
		check, schema, json_string(value, check->run.scratch), place);
}

/* ---- arrays ---- */

static bool
is_unique(struct check *check, struct json array)
{
	struct json_walk outer = json_walk(array);

	while (json_walk_next(&outer)) {
		struct json_walk inner = outer;

		while (json_walk_next(&inner)) {
			/* Out of budget is told by whoever began. */
			if (is_equal(check, outer.value, inner.value))
				return false;
			if (check->run.steps_left == 0)
				return true;
		}
	}
	return true;
}

static bool
check_items(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	struct json_walk walk = json_walk(value);
	struct place item = {.above = place};
	bool is_contained = schema->contains == NULL;

	for (; json_walk_next(&walk); item.element++) {
		const struct json_schema *rule =
			item.element < schema->prefix.count
				? schema->prefix.nodes[item.element]
				: schema->rest;

		if (rule && !holds(check, rule, walk.value, &item))
			return false;
		is_contained =
			is_contained ||
			would_hold(check, schema->contains, walk.value, &item);
	}
	return is_contained ||
	       fault(check, place, "has no item that `contains` asks for");
}

static bool
check_array(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	size_t count;

	if (json_kind(value) != JSON_ARRAY)
		return true;
	count = json_count(value);
	if (!is_in(&schema->items, count))
		return fault_of_range(
			check, place, &schema->items, count, "items");
	if (schema->are_unique && !is_unique(check, value))
		return fault(check, place, "has an item twice");
	if (schema->prefix.count == 0 && !schema->rest && !schema->contains)
		return true;
	return check_items(check, schema, value, place);
}

/* ---- objects ---- */

static bool
has_all(struct check *check, const struct schema_needs *needs,
	struct json object, const struct place *place)
{
	for (size_t i = 0; i < needs->count; i++) {
		if (!filter_run_step(&check->run, 1) ||
			!json_is_missing(json_member(object, needs->names[i])))
			continue;
		return fault(check, place, "the member \"%.*s\" is missing",
			STR_ARG(str_head(needs->names[i], 100)));
	}
	return true;
}

static bool
has_needed(struct check *check, const struct json_schema *schema,
	struct json object, const struct place *place)
{
	if (!has_all(check, &schema->required, object, place))
		return false;
	for (size_t i = 0; i < schema->dependent_count; i++) {
		const struct schema_needs *row = &schema->dependent[i];

		if (!json_is_missing(json_member(object, row->name)) &&
			!has_all(check, row, object, place))
			return false;
	}
	return true;
}

/** By its name, by patterns, or else as an additional one. */
static bool
check_member(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	bool is_named = false;

	for (size_t i = 0; i < schema->property_count; i++) {
		const struct schema_member *member = &schema->properties[i];

		if (!str_equal(member->name, place->member))
			continue;
		is_named = true;
		if (!holds(check, member->node, value, place))
			return false;
	}
	for (size_t i = 0; i < schema->pattern_count; i++) {
		const struct schema_member *member = &schema->patterns[i];

		if (!is_found(check, member->pattern, place->member))
			continue;
		is_named = true;
		if (!holds(check, member->node, value, place))
			return false;
	}
	if (is_named || schema->additional == NULL)
		return true;
	if (schema->additional->is_nothing)
		return fault(check, place, "there is no such member");
	return holds(check, schema->additional, value, place);
}

static bool
check_object(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	struct json_walk walk = json_walk(value);
	struct place member = {.above = place, .is_member = true};
	size_t count;

	if (json_kind(value) != JSON_OBJECT)
		return true;
	count = json_count(value);
	if (!is_in(&schema->members, count))
		return fault_of_range(
			check, place, &schema->members, count, "members");
	if (!has_needed(check, schema, value, place))
		return false;
	while (json_walk_next(&walk)) {
		if (!filter_run_text(&check->run, json_raw(walk.key).len) ||
			!filter_run_step(
				&check->run, schema->property_count / 8))
			return true;
		member.member = json_string(walk.key, check->run.scratch);
		if (schema->names &&
			!holds(check, schema->names, walk.key, &member))
			return false;
		if (!check_member(check, schema, walk.value, &member))
			return false;
	}
	return true;
}

/* ---- combinations ---- */

static size_t
count_holding(struct check *check, const struct schema_list *list,
	struct json value, const struct place *place, size_t enough)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count && count < enough; i++)
		count += would_hold(check, list->nodes[i], value, place);
	return count;
}

static bool
check_lists(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	size_t count;

	for (size_t i = 0; i < schema->all.count; i++) {
		if (!holds(check, schema->all.nodes[i], value, place))
			return false;
	}
	if (schema->any.count == 1 &&
		!holds(check, schema->any.nodes[0], value, place))
		return false;
	if (schema->any.count > 1 &&
		count_holding(check, &schema->any, value, place, 1) == 0)
		return fault(check, place, "is none of the %zu kinds of anyOf",
			schema->any.count);
	if (schema->one.count == 0)
		return true;
	count = count_holding(check, &schema->one, value, place, 2);
	return count == 1 ||
	       fault(check, place, "is %s of the %zu kinds of oneOf",
		       count ? "more than one" : "none", schema->one.count);
}

static bool
check_combined(struct check *check, const struct json_schema *schema,
	struct json value, const struct place *place)
{
	const struct json_schema *branch;

	if (schema->reference && !holds(check, schema->reference, value, place))
		return false;
	if (!check_lists(check, schema, value, place))
		return false;
	if (schema->not &&would_hold(check, schema->not, value, place))
		return fault(check, place, "is what `not` excludes");
	if (schema->condition == NULL)
		return true;
	branch = would_hold(check, schema->condition, value, place)
			 ? schema->then
			 : schema->otherwise;
	return branch == NULL || holds(check, branch, value, place);
}

static bool (*const checks[])(struct check *check,
	const struct json_schema *schema, struct json value,
	const struct place *place) = {check_type, check_values, check_number,
	check_string, check_array, check_object, check_combined};

static bool
holds(struct check *check, const struct json_schema *schema, struct json value,
	const struct place *place)
{
	bool is_good = true;

	if (schema->is_nothing)
		return fault(check, place, "nothing is allowed here");
	if (check->depth == JSON_SCHEMA_DEPTH_MAX) {
		check->run.steps_left = 0;
		return false;
	}
	if (!filter_run_step(&check->run, 1))
		return false;
	check->depth++;
	for (size_t i = 0; is_good && i < COUNT_OF(checks); i++)
		is_good = checks[i](check, schema, value, place);
	check->depth--;
	return is_good;
}

bool
json_schema_check(const struct json_schema *schema, struct json value,
	const char *name, struct arena *scratch, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = buf_make(4096);
	struct check check = {
		.run = filter_run_make(scratch), .name = name, .why = &text};
	bool is_good = holds(&check, schema, value, NULL);

	/* Whatever the answer was: a part of it was not looked at. */
	if (check.run.steps_left == 0) {
		buf_printf(why,
			"%s: is nested too deeply for the type's schema, or "
			"takes too long to check",
			name);
		return false;
	}
	if (!is_good)
		buf_append(why, buf_str(&text));
	return is_good;
}
