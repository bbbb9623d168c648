#include "check.h"

#include "rule/condition.h"
#include "template_world.h"

/*
 * What no document of Make settles and this project decided. Each has its one
 * place in the code, and its claim here; docs/template.md lists them.
 */

static void
expect(const char *text, const char *expected)
{
	struct template_world world;

	template_world_init(&world);
	template_world_bind(
		&world, STR("{\"1\":{\"list\":[{\"a\":1},{\"a\":2}],\"e\":[],"
			    "\"o\":{\"k\":1}}}"));
	CHECK_STR(template_world_run(&world, str_of(text)), str_of(expected));
	template_world_release(&world);
}

static void
expect_warning(const char *text, const char *words)
{
	struct template_world world;
	struct str got;

	template_world_init(&world);
	got = template_world_warnings(&world, str_of(text));
	if (str_find(got, str_of(words)) == SIZE_MAX)
		check_failed(
			__FILE__, __LINE__, "%s in: %.*s", words, STR_ARG(got));
	template_world_release(&world);
}

/** `a` and `b` are JSON. */
static enum err
holds(const char *op, const char *a, const char *b, bool *ret)
{
	struct template_world world;
	struct buf why = {0};
	enum err err;

	template_world_init(&world);
	err = condition_holds(condition_operator_find(str_of(op), NULL),
		template_world_json(&world, str_of(a)),
		template_world_json(&world, str_of(b)), NULL, ret, &why);
	CHECK_INT(why.len == 0, err == ERR_OK);
	buf_release(&why);
	template_world_release(&world);
	return err;
}

static bool
is(const char *op, const char *a, const char *b)
{
	bool result;

	CHECK_OK(holds(op, a, b, &result));
	return result;
}

/* ---- filters ---- */

TEST(template_decisions, a_number_that_is_none_makes_all_but_notequal_false)
{
	CHECK(!is("number:equal", "\"x\"", "\"x\""));
	CHECK(!is("number:less", "\"x\"", "1"));
	CHECK(!is("number:greaterorequal", "\"\"", "0"));
	CHECK(is("number:notequal", "\"x\"", "1"));
}

TEST(template_decisions, a_date_that_is_none_makes_all_but_notequal_false)
{
	CHECK(!is("date:equal", "\"x\"", "\"x\""));
	CHECK(!is("date:less", "\"x\"", "\"2020-01-01\""));
	CHECK(is("date:notequal", "\"x\"", "\"2020-01-01\""));
}

TEST(template_decisions, empty_text_does_not_exist_but_zero_false_and_none_do)
{
	CHECK(!is("exist", "null", "null"));
	CHECK(!is("exist", "\"\"", "null"));
	CHECK(is("exist", "0", "null"));
	CHECK(is("exist", "false", "null"));
	CHECK(is("exist", "[]", "null"));
	CHECK(is("exist", "{}", "null"));
	CHECK(is("notexist", "\"\"", "null"));
}

TEST(template_decisions, a_pattern_that_is_none_is_a_data_error)
{
	bool result;

	CHECK_INT(
		holds("text:pattern", "\"x\"", "\"(\"", &result), ERR_INVALID);
	CHECK_INT(holds("text:notpattern:ci", "\"x\"", "\"[\"", &result),
		ERR_INVALID);
}

/* ---- the language ---- */

TEST(template_decisions, a_blank_expression_is_empty)
{
	expect("{{}}", "null");
	expect("{{  }}", "null");
	expect("a{{ }}b", "\"ab\"");
}

TEST(template_decisions, two_braces_always_begin_an_expression)
{
	expect("a {{ b", "error 7: found the end of the text, expected an "
			 "operator or '}}'");
}

TEST(template_decisions, numbers_have_no_exponent)
{
	expect("{{1e3}}", "error 4: found 'e3', expected an operator or '}}'");
}

TEST(template_decisions, an_unknown_word_is_empty_with_a_warning)
{
	expect("{{hello}}", "null");
	expect_warning("{{hello}}", "'hello' is not known");
	expect_warning("{{`some words`}}", "'some words' is not known");
}

TEST(template_decisions, spellings_of_other_languages_work_with_a_warning)
{
	expect_warning("{{1 = 1 and 2 = 2}}", "write '&' instead of 'and'");
	expect_warning("{{1 == 1 || 2}}", "write '|' instead of '||'");
	expect_warning("{{'x'}}", "double quotes");
}

TEST(template_decisions, negative_indices_count_from_the_end)
{
	expect("{{1.list[-1].a}}", "2");
	expect("{{1.list[-3]}}", "null");
}

TEST(template_decisions, a_reference_that_ends_in_brackets_is_the_array)
{
	expect("{{length(map(1.list[]; \"a\"))}}", "2");
	expect("{{join(1.e[]; \",\")}}", "\"\"");
	expect("{{length(1.list[])}}", "2");
	expect("{{get(1.list[]; \"a\")}}", "1");
}

TEST(template_decisions, a_name_on_an_array_is_that_of_its_first_item)
{
	expect("{{1.list.a}}", "1");
	expect("{{1.e.a}}", "null");
}

TEST(template_decisions, arrays_are_joined_and_collections_are_json_as_text)
{
	expect("<{{split(\"a,b\"; \",\")}}>", "\"<a, b>\"");
	expect("<{{1.o}}>", "\"<{\\\"k\\\":1}>\"");
	expect("<{{1.list}}>", "\"<{\\\"a\\\":1}, {\\\"a\\\":2}>\"");
}

