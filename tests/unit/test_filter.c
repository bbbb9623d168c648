#include "rule/filter.h"

#include "check.h"

#include "base/clock.h"
#include "rule/filter_ast.h"

static const struct filter *
compile(const char *text, struct arena *arena)
{
	const struct filter *filter;
	struct buf why = {0};
	size_t column;

	if (filter_compile(str_of(text), arena, &filter, &column, &why))
		check_failed(
			__FILE__, __LINE__, "%s: %s", text, buf_text(&why));
	return filter;
}

static struct json
read_json(const char *text, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	CHECK_OK(json_read(str_of(text), arena, doc, NULL));
	return json_root(doc);
}

static bool
matches_state(const char *text, const char *state, struct arena *arena)
{
	struct filter_event event = {.new_state = read_json(state, arena)};

	return filter_matches(compile(text, arena), &event, arena);
}

/** Compiles and expects a limit at a column. */
static void
expect_limit(struct str text, size_t expected_column)
{
	struct arena arena = {0};
	struct buf why = {0};
	const struct filter *filter;
	size_t column = 0;

	CHECK_INT(filter_compile(text, &arena, &filter, &column, &why),
		ERR_LIMIT);
	CHECK_INT(column, expected_column);
	CHECK(str_find(buf_str(&why), STR("expected at most")) != SIZE_MAX);
	buf_release(&why);
	arena_release(&arena);
}

static void
expect_compiles(struct str text)
{
	struct arena arena = {0};
	const struct filter *filter;
	size_t column;

	CHECK_OK(filter_compile(text, &arena, &filter, &column, NULL));
	arena_release(&arena);
}

static void
repeat(struct buf *buf, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		buf_append(buf, str_of(text));
}

/* ---- limits ---- */

TEST(filter, text_longer_than_its_maximum_is_refused)
{
	struct buf text = {0};

	repeat(&text, " ", FILTER_TEXT_MAX - 6);
	buf_append(&text, STR("a eq 1"));
	expect_compiles(buf_str(&text));
	buf_append_char(&text, ' ');
	expect_limit(buf_str(&text), 1);
	buf_release(&text);
}

TEST(filter, nesting_has_a_limit_whatever_nests)
{
	static const struct {
		const char *open, *core, *close;
	} rows[] = {{"(", "a", ")"}, {"not ", "a", ""}, {"- ", "a", ""},
		{"tolower(", "a", ")"}, {"a/any(x:", "b", ")"}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf text = {0};

		repeat(&text, rows[i].open, FILTER_DEPTH_MAX);
		buf_append(&text, str_of(rows[i].core));
		repeat(&text, rows[i].close, FILTER_DEPTH_MAX);
		expect_compiles(buf_str(&text));
		buf_clear(&text);
		repeat(&text, rows[i].open, FILTER_DEPTH_MAX + 1);
		buf_append(&text, str_of(rows[i].core));
		repeat(&text, rows[i].close, FILTER_DEPTH_MAX + 1);
		/* the opening that is one too many, wherever in it */
		struct arena arena = {0};
		const struct filter *filter;
		size_t column = 0;
		size_t open = strlen(rows[i].open);

		CHECK_INT(filter_compile(buf_str(&text), &arena, &filter,
				  &column, NULL),
			ERR_LIMIT);
		CHECK(column > open * FILTER_DEPTH_MAX &&
			column <= open * (FILTER_DEPTH_MAX + 1));
		arena_release(&arena);
		buf_release(&text);
	}
}

TEST(filter, conditions_are_counted)
{
	struct buf text = {0};

	repeat(&text, "a eq 1 or ", FILTER_LEAVES_MAX - 1);
	buf_append(&text, STR("((a eq 1))"));
	expect_compiles(buf_str(&text));
	buf_append(&text, STR(" or b"));
	expect_limit(buf_str(&text), 10 * (FILTER_LEAVES_MAX - 1) + 15);
	buf_clear(&text);
	/* arguments are no conditions */
	repeat(&text, "contains(a,b) or ", FILTER_LEAVES_MAX - 1);
	buf_append(&text, STR("contains(a,b)"));
	expect_compiles(buf_str(&text));
	buf_clear(&text);
	repeat(&text, "1 add ", FILTER_LEAVES_MAX + 1);
	buf_append(&text, STR("1 eq 1"));
	expect_limit(buf_str(&text), 6 * FILTER_LEAVES_MAX + 3);
	buf_release(&text);
}

