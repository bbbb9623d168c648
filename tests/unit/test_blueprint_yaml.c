#include "check.h"
#include "flow/blueprint.h"

/* YAML as blueprints are written by hand. */

static const struct {
	const char *yaml, *json;
} cases[] = {
	{"a: 1\nb: [x, 'y', \"z\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\"]}"},
	{"- true\n- false\n- null\n- ~\n-\n- yes\n",
		"[true,false,null,null,null,\"yes\"]"},
	{"- 1.50\n- -3\n- 1e3\n- 007\n- 0x10\n- '1'\n- .5\n",
		"[1.50,-3,1e3,\"007\",\"0x10\",\"1\",\".5\"]"},
	{"t: |\n  one\n  two\n", "{\"t\":\"one\\ntwo\\n\"}"},
	{"t: \"{{1.name}}: \\\"q\\\"\"\n", "{\"t\":\"{{1.name}}: \\\"q\\\"\"}"},
	{"# comment\nflow:\n  - id: 1\n    mapper: {}\n",
		"{\"flow\":[{\"id\":1,\"mapper\":{}}]}"},
	{"{\"json\": [1, {\"too\": null}]}", "{\"json\":[1,{\"too\":null}]}"},
	{"2026-11-22: x\n", "{\"2026-11-22\":\"x\"}"},
};

TEST(blueprint_yaml, is_the_json_of_the_same_members)
{
	struct arena arena = {0};
	struct buf why = {0};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str json;

		if (blueprint_from_yaml(
			    str_of(cases[i].yaml), &arena, &json, &why))
			check_failed(__FILE__, __LINE__, "%s: %s",
				cases[i].yaml, buf_text(&why));
		CHECK_STR(json, str_of(cases[i].json));
	}
	buf_release(&why);
	arena_release(&arena);
}

static const struct {
	const char *yaml, *why;
} wrong[] = {
	{"", "it is empty"},
	{"\xFF", "UTF-8"},
	{"a: [1\n", "line "},
	{"a: 1\na: 2\n", "line 2"},
	{"t: {{1.name}}\n", "must stand in quotes"},
	{"a: &x [1]\nb: *x\n", "aliases"},
	{"a: 1\n---\nb: 2\n", "found two"},
	{"a:\n\t- 1\n", "line "},
	{"\xff", "UTF-8"},
};

TEST(blueprint_yaml, what_is_wrong_is_told_with_its_place)
{
	struct arena arena = {0};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct buf why = {0};
		struct str json;

		CHECK_INT(blueprint_from_yaml(
				  str_of(wrong[i].yaml), &arena, &json, &why),
			ERR_INVALID);
		if (!strstr(buf_text(&why), wrong[i].why))
			check_failed(__FILE__, __LINE__, "\"%s\": %s",
				wrong[i].yaml, buf_text(&why));
		buf_release(&why);
	}
	arena_release(&arena);
}

TEST(blueprint_yaml, depth_has_an_end)
{
	struct arena arena = {0};
	struct buf why = {0}, deep = {0};
	struct str json;

	for (int i = 0; i < 100000; i++)
		buf_append_char(&deep, '[');
	CHECK_INT(blueprint_from_yaml(buf_str(&deep), &arena, &json, &why),
		ERR_INVALID);
	buf_release(&deep);
	buf_release(&why);
	arena_release(&arena);
}
