#include "flow/apps.h"
#include "rule/condition.h"

/* The tools. Variables and aggregators are the engine's (flow/run*.c). */

static const char *const numeric[] = {
	"sum", "avg", "count", "max", "min", NULL};
static const struct module_field text_parameters[] = {
	{.name = "feeder", .is_required = true}, {.name = "rowSeparator"},
	{.name = "otherRowSeparator"}, {.name = NULL}};
static const struct module_field numeric_parameters[] = {
	{.name = "feeder", .is_required = true},
	{.name = "fn", .choices = numeric}, {.name = NULL}};
static const struct module_field table_parameters[] = {
	{.name = "feeder", .is_required = true}, {.name = "rowSeparator"},
	{.name = "otherRowSeparator"}, {.name = "columnSeparator"},
	{.name = "otherColumnSeparator"}, {.name = NULL}};
static const struct module_field value_mapper[] = {
	{.name = "value"}, {.name = NULL}};
static const struct module_field trigger_parameters[] = {
	{.name = "values"}, {.name = NULL}};
static const struct module_field variable[] = {
	{.name = "name", .type = "text", .is_required = true},
	{.name = "value"}, {.name = "scope", .type = "text"}, {.name = NULL}};
static const struct module_field variables[] = {
	{.name = "variables", .type = "array", .is_required = true},
	{.name = "scope", .type = "text"}, {.name = NULL}};
static const struct module_field named[] = {
	{.name = "name", .type = "text", .is_required = true}, {.name = NULL}};
static const struct module_field duration[] = {{.name = "duration",
						       .type = "number",
						       .is_required = true,
						       .minimum = 0,
						       .maximum = 300},
	{.name = NULL}};
static const struct module_field switcher[] = {
	{.name = "input", .type = "text"},
	{.name = "useRegExpMatch", .type = "boolean"},
	{.name = "casesTable", .type = "array"}, {.name = "elseOutput"},
	{.name = NULL}};

static struct value
one_member(const struct module_call *call, const char *name, struct value value)
{
	struct value_builder builder = value_builder_make(call->arena);

	value_builder_set(&builder, str_of(name), value);
	return value_builder_collection(&builder);
}

static enum failure_kind
compose(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	(void)failure;
	module_result_one(call, result,
		one_member(call, "value",
			value_member(call->input, STR("value"))));
	return FAILURE_NONE;
}

/** Whether a case of a switcher fits. */
static enum err
fits(const struct module_call *call, struct value entry, bool *ret,
	struct buf *why)
{
	struct value by_pattern =
		value_member(call->input, STR("useRegExpMatch"));
	const char *name =
		value_to_boolean(by_pattern) ? "text:pattern" : "text:equal";
	const struct condition_operator *op =
		condition_operator_find(str_of(name), NULL);

	return condition_holds(op, value_member(call->input, STR("input")),
		value_member(entry, STR("pattern")), call->scope->zone, ret,
		why);
}

static enum failure_kind
run_switcher(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf why = {0};
	struct value cases = value_member(call->input, STR("casesTable"));
	struct value output = value_member(call->input, STR("elseOutput"));

	for (size_t i = 0;
		cases.kind == VALUE_ARRAY && i < cases.as.array.count; i++) {
		bool is_fitting = false;

		if (fits(call, cases.as.array.items[i], &is_fitting, &why))
			return failure_set(failure, call->arena, FAILURE_DATA,
				"casesTable[%zu]: %s", i, buf_text(&why));
		if (!is_fitting)
			continue;
		output = value_member(cases.as.array.items[i], STR("output"));
		break;
	}
	module_result_one(call, result, one_member(call, "output", output));
	return FAILURE_NONE;
}

/** A bundle for each entry of parameters.values. */
static enum failure_kind
run_trigger(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value entries = value_member(call->parameters, STR("values"));
	struct value *bundles;

	(void)failure;
	if (entries.kind != VALUE_ARRAY)
		return FAILURE_NONE;
	bundles = arena_alloc_array(
		call->arena, entries.as.array.count + 1, sizeof(*bundles));
	for (size_t i = 0; i < entries.as.array.count; i++) {
		struct value_builder builder = value_builder_make(call->arena);
		struct value pairs =
			value_member(entries.as.array.items[i], STR("spec"));

		for (size_t p = 0;
			pairs.kind == VALUE_ARRAY && p < pairs.as.array.count;
			p++) {
			struct value name = value_member(
				pairs.as.array.items[p], STR("name"));

			if (name.kind == VALUE_TEXT)
				value_builder_set(&builder, name.as.text,
					value_member(pairs.as.array.items[p],
						STR("value")));
		}
		bundles[i] = value_builder_collection(&builder);
	}
	*result = (struct module_result){.bundles = bundles,
		.count = entries.as.array.count,
		.is_many = true};
	return FAILURE_NONE;
}

const struct module_kind app_util[] = {
	{.name = "util:SetVariable",
		.nature = MODULE_CONTROL,
		.mapper = variable},
	{.name = "util:SetVariable2",
		.nature = MODULE_CONTROL,
		.mapper = variable},
	{.name = "util:SetVariables",
		.nature = MODULE_CONTROL,
		.mapper = variables},
	{.name = "util:GetVariable", .nature = MODULE_CONTROL, .mapper = named},
	{.name = "util:GetVariable2",
		.nature = MODULE_CONTROL,
		.mapper = named},
	{.name = "util:GetVariables",
		.nature = MODULE_CONTROL,
		.mapper = variables},
	{.name = "util:FunctionIncrement", .nature = MODULE_CONTROL},
	{.name = "util:FunctionSleep",
		.nature = MODULE_CONTROL,
		.mapper = duration},
	{.name = "util:TextAggregator",
		.nature = MODULE_CONTROL,
		.parameters = text_parameters,
		.mapper = value_mapper,
		.is_aggregator = true},
	{.name = "util:FunctionAggregator2",
		.nature = MODULE_CONTROL,
		.parameters = numeric_parameters,
		.mapper = value_mapper,
		.is_aggregator = true},
	{.name = "util:AggregateAggregator",
		.nature = MODULE_CONTROL,
		.parameters = table_parameters,
		.is_aggregator = true},
	{.name = "util:ComposeTransformer",
		.nature = MODULE_PURE,
		.mapper = value_mapper,
		.run = compose},
	{.name = "util:Switcher",
		.nature = MODULE_PURE,
		.mapper = switcher,
		.run = run_switcher},
	{.name = "util:BasicTrigger",
		.nature = MODULE_PURE,
		.parameters = trigger_parameters,
		.run = run_trigger},
	{.name = NULL},
};