TEST(filter, lists_have_a_limit)
{
	struct buf text = {0};

	buf_append(&text, STR("a in ("));
	repeat(&text, "1,", FILTER_LIST_MAX - 1);
	buf_append(&text, STR("1)"));
	expect_compiles(buf_str(&text));
	buf_truncate(&text, text.len - 1);
	buf_append(&text, STR(",2)"));
	expect_limit(buf_str(&text), 7 + 2 * FILTER_LIST_MAX);
	buf_release(&text);
}

TEST(filter, paths_have_a_limit)
{
	struct buf text = {0};

	repeat(&text, "a/", 31);
	buf_append(&text, STR("a eq 1"));
	expect_compiles(buf_str(&text));
	buf_truncate(&text, text.len - 5);
	buf_append(&text, STR("/a eq 1"));
	expect_limit(buf_str(&text), 65);
	buf_release(&text);
}

TEST(filter, bytes_that_are_no_utf8_are_refused_at_their_column)
{
	struct arena arena = {0};
	struct buf why = {0};
	const struct filter *filter;
	size_t column = 0;

	CHECK_INT(filter_compile(STR("\xC3\xBC eq '\xFFx'"), &arena, &filter,
			  &column, &why),
		ERR_INVALID);
	CHECK_INT(column, 7);
	CHECK_TEXT(buf_text(&why),
		"column 7: found bytes that are no UTF-8, expected text");
	buf_release(&why);
	arena_release(&arena);
}

TEST(filter, nothing_points_into_the_text)
{
	struct arena arena = {0};
	struct buf out = {0};
	char text[] = "a/b eq 'x' and t gt 2024-06-01T00:00:00.5Z and "
		      "c/any(v:v eq duration'PT1H') and matchesPattern(a,'y')";
	const struct filter *filter = compile(text, &arena);

	memset(text, '#', sizeof(text) - 1);
	filter_print(filter, &out);
	CHECK_TEXT(buf_text(&out),
		"a/b eq 'x' and t gt 2024-06-01T00:00:00.5Z and "
		"c/any(v:v eq duration'PT1H') and matchesPattern(a,'y')");
	buf_release(&out);
	arena_release(&arena);
}

/* ---- work is bounded ---- */

/** An array of `count` ones in a member `name`. */
static void
append_array(struct buf *json, const char *name, int count)
{
	buf_printf(json, "\"%s\":[1", name);
	repeat(json, ",1", count - 1);
	buf_append_char(json, ']');
}

TEST(filter, nested_walks_over_large_arrays_end_as_unknown)
{
	struct arena arena = {0};
	struct buf json = {0};

	buf_append_char(&json, '{');
	append_array(&json, "a", 50000);
	buf_append_char(&json, '}');
	CHECK(!matches_state("a/all(x:a/all(y:a/all(z:x eq y and y eq z)))",
		buf_text(&json), &arena));
	CHECK(!matches_state("not a/any(x:a/any(y:a/any(z:x ne y or y ne z)))",
		buf_text(&json), &arena));
	CHECK(matches_state("a/all(x:x eq 1)", buf_text(&json), &arena));
	buf_release(&json);
	arena_release(&arena);
}

TEST(filter, arrays_are_walked_for_64k_elements)
{
	struct arena arena = {0};
	struct buf json = {0};

	buf_append_char(&json, '{');
	append_array(&json, "a", 65537);
	buf_append_char(&json, '}');
	CHECK(!matches_state("a/all(x:x eq 1)", buf_text(&json), &arena));
	CHECK(!matches_state("not a/all(x:x eq 1)", buf_text(&json), &arena));
	CHECK(matches_state("a/any(x:x eq 1)", buf_text(&json), &arena));
	CHECK(matches_state("a/$count eq 65537", buf_text(&json), &arena));
	buf_release(&json);
	arena_release(&arena);
}

