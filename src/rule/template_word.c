#include <math.h>

#include "base/random.h"
#include "base/uuid.h"
#include "rule/template_function.h"

/* The bare words of the language: keywords and variables. */

const struct template_keyword template_keywords[] = {
	{"true", "the boolean", {.kind = VALUE_BOOLEAN, .as.boolean = true}},
	{"false", "the boolean", {.kind = VALUE_BOOLEAN}},
	{"null", "the empty value", {.kind = VALUE_EMPTY}},
	{"undefined", "the empty value", {.kind = VALUE_EMPTY}},
	{"emptystring", "a text with nothing in it",
		{.kind = VALUE_TEXT, .as.text = STR_INIT("")}},
	{"emptyarray", "an array without items",
		{.kind = VALUE_ARRAY, .height = 1}},
	{"space", "a blank", {.kind = VALUE_TEXT, .as.text = STR_INIT(" ")}},
	{"tab", "a tab", {.kind = VALUE_TEXT, .as.text = STR_INIT("\t")}},
	{"newline", "a line feed",
		{.kind = VALUE_TEXT, .as.text = STR_INIT("\n")}},
	{"carriagereturn", "a carriage return",
		{.kind = VALUE_TEXT, .as.text = STR_INIT("\r")}},
	{"nbsp", "a no-break space",
		{.kind = VALUE_TEXT, .as.text = STR_INIT("\xC2\xA0")}},
	{"ignore", "as a field's value: the field is left out",
		{.kind = VALUE_EMPTY, .shade = VALUE_IGNORE}},
	{"erase", "as a field's value: the field is sent empty",
		{.kind = VALUE_EMPTY, .shade = VALUE_ERASE}},
};
const size_t template_keyword_count = COUNT_OF(template_keywords);

static struct value
get_now(struct template_run *run)
{
	return value_date(run->scope->now);
}

static struct value
get_timestamp(struct template_run *run)
{
	return value_number(floor((double)run->scope->now / 1000));
}

static struct value
get_random(struct template_run *run)
{
	const uint64_t parts = UINT64_C(1) << 53;

	(void)run;
	return value_number((double)random_below(parts) / (double)parts);
}

static struct value
get_uuid(struct template_run *run)
{
	char text[UUID_TEXT_SIZE];

	if (!template_run_bytes(run, sizeof(text)))
		return value_empty();
	uuid_format(uuid_random(), text);
	return value_text(arena_copy(run->arena, str_of(text)));
}

static struct value
get_pi(struct template_run *run)
{
	(void)run;
	return value_number(M_PI);
}

/** A member of var.scenario. */
static struct value
of_scenario(struct template_run *run, struct str name)
{
	const struct template_scope *scope = run->scope;

	if (scope->variables == NULL)
		return value_empty();
	return value_member(
		scope->variables(scope->context, STR("scenario")), name);
}

static struct value
get_execution_id(struct template_run *run)
{
	return of_scenario(run, STR("executionId"));
}

static struct value
get_scenario_id(struct template_run *run)
{
	return of_scenario(run, STR("id"));
}

static struct value
get_scenario_name(struct template_run *run)
{
	return of_scenario(run, STR("name"));
}

static struct value
get_trigger_timestamp(struct template_run *run)
{
	return of_scenario(run, STR("triggerTimestamp"));
}

static struct value
get_operations(struct template_run *run)
{
	return of_scenario(run, STR("operationsConsumed"));
}

const struct template_variable template_variables[] = {
	{"now", "the date and time; the same all over a module", false,
		get_now},
	{"timestamp", "whole seconds since 1970", false, get_timestamp},
	{"random", "a number from 0 up to 1, new at each use", false,
		get_random},
	{"uuid", "a random UUID, new at each use", false, get_uuid},
	{"pi", "3.141592653589793", false, get_pi},
	{"executionId", "the execution's id", false, get_execution_id},
	{"scenarioID", "the scenario's id", true, get_scenario_id},
	{"scenarioName", "the scenario's name", true, get_scenario_name},
	{"triggerTimestamp", "when the execution began", true,
		get_trigger_timestamp},
	{"operationsConsumed", "operations of the execution so far", true,
		get_operations},
};
const size_t template_variable_count = COUNT_OF(template_variables);
