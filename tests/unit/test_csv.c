#include "check.h"
#include "rule/csv.h"

static struct arena arena;

/** All rows as `[a|b] [c]`, or the sentence of the error. */
static struct str
read_all(const char *text, char separator)
{
	struct csv_reader reader = csv_reader_make(str_of(text), separator);
	struct buf out = {0}, why = {0};
	struct csv_row row;
	enum err err;

	while (!(err = csv_read(&reader, &arena, &row, &why))) {
		buf_append_char(&out, '[');
		for (size_t i = 0; i < row.count; i++)
			buf_printf(&out, "%s%.*s", i ? "|" : "",
				STR_ARG(row.cells[i]));
		buf_append_char(&out, ']');
	}
	return err == ERR_NOT_FOUND ? buf_str(&out) : buf_str(&why);
}

#define READ(text_, expected_) \
	CHECK_STR(read_all(text_, ','), str_of(expected_))

TEST(csv, rows_end_with_any_of_the_three_line_ends)
{
	READ("a,b\r\nc\nd\re", "[a|b][c][d][e]");
	READ("a\n\nb\n", "[a][][b]");
	READ("", "");
	READ("\xEF\xBB\xBF"
	     "a,",
		"[a|]");
}

TEST(csv, quotes_hold_separators_ends_of_lines_and_quotes)
{
	READ("\"a,\"\"b\"\"\r\nc\",\"\"\n", "[a,\"b\"\r\nc|]");
	READ("a \"b\",c", "[a \"b\"|c]");
	CHECK_STR(read_all("\"1;2\";3", ';'), STR("[1;2|3]"));
}

TEST(csv, what_is_wrong_is_told_with_its_line)
{
	READ("a\n\"b\nc", "line 2: the quote is not closed");
	READ("\"a\nb\"c",
		"line 2: expected the end of the cell after its closing quote");
}

TEST(csv, columns_are_limited)
{
	struct buf text = {0};

	for (int i = 0; i < CSV_COLUMNS_MAX; i++)
		buf_append_char(&text, ',');
	CHECK_STR(read_all(buf_text(&text), ','),
		STR("line 1: over 1000 columns"));
	buf_release(&text);
}

TEST(csv, what_is_written_is_read_as_it_was)
{
	const struct str cells[] = {STR("a"), STR("b\"c"), STR(""), STR("d,e"),
		STR("\r"), STR(" f ")};
	struct buf text = {0};

	csv_append(&text, cells, COUNT_OF(cells), ',');
	CHECK_STR(buf_str(&text), STR("a,\"b\"\"c\",,\"d,e\",\"\r\", f \r\n"));
	CHECK_STR(read_all(buf_text(&text), ','), STR("[a|b\"c||d,e|\r| f ]"));
	buf_release(&text);
}