TEST(filter, text_made_by_functions_is_bounded)
{
	struct arena arena = {0};
	struct buf json = {0};
	struct buf text = {0};

	buf_append(&json, STR("{\"a\":\""));
	repeat(&json, "xxxxxxxxxxxxxxxx", 65536);
	buf_append(&json, STR("\"}"));
	CHECK(matches_state(
		"length(concat(a,a)) eq 2097152", buf_text(&json), &arena));
	repeat(&text, "concat(a,", 60);
	buf_append_char(&text, 'a');
	repeat(&text, ")", 60);
	buf_append(&text, STR(" eq null or true"));
	CHECK(!matches_state(buf_text(&text), buf_text(&json), &arena));
	CHECK(arena.total < 128U * 1024 * 1024);
	buf_release(&json);
	buf_release(&text);
	arena_release(&arena);
}

TEST(filter, costly_patterns_use_up_the_work_of_a_match)
{
	struct arena arena = {0};
	struct buf json = {0};

	buf_append(&json, STR("{\"a\":["));
	for (int i = 0; i < 100; i++) {
		buf_append_char(&json, '"');
		repeat(&json, "a", 50);
		buf_append(&json, STR("b\","));
	}
	buf_append(&json, STR("\"aa\"]}"));
	CHECK(!matches_state("a/any(x:matchesPattern(x,'^(a+)+$'))",
		buf_text(&json), &arena));
	CHECK(matches_state(
		"a/any(x:matchesPattern(x,'^a+$'))", buf_text(&json), &arena));
	buf_release(&json);
	arena_release(&arena);
}

TEST(filter, equal_paths_are_kept_once)
{
	struct arena arena = {0};
	const struct filter *filter = compile(
		"a/b eq 1 and new/a/b eq 2 and contains(a/b,'x') and a/'b' ne "
		"old/a/b and 'a/b'/c eq 1",
		&arena);

	CHECK_INT(filter->path_count, 4);
	CHECK_INT(filter->segment_count, 8);
	arena_release(&arena);
}

TEST(filter, now_stands_still_within_one_match_and_follows_the_clock)
{
	struct arena arena = {0};
	struct filter_event event = {0};
	const struct filter *filter =
		compile("now() eq 2023-11-14T22:13:20.000001Z", &arena);

	clock_test_set(INT64_C(1700000000000001), 0);
	CHECK(filter_matches(filter, &event, &arena));
	clock_test_advance(1);
	CHECK(!filter_matches(filter, &event, &arena));
	clock_test_release();
	arena_release(&arena);
}

/* ---- types ---- */

/** The types joined by blanks, or "-" when the filter is not tied. */
static void
expect_types(const char *text, const char *expected)
{
	struct arena arena = {0};
	struct buf got = {0};
	const struct str *types;
	size_t count;

	if (filter_types(compile(text, &arena), &types, &count)) {
		for (size_t i = 0; i < count; i++)
			buf_printf(&got, "%s%.*s", i ? " " : "",
				STR_ARG(types[i]));
	} else {
		buf_append_char(&got, '-');
	}
	CHECK_TEXT(buf_text(&got), expected);
	buf_release(&got);
	arena_release(&arena);
}

TEST(filter, types_are_what_every_match_must_have_one_of)
{
	expect_types("type eq 'a'", "a");
	expect_types("'a' eq type", "a");
	expect_types("type eq 'compute-ops-mgmt/server'", "compute-ops/server");
	expect_types("type in ('b','a','b')", "a b");
	expect_types("type in ()", "");
	expect_types("type eq 'b' or type eq 'a'", "a b");
	expect_types("type eq 'a' and name eq 'x'", "a");
	expect_types("type in ('a','b','c') and type in ('b','c','d')", "b c");
	expect_types("type eq 'a' and type eq 'b'", "");
	expect_types("(type eq 'a' and x eq 1) or type in ('b')", "a b");
}

