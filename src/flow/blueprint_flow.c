#include "flow/blueprint_member.h"
#include "flow/blueprint_private.h"

/* Modules and the flows they stand in. */

static struct str
place_of(struct blueprint_reading *reading, struct str parent, const char *name)
{
	return arena_printf(reading->arena, "%.*s.%s", STR_ARG(parent), name);
}

static struct str
place_at(struct blueprint_reading *reading, struct str parent, size_t index)
{
	return arena_printf(
		reading->arena, "%.*s[%zu]", STR_ARG(parent), index);
}

/** A value that is never a template. */
static struct value
read_fixed(struct blueprint_reading *reading, struct json json, struct str path)
{
	struct value value = value_empty();

	if (value_from_json(json, VALUE_JSON_PLAIN, reading->arena, &value))
		blueprint_problem(reading, true, path, "is nested too deeply");
	return value;
}

static struct str
read_label(struct blueprint_reading *reading, struct json text)
{
	return arena_copy(reading->arena, json_string(text, reading->arena));
}

/** Whether there is something but null. */
static bool
is_given(struct json value)
{
	return !json_is_missing(value) && json_kind(value) != JSON_NULL;
}

/* ---- conditions ---- */

static const struct condition *
read_conditions(
	struct blueprint_reading *reading, struct json array, struct str path)
{
	const struct template_problem *problems = NULL;
	const struct condition *condition = NULL;

	if (!is_given(array))
		return NULL;
	/* Its problems say what is wrong; a broken one fails when it is
	   evaluated. */
	if (condition_compile(array, reading->arena, &condition, &problems))
		reading->has_error = true;
	blueprint_problems(reading, path, problems);
	return condition;
}

static void
read_filter(struct blueprint_reading *reading, struct json filter,
	struct blueprint_module *module)
{
	struct str path = place_of(reading, module->place, "filter");

	if (!is_given(filter))
		return;
	if (json_kind(filter) != JSON_OBJECT) {
		blueprint_problem(reading, true, path,
			"expected an object, found %s",
			json_kind_name(json_kind(filter)));
		return;
	}
	module->filter_name =
		read_label(reading, json_member(filter, STR("name")));
	module->filter =
		read_conditions(reading, json_member(filter, STR("conditions")),
			place_of(reading, path, "conditions"));
}

/* ---- flows inside a module ---- */

static void
read_route(struct blueprint_reading *reading, struct json json,
	struct str place, struct blueprint_route *route)
{
	struct json type = json_member(json, STR("type"));

	route->is_disabled =
		blueprint_flag(json_member(json, STR("disabled")), false);
	route->is_else = json_string_equal(type, STR("else"));
	route->merges = blueprint_flag(json_member(json, STR("merge")), false);
	route->label = read_label(reading, json_member(json, STR("label")));
	route->condition =
		read_conditions(reading, json_member(json, STR("conditions")),
			place_of(reading, place, "conditions"));
	blueprint_read_flow(reading, json_member(json, STR("flow")),
		place_of(reading, place, "flow"), &route->flow);
}

/** A router's `routes` or an if-else's `branches`. */
static void
read_routes(struct blueprint_reading *reading, struct json array,
	const char *name, struct blueprint_module *module)
{
	struct str place = place_of(reading, module->place, name);
	struct json_walk walk = json_walk(array);
	struct blueprint_route *routes;
	size_t count = json_count(array), at = 0;

	if (json_kind(array) != JSON_ARRAY) {
		blueprint_problem(reading, true, place,
			"expected an array, found %s",
			json_kind_name(json_kind(array)));
		return;
	}
	routes = arena_alloc_array(reading->arena, count + 1, sizeof(*routes));
	while (json_walk_next(&walk)) {
		read_route(reading, walk.value, place_at(reading, place, at),
			&routes[at]);
		at++;
	}
	module->routes = routes;
	module->route_count = count;
}

