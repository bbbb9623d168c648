#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/zone.h"
#include "rule/condition.h"

#include "fuzz.h"

/*
 * A template, and behind a NUL byte the bundles it sees. What it comes to is
 * written, read and the same again; the result is bounded. The template is
 * also both sides of a comparison by every kind of operator.
 */
static struct value bindings;

static struct value
find_module(void *context, uint32_t id)
{
	char name[16];

	(void)context;
	snprintf(name, sizeof(name), "%u", (unsigned)id);
	return value_member(bindings, str_of(name));
}

static struct value
find_variables(void *context, struct str scope)
{
	(void)context;
	return value_member(bindings, scope);
}

static void
check_value(struct value value, struct arena *arena)
{
	CLEANUP(buf_release) struct buf first = {0};
	CLEANUP(buf_release) struct buf second = {0};
	struct json_doc doc;
	struct value again;

	value_append_json(&first, value, VALUE_JSON_TYPED);
	if (json_read(buf_str(&first), arena, &doc, NULL))
		abort();
	/* Each level that looks typed is written as two. */
	if (value_from_json(json_root(&doc), VALUE_JSON_TYPED, arena, &again))
		return;
	value_append_json(&second, again, VALUE_JSON_TYPED);
	if (!str_equal(buf_str(&first), buf_str(&second)))
		abort();
}

static void
check_conditions(struct value value, const struct zone *zone)
{
	static const char *const names[] = {"exist", "text:equal:ci",
		"text:contain", "text:pattern", "number:less", "date:greater",
		"time:equal", "boolean:equal", "array:contain",
		"array:greater"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct condition_operator *op =
			condition_operator_find(str_of(names[i]), NULL);
		bool holds;

		if (condition_holds(op, value, value, zone, &holds, NULL))
			continue;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = str_make((const char *)data, size);
	struct str text = str_split(&input, '\0');
	CLEANUP(arena_release) struct arena arena = {0};
	struct template_scope scope = {.module = find_module,
		.variables = find_variables,
		.now = INT64_C(1553005800000)};
	const struct template_problem *problems;
	const struct template *template;
	struct json_doc doc;
	struct value value;

	random_test_seed(1);
	bindings = value_empty();
	scope.zone = zone_find(STR("Europe/Prague"));
	if (!str_is_utf8(text))
		return 0;
	if (!json_read(input, &arena, &doc, NULL) &&
		value_from_json(
			json_root(&doc), VALUE_JSON_TYPED, &arena, &bindings))
		bindings = value_empty();
	if (template_compile(text, &arena, &template, &problems))
		return 0;
	if (template_evaluate(template, &scope, &arena, &value, &problems))
		return 0;
	check_value(value, &arena);
	check_conditions(value, scope.zone);
	return 0;
}