TEST(filter, other_filters_are_not_tied_to_types)
{
	expect_types("name eq 'x'", "-");
	expect_types("type eq 'a' or name eq 'x'", "-");
	expect_types("type ne 'a'", "-");
	expect_types("not type eq 'a'", "-");
	expect_types("type eq null", "-");
	expect_types("type in ('a',null)", "-");
	expect_types("type eq name", "-");
	expect_types("new/type eq 'a'", "-");
	expect_types("startswith(type,'a')", "-");
	expect_types("x/any(y: type eq 'a')", "-");
}

/* ---- printing ---- */

static void
expect_print(const char *text, const char *expected)
{
	struct arena arena = {0};
	struct buf out = {0};

	filter_print(compile(text, &arena), &out);
	CHECK_TEXT(buf_text(&out), expected);
	buf_release(&out);
	arena_release(&arena);
}

TEST(filter, prints_in_canonical_spelling)
{
	expect_print(
		"  a EQ 1.0 AND(b in[1 , 'x'])", "a eq 1 and b in (1,'x')");
	expect_print("(a and b) and (c and d) or (e or f)",
		"a and b and c and d or e or f");
	expect_print("(a or b) and not (c or not d)",
		"(a or b) and not (c or not d)");
	expect_print("a sub (b sub c) sub d eq (a mul b) add c",
		"a sub (b sub c) sub d eq a mul b add c");
	expect_print(
		"-(-a) eq - 5 and --5 lt -(5)", "--a eq - 5 and - -5 lt - 5");
	expect_print("'type' /x eq 1", "$it/type/x eq 1");
	expect_print(
		"eq eq 1 and new/'ok' eq 1", "$it/eq eq 1 and new/ok eq 1");
	expect_print("a/any( x : x/b eq $it/x )", "a/any(x:x/b eq $it/x)");
	expect_print("TOLOWER( a )eq TRUE", "tolower(a) eq true");
	expect_print("a eq 2024-01-01T00:00Z", "a eq 2024-01-01T00:00:00Z");
	expect_print("a lt 0.1 or a eq 1e300 or a eq 1e18 or a eq -INF",
		"a lt 0.1 or a eq 1e+300 or a eq 1000000000000000000 or a eq -INF");
	expect_print("(a eq 1) eq (not b)", "(a eq 1) eq (not b)");
}

TEST(filter, numbers_that_only_round_to_whole_ones_print_as_such)
{
	expect_print("a eq 5061944444444444.9",
		"a eq 5061944444444445.000000000000000000001");
	expect_print("a eq 1.00000000000000000000009",
		"a eq 1.000000000000000000001");
	expect_print("a eq -9007199254740993.5",
		"a eq -9007199254740994.000000000000000000001");
	expect_print(
		"a eq 1e-999 or a eq -0.5e-999", "a eq 1e-400 or a eq -1e-400");
}

/* ---- notes ---- */

static void
expect_notes(const char *text, const char *expected)
{
	struct arena arena = {0};
	struct buf out = {0};

	filter_notes(compile(text, &arena), &out);
	CHECK_TEXT(buf_text(&out), expected);
	buf_release(&out);
	arena_release(&arena);
}

TEST(filter, notes_name_what_is_valid_but_hardly_meant)
{
	expect_notes("changed/a eq 'True'",
		"'True' in quotes is text; a Boolean is written without "
		"quotes\n");
	expect_notes("a/any(x: x/b in ('false'))",
		"'false' in quotes is text; a Boolean is written without "
		"quotes\n");
	expect_notes("'compute-ops-mgmt/groups' eq type",
		"types are in the singular: 'compute-ops/group', not "
		"'compute-ops/groups'\n");
	expect_notes("status eq OK",
		"OK without quotes is a property; text is written 'OK'\n");
	expect_notes("operation eq 'deleted'",
		"operation is 'Created', 'Updated' or 'Deleted', nothing "
		"else\n");
	expect_notes(
		"a add 1", "the filter is no condition and never matches\n");
}

TEST(filter, sound_filters_have_no_notes)
{
	expect_notes("type eq 'compute-ops/server' and changed/a eq True", "");
	expect_notes("old/name ne new/name and operation eq Deleted", "");
	expect_notes("a and operation ne null and type in ('x/groups')", "");
}