static const struct template *
read_template(
	struct blueprint_reading *reading, struct json text, struct str path)
{
	const struct template_problem *problems = NULL;
	const struct template *template = NULL;

	if (template_compile(json_string(text, reading->arena), reading->arena,
		    &template, &problems))
		reading->has_error = true;
	blueprint_problems(reading, path, problems);
	return template;
}

static void
read_output(struct blueprint_reading *reading, struct json json,
	struct str place, struct blueprint_output *output)
{
	struct json mappings = json_member(json, STR("mappings"));
	struct str path = place_of(reading, place, "mappings");
	struct json_walk walk = json_walk(mappings);
	const struct template **list = arena_alloc_array(
		reading->arena, json_count(mappings) + 1, sizeof(*list));

	output->name = read_label(reading, json_member(json, STR("name")));
	while (json_walk_next(&walk)) {
		list[output->count] = read_template(reading, walk.value,
			place_at(reading, path, output->count));
		output->count++;
	}
	output->mappings = list;
}

static void
read_outputs(struct blueprint_reading *reading, struct json array,
	struct blueprint_module *module)
{
	struct str place = place_of(reading, module->place, "outputs");
	struct json_walk walk = json_walk(array);
	struct blueprint_output *outputs = arena_alloc_array(
		reading->arena, json_count(array) + 1, sizeof(*outputs));

	while (json_walk_next(&walk)) {
		size_t at = module->output_count++;

		read_output(reading, walk.value, place_at(reading, place, at),
			&outputs[at]);
	}
	module->outputs = outputs;
}

static void
read_handler(struct blueprint_reading *reading, struct json array,
	struct blueprint_module *module)
{
	struct blueprint_flow *flow;

	if (!is_given(array))
		return;
	flow = arena_alloc(reading->arena, sizeof(*flow));
	blueprint_read_flow(reading, array,
		place_of(reading, module->place, "onerror"), flow);
	module->onerror = flow;
}

/* ---- a module ---- */

/* What a module may have; members of other names are told. */
static const char *const members[] = {"id", "module", "version", "parameters",
	"mapper", "filter", "routes", "branches", "outputs", "filters",
	"onerror", "flags", "listener", "metadata", "label"};

static void
check_members(struct blueprint_reading *reading, struct json json,
	const struct blueprint_module *module)
{
	struct json_walk walk = json_walk(json);

	while (json_walk_next(&walk)) {
		struct str key = json_string(walk.key, reading->arena);
		bool is_known = false;

		for (size_t i = 0; i < COUNT_OF(members) && !is_known; i++)
			is_known = str_equal(key, str_of(members[i]));
		if (!is_known)
			blueprint_problem(reading, false, module->place,
				"the member \"%.*s\" is not known and does "
				"nothing",
				STR_ARG(key));
	}
}

static void
read_mapper(struct blueprint_reading *reading, struct json mapper,
	struct blueprint_module *module)
{
	struct str path = place_of(reading, module->place, "mapper");
	const struct template_problem *problems = NULL;

	if (!is_given(mapper))
		return;
	if (template_tree_compile(
		    mapper, reading->arena, &module->mapper, &problems))
		reading->has_error = true;
	blueprint_problems(reading, path, problems);
}

static void
read_id(struct blueprint_reading *reading, struct json json,
	struct blueprint_module *module)
{
	struct json id = json_member(json, STR("id"));

	module->id = blueprint_number(id, 0);
	if (module->id == 0)
		blueprint_problem(reading, true,
			place_of(reading, module->place, "id"),
			"expected a number from 1, found %s",
			json_is_missing(id) ? "nothing" : "something else");
}

static void
read_kind(struct blueprint_reading *reading, struct json json,
	struct blueprint_module *module)
{
	struct json name = json_member(json, STR("module"));
	struct str path = place_of(reading, module->place, "module");

