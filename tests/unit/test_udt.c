#include "flow/udt.h"

#include "check.h"

static struct arena arena;

static struct json
json(const char *text)
{
	struct json_doc *doc = ARENA_NEW(&arena, struct json_doc);

	CHECK_OK(json_read(str_of(text), &arena, doc, NULL));
	return json_root(doc);
}

/** The sentence, or "" when it fits. */
static const char *
match(const char *fields, bool is_strict, const char *bundle)
{
	static struct buf why;
	struct value value;

	buf_release(&why);
	why = buf_make(1024);
	CHECK_OK(value_from_json(
		json(bundle), VALUE_JSON_PLAIN, &arena, &value));
	CHECK_OK(udt_check(json(fields), &why));
	(void)!udt_match(json(fields), is_strict, value, &arena, &why);
	return buf_text(&why);
}

#define FIELDS \
	"[{\"name\":\"id\",\"type\":\"uinteger\",\"required\":true}," \
	"{\"name\":\"at\",\"type\":\"date\"}," \
	"{\"name\":\"tags\",\"type\":\"array\",\"spec\":{\"type\":\"number\"}}," \
	"{\"name\":\"user\",\"type\":\"collection\",\"spec\":" \
	"[{\"name\":\"mail\",\"type\":\"email\",\"required\":true}]}," \
	"{\"name\":\"rows\",\"type\":\"array\",\"spec\":" \
	"[{\"name\":\"n\",\"type\":\"number\"}]}]"

TEST(udt, what_fits_is_taken)
{
	CHECK_TEXT(match(FIELDS, false,
			   "{\"id\":\"7\",\"at\":\"2026-01-02\",\"tags\":[1],"
			   "\"user\":{\"mail\":\"a@b.c\"},\"rows\":[{\"n\":1}],"
			   "\"more\":true}"),
		"");
	CHECK_TEXT(match(FIELDS, true, "{\"id\":7,\"__IMTMETHOD__\":\"GET\"}"),
		"");
	CHECK_TEXT(match(FIELDS, false, "{\"id\":7,\"at\":null}"), "");
	arena_release(&arena);
}

TEST(udt, what_does_not_fit_is_told_with_its_place)
{
	static const struct {
		bool is_strict;
		const char *bundle, *place;
	} rows[] = {
		{false, "{}", "id: must be given"},
		{false, "{\"id\":\"x\"}", "id: "},
		{false, "{\"id\":1,\"at\":\"x\"}", "at: "},
		{false, "{\"id\":1,\"tags\":7}", "tags: expected an array"},
		{false, "{\"id\":1,\"tags\":[1,\"x\"]}", "tags[2]: "},
		{false, "{\"id\":1,\"user\":3}", "user: "},
		{false, "{\"id\":1,\"user\":{}}", "user.mail: must be given"},
		{false, "{\"id\":1,\"rows\":[{\"n\":\"x\"}]}", "rows[1].n: "},
		{false, "{\"id\":1,\"rows\":[1]}", "rows[1]: expected"},
		{true, "{\"id\":1,\"x\":1}", "x: there is no such field"},
		{true, "{\"id\":1,\"user\":{\"mail\":\"a@b.c\",\"y\":1}}",
			"user.y: there is no such field"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *said =
			match(FIELDS, rows[i].is_strict, rows[i].bundle);

		if (!str_starts_with(str_of(said), str_of(rows[i].place)))
			check_failed(__FILE__, __LINE__, "%s: %s",
				rows[i].bundle, said);
	}
	arena_release(&arena);
}

TEST(udt, broken_definitions_are_refused)
{
	static const char *const broken[] = {"{}", "[1]", "[{}]",
		"[{\"name\":\"a\",\"type\":\"nothing\"}]",
		"[{\"name\":\"a\",\"spec\":[{}]}]"};
	CLEANUP(buf_release) struct buf deep = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(broken); i++)
		CHECK_INT(udt_check(json(broken[i]), &why), ERR_INVALID);
	for (int i = 0; i < UDT_DEPTH_MAX + 1; i++)
		buf_append(&deep, STR("[{\"name\":\"a\",\"spec\":"));
	buf_append(&deep, STR("[]"));
	for (int i = 0; i < UDT_DEPTH_MAX + 1; i++)
		buf_append(&deep, STR("}]"));
	CHECK_INT(udt_check(json(buf_text(&deep)), &why), ERR_INVALID);
	arena_release(&arena);
}
