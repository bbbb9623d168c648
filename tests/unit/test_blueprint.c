#include "flow/blueprint.h"

#include "check.h"

static struct arena arena;
static const struct template_problem *problems;

static const struct blueprint *
read_as(const char *json, enum err expected)
{
	const struct blueprint *blueprint = NULL;

	problems = NULL;
	CHECK_INT(blueprint_read(str_of(json), &arena, &blueprint, &problems),
		expected);
	return blueprint;
}

/** All problems, a line each. */
static struct str
told(void)
{
	struct buf text = {0};
	struct str copy;

	for (; problems; problems = problems->next) {
		template_problem_append(&text, problems);
		buf_append(&text, STR("\n"));
	}
	copy = arena_copy(&arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

static void
expect_part(const char *part)
{
	struct str text = told();

	if (str_find(text, str_of(part)) == SIZE_MAX)
		check_failed(__FILE__, __LINE__, "\"%.*s\" has no \"%s\"",
			STR_ARG(text), part);
}

#define HOOK "{\"id\":1,\"module\":\"gateway:CustomWebHook\",\"mapper\":{}}"
#define FLOW(rest_) "{\"name\":\"n\",\"flow\":[" HOOK rest_ "]}"

TEST(blueprint, bare_wrapped_and_marked_ones_are_read)
{
	static const char *const texts[] = {FLOW(""), "\xEF\xBB\xBF" FLOW(""),
		"{\"blueprint\":" FLOW("") "}",
		"{\"code\":\"OK\",\"response\":{\"blueprint\":" FLOW("") "}}"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct blueprint *blueprint = read_as(texts[i], ERR_OK);

		CHECK_STR(blueprint->name, STR("n"));
		CHECK_INT(blueprint->flow.count, 1);
		CHECK(blueprint->is_runnable);
		CHECK_STR(blueprint->source, STR(FLOW("")));
	}
	arena_release(&arena);
}

TEST(blueprint, what_is_none_is_refused_with_what_was_expected)
{
	CHECK(!read_as("[]", ERR_INVALID));
	expect_part("the array \"flow\"");
	CHECK(!read_as("{\"flow\":7}", ERR_INVALID));
	CHECK(!read_as("{\"flow\":[}", ERR_INVALID));
	expect_part("column");
	CHECK(!read_as("", ERR_INVALID));
	CHECK(read_as("{\"name\":\"n\",\"flow\":[]}", ERR_INVALID));
	expect_part("at least one module");
	CHECK(read_as("{\"flow\":[7]}", ERR_INVALID));
	expect_part("flow[0]: expected a module");
	arena_release(&arena);
}

TEST(blueprint, problems_are_told_all_at_once_with_their_places)
{
	const struct blueprint *blueprint = read_as(
		FLOW(",{\"id\":2,\"module\":\"builtin:BasicRouter\",\"routes\":"
		     "[{\"flow\":[{\"id\":2,\"module\":\"util:SetVariable2\","
		     "\"mapper\":{\"name\":\"{{foo(1)}}\","
		     "\"value\":\"{{9.a}}\"},\"colour\":1}]}]},"
		     "{\"id\":\"x\",\"module\":\"nobody:Knows\"}"),
		ERR_INVALID);
	struct str text;

	CHECK(blueprint != NULL);
	CHECK(!blueprint->is_runnable);
	text = told();
	CHECK(str_find(text, STR("flow[1].routes[0].flow[0].mapper.name: ")) !=
		SIZE_MAX);
	CHECK(str_find(text, STR("foo")) != SIZE_MAX);
	CHECK(str_find(text, STR("flow[2].id: expected a number")) != SIZE_MAX);
	CHECK(str_find(text, STR("\"nobody:Knows\" is not known")) != SIZE_MAX);
	CHECK(str_find(text, STR("the id 2 is also that of")) != SIZE_MAX);
	CHECK(str_find(text, STR("no module 9")) != SIZE_MAX);
	CHECK(str_find(text, STR("\"colour\" is not known")) != SIZE_MAX);
	arena_release(&arena);
}

TEST(blueprint, unknown_module_is_kept_but_not_run)
{
	const struct blueprint *blueprint = read_as(
		FLOW(",{\"id\":2,\"module\":\"nobody:Knows\"}"), ERR_OK);

	CHECK(!blueprint->is_runnable);
	expect_part("flow[1].module");
	arena_release(&arena);
}

TEST(blueprint, hooks_headers_are_wanted_when_some_expression_reads_them)
{
	const struct blueprint *blueprint = read_as(
		FLOW(",{\"id\":2,\"module\":\"util:SetVariable2\",\"filter\":"
		     "{\"name\":\"f\",\"conditions\":[[{\"a\":"
		     "\"{{1.`__IMTMETHOD__`}}\",\"o\":\"exist\"}]]},"
		     "\"mapper\":{\"name\":\"x\",\"value\":"
		     "\"{{get(1.`__IMTHEADERS__`; 1)}}\"}}"),
		ERR_OK);

	CHECK(blueprint->wants_headers);
	CHECK(blueprint->wants_method);
	CHECK(!read_as(FLOW(""), ERR_OK)->wants_headers);
	arena_release(&arena);
}

TEST(blueprint, settings_take_their_usual_values)
{
	const struct blueprint *blueprint = read_as(FLOW(""), ERR_OK);

	CHECK_INT(blueprint->settings.roundtrips, 1);
	CHECK_INT(blueprint->settings.errors_max, 3);
	CHECK(blueprint->settings.auto_commit);
	CHECK(!blueprint->settings.keeps_incomplete);
	blueprint = read_as("{\"name\":\"n\",\"flow\":[" HOOK "],\"metadata\":"
			    "{\"scenario\":{\"dlq\":true,\"maxErrors\":7,"
			    "\"sequential\":true,\"confidential\":true}}}",
		ERR_OK);
	CHECK(blueprint->settings.keeps_incomplete);
	CHECK(blueprint->settings.is_sequential);
	CHECK(blueprint->settings.is_confidential);
	CHECK_INT(blueprint->settings.errors_max, 7);
	arena_release(&arena);
}

TEST(blueprint, flows_deeper_than_the_limit_are_an_error)
{
	struct buf text = {0};

	buf_append(&text, STR("{\"name\":\"n\",\"flow\":["));
	for (int i = 0; i < BLUEPRINT_DEPTH_MAX + 1; i++)
		buf_printf(&text,
			"{\"id\":%d,\"module\":\"builtin:BasicRouter\","
			"\"routes\":[{\"flow\":[",
			i + 1);
	for (int i = 0; i < BLUEPRINT_DEPTH_MAX + 1; i++)
		buf_append(&text, STR("]}]}"));
	buf_append(&text, STR("]}"));
	CHECK(read_as(buf_text(&text), ERR_INVALID));
	expect_part("nested deeper than");
	buf_release(&text);
	arena_release(&arena);
}

TEST(blueprint, aggregator_needs_a_feeder_and_a_trigger_stands_first)
{
	CHECK(read_as(FLOW(",{\"id\":2,\"module\":\"util:TextAggregator\","
			   "\"parameters\":{\"feeder\":7}}"),
		ERR_INVALID));
	expect_part("flow[1].parameters.feeder: expected the id");
	CHECK(read_as(FLOW(",{\"id\":2,\"module\":\"gateway:CustomWebHook\"}"),
		ERR_INVALID));
	expect_part("flow[1]: gateway:CustomWebHook can only be the first");
	arena_release(&arena);
}

TEST(blueprint, modules_are_found_by_their_ids)
{
	const struct blueprint *blueprint = read_as(
		FLOW(",{\"id\":7,\"module\":\"builtin:BasicRouter\",\"routes\":"
		     "[{\"flow\":[{\"id\":3,\"module\":\"builtin:Ignore\"}]}]}"),
		ERR_OK);

	CHECK_STR(blueprint_find(blueprint, 3)->place,
		STR("flow[1].routes[0].flow[0]"));
	CHECK_INT(blueprint_find(blueprint, 7)->id, 7);
	CHECK(!blueprint_find(blueprint, 4));
	CHECK(!blueprint_find(blueprint, 0));
	arena_release(&arena);
}
