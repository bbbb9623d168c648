#include "base/json.h"

#include "base/random.h"
#include "check.h"

static struct json
read_good(const char *text, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);
	struct buf why = {0};

	if (json_read(str_of(text), arena, doc, &why))
		check_failed(
			__FILE__, __LINE__, "%s: %s", text, buf_text(&why));
	return json_root(doc);
}

static void
expect_bad(const char *text, const char *expected)
{
	struct arena arena = {0};
	struct json_doc doc;
	struct buf why = {0};

	CHECK(json_read(str_of(text), &arena, &doc, &why) != ERR_OK);
	CHECK_TEXT(buf_text(&why), expected);
	buf_release(&why);
	arena_release(&arena);
}

TEST(json, paths_reach_through_objects_and_answer_missing_otherwise)
{
	struct arena arena = {0};
	struct json root =
		read_good("{\"a\":{\"b\":[1,{\"c\":\"x\"}]},\"d\":2}", &arena);

	CHECK_STR(json_raw(json_path(root, STR("a/b"))),
		STR("[1,{\"c\":\"x\"}]"));
	CHECK(json_is_missing(json_path(root, STR("a/x/y"))));
	CHECK_STR(json_raw(json_member(root, STR("d"))), STR("2"));
	CHECK_STR(json_raw(json_element(json_path(root, STR("a/b")), 1)),
		STR("{\"c\":\"x\"}"));
	CHECK_INT(json_count(root), 2);
	arena_release(&arena);
}

TEST(json, last_of_two_members_counts)
{
	struct arena arena = {0};
	struct json root = read_good("{\"a\":1,\"\\u0061\":2}", &arena);

	CHECK_STR(json_raw(json_member(root, STR("a"))), STR("2"));
	arena_release(&arena);
}

TEST(json, escapes_are_undone)
{
	struct arena arena = {0};
	struct json root = read_good(
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\ud800x\"",
		&arena);

	CHECK_STR(json_string(root, &arena),
		STR("\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBDx"));
	arena_release(&arena);
}

