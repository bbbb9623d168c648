#include "rule/template.h"

#include "check.h"

#include "base/mem.h"
#include "rule/template_docs.h"
#include "template_world.h"

static const struct template_tree *
compile_tree(struct template_world *world, const char *json, enum err expected,
	const struct template_problem **ret_problems)
{
	struct json_doc *doc = ARENA_NEW(&world->arena, struct json_doc);
	const struct template_tree *tree;

	CHECK_OK(json_read(str_of(json), &world->arena, doc, NULL));
	CHECK_INT(template_tree_compile(
			  json_root(doc), &world->arena, &tree, ret_problems),
		expected);
	return tree;
}

static const char *
run_tree(struct template_world *world, const char *json)
{
	static struct buf out;
	const struct template_problem *problems;
	const struct template_tree *tree =
		compile_tree(world, json, ERR_OK, &problems);
	struct value value;

	CHECK_OK(template_tree_evaluate(
		tree, &world->scope, &world->arena, &value, &problems));
	buf_clear(&out);
	value_append_json(&out, value, VALUE_JSON_PLAIN);
	return buf_text(&out);
}

static const char *
show(const struct template_problem *problem)
{
	static struct buf out;

	buf_clear(&out);
	for (; problem; problem = problem->next) {
		template_problem_append(&out, problem);
		buf_append_char(&out, '\n');
	}
	return buf_text(&out);
}

/* ---- trees ---- */

TEST(template, tree_evaluates_every_text_and_leaves_the_rest)
{
	struct template_world world;

	template_world_init(&world);
	template_world_bind(&world, STR("{\"1\":{\"x\":7,\"l\":[1,2]}}"));
	CHECK_TEXT(run_tree(&world,
			   "{\"a\":\"{{1.x}}\",\"b\":[true,5,null,"
			   "{\"c\":\"x{{1.x}}\"}],\"{{1.x}}\":\"{{1.l}}\"}"),
		"{\"a\":7,\"b\":[true,5,null,{\"c\":\"x7\"}],"
		"\"{{1.x}}\":[1,2]}");
	CHECK_TEXT(run_tree(&world, "null"), "null");
	CHECK_TEXT(run_tree(&world, "\"{{1.x}}\""), "7");
	template_world_release(&world);
}

TEST(template, ignore_removes_a_field_and_erase_keeps_it_empty)
{
	struct template_world world;
	const struct template_problem *problems;
	const struct template_tree *tree;
	struct value value;

	template_world_init(&world);
	CHECK_TEXT(run_tree(&world,
			   "{\"a\":\"{{ignore}}\",\"b\":\"{{erase}}\","
			   "\"c\":[\"{{ignore}}\",\"{{if(1=1; ignore; 2)}}\","
			   "1],\"d\":\"x{{ignore}}\",\"e\":\"{{null}}\"}"),
		"{\"b\":null,\"c\":[1],\"d\":\"x\",\"e\":null}");
	tree = compile_tree(&world, "{\"b\":\"{{erase}}\",\"e\":\"{{null}}\"}",
		ERR_OK, &problems);
	CHECK_OK(template_tree_evaluate(
		tree, &world.scope, &world.arena, &value, NULL));
	CHECK_INT(value_member(value, STR("b")).shade, VALUE_ERASE);
	CHECK_INT(value_member(value, STR("e")).shade, VALUE_PLAIN);
	template_world_release(&world);
}

TEST(template, tree_tells_all_problems_with_their_places)
{
	struct template_world world;
	const struct template_problem *problems;
	const struct template_tree *tree;
	struct value value;

	template_world_init(&world);
	tree = compile_tree(&world,
		"{\"a\":\"{{foo(1)}} {{bar}} {{baz(2)}}\","
		"\"b\":[{\"c\":\"ok\"},{\"c\":\"{{1 +}}\"}]}",
		ERR_INVALID, &problems);
	CHECK_TEXT(show(problems),
		"a: function \"foo\" is not known (column 3)\n"
		"a: 'bar' is not known and is empty; a text stands in quotes "
		"(column 14)\n"
		"a: function \"baz\" is not known (column 22)\n"
		"b[1].c: found the end of the expression, expected a value "
		"(column 6)\n");
	CHECK_INT(template_tree_evaluate(
			  tree, &world.scope, &world.arena, &value, &problems),
		ERR_INVALID);
	CHECK_TEXT(show(problems),
		"a: function \"foo\" is not known (column 3)\n");
	template_world_release(&world);
}

