#include "rule/value.h"

#include <math.h>

#include "check.h"

#include "base/random.h"
#include "base/zone.h"
#include "rule/date.h"

static struct value
read_as(const char *text, enum value_json form, struct arena *arena)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);
	struct value value;
	struct buf why = {0};

	if (json_read(str_of(text), arena, doc, &why))
		check_failed(
			__FILE__, __LINE__, "%s: %s", text, buf_text(&why));
	CHECK_OK(value_from_json(json_root(doc), form, arena, &value));
	return value;
}

static struct value
read_value(const char *text, struct arena *arena)
{
	return read_as(text, VALUE_JSON_PLAIN, arena);
}

static const char *
json_of(struct value value, enum value_json form, struct buf *out)
{
	buf_clear(out);
	value_append_json(out, value, form);
	return buf_text(out);
}

static const char *
text_of(struct value value, struct buf *out)
{
	buf_clear(out);
	CHECK_OK(value_append_text(out, value));
	return buf_text(out);
}

TEST(value, json_comes_back_as_it_was)
{
	static const char *const texts[] = {"null", "true", "12", "-1.5",
		"\"a\\\"b\"", "[]", "{}", "[1,[2,{\"a\":null}],\"x\"]",
		"{\"z\":1,\"a\":{\"b\":[]}}"};
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct value value = read_value(texts[i], &arena);

		CHECK_TEXT(json_of(value, VALUE_JSON_PLAIN, &out), texts[i]);
	}
}

TEST(value, a_member_named_twice_keeps_its_place_and_has_the_last_value)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct value value = read_value("{\"a\":1,\"b\":2,\"a\":3}", &arena);

	CHECK_TEXT(json_of(value, VALUE_JSON_PLAIN, &out), "{\"a\":3,\"b\":2}");
}

TEST(value, builder_finds_every_key_among_many)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct value_builder builder = value_builder_make(&arena);
	struct value value;

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++)
			value_builder_set(&builder,
				arena_printf(&arena, "key%d", i),
				value_number(i * round));
	}
	value = value_builder_collection(&builder);
	CHECK_INT(value.as.collection.count, 1000);
	for (int i = 0; i < 1000; i++) {
		struct str key = arena_printf(&arena, "key%d", i);

		CHECK_STR(value.as.collection.members[i].key, key);
		CHECK(value_member(value, key).as.number == i);
	}
}

TEST(value, typed_json_brings_dates_and_buffers_back)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(buf_release) struct buf again = {0};
	struct value items[] = {
		value_date(INT64_C(1466443604356)),
		value_buffer(STR("\x00\xFF"), VALUE_BINARY),
		value_buffer(STR("text"), VALUE_UTF8),
		read_value("{\"$date\":\"2016-06-20\"}", &arena),
		read_value("{\"$collection\":{\"$buffer\":1}}", &arena),
	};
	struct value array = value_array(items, COUNT_OF(items));
	struct value back;

	CHECK_TEXT(json_of(array, VALUE_JSON_TYPED, &out),
		"[{\"$date\":\"2016-06-20T17:26:44.356Z\"},"
		"{\"$buffer\":\"AP8=\"},"
		"{\"$buffer\":\"dGV4dA==\",\"encoding\":\"utf8\"},"
		"{\"$collection\":{\"$date\":\"2016-06-20\"}},"
		"{\"$collection\":{\"$collection\":{\"$collection\":"
		"{\"$buffer\":1}}}}]");
	back = read_as(buf_text(&out), VALUE_JSON_TYPED, &arena);
	CHECK(value_equal(back, array));
	CHECK_TEXT(json_of(back, VALUE_JSON_TYPED, &again), buf_text(&out));
}

TEST(value, a_wrong_typed_form_is_an_ordinary_collection)
{
	static const char *const texts[] = {"{\"$date\":\"never\"}",
		"{\"$date\":1}", "{\"$buffer\":\"!\"}",
		"{\"$buffer\":\"AA==\",\"encoding\":\"utf7\"}",
		"{\"$date\":\"2016-06-20\",\"b\":1}", "{\"$collection\":[]}"};
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct value value =
			read_as(texts[i], VALUE_JSON_TYPED, &arena);

		CHECK_INT(value.kind, VALUE_COLLECTION);
		CHECK_TEXT(json_of(value, VALUE_JSON_PLAIN, &out), texts[i]);
	}
}

