#include "template_world.h"

#include "check.h"

static struct value
find_module(void *context, uint32_t id)
{
	struct template_world *world = context;
	char name[16];

	snprintf(name, sizeof(name), "%u", (unsigned)id);
	return value_member(world->bindings, str_of(name));
}

static struct value
find_variables(void *context, struct str scope)
{
	struct template_world *world = context;

	return value_member(world->variables, scope);
}

void
template_world_init(struct template_world *world)
{
	*world = (struct template_world){0};
	world->scope.context = world;
	world->scope.module = find_module;
	world->scope.variables = find_variables;
	world->scope.now = INT64_C(1553005800000);
}

void
template_world_release(struct template_world *world)
{
	arena_release(&world->arena);
}

struct value
template_world_json(struct template_world *world, struct str text)
{
	struct json_doc *doc = ARENA_NEW(&world->arena, struct json_doc);
	struct buf why = {0};
	struct value value;

	text = arena_copy(&world->arena, text);
	if (json_read(text, &world->arena, doc, &why) ||
		value_from_json(json_root(doc), VALUE_JSON_TYPED, &world->arena,
			&value))
		check_failed(__FILE__, __LINE__, "%.*s: %s", STR_ARG(text),
			buf_text(&why));
	return value;
}

void
template_world_bind(struct template_world *world, struct str json)
{
	world->bindings = template_world_json(world, json);
}

static struct str
show_error(struct template_world *world, const struct template_problem *problem)
{
	return arena_printf(&world->arena, "error %zu: %.*s", problem->column,
		STR_ARG(problem->text));
}

struct str
template_world_run(struct template_world *world, struct str text)
{
	CLEANUP(buf_release) struct buf out = {0};
	const struct template_problem *problems;
	const struct template *template;
	struct value value;
	enum err compiled =
		template_compile(text, &world->arena, &template, &problems);
	enum err err = template_evaluate(
		template, &world->scope, &world->arena, &value, &problems);

	if (compiled)
		CHECK_INT(err, ERR_INVALID);
	if (err) {
		CHECK(problems->is_error);
		return show_error(world, problems);
	}
	value_append_json(&out, value, VALUE_JSON_TYPED);
	return arena_copy(&world->arena, buf_str(&out));
}

static void
append_warnings(struct buf *out, const struct template_problem *problem)
{
	for (; problem; problem = problem->next) {
		if (problem->is_error)
			continue;
		template_problem_append(out, problem);
		buf_append_char(out, '\n');
	}
}

struct str
template_world_warnings(struct template_world *world, struct str text)
{
	CLEANUP(buf_release) struct buf out = {0};
	const struct template_problem *problems;
	const struct template *template;
	struct value value;

	CHECK_OK(template_compile(text, &world->arena, &template, &problems));
	append_warnings(&out, problems);
	CHECK_OK(template_evaluate(
		template, &world->scope, &world->arena, &value, &problems));
	append_warnings(&out, problems);
	return arena_copy(&world->arena, buf_str(&out));
}
