#include "rule/condition.h"

#include "check.h"

#include "template_world.h"

/** `pass`, `stop`, or the first problem. */
static struct str
run(struct template_world *world, const char *conditions)
{
	struct json_doc *doc = ARENA_NEW(&world->arena, struct json_doc);
	const struct template_problem *problems;
	const struct condition *condition;
	CLEANUP(buf_release) struct buf out = {0};
	bool passes;
	enum err err;

	CHECK_OK(json_read(str_of(conditions), &world->arena, doc, NULL));
	(void)!condition_compile(
		json_root(doc), &world->arena, &condition, &problems);
	err = condition_evaluate(
		condition, &world->scope, &world->arena, &passes, &problems);
	if (!err)
		return passes ? STR("pass") : STR("stop");
	template_problem_append(&out, problems);
	return arena_copy(&world->arena, buf_str(&out));
}

TEST(condition, nothing_to_check_passes)
{
	struct template_world world;

	template_world_init(&world);
	CHECK_STR(run(&world, "null"), STR("pass"));
	CHECK_STR(run(&world, "[]"), STR("pass"));
	CHECK_STR(run(&world, "[[]]"), STR("pass"));
	CHECK_STR(run(&world, "[[{\"a\":\"1\",\"o\":\"text:equal\","
			      "\"b\":\"2\"}],[]]"),
		STR("pass"));
	template_world_release(&world);
}

#define YES "{\"a\":\"{{1.x}}\",\"o\":\"text:equal\",\"b\":\"y\"}"
#define NO "{\"a\":\"{{1.x}}\",\"o\":\"text:equal\",\"b\":\"n\"}"

TEST(condition, groups_are_alternatives_of_comparisons_that_all_hold)
{
	struct template_world world;

	template_world_init(&world);
	template_world_bind(&world, STR("{\"1\":{\"x\":\"y\"}}"));
	CHECK_STR(run(&world, "[[" YES "]]"), STR("pass"));
	CHECK_STR(run(&world, "[[" NO "]]"), STR("stop"));
	CHECK_STR(run(&world, "[[" YES "," NO "]]"), STR("stop"));
	CHECK_STR(run(&world, "[[" YES "," NO "],[" YES "]]"), STR("pass"));
	CHECK_STR(run(&world, "[[" NO "],[" NO "]]"), STR("stop"));
	template_world_release(&world);
}

TEST(condition, a_missing_side_is_empty_text)
{
	struct template_world world;

	template_world_init(&world);
	CHECK_STR(run(&world, "[[{\"a\":\"\",\"o\":\"text:equal\"}]]"),
		STR("pass"));
	CHECK_STR(run(&world, "[[{\"a\":5,\"o\":\"number:equal\","
			      "\"b\":5}]]"),
		STR("pass"));
	CHECK_STR(run(&world, "[[{\"a\":\"{{1.x}}\",\"o\":\"notexist\"}]]"),
		STR("pass"));
	template_world_release(&world);
}

TEST(condition, all_problems_are_told)
{
	struct template_world world;
	struct json_doc doc;
	const struct template_problem *problem;
	const struct condition *condition;
	CLEANUP(buf_release) struct buf out = {0};

	template_world_init(&world);
	CHECK_OK(json_read(STR("[[{\"a\":\"{{f()}}\",\"o\":\"text:like\","
			       "\"b\":\"{{\"}],[{\"o\":\"date:before\"}],{}]"),
		&world.arena, &doc, NULL));
	CHECK_INT(condition_compile(
			  json_root(&doc), &world.arena, &condition, &problem),
		ERR_INVALID);
	for (; problem; problem = problem->next) {
		template_problem_append(&out, problem);
		buf_append_char(&out, '\n');
	}
	CHECK_TEXT(buf_text(&out),
		"[0][0].a: function \"f\" is not known (column 3)\n"
		"[0][0].o: operator \"text:like\" is not known\n"
		"[0][0].b: found the end of the text, expected a value "
		"(column 3)\n"
		"[1][0].o: write \"date:less\" instead of \"date:before\"\n"
		"[2]: expected an array of comparisons\n");
	CHECK_STR(run(&world, "[[{\"a\":\"1\",\"o\":\"no\"}]]"),
		STR("[0][0].o: operator \"no\" is not known"));
	CHECK_STR(run(&world, "5"), STR("expected an array of arrays"));
	template_world_release(&world);
}