	module->name = read_label(reading, name);
	module->kind = module_find(module->name);
	if (module->kind)
		return;
	reading->blueprint->is_runnable = false;
	if (json_kind(name) == JSON_STRING)
		blueprint_problem(reading, false, path,
			"\"%.*s\" is not known here: the scenario can be kept "
			"but not run",
			STR_ARG(module->name));
	else
		blueprint_problem(reading, true, path,
			"expected \"app:Module\", found %s",
			json_kind_name(json_kind(name)));
}

static void
read_flags(struct blueprint_reading *reading, struct json json,
	struct blueprint_module *module)
{
	struct json flags = json_member(json, STR("flags"));
	struct json group = json_member(flags, STR("groupBy"));
	struct json parameters = json_member(json, STR("parameters"));

	module->feeder =
		blueprint_number(json_member(parameters, STR("feeder")), 0);
	module->stops_if_empty =
		blueprint_flag(json_member(flags, STR("stopIfEmpty")), false);
	if (json_kind(group) == JSON_STRING)
		module->group_by = read_template(reading, group,
			place_of(reading, module->place, "flags.groupBy"));
	module->fallback = blueprint_number(
		json_member(parameters, STR("else")), UINT32_MAX);
}

static void
read_inner_flows(struct blueprint_reading *reading, struct json json,
	struct blueprint_module *module)
{
	struct json routes = json_member(json, STR("routes"));
	struct json branches = json_member(json, STR("branches"));
	struct json outputs = json_member(json, STR("outputs"));

	if (is_given(routes))
		read_routes(reading, routes, "routes", module);
	if (is_given(branches))
		read_routes(reading, branches, "branches", module);
	if (is_given(outputs))
		read_outputs(reading, outputs, module);
	if (module->fallback >= module->route_count)
		module->fallback = module->route_count;
	read_handler(reading, json_member(json, STR("onerror")), module);
}

static void
read_module(struct blueprint_reading *reading, struct json json,
	struct str place, struct blueprint_module *module)
{
	struct json metadata = json_member(json, STR("metadata"));

	module->place = place;
	if (json_kind(json) != JSON_OBJECT) {
		blueprint_problem(reading, true, place,
			"expected a module, an object, found %s",
			json_kind_name(json_kind(json)));
		return;
	}
	if (!blueprint_note_module(reading, module))
		return;
	read_id(reading, json, module);
	read_kind(reading, json, module);
	check_members(reading, json, module);
	module->label =
		read_label(reading, json_path(metadata, STR("designer/name")));
	module->parameters =
		read_fixed(reading, json_member(json, STR("parameters")),
			place_of(reading, place, "parameters"));
	module->expect =
		read_fixed(reading, json_member(metadata, STR("expect")),
			place_of(reading, place, "metadata.expect"));
	read_flags(reading, json, module);
	read_filter(reading, json_member(json, STR("filter")), module);
	read_mapper(reading, json_member(json, STR("mapper")), module);
	blueprint_check_members(reading, module, json);
	read_inner_flows(reading, json, module);
}

void
blueprint_read_flow(struct blueprint_reading *reading, struct json array,
	struct str place, struct blueprint_flow *ret)
{
	struct json_walk walk = json_walk(array);
	struct blueprint_module *modules;

	if (json_kind(array) != JSON_ARRAY) {
		blueprint_problem(reading, true, place,
			"expected an array of modules, found %s",
			json_kind_name(json_kind(array)));
		return;
	}
	if (reading->depth == BLUEPRINT_DEPTH_MAX) {
		blueprint_problem(reading, true, place,
			"flows are nested deeper than %d", BLUEPRINT_DEPTH_MAX);
		return;
	}
	reading->depth++;
	modules = arena_alloc_array(
		reading->arena, json_count(array) + 1, sizeof(*modules));
	while (json_walk_next(&walk)) {
		read_module(reading, walk.value,
			place_at(reading, place, ret->count),
			&modules[ret->count]);
		ret->count++;
	}
	ret->modules = modules;
	reading->depth--;
}
