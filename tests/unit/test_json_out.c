#include "base/json_out.h"

#include <math.h>

#include "base/json.h"
#include "check.h"

TEST(json_out, commas_and_nesting_are_set_by_themselves)
{
	CLEANUP(buf_release) struct buf buf = buf_make(0);
	struct json_out out = json_out_make(&buf);

	json_out_object(&out, NULL);
	json_out_array(&out, "a");
	json_out_end(&out);
	json_out_array(&out, "b");
	json_out_integer(&out, NULL, INT64_MIN);
	json_out_boolean(&out, NULL, true);
	json_out_null(&out, NULL);
	json_out_object(&out, NULL);
	json_out_end(&out);
	json_out_end(&out);
	json_out_key(&out, STR("k\"\n"));
	json_out_object(&out, NULL);
	json_out_text(&out, "x", "y");
	json_out_key(&out, STR(""));
	json_out_raw(&out, NULL, STR("[1]"));
	json_out_end(&out);
	json_out_time(&out, "t", 1500000);
	json_out_uuid(&out, "u", (struct uuid){{0xAB}});
	json_out_end(&out);
	CHECK_TEXT(buf_text(&buf),
		"{\"a\":[],\"b\":[-9223372036854775808,true,null,{}],"
		"\"k\\\"\\n\":{\"x\":\"y\",\"\":[1]},"
		"\"t\":\"1970-01-01T00:00:01.500000Z\","
		"\"u\":\"ab000000-0000-0000-0000-000000000000\"}");
}

TEST(json_out, every_byte_of_a_string_comes_back)
{
	for (int c = 0; c < 0x80; c++) {
		CLEANUP(buf_release) struct buf buf = buf_make(0);
		struct arena arena = {0};
		struct json_doc doc;
		char text[3] = {'a', (char)c, 'z'};

		json_out_quote(&buf, str_make(text, 3));
		CHECK_OK(json_read(buf_str(&buf), &arena, &doc, NULL));
		CHECK_STR(json_string(json_root(&doc), &arena),
			str_make(text, 3));
		arena_release(&arena);
	}
}

TEST(json_out, bytes_that_are_no_utf8_become_replacement_characters)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", "\"\""},
		{"\xC3\xA9", "\"\xC3\xA9\""},
		{"a\xFFz", "\"a\xEF\xBF\xBDz\""},
		{"\xC3", "\"\xEF\xBF\xBD\""},
		{"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
		{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
		{"\xE2\x82\"", "\"\xEF\xBF\xBD\xEF\xBF\xBD\\\"\""},
		{"\xF0\x9F\x98\x80\xF0\x9F",
			"\"\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD\""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_release) struct buf buf = buf_make(0);

		json_out_quote(&buf, str_of(rows[i].in));
		CHECK_TEXT(buf_text(&buf), rows[i].out);
	}
}

TEST(json_out, reals_are_read_back_exactly)
{
	static const double values[] = {0.1, -1e-300, 1.7976931348623157e308,
		5e-324, 3.141592653589793, 1e21, -0.5};

	for (size_t i = 0; i < COUNT_OF(values); i++) {
		CLEANUP(buf_release) struct buf buf = buf_make(0);
		struct json_out out = json_out_make(&buf);
		struct arena arena = {0};
		struct json_doc doc;

		json_out_real(&out, NULL, values[i]);
		CHECK_OK(json_read(buf_str(&buf), &arena, &doc, NULL));
		CHECK(json_number(json_root(&doc)).real == values[i]);
		arena_release(&arena);
	}
}

TEST(json_out, reals_have_no_more_digits_than_they_need)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{0.274, "0.274"}, {0.1 + 0.2, "0.30000000000000004"},
		{1.0 / 3, "0.3333333333333333"}, {2, "2"}, {-0.5, "-0.5"}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_release) struct buf buf = buf_make(0);
		struct json_out out = json_out_make(&buf);

		json_out_real(&out, NULL, rows[i].value);
		CHECK_TEXT(buf_text(&buf), rows[i].text);
	}
}

TEST(json_out, what_json_cannot_say_is_null)
{
	CLEANUP(buf_release) struct buf buf = buf_make(0);
	struct json_out out = json_out_make(&buf);

	json_out_array(&out, NULL);
	json_out_real(&out, NULL, (double)NAN);
	json_out_real(&out, NULL, (double)INFINITY);
	json_out_end(&out);
	CHECK_TEXT(buf_text(&buf), "[null,null]");
}

TEST(json_out, a_full_buffer_is_seen_at_the_end)
{
	CLEANUP(buf_release) struct buf buf = buf_make(10);
	struct json_out out = json_out_make(&buf);

	json_out_array(&out, NULL);
	for (int i = 0; i < 100; i++)
		json_out_integer(&out, NULL, i);
	json_out_end(&out);
	CHECK(buf_is_overflown(&buf));
	CHECK(buf.len <= 10);
}
