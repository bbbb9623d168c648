#include "check.h"
#include "cli/output.h"
#include "cli/suggest.h"

static void
check_safe(const char *text, size_t columns, const char *expected)
{
	struct buf out = buf_make(0);

	output_append_safe(&out, str_of(text), columns);
	CHECK_TEXT(buf_text(&out), expected);
	buf_release(&out);
}

TEST(output, control_characters_never_reach_the_terminal)
{
	check_safe("a\033[2Jb\r\nc\x7f", 0, "a?[2Jb??c?");
	check_safe("\xc2\x9b", 0, "?"); /* a one-byte CSI in Unicode */
	check_safe("\xe2\x80\xae"
		   "x",
		0, "?x"); /* right-to-left override */
	check_safe("\xff\xc3", 0, "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(output, texts_are_cut_by_columns_not_bytes)
{
	check_safe("abcdef", 6, "abcdef");
	check_safe("abcdef", 5, "abcd…");
	check_safe("\xc3\xa4\xc3\xb6\xc3\xbc", 3, "\xc3\xa4\xc3\xb6\xc3\xbc");
	/* Each of these takes two columns. */
	check_safe("\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5…");
	CHECK_INT(output_columns(STR("\xe6\x97\xa5\xe6\x9c\xac")), 4);
	/* A letter and a mark over it. */
	CHECK_INT(output_columns(STR("e\xcc\x81")), 1);
	CHECK_INT(output_columns(STR("\xff")), 1);
}

static void
check_json(const char *text, const char *expected)
{
	struct arena arena = {0};
	struct buf out = buf_make(0), why = buf_make(0);
	struct json_doc doc;

	CHECK_OK(json_read(str_of(text), &arena, &doc, &why));
	output_append_json(&out, json_root(&doc), ">");
	CHECK_TEXT(buf_text(&out), expected);
	buf_release(&out);
	buf_release(&why);
	arena_release(&arena);
}

TEST(output, json_is_indented_and_keeps_its_spelling)
{
	check_json("1.50", "1.50");
	check_json("{}", "{}");
	check_json("[[],{}]", "[\n>  [],\n>  {}\n>]");
	check_json("{\"a\":[1,\"x\\n\"],\"b\":null}",
		"{\n>  \"a\": [\n>    1,\n>    \"x\\n\"\n>  ],\n"
		">  \"b\": null\n>}");
}

TEST(output, json_deeper_than_the_stack_is_printed_flat)
{
	struct arena arena = {0};
	struct buf text = buf_make(0), out = buf_make(0);
	struct buf why = buf_make(0);
	struct json_doc doc;

	for (int i = 0; i < 400; i++)
		buf_append_char(&text, '[');
	for (int i = 0; i < 400; i++)
		buf_append_char(&text, ']');
	CHECK_OK(json_read(buf_str(&text), &arena, &doc, &why));
	output_append_json(&out, json_root(&doc), "");
	CHECK(str_find(buf_str(&out), STR("[[[[")) != SIZE_MAX);
	buf_release(&text);
	buf_release(&out);
	buf_release(&why);
	arena_release(&arena);
}

TEST(output, tables_align_and_cut_the_widest_column_when_too_narrow)
{
	static const char *const headings[] = {"ID", "TEXT", "END"};
	struct output_table table = output_table_make(headings, 3);
	struct buf out = buf_make(0);

	output_table_cell(&table, STR("1"));
	output_table_cell(&table, STR("a long text that is cut"));
	output_table_cell(&table, STR("x"));
	output_table_cell(&table, STR("22"));
	output_table_cell(&table, STR(""));
	output_table_cell(&table, STR("y"));
	output_table_append(&table, 0, &out);
	CHECK_TEXT(buf_text(&out), "ID  TEXT                     END\n"
				   "1   a long text that is cut  x\n"
				   "22                           y\n");
	buf_clear(&out);
	output_table_append(&table, 20, &out);
	CHECK_TEXT(buf_text(&out), "ID  TEXT         END\n"
				   "1   a long tex…  x\n"
				   "22               y\n");
	output_table_release(&table);
	buf_release(&out);
}

TEST(suggest, distance_counts_edits_and_swaps)
{
	CHECK_INT(suggest_distance(STR("abc"), STR("abc")), 0);
	CHECK_INT(suggest_distance(STR("abc"), STR("acb")), 1);
	CHECK_INT(suggest_distance(STR("abc"), STR("ab")), 1);
	CHECK_INT(suggest_distance(STR(""), STR("abc")), 3);
	CHECK_INT(suggest_distance(STR("kitten"), STR("sitting")), 3);
}

TEST(suggest, another_word_is_not_suggested)
{
	struct suggest suggest = suggest_make(STR("frobnicate"));

	suggest_consider(&suggest, "list");
	CHECK(suggest_best(&suggest) == NULL);
	suggest_consider(&suggest, "frobnicat");
	CHECK_TEXT(suggest_best(&suggest), "frobnicat");
}
