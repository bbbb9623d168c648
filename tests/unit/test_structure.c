#include "flow/structure.h"

#include "check.h"

/* Structures of records. */

static struct arena arena;

static struct value
read(const char *json)
{
	struct json_doc doc;
	struct value value;

	CHECK_OK(json_read(str_of(json), &arena, &doc, NULL));
	CHECK_OK(value_from_json(
		json_root(&doc), VALUE_JSON_TYPED, &arena, &value));
	return value;
}

/** What a check says; "" when it is right. */
static struct str
checked(const char *fields)
{
	CLEANUP(buf_release) struct buf why = {0};

	(void)!structure_check(read(fields), &why);
	return arena_copy(&arena, buf_str(&why));
}

/** The data that fits, as JSON, or what does not. */
static struct str
fitted(const char *fields, bool is_strict, const char *data)
{
	CLEANUP(buf_release) struct buf why = {0}, text = {0};
	struct structure_rules rules = {
		.fields = read(fields), .is_strict = is_strict};
	struct value value;

	CHECK_STR(checked(fields), STR(""));
	if (structure_fit(&rules, read(data), &arena, &value, &why))
		return arena_copy(&arena, buf_str(&why));
	value_append_json(&text, value, VALUE_JSON_TYPED);
	return arena_copy(&arena, buf_str(&text));
}

#define FIELDS \
	"[{\"name\":\"n\",\"type\":\"number\",\"required\":true}," \
	"{\"name\":\"c\",\"type\":\"collection\",\"spec\":[{\"name\":\"b\"," \
	"\"type\":\"boolean\",\"default\":true}]},{\"name\":\"l\",\"type\":" \
	"\"array\",\"spec\":[{\"name\":\"t\",\"type\":\"text\",\"required\":" \
	"true}]},{\"name\":\"d\",\"type\":\"date\"}]"

TEST(structure, wrong_fields_are_told_with_their_place)
{
	CHECK_STR(checked("null"), STR(""));
	CHECK_STR(checked("{}"),
		STR("structure: expected an array of at most 500 fields"));
	CHECK_STR(checked("[{\"type\":\"text\"}]"),
		STR("structure[0].name: expected a text of 1 to 255 bytes"));
	CHECK_STR(checked("[{\"name\":\"a\",\"type\":\"text\",\"spec\":[]}]"),
		STR("structure[0] (a): only arrays and collections have a "
		    "spec"));
	CHECK_STR(checked("[{\"name\":\"a\",\"type\":\"array\",\"spec\":"
			  "{\"type\":\"no\"}}]"),
		STR("structure[0] (a): there is no type \"no\""));
	CHECK_STR(checked("[{\"name\":\"a\",\"type\":\"collection\",\"spec\":"
			  "[{\"name\":\"b\"}]}]"),
		STR("structure[0] (a): [0] (b): there is no type \"\""));
}

TEST(structure, fields_in_fields_have_a_depth_that_ends)
{
	CLEANUP(buf_release) struct buf text = {0};

	for (int i = 0; i <= STRUCTURE_DEPTH_MAX; i++)
		buf_append(&text, STR("[{\"name\":\"a\",\"type\":"
				      "\"collection\",\"spec\":"));
	buf_append(&text, STR("[]"));
	for (int i = 0; i <= STRUCTURE_DEPTH_MAX; i++)
		buf_append(&text, STR("}]"));
	CHECK(str_ends_with(checked(buf_text(&text)),
		STR("fields stand in fields over 10 deep")));
}

TEST(structure, data_is_made_to_fit)
{
	CHECK_STR(fitted(FIELDS, false,
			  "{\"x\":1,\"n\":\"7\",\"c\":{},\"l\":{\"t\":8},"
			  "\"d\":\"2026-01-02\"}"),
		STR("{\"n\":7,\"c\":{\"b\":true},\"l\":[{\"t\":\"8\"}],"
		    "\"d\":{\"$date\":\"2026-01-02T00:00:00.000Z\"},\"x\":1}"));
	CHECK_STR(fitted(FIELDS, true, "{\"n\":0}"), STR("{\"n\":0}"));
	CHECK_STR(fitted("[]", false, "{\"x\":1}"), STR("{\"x\":1}"));
}

TEST(structure, what_does_not_fit_is_told_with_its_place)
{
	CHECK_STR(fitted(FIELDS, false, "{\"n\":\"\"}"),
		STR("data.n: must be given"));
	CHECK_STR(fitted(FIELDS, false, "{\"n\":1,\"l\":[{\"t\":1},{}]}"),
		STR("data.l[2].t: must be given"));
	CHECK_STR(fitted(FIELDS, true, "{\"n\":1,\"c\":{\"y\":1}}"),
		STR("data.c.y: the structure has no such field"));
	CHECK_STR(fitted("[]", true, "{\"x\":1}"),
		STR("data.x: the structure has no such field"));
	CHECK_STR(fitted(FIELDS, false, "{\"n\":1,\"l\":[1]}"),
		STR("data.l[1]: expected a collection"));
}
