#include "flow/blueprint_private.h"

/* What can be seen once every module is read. */

/** Whether the module is one that starts a scenario. */
static bool
is_trigger(const struct blueprint_module *module)
{
	return module->kind && module->kind->is_trigger;
}

/* ---- references ---- */

static void
note_wanted(
	struct blueprint *blueprint, const struct template_reference *reference)
{
	if (blueprint->flow.count == 0 ||
		reference->module != blueprint->flow.modules[0].id)
		return;
	blueprint->wants_headers |=
		str_equal(reference->member, STR("__IMTHEADERS__"));
	blueprint->wants_method |=
		str_equal(reference->member, STR("__IMTMETHOD__"));
}

static void
check_references(struct blueprint_reading *reading, struct str path,
	const struct template_reference *reference)
{
	for (; reference; reference = reference->next) {
		bool is_index = str_starts_with(reference->path, STR("["));
		const char *dot = reference->path.len && !is_index ? "." : "";

		note_wanted(reading->blueprint, reference);
		if (blueprint_find(reading->blueprint, reference->module))
			continue;
		blueprint_problem(reading, false,
			arena_printf(reading->arena, "%.*s%s%.*s",
				STR_ARG(path), dot, STR_ARG(reference->path)),
			"there is no module %u: this is always empty "
			"(column %zu)",
			reference->module, reference->column);
	}
}

static struct str
inside(struct blueprint_reading *reading, const struct blueprint_module *module,
	const char *name)
{
	return arena_printf(
		reading->arena, "%.*s.%s", STR_ARG(module->place), name);
}

static void
check_module_references(struct blueprint_reading *reading,
	const struct blueprint_module *module)
{
	if (module->mapper)
		check_references(reading, inside(reading, module, "mapper"),
			template_tree_references(module->mapper));
	if (module->filter)
		check_references(reading,
			inside(reading, module, "filter.conditions"),
			condition_references(module->filter));
	if (module->group_by)
		check_references(reading,
			inside(reading, module, "flags.groupBy"),
			template_references(module->group_by));
	for (size_t i = 0; i < module->route_count; i++) {
		if (module->routes[i].condition)
			check_references(reading,
				inside(reading, module, "branches"),
				condition_references(
					module->routes[i].condition));
	}
}

/* ---- what each module needs ---- */

static bool
is_choice(const char *const *choices, struct str text)
{
	for (; *choices; choices++) {
		if (str_equal(text, str_of(*choices)))
			return true;
	}
	return false;
}

static void
check_parameter(struct blueprint_reading *reading,
	const struct blueprint_module *module, const struct module_field *field)
{
	struct value value =
		value_member(module->parameters, str_of(field->name));
	struct str path = arena_printf(reading->arena, "%.*s.parameters.%s",
		STR_ARG(module->place), field->name);

	if (field->is_required && value_is_blank(value))
		blueprint_problem(reading, true, path, "must be given");
	if (field->choices && value.kind == VALUE_TEXT &&
		!is_choice(field->choices, value.as.text))
		blueprint_problem(reading, true, path,
			"\"%.*s\" is not one of its values",
			STR_ARG(value.as.text));
}

static void
check_fields(struct blueprint_reading *reading,
	const struct blueprint_module *module)
{
	const struct module_field *field = module->kind->parameters;

	for (; field && field->name; field++)
		check_parameter(reading, module, field);
}

static void
check_feeder(struct blueprint_reading *reading,
	const struct blueprint_module *module)
{
	const struct blueprint_module *feeder;

	if (!module->kind->is_aggregator)
		return;
	feeder = blueprint_find(reading->blueprint, module->feeder);
	if (feeder && feeder != module)
		reading->modules[feeder->index]->is_feeder = true;
	else
		blueprint_problem(reading, true,
			inside(reading, module, "parameters.feeder"),
			"expected the id of a module before this one");
}

/** What ends an error handler ends any other flow, too, and quietly. */
static void
check_directive(struct blueprint_reading *reading,
	const struct blueprint_module *module)
{
	static const char *const names[] = {"builtin:Ignore", "builtin:Resume",
		"builtin:Commit", "builtin:Rollback", "builtin:Break"};

	if (str_find(module->place, STR(".onerror[")) != SIZE_MAX)
		return;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (str_equal(module->name, str_of(names[i])))
			blueprint_problem(reading, false, module->place,
				"%s ends the flow here: its place is an error "
				"handler (onerror)",
				names[i]);
	}
}

static void
check_module(struct blueprint_reading *reading,
	const struct blueprint_module *module)
{
	check_module_references(reading, module);
	if (!module->kind)
		return;
	check_directive(reading, module);
	check_fields(reading, module);
	check_feeder(reading, module);
	reading->blueprint->has_response |= module->kind->is_response;
	if (is_trigger(module) &&
		module != &reading->blueprint->flow.modules[0])
		blueprint_problem(reading, true, module->place,
			"%.*s can only be the first module",
			STR_ARG(module->name));
}

void
blueprint_check(struct blueprint_reading *reading)
{
	const struct blueprint *blueprint = reading->blueprint;

	for (size_t i = 0; i < blueprint->module_count; i++)
		check_module(reading, blueprint->modules[i]);
	if (blueprint->flow.count && blueprint->flow.modules[0].filter)
		blueprint_problem(reading, false,
			inside(reading, &blueprint->flow.modules[0], "filter"),
			"the first module has nothing before it to filter");
}