TEST(json, equality_is_by_value)
{
	struct arena arena = {0};
	static const struct {
		const char *a, *b;
		bool is_equal;
	} rows[] = {
		{"1.0", "1", true},
		{"1e2", "100", true},
		{"9007199254740993", "9007199254740992", false},
		{"{\"a\":1,\"b\":[2,null]}", "{ \"b\":[2.0,null], \"a\":1 }",
			true},
		{"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
		{"\"\\u0041\"", "\"A\"", true},
		{"[1,2]", "[2,1]", false},
		{"[1,2]", "[1,2,3]", false},
		{"\"1\"", "1", false},
		{"{\"a\":1,\"a\":2}", "{\"a\":2}", true},
		{"{\"a\":1,\"a\":2}", "{\"a\":3,\"a\":2}", true},
		{"{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", false},
		{"{\"b\":9,\"a\":1,\"a\":2}", "{\"b\":9.0,\"a\":3,\"a\":2}",
			true},
		{"{\"a\":1,\"a\":2,\"b\":1}", "{\"a\":3,\"a\":2,\"b\":2}",
			false},
		{"{\"a\":1,\"b\":0}", "{\"a\":2,\"b\":0,\"a\":1}", true},
		{"{\"a\":1,\"b\":0}", "{\"a\":2,\"b\":0,\"a\":3}", false},
		{"{\"a\":[1],\"b\":0}", "{\"a\":1,\"b\":0}", false},
		{"10", "1e1", true},
		{"-0", "0", true},
		{"1000000000000000000000", "1000000000000000000001", true},
		{"100000000000000000", "100000000000000001", false},
		{"{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":1}", false},
		{"{\"a\":1,\"b\":2}", "{\"\\u0062\":2,\"a\":1}", true},
		{"{}", "{\"a\":null}", false},
		{"{}", "{ }", true},
		{"[]", "{}", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct json a = read_good(rows[i].a, &arena);
		struct json b = read_good(rows[i].b, &arena);

		CHECK_INT(json_equal(a, b), rows[i].is_equal);
		CHECK_INT(json_equal(b, a), rows[i].is_equal);
	}
	arena_release(&arena);
}

TEST(json, errors_name_place_and_expectation)
{
	expect_bad("", "line 1 column 1: expected a value, found the end of "
		       "the text");
	expect_bad("{\"a\" 1}", "line 1 column 6: expected ':'");
	expect_bad("[1,\n 2,]", "line 2 column 4: expected a value");
	expect_bad("{\"a\":1,}",
		"line 1 column 8: expected a member name in '\"'");
	expect_bad("01", "line 1 column 2: expected the end of the text");
	expect_bad("\"\x01\"",
		"line 1 column 2: expected no raw control character in a string");
	expect_bad(
		"\"\xC0\x80\"", "line 1 column 2: expected well-formed UTF-8");
	expect_bad("\"\\x\"",
		"line 1 column 2: expected a known escape after '\\'");
}

TEST(json, nesting_has_a_limit)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct arena arena = {0};
	struct json_doc doc;

	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_append_char(&text, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_append_char(&text, ']');
	CHECK_OK(json_read(buf_str(&text), &arena, &doc, NULL));
	buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		buf_append_char(&text, '[');
	CHECK_INT(json_read(buf_str(&text), &arena, &doc, NULL), ERR_LIMIT);
	arena_release(&arena);
}

TEST(json, strings_longer_than_a_block_are_scanned_whole)
{
	static const char specials[] = {'\n', '\x80', '"', '\\'};
	struct arena arena = {0};
	char text[80];

	for (size_t at = 1; at < 60; at++) {
		for (size_t i = 0; i < COUNT_OF(specials); i++) {
			struct json_doc doc;

			memset(text, 'x', sizeof(text));
			text[0] = text[62] = '"';
			CHECK_OK(json_read(
				str_make(text, 63), &arena, &doc, NULL));
			text[at] = specials[i];
			CHECK(json_read(
				str_make(text, 63), &arena, &doc, NULL));
		}
	}
	arena_release(&arena);
}

/** `depth` objects within each other around `core`. */
static void
nest(struct buf *out, int depth, const char *before, const char *core)
{
	buf_clear(out);
	for (int i = 0; i < depth; i++)
		buf_printf(out, "{%s\"a\":", before);
	buf_append(out, str_of(core));
	for (int i = 0; i < depth; i++)
		buf_append_char(out, '}');
}

static bool
has_all_of(struct json a, struct json b)
{
	struct json_walk walk = json_walk(b);

	while (json_walk_next(&walk))
		if (json_is_missing(json_member(a, json_raw_string(walk.key))))
			return false;
	return true;
}

/** As simple as can be, and in no good time. */
static bool
is_plainly_equal(struct json a, struct json b)
{
	struct json_walk walk = json_walk(a), other = json_walk(b);
	bool is_object = json_kind(a) == JSON_OBJECT;

	if (json_kind(a) != json_kind(b) ||
		(!is_object && json_kind(a) != JSON_ARRAY))
		return json_equal(a, b);
	if (is_object && (!has_all_of(a, b) || !has_all_of(b, a)))
		return false;
	while (json_walk_next(&walk)) {
		struct str key = json_raw_string(walk.key);

		if (is_object && !is_plainly_equal(json_member(a, key),
					 json_member(b, key)))
			return false;
		if (!is_object &&
			(!json_walk_next(&other) ||
				!is_plainly_equal(walk.value, other.value)))
			return false;
	}
	return is_object || !json_walk_next(&other);
}

static void
draw_value(struct buf *out, int depth)
{
	static const char *const leaves[] = {
		"1", "1.0", "2", "\"x\"", "\"y\"", "null", "true"};
	bool is_object = random_below(3) > 0;
	uint64_t count = random_below(4);

	if (depth == 0 || random_below(3) == 0) {
		buf_append(out, str_of(leaves[random_below(COUNT_OF(leaves))]));
		return;
	}
	buf_append(out, is_object ? STR("{") : STR("["));
	for (uint64_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append(out, STR(","));
		if (is_object)
			buf_append(out, random_below(3) ? STR("\"a\":")
							: STR("\"b\":"));
		draw_value(out, depth - 1);
	}
	buf_append(out, is_object ? STR("}") : STR("]"));
}

TEST(json, equality_is_what_a_plain_comparison_finds)
{
	int equal = 0;

	random_test_seed(21);
	for (int i = 0; i < 50000; i++) {
		CLEANUP(buf_release) struct buf text_a = buf_make(0);
		CLEANUP(buf_release) struct buf text_b = buf_make(0);
		struct arena arena = {0};
		struct json a, b;

		draw_value(&text_a, 3);
		draw_value(&text_b, 3);
		a = read_good(buf_text(&text_a), &arena);
		b = read_good(buf_text(&text_b), &arena);
		CHECK_INT(json_equal(a, b), is_plainly_equal(a, b));
		equal += json_equal(a, b);
		arena_release(&arena);
	}
	CHECK(equal > 500);
}

TEST(json, equality_of_deep_values_takes_no_more_than_a_walk)
{
	static const struct {
		const char *before_a, *core_a, *before_b, *core_b;
		bool is_equal;
	} rows[] = {
		{"", "1", "", "2", false},
		{"\"b\":1,\"c\":2,", "1", "\"c\":2,\"b\":1,", "2", false},
		{"\"b\":1,\"c\":2,", "1", "\"c\":2,\"b\":1,", "1.0", true},
		{"\"a\":0,", "1", "\"a\":9,", "1.0", true},
	};
	CLEANUP(buf_release) struct buf text_a = buf_make(0);
	CLEANUP(buf_release) struct buf text_b = buf_make(0);
	struct arena arena = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		nest(&text_a, 500, rows[i].before_a, rows[i].core_a);
		nest(&text_b, 500, rows[i].before_b, rows[i].core_b);
		CHECK_INT(json_equal(read_good(buf_text(&text_a), &arena),
				  read_good(buf_text(&text_b), &arena)),
			rows[i].is_equal);
	}
	arena_release(&arena);
}

TEST(json, equality_of_wide_objects_does_not_depend_on_their_order)
{
	CLEANUP(buf_release) struct buf text_a = buf_make(0);
	CLEANUP(buf_release) struct buf text_b = buf_make(0);
	struct arena arena = {0};

	for (int i = 0; i < 100000; i++) {
		buf_printf(&text_a, "%c\"k%d\":1", i ? ',' : '{', i);
		buf_printf(&text_b, "%c\"k%d\":1", i ? ',' : '{', 99999 - i);
	}
	buf_append_char(&text_a, '}');
	buf_append_char(&text_b, '}');
	CHECK(json_equal(read_good(buf_text(&text_a), &arena),
		read_good(buf_text(&text_b), &arena)));
	arena_release(&arena);
}

TEST(json, compact_takes_the_blanks_between_tokens_and_no_others)
{
	static const struct {
		struct str text, compact;
	} cases[] = {
		{STR_INIT(""), STR_INIT("")},
		{STR_INIT(" 1 "), STR_INIT("1")},
		{STR_INIT("{\"a\":[1,2]}"), STR_INIT("{\"a\":[1,2]}")},
		{STR_INIT("{ \"a b\" :\r\n\t[ \"c \\\" d\\\\\" , -1.5e3 ] }"),
			STR_INIT("{\"a b\":[\"c \\\" d\\\\\",-1.5e3]}")},
		{STR_INIT("[\"0123456789 0123456789 0123456789\" , true]"),
			STR_INIT("[\"0123456789 0123456789 0123456789\","
				 "true]")},
		{STR_INIT("[\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\" \",  null]"),
			STR_INIT("[\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\" \","
				 "null]")},
		{STR_INIT("{\"\xC3\xA4 \": \"\xC3\xB6 \" }"),
			STR_INIT("{\"\xC3\xA4 \":\"\xC3\xB6 \"}")},
		{STR_INIT("\"never closed "), STR_INIT("\"never closed ")},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buf_release) struct buf out = buf_make(0);

		json_append_compact(&out, cases[i].text);
		CHECK_STR(buf_str(&out), cases[i].compact);
	}
}

TEST(json, a_text_is_compact_without_blanks_between_tokens)
{
	struct arena arena = {0};
	struct json_doc doc;

	CHECK_OK(json_read(STR("{\"a b\":[1,\" \"]}"), &arena, &doc, NULL));
	CHECK(doc.is_compact);
	CHECK_OK(json_read(STR("{\"a\": 1}"), &arena, &doc, NULL));
	CHECK(!doc.is_compact);
	CHECK_OK(json_read(STR("[1]\n"), &arena, &doc, NULL));
	CHECK(!doc.is_compact);
	arena_release(&arena);
}
