#include "rule/condition.h"

#include "rule/condition_operator.h"
#include "rule/template_compile.h"

struct comparison {
	const struct condition_operator *op;
	const struct template *a, *b;
	struct str path_a, path_b;
};

struct group {
	struct comparison *comparisons;
	size_t count;
};

struct condition {
	struct group *groups;
	size_t count;
	const struct template_problem *error;
	const struct template_reference *references;
};

struct compile {
	struct template_compiler compiler;
	struct arena *arena;
};

/** An error about the thing at `path` as a whole. */
static void
refuse(struct compile *c, struct str path, const char *what)
{
	template_compiler_enter(&c->compiler, path, STR(""));
	template_compiler_error(&c->compiler, SIZE_MAX, "%s", what);
}

static struct value
text_of(struct compile *c, struct json json)
{
	struct value value;

	if (value_from_json(json, VALUE_JSON_PLAIN, c->arena, &value))
		return value_empty();
	return value;
}

/** `a` and `b` are texts as a rule; numbers and booleans stand as theirs. */
static const struct template *
compile_side(struct compile *c, struct json json, struct str path)
{
	struct str text;

	if (value_to_text(text_of(c, json), c->arena, &text))
		text = STR("");
	template_compiler_enter(&c->compiler, path, text);
	return template_compiler_run(&c->compiler);
}

static void
compile_operator(struct compile *c, struct json json, struct str path,
	struct comparison *comparison)
{
	struct str name = json_string(json, c->arena);
	bool is_alias;

	comparison->op = condition_operator_find(name, &is_alias);
	template_compiler_enter(&c->compiler, path, STR(""));
	if (comparison->op == NULL)
		template_compiler_error(&c->compiler, SIZE_MAX,
			"operator \"%.*s\" is not known",
			STR_ARG(str_head(name, 80)));
	else if (is_alias)
		template_compiler_warn(&c->compiler, SIZE_MAX,
			"write \"%.*s\" instead of \"%.*s\"",
			STR_ARG(condition_operator_name(comparison->op)),
			STR_ARG(str_head(name, 80)));
}

static void
compile_comparison(struct compile *c, struct json json, struct str path,
	struct comparison *comparison)
{
	if (json_kind(json) != JSON_OBJECT) {
		refuse(c, path, "expected an object with a, o and b");
		return;
	}
	comparison->path_a = arena_printf(c->arena, "%.*s.a", STR_ARG(path));
	comparison->path_b = arena_printf(c->arena, "%.*s.b", STR_ARG(path));
	comparison->a = compile_side(
		c, json_member(json, STR("a")), comparison->path_a);
	compile_operator(c, json_member(json, STR("o")),
		arena_printf(c->arena, "%.*s.o", STR_ARG(path)), comparison);
	comparison->b = compile_side(
		c, json_member(json, STR("b")), comparison->path_b);
}

static void
compile_group(
	struct compile *c, struct json json, size_t index, struct group *group)
{
	struct json_walk walk = json_walk(json);
	struct str path = arena_printf(c->arena, "[%zu]", index);

	if (json_kind(json) != JSON_ARRAY) {
		refuse(c, path, "expected an array of comparisons");
		return;
	}
	group->comparisons = arena_alloc_array(
		c->arena, json_count(json), sizeof(*group->comparisons));
	for (size_t i = 0; json_walk_next(&walk); i++) {
		compile_comparison(c, walk.value,
			arena_printf(c->arena, "[%zu][%zu]", index, i),
			&group->comparisons[i]);
		group->count++;
	}
}

static void
compile_groups(struct compile *c, struct json json, struct condition *condition)
{
	struct json_walk walk = json_walk(json);
	enum json_kind kind = json_kind(json);

	if (kind == JSON_MISSING || kind == JSON_NULL)
		return;
	if (kind != JSON_ARRAY) {
		refuse(c, STR(""), "expected an array of arrays");
		return;
	}
	condition->groups = arena_alloc_array(
		c->arena, json_count(json), sizeof(*condition->groups));
	while (json_walk_next(&walk)) {
		compile_group(c, walk.value, condition->count,
			&condition->groups[condition->count]);
		condition->count++;
	}
}

static const struct template_problem *
first_error(const struct template_problem *problem)
{
	while (problem && !problem->is_error)
		problem = problem->next;
	return problem;
}

enum err
condition_compile(struct json conditions, struct arena *arena,
	const struct condition **ret,
	const struct template_problem **ret_problems)
{
	struct compile c = {template_compiler_make(arena), arena};
	struct condition *condition = ARENA_NEW(arena, struct condition);

	compile_groups(&c, conditions, condition);
	condition->references = c.compiler.first_reference;
	condition->error = first_error(c.compiler.first_problem);
	if (c.compiler.has_error && condition->error == NULL)
		condition->error = c.compiler.leaf_error;
	*ret = condition;
	*ret_problems = c.compiler.first_problem;
	return c.compiler.has_error ? ERR_INVALID : ERR_OK;
}

const struct template_reference *
condition_references(const struct condition *condition)
{
	return condition->references;
}

/* ---- evaluating ---- */

static bool
run_comparison(struct template_run *run, const struct comparison *comparison)
{
	struct value a =
		template_run_template(run, comparison->path_a, comparison->a);
	struct value b = value_empty();

	if (!condition_operator_is_unary(comparison->op))
		b = template_run_template(
			run, comparison->path_b, comparison->b);
	return condition_operator_run(comparison->op, run, a, b);
}

static bool
run_group(struct template_run *run, const struct group *group)
{
	for (size_t i = 0; i < group->count && !run->err; i++) {
		if (!run_comparison(run, &group->comparisons[i]))
			return false;
	}
	return true;
}

static bool
run_groups(struct template_run *run, const struct condition *condition)
{
	if (condition->count == 0)
		return true;
	for (size_t i = 0; i < condition->count && !run->err; i++) {
		if (run_group(run, &condition->groups[i]))
			return true;
	}
	return false;
}

enum err
condition_evaluate(const struct condition *condition,
	const struct template_scope *scope, struct arena *arena, bool *ret,
	const struct template_problem **ret_problems)
{
	struct template_run run = template_run_make(scope, arena);
	bool passes;

	if (condition->error) {
		run.err = ERR_INVALID;
		run.error = ARENA_NEW(arena, struct template_problem);
		*run.error = *condition->error;
	}
	passes = run_groups(&run, condition);
	if (ret_problems)
		*ret_problems = template_run_problems(&run);
	if (!run.err)
		*ret = passes;
	return run.err;
}