TEST(value, json_deeper_than_the_maximum_is_refused)
{
	CLEANUP(arena_release) struct arena arena = {0};
	char text[2 * VALUE_HEIGHT_MAX + 3] = {0};
	struct json_doc doc;
	struct value value;

	memset(text, '[', VALUE_HEIGHT_MAX);
	memset(text + VALUE_HEIGHT_MAX, ']', VALUE_HEIGHT_MAX);
	CHECK_OK(json_read(str_of(text), &arena, &doc, NULL));
	CHECK_OK(value_from_json(
		json_root(&doc), VALUE_JSON_PLAIN, &arena, &value));
	CHECK_INT(value.height, VALUE_HEIGHT_MAX);
	memset(text, '[', VALUE_HEIGHT_MAX + 1);
	memset(text + VALUE_HEIGHT_MAX + 1, ']', VALUE_HEIGHT_MAX + 1);
	CHECK_OK(json_read(str_of(text), &arena, &doc, NULL));
	CHECK_INT(value_from_json(
			  json_root(&doc), VALUE_JSON_PLAIN, &arena, &value),
		ERR_LIMIT);
}

TEST(value, a_copy_survives_its_origin)
{
	CLEANUP(arena_release) struct arena kept = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct arena origin = {0};
	struct value copy = value_copy(
		read_value("{\"a\":[\"x\",{\"b\":\"y\"}]}", &origin), &kept);

	arena_release(&origin);
	CHECK_TEXT(json_of(copy, VALUE_JSON_PLAIN, &out),
		"{\"a\":[\"x\",{\"b\":\"y\"}]}");
}

TEST(value, numbers_are_spelled_as_in_javascript)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = {
		{0, "0"},
		{-0.0, "0"},
		{1, "1"},
		{-12, "-12"},
		{0.1, "0.1"},
		{0.1 + 0.2, "0.30000000000000004"},
		{1.5, "1.5"},
		{-1756.456, "-1756.456"},
		{1e15, "1000000000000000"},
		{1e20, "100000000000000000000"},
		{1e21, "1e+21"},
		{1.5e300, "1.5e+300"},
		{123456789012345680000.0, "123456789012345680000"},
		{9007199254740993.0, "9007199254740992"},
		{0.000001, "0.000001"},
		{1e-7, "1e-7"},
		{1.25e-9, "1.25e-9"},
		{5e-324, "5e-324"},
	};
	CLEANUP(buf_release) struct buf out = {0};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		buf_clear(&out);
		value_append_number(&out, cases[i].number);
		CHECK_TEXT(buf_text(&out), cases[i].text);
	}
}

TEST(value, numbers_read_back_the_same)
{
	CLEANUP(buf_release) struct buf out = {0};

	random_test_seed(7);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = random_below(UINT64_MAX);
		double number, back;

		memcpy(&number, &bits, sizeof(number));
		if (!isfinite(number))
			continue;
		buf_clear(&out);
		value_append_number(&out, number);
		CHECK(value_to_number(value_text(buf_str(&out)), &back));
		CHECK(back == number);
	}
}

TEST(value, what_is_no_finite_number_is_empty)
{
	CHECK(value_is_empty(value_number((double)INFINITY)));
	CHECK(value_is_empty(value_number((double)NAN)));
}

TEST(value, bytes_that_are_no_text_are_repaired)
{
	CLEANUP(arena_release) struct arena arena = {0};

	CHECK_STR(value_from_text(STR("a\xFFz\xC3"), &arena).as.text,
		STR("a\xEF\xBF\xBDz\xEF\xBF\xBD"));
	CHECK_STR(value_from_text(STR("\xC3\xA9"), &arena).as.text,
		STR("\xC3\xA9"));
}