TEST(template_decisions, operators_of_one_precedence_go_from_left_to_right)
{
	expect("{{10 - 4 - 3}}", "3");
	expect("{{2 * 7 % 5}}", "4");
}

TEST(template_decisions, calculating_with_no_number_is_empty_with_a_warning)
{
	expect("{{\"x\" - 1}}", "null");
	expect_warning("{{\"x\" - 1}}", "is no number to calculate with");
	expect_warning("{{1 - true}}", "type boolean");
}

TEST(template_decisions, dividing_by_zero_is_empty_with_a_warning)
{
	expect("{{1 / 0}}", "null");
	expect_warning("{{1 % 0}}", "a division by zero");
}

TEST(template_decisions, two_texts_of_numbers_are_joined_not_summed)
{
	expect("{{\"1\" + \"2\"}}", "\"12\"");
	expect("{{1 + \"2\"}}", "\"12\"");
}

TEST(template_decisions, empty_equals_empty_text_and_nothing_else)
{
	expect("{{null = \"\"}}", "true");
	expect("{{null = 0}}", "false");
	expect("{{null = false}}", "false");
	expect("{{null = 1.e}}", "false");
}

TEST(template_decisions, truth_is_that_of_javascript)
{
	expect("{{if(\"false\"; 1; 2)}}", "1");
	expect("{{if(1.e; 1; 2)}}", "1");
	expect("{{if(0; 1; 2)}}", "2");
	expect("{{if(\"\"; 1; 2)}}", "2");
}

TEST(template_decisions, an_argument_that_does_not_fit_gives_an_empty_result)
{
	expect("{{abs(\"x\")}}", "null");
	expect("{{addDays(\"never\"; 1)}}", "null");
	expect("{{round(1.o)}}", "null");
}

TEST(template_decisions, now_is_one_instant_all_over_a_mapper)
{
	expect("{{now}}", "{\"$date\":\"2019-03-19T14:30:00.000Z\"}");
	expect("{{now = now & now - now = 0}}", "true");
}

/* ---- functions ---- */

TEST(template_decisions, an_array_without_items_is_empty_to_ifempty)
{
	expect("{{ifempty(1.e; \"none\")}}", "\"none\"");
}

TEST(template_decisions, texts_are_counted_in_utf16_units)
{
	expect("{{length(\"😀\")}}", "2");
	expect("{{substring(\"😀x\"; 2)}}", "\"x\"");
}

TEST(template_decisions, replacing_nothing_changes_nothing)
{
	expect("{{replace(\"abc\"; \"\"; \"x\")}}", "\"abc\"");
}

TEST(template_decisions, splitting_at_nothing_gives_characters)
{
	expect("{{split(\"ab\"; \"\")}}", "[\"a\",\"b\"]");
}

TEST(template_decisions, urls_are_encoded_as_components)
{
	expect("{{encodeURL(\"a/b c(d)\")}}", "\"a%2Fb%20c(d)\"");
}

TEST(template_decisions, an_apostrophe_is_escaped_by_its_number)
{
	expect("{{escapeHTML(\"'\")}}", "\"&#39;\"");
}

TEST(template_decisions, stripping_html_leaves_entities)
{
	expect("{{stripHTML(\"<b>&amp;</b>\")}}", "\"&amp;\"");
}

TEST(template_decisions, substring_moves_what_is_out_of_range_to_the_end)
{
	expect("{{substring(\"abc\"; -5; 2)}}", "\"ab\"");
	expect("{{substring(\"abc\"; 2; 1)}}", "\"\"");
}

TEST(template_decisions, halves_are_rounded_up_also_below_zero)
{
	expect("{{round(-1.5)}}", "-1");
	expect("{{round(1.5)}}", "2");
}

TEST(template_decisions, of_nothing_the_sum_is_zero_and_the_rest_empty)
{
	expect("{{sum(emptyarray)}}", "0");
	expect("{{average(emptyarray)}}", "null");
	expect("{{max(\"x\")}}", "null");
}

TEST(template_decisions, a_text_that_is_no_date_fails_to_parse)
{
	expect("{{parseDate(\"x\"; \"YYYY\")}}",
		"error 3: 'x' is no date in the form YYYY");
}

TEST(template_decisions, adding_months_ends_with_the_month)
{
	expect("<{{addMonths(\"2019-01-31\"; 1)}}>",
		"\"<2019-02-28T00:00:00.000Z>\"");
}

TEST(template_decisions, brackets_keep_text_in_a_format_of_dates)
{
	expect("{{formatDate(now; \"[YYYY] YYYY\")}}", "\"YYYY 2019\"");
}

TEST(template_decisions, of_members_of_one_name_the_last_counts)
{
	expect("{{toCollection(merge(toArray(1.o); toArray(1.o)); \"key\"; "
	       "\"value\")}}",
		"{\"k\":1}");
}

TEST(template_decisions, slices_are_counted_from_zero)
{
	expect("{{slice(split(\"a,b,c\"; \",\"); 1; 2)}}", "[\"b\"]");
}

TEST(template_decisions, differences_of_arrays_have_both_names)
{
	expect("{{arrayDiff(split(\"a,b\"; \",\"); split(\"b\"; \",\"))}}",
		"[\"a\"]");
	expect("{{arrayDifference(split(\"a,b\"; \",\"); split(\"b\"; "
	       "\",\"))}}",
		"[\"a\"]");
}

TEST(template_decisions, an_unknown_function_is_an_error_even_if_not_reached)
{
	expect("{{if(true; 1; nothing(2))}}",
		"error 15: function \"nothing\" is not known");
}