TEST(template, a_leaf_that_fails_is_named)
{
	struct template_world world;
	const struct template_problem *problems;
	const struct template_tree *tree;
	struct value value;

	template_world_init(&world);
	tree = compile_tree(&world,
		"{\"a\":\"{{1/0}}\",\"b\":[\"x {{parseDate(\\\"x\\\"; "
		"\\\"YYYY\\\")}}\"]}",
		ERR_OK, &problems);
	CHECK(problems == NULL);
	CHECK_INT(template_tree_evaluate(
			  tree, &world.scope, &world.arena, &value, &problems),
		ERR_INVALID);
	CHECK_TEXT(show(problems),
		"b[0]: 'x' is no date in the form YYYY (column 5)\n"
		"a: a division by zero; the result is empty (column 5)\n");
	template_world_release(&world);
}

TEST(template, references_are_told)
{
	struct template_world world;
	const struct template_problem *problems;
	const struct template_reference *at;
	CLEANUP(buf_release) struct buf out = {0};

	template_world_init(&world);
	at = template_tree_references(compile_tree(&world,
		"{\"a\":\"{{1.`__IMTHEADERS__`[2].x + get(`2`; 3.k[4.j])}}\","
		"\"b\":\"{{5[1]}} 6.x\"}",
		ERR_OK, &problems));
	for (; at; at = at->next)
		buf_printf(&out, "%.*s:%zu %u %.*s\n", STR_ARG(at->path),
			at->column, at->module, STR_ARG(at->member));
	CHECK_TEXT(buf_text(&out), "a:3 1 __IMTHEADERS__\n"
				   "a:33 2 \n"
				   "a:42 4 j\n"
				   "a:38 3 k\n"
				   "b:3 5 \n");
	template_world_release(&world);
}

TEST(template, variables_come_from_their_scope)
{
	struct template_world world;

	template_world_init(&world);
	world.variables = template_world_json(&world,
		STR("{\"scenario\":{\"name\":\"demo\",\"id\":9,"
		    "\"executionId\":\"e1\"},\"input\":{\"a b\":[1,2]}}"));
	CHECK_STR(template_world_run(
			  &world, STR("{{var.scenario.name}} {{executionId}} "
				      "{{scenarioID}} {{var.input.`a b`[2]}} "
				      "{{var.none.x}}")),
		STR("\"demo e1 9 2 \""));
	template_world_release(&world);
}

/* ---- limits ---- */

static struct str
repeat(struct template_world *world, const char *before, const char *piece,
	size_t count, const char *after)
{
	CLEANUP(buf_release) struct buf out = {0};

	buf_append(&out, str_of(before));
	for (size_t i = 0; i < count; i++)
		buf_append(&out, str_of(piece));
	buf_append(&out, str_of(after));
	return arena_copy(&world->arena, buf_str(&out));
}

static void
expect_limit(struct template_world *world, struct str text)
{
	const struct template_problem *problems;
	const struct template *template;
	struct value value;

	CHECK_OK(template_compile(text, &world->arena, &template, &problems));
	CHECK_INT(template_evaluate(template, &world->scope, &world->arena,
			  &value, &problems),
		ERR_LIMIT);
	CHECK(problems->is_error && problems->text.len > 0);
}