TEST(value, paths_count_items_from_one_and_never_fail)
{
	static const struct {
		const char *path;
		const char *json;
	} cases[] = {
		{"list.2.n", "20"},
		{"list.0", "null"},
		{"list.-1.n", "30"},
		{"list.4", "null"},
		{"list.n", "10"},
		{"0", "\"zero\""},
		{"none.at.all", "null"},
		{"text.x", "null"},
		{"", "null"},
	};
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct value value =
		read_value("{\"0\":\"zero\",\"text\":\"t\","
			   "\"list\":[{\"n\":10},{\"n\":20},{\"n\":30}]}",
			&arena);

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_TEXT(json_of(value_path(value, str_of(cases[i].path)),
				   VALUE_JSON_PLAIN, &out),
			cases[i].json);
}

TEST(value, texts_of_all_kinds)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};

	CHECK_TEXT(text_of(value_empty(), &out), "");
	CHECK_TEXT(text_of(value_boolean(true), &out), "true");
	CHECK_TEXT(text_of(value_date(INT64_C(1466443604356)), &out),
		"2016-06-20T17:26:44.356Z");
	CHECK_TEXT(text_of(value_date(-1), &out), "1969-12-31T23:59:59.999Z");
	CHECK_TEXT(text_of(value_buffer(STR("\xE9"), VALUE_LATIN1), &out),
		"\xC3\xA9");
	CHECK_TEXT(text_of(read_value("[1,\"a\",null,[2,3]]", &arena), &out),
		"1, a, , 2, 3");
	CHECK_TEXT(
		text_of(read_value("[{\"a\":1},{\"b\":\"\"}]", &arena), &out),
		"{\"a\":1}, {\"b\":\"\"}");
}

TEST(value, bytes_of_no_known_encoding_have_no_text)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct value bytes = value_buffer(STR("x"), VALUE_BINARY);
	struct value items[] = {value_boolean(true), bytes};

	buf_append(&out, STR("before"));
	CHECK_INT(value_append_text(&out, bytes), ERR_INVALID);
	CHECK_INT(value_append_text(&out, value_array(items, 2)), ERR_INVALID);
	CHECK_TEXT(buf_text(&out), "before");
}

TEST(value, truth_of_expressions_and_of_fields_differ)
{
	struct value no = value_text(STR("false"));

	CHECK(value_is_true(no));
	CHECK(!value_to_boolean(no));
	CHECK(!value_is_true(value_number(0)));
	CHECK(value_to_boolean(value_number(0)));
	CHECK(value_is_true(value_array(NULL, 0)));
	CHECK(!value_is_true(value_text(STR(""))));
	CHECK(!value_to_boolean(value_text(STR(""))));
	CHECK(!value_to_boolean(value_empty()));
}

TEST(value, only_numbers_and_their_texts_are_numbers)
{
	static const char *const wrong[] = {
		"", " ", "x", "1x", "1,5", "0x10", "e5", "1e", "--1", "."};
	double number;

	CHECK(value_to_number(value_text(STR(" -1.5e2\n")), &number));
	CHECK(number == -150);
	CHECK(value_to_number(value_text(STR(".5")), &number));
	CHECK(number == 0.5);
	CHECK(value_to_number(value_text(STR("+007")), &number));
	CHECK(number == 7);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		CHECK(!value_to_number(value_text(str_of(wrong[i])), &number));
	CHECK(!value_to_number(value_boolean(true), &number));
	CHECK(!value_to_number(value_text(STR("1e999")), &number));
}