/* Each row: operator, a, b, and whether it holds. */
static const struct {
	const char *op;
	const char *a;
	const char *b;
	bool holds;
} rows[] = {
	{"text:equal", "\"a\"", "\"a\"", true},
	{"text:equal", "\"a\"", "\"A\"", false},
	{"text:equal", "5", "\"5\"", true},
	{"text:equal", "null", "\"\"", true},
	{"text:equal:ci", "\"Žižka\"", "\"žIŽKA\"", true},
	{"text:notequal", "\"a\"", "\"b\"", true},
	{"text:notequal:ci", "\"a\"", "\"A\"", false},
	{"text:contain", "\"hello\"", "\"ell\"", true},
	{"text:contain:ci", "\"hello\"", "\"ELL\"", true},
	{"text:contain", "\"hello\"", "\"ELL\"", false},
	{"text:notcontain", "\"hello\"", "\"x\"", true},
	{"text:notcontain:ci", "\"hello\"", "\"L\"", false},
	{"text:startwith", "\"hello\"", "\"he\"", true},
	{"text:startwith:ci", "\"hello\"", "\"HE\"", true},
	{"text:notstartwith", "\"hello\"", "\"lo\"", true},
	{"text:notstartwith:ci", "\"hello\"", "\"HE\"", false},
	{"text:endwith", "\"hello\"", "\"lo\"", true},
	{"text:endwith:ci", "\"hello\"", "\"LO\"", true},
	{"text:notendwith", "\"hello\"", "\"lo\"", false},
	{"text:notendwith:ci", "\"hello\"", "\"he\"", true},
	{"text:pattern", "\"abc-12\"", "\"\\\\d+$\"", true},
	{"text:pattern", "\"ABC\"", "\"abc\"", false},
	{"text:pattern:ci", "\"ABC\"", "\"abc\"", true},
	{"text:notpattern", "\"abc\"", "\"^b\"", true},
	{"text:notpattern:ci", "\"abc\"", "\"^A\"", false},
	{"text:isempty", "\"\"", "null", true},
	{"text:isempty", "0", "null", false},
	{"text:isnotempty", "0", "null", true},
	{"text:isnotempty", "null", "null", false},
	{"number:equal", "\"5.0\"", "5", true},
	{"number:notequal", "5", "6", true},
	{"number:less", "\"9\"", "\"10\"", true},
	{"number:greater", "\"9\"", "\"10\"", false},
	{"number:lessorequal", "5", "\"5\"", true},
	{"number:greaterorequal", "5", "6", false},
	{"date:equal", "\"2020-01-01\"", "\"2020-01-01T00:00:00Z\"", true},
	{"date:notequal", "\"2020-01-01\"", "\"2020-01-02\"", true},
	{"date:less", "\"2020-01-01\"", "{\"$date\":\"2020-01-02\"}", true},
	{"date:greater", "\"2020-01-01\"", "\"2020-01-02\"", false},
	{"date:lessorequal", "\"2020-01-01\"", "\"2020-01-01\"", true},
	{"date:greaterorequal", "\"1/2/2020\"", "\"2020-01-02\"", true},
	{"time:equal", "\"9:00\"", "\"09:00:00\"", true},
	{"time:notequal", "\"9:00\"", "\"9:01\"", true},
	{"time:less", "\"9:00\"", "\"10:00\"", true},
	{"time:greater", "\"9:00\"", "\"x\"", false},
	{"time:lessorequal", "\"9:00:01\"", "\"9:00\"", false},
	{"time:greaterorequal", "\"9:00\"", "\"9:00\"", true},
	{"boolean:equal", "true", "\"true\"", true},
	{"boolean:equal", "null", "\"false\"", true},
	{"boolean:equal", "0", "\"true\"", true},
	{"boolean:notequal", "true", "\"false\"", true},
	{"array:contain", "[1,\"a\"]", "\"1\"", true},
	{"array:contain", "[\"A\"]", "\"a\"", false},
	{"array:contain:ci", "[\"A\"]", "\"a\"", true},
	{"array:contain", "\"a\"", "\"a\"", true},
	{"array:contain", "null", "\"a\"", false},
	{"array:notcontain", "[1]", "\"2\"", true},
	{"array:notcontain:ci", "[\"A\"]", "\"a\"", false},
	{"array:equal", "[1,2]", "\"2\"", true},
	{"array:notequal", "[1,2]", "2", false},
	{"array:less", "[]", "1", true},
	{"array:greater", "[1,2]", "1", true},
	{"array:lessorequal", "[1]", "1", true},
	{"array:greaterorequal", "[1]", "2", false},
	{"text:startswith", "\"ab\"", "\"a\"", true},
	{"text:endswith", "\"ab\"", "\"b\"", true},
	{"date:after", "\"2020-01-02\"", "\"2020-01-01\"", true},
	{"array:contains", "[\"a\"]", "\"a\"", true},
	{"text:notEqual", "\"a\"", "\"b\"", true},
	{"text:matchCI", "\"ABC\"", "\"b\"", true},
};

TEST(condition, every_operator_does_as_it_is_called)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct template_world world;
		const struct condition_operator *op =
			condition_operator_find(str_of(rows[i].op), NULL);
		bool holds;

		template_world_init(&world);
		CHECK(op != NULL);
		CHECK_OK(condition_holds(op,
			template_world_json(&world, str_of(rows[i].a)),
			template_world_json(&world, str_of(rows[i].b)), NULL,
			&holds, NULL));
		if (holds != rows[i].holds)
			check_failed(__FILE__, __LINE__, "%s %s %s", rows[i].a,
				rows[i].op, rows[i].b);
		template_world_release(&world);
	}
}

TEST(condition, an_operator_knows_its_name_and_its_aliases)
{
	bool is_alias;
	const struct condition_operator *op =
		condition_operator_find(STR("date:before"), &is_alias);

	CHECK(is_alias);
	CHECK_STR(condition_operator_name(op), STR("date:less"));
	CHECK(!condition_operator_is_unary(op));
	op = condition_operator_find(STR("exist"), &is_alias);
	CHECK(!is_alias);
	CHECK(condition_operator_is_unary(op));
	CHECK(condition_operator_find(STR("exists"), NULL) == NULL);
}