TEST(template, brackets_nest_so_deep_and_no_deeper)
{
	struct template_world world;
	struct str open;

	template_world_init(&world);
	open = repeat(&world, "{{", "(", TEMPLATE_DEPTH_MAX - 1, "1");
	CHECK_STR(template_world_run(
			  &world, repeat(&world,
					  arena_printf(&world.arena, "%.*s",
						  STR_ARG(open))
						  .ptr,
					  ")", TEMPLATE_DEPTH_MAX - 1, "}}")),
		STR("1"));
	open = template_world_run(
		&world, repeat(&world, "{{", "(", 100000, "1"));
	CHECK(str_starts_with(open, STR("error 103: ")));
	open = template_world_run(
		&world, repeat(&world, "{{", "-", 100000, "1}}"));
	CHECK(str_starts_with(open, STR("error 102: ")));
	template_world_release(&world);
}

TEST(template, a_long_sum_is_not_deep)
{
	struct template_world world;

	template_world_init(&world);
	CHECK_STR(template_world_run(
			  &world, repeat(&world, "{{1", "+1", 100000, "}}")),
		STR("100001"));
	template_world_release(&world);
}

TEST(template, a_text_with_expressions_has_a_maximum)
{
	struct template_world world;
	struct str text;

	template_world_init(&world);
	text = repeat(&world, "", "x", TEMPLATE_TEXT_MAX, "{{1}}");
	CHECK_STR(template_world_run(&world, text),
		STR("error 0: a text with expressions has at most 262144 "
		    "bytes"));
	text = repeat(&world, "", "x", 2 * TEMPLATE_TEXT_MAX, "");
	CHECK_INT(template_world_run(&world, text).len,
		2 * TEMPLATE_TEXT_MAX + 2);
	template_world_release(&world);
}

TEST(template, what_would_make_too_much_ends_with_a_limit)
{
	struct template_world world;
	struct value_builder builder;
	struct value text;

	template_world_init(&world);
	builder = value_builder_make(&world.arena);
	text = value_text(repeat(&world, "", "ab ", 1000000, ""));
	value_builder_set(&builder, STR("t"), text);
	world.bindings = value_builder_collection(&builder);
	builder = value_builder_make(&world.arena);
	value_builder_set(&builder, STR("1"), world.bindings);
	world.bindings = value_builder_collection(&builder);
	expect_limit(&world, repeat(&world, "{{1.t", "+1.t", 100, "}}"));
	expect_limit(&world, repeat(&world, "", "{{1.t}}", 100, ""));
	expect_limit(&world, STR("{{split(1.t; \"\")}}"));
	expect_limit(&world, STR("{{replace(1.t; \"a\"; 1.t)}}"));
	expect_limit(&world, STR("{{replace(1.t; \"/a/g\"; \"$`\")}}"));
	template_world_release(&world);
}

TEST(template, no_regular_expression_stalls)
{
	static const char *const patterns[] = {"/(a+)+$/", "/(a|a)*b/",
		"/(?=a*)b/", "/(x{1,130}x{1,130})y/", "/(a*)*\\1b/",
		"/a*a*a*a*a*c/", "/(.*)(.*)(.*)(.*)z/g"};
	struct template_world world;
	struct str text;

	template_world_init(&world);
	text = repeat(&world, "", "aaaaaaaaaaxxxxxxxxxx", 50000, "");
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		struct value_member member = {STR("t"), value_text(text)};
		struct value bundle = value_collection(&member, 1);
		struct value_member outer = {STR("1"), bundle};

		world.bindings = value_collection(&outer, 1);
		/* In time, whatever it comes to. */
		template_world_run(&world,
			arena_printf(&world.arena,
				"{{length(replace(1.t; \"%s\"; \"\"))}}",
				patterns[i]));
	}
	template_world_release(&world);
}

/* ---- docs ---- */

TEST(template, the_page_for_users_has_the_tables_of_the_program)
{
	struct str page =
		check_read_file(check_data_path("../docs/template.md"));
	CLEANUP(buf_release) struct buf tables = {0};
	size_t start = str_find(page, STR("<!-- tables -->\n"));
	size_t end = str_find(page, STR("<!-- end of tables -->"));

	CHECK(start != SIZE_MAX && end != SIZE_MAX);
	start += strlen("<!-- tables -->\n");
	template_docs_append(&tables);
	CHECK_STR(str_make(page.ptr + start, end - start), buf_str(&tables));
}