TEST(value, dates_are_read_in_all_forms)
{
	static const char *const same[] = {"2016-06-20T17:26:44.000Z",
		"2016-06-20T17:26:44+00:00", "2016-06-20 19:26:44 GMT+02:00",
		"2016-06-20 19:26:44+0200", "2016/06/20 17:26:44",
		"2016/06/20 19:26:44+02:00", "2016/06/20 5:26:44 PM",
		"06/20/2016 5:26:44 pm", "06/20/2016 17:26:44 Z",
		"20.6.2016 17:26:44", "20.06.2016 19:26:44+02:00",
		" 2016-06-20T19:26:44+02 ", "20160620T17:26:44Z"};
	static const char *const wrong[] = {"", "2016", "2016-06", "2016-13-01",
		"2016-02-30", "17:26", "2016-06-20T25:00", "2016-06-20T17:26Zx",
		"2016-06-20 13:00 PM", "20.6", "now", "2016-06-20 +",
		"2016/06-20"};
	int64_t date;

	for (size_t i = 0; i < COUNT_OF(same); i++) {
		if (!date_read(str_of(same[i]), NULL, &date) ||
			date != INT64_C(1466443604000))
			check_failed(__FILE__, __LINE__, "%s", same[i]);
	}
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		if (date_read(str_of(wrong[i]), NULL, &date))
			check_failed(__FILE__, __LINE__, "%s", wrong[i]);
	}
	CHECK(date_read(STR("2016-06-20T00:00:00.5"), NULL, &date));
	CHECK_INT(date % 1000, 500);
}

TEST(value, a_date_without_an_offset_is_local)
{
	const struct zone *prague = zone_find(STR("Europe/Prague"));
	int64_t date;

	CHECK(date_read(STR("2016-06-20 19:26:44"), prague, &date));
	CHECK_INT(date, INT64_C(1466443604000));
	CHECK(date_read(STR("2016-06-20 17:26:44Z"), prague, &date));
	CHECK_INT(date, INT64_C(1466443604000));
}

TEST(value, fields_take_what_fits_them)
{
	static const struct {
		const char *json;
		const char *type;
		const char *expected; /* NULL: an error */
	} cases[] = {
		{"\"200\"", "number", "200"},
		{"\"x\"", "number", NULL},
		{"true", "number", NULL},
		{"\"1.5\"", "integer", NULL},
		{"\"-1\"", "uinteger", NULL},
		{"\"-1\"", "integer", "-1"},
		{"0", "boolean", "true"},
		{"\"false\"", "boolean", "false"},
		{"\"\"", "boolean", "false"},
		{"[]", "boolean", "true"},
		{"1", "array", "[1]"},
		{"[1]", "array", "[1]"},
		{"1", "collection", NULL},
		{"{\"a\":1}", "text", "\"{\\\"a\\\":1}\""},
		{"1.0", "email", "\"1\""},
		{"\"2016-06-20\"", "date", "\"2016-06-20T00:00:00.000Z\""},
		{"\"soon\"", "date", NULL},
		{"1466443604356", "date", NULL},
		{"\"9:05\"", "time", "\"09:05:00\""},
		{"\"25:00\"", "time", NULL},
		{"\"1:2:3:4\"", "time", NULL},
		{"[1]", "buffer", NULL},
		{"1", "buffer", "\"1\""},
		{"\"1\"", "any", "\"1\""},
		{"\"1\"", "account:slack", "\"1\""},
		{"null", "number", "null"},
	};
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(buf_release) struct buf out = {0};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf why = {0};
		struct value value = read_value(cases[i].json, &arena);
		enum err err = value_coerce(value, str_of(cases[i].type), NULL,
			&arena, &value, &why);

		CHECK_INT(err, cases[i].expected ? ERR_OK : ERR_INVALID);
		CHECK_INT(why.len == 0, err == ERR_OK);
		if (!err)
			CHECK_TEXT(json_of(value, VALUE_JSON_PLAIN, &out),
				cases[i].expected);
		buf_release(&why);
	}
}

TEST(value, equality_is_deep_and_knows_no_order_of_members)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct value a = read_value("{\"a\":[1,{\"b\":2}],\"c\":3}", &arena);
	struct value b = read_value("{\"c\":3,\"a\":[1,{\"b\":2}]}", &arena);
	struct value c = read_value("{\"c\":3,\"a\":[1,{\"b\":4}]}", &arena);

	CHECK(value_equal(a, b));
	CHECK(!value_equal(a, c));
	CHECK(!value_equal(a, value_array(&a, 1)));
	CHECK(value_is_same(a, b, NULL));
}
