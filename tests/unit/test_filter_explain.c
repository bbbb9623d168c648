#include "rule/filter_explain.h"

#include "base/clock.h"
#include "check.h"
#include "rule/filter_event.h"

/* Explanations by the case file, and what holds of every one of them. */

static struct arena arena;

static const struct filter *
compile(struct str text)
{
	const struct filter *filter;
	struct buf why = {0};
	size_t column;

	if (filter_compile(text, &arena, &filter, &column, &why))
		check_failed(__FILE__, __LINE__, "%.*s: %s", STR_ARG(text),
			buf_text(&why));
	return filter;
}

static struct filter_event
read_event(struct str text)
{
	struct json_doc *doc = ARENA_NEW(&arena, struct json_doc);
	struct buf why = {0};

	if (json_read(text, &arena, doc, &why))
		check_failed(__FILE__, __LINE__, "%.*s: %s", STR_ARG(text),
			buf_text(&why));
	return filter_event_read(json_root(doc), &arena);
}

static const struct filter_explanation *
explain(const char *filter, const char *event)
{
	struct filter_event view = read_event(str_of(event));

	return filter_explain(compile(str_of(filter)), &view, &arena);
}

/** Writes it as JSON, which has to be JSON. */
static struct json
write(const struct filter_explanation *explanation)
{
	struct json_doc *doc = ARENA_NEW(&arena, struct json_doc);
	struct buf text = {0};
	struct buf why = {0};
	struct json_out out = json_out_make(&text);

	json_out_object(&out, NULL);
	filter_explain_write(explanation, &out);
	json_out_end(&out);
	if (json_read(arena_copy(&arena, buf_str(&text)), &arena, doc, &why))
		check_failed(__FILE__, __LINE__, "%s: %s", buf_text(&why),
			buf_text(&text));
	buf_release(&text);
	return json_root(doc);
}

/* ---- the case file ---- */

static struct str
take_lines(struct str *rest)
{
	const char *start = rest->ptr;
	size_t len = 0;

	while (rest->ptr != NULL) {
		struct str line = str_split(rest, '\n');

		if (line.len == 0)
			break;
		len = (size_t)(line.ptr + line.len - start) + 1;
	}
	return str_make(start, len);
}

static void
run_case(struct str text, struct str *rest)
{
	struct filter_event event = read_event(str_split(rest, '\n'));
	struct str expected = take_lines(rest);
	const struct filter *filter = compile(text);
	struct buf got = {0};
	const struct filter_explanation *explanation =
		filter_explain(filter, &event, &arena);

	filter_explain_print(explanation, &got);
	if (!str_equal(buf_str(&got), expected))
		check_failed(__FILE__, __LINE__,
			"%.*s\nis explained as\n%s\nexpected\n%.*s",
			STR_ARG(text), buf_text(&got), STR_ARG(expected));
	CHECK_INT(explanation->truth == FILTER_IS_TRUE,
		filter_matches(filter, &event, &arena));
	write(explanation);
	buf_release(&got);
}

TEST(filter_explain, cases)
{
	struct str rest =
		check_read_file(check_data_path("cases/filter/explain.txt"));
	int cases = 0;

	clock_test_set(INT64_C(1700000000000000), 0);
	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');

		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		run_case(line, &rest);
		cases++;
	}
	CHECK(cases >= 25);
	arena_release(&arena);
}

/* ---- the JSON form ---- */

TEST(filter_explain, json_tells_what_decided)
{
	struct json got = write(explain(
		"a eq 1 and (b eq 2 or c eq 3)", "{\"new\":{\"a\":1}}"));
	struct json tree = json_member(got, STR("tree"));
	struct json because = json_member(got, STR("because"));

	CHECK_INT(json_kind(json_member(got, STR("matches"))), JSON_FALSE);
	CHECK(json_string_equal(json_member(got, STR("truth")), STR("false")));
	CHECK_INT(json_count(because), 2);
	CHECK(json_string_equal(json_element(because, 0), STR("b eq 2")));
	CHECK(json_string_equal(json_member(tree, STR("kind")), STR("and")));
	CHECK(json_string_equal(json_member(tree, STR("text")),
		STR("a eq 1 and (b eq 2 or c eq 3)")));
	CHECK_INT(json_count(json_member(tree, STR("children"))), 2);
	arena_release(&arena);
}

TEST(filter_explain, json_has_both_states_of_a_change)
{
	struct json got = write(explain("changed/n",
		"{\"operation\":\"Updated\",\"new\":{\"n\":[1]},\"old\":{}}"));
	struct json value = json_element(
		json_member(json_member(got, STR("tree")), STR("values")), 0);

	CHECK_INT(json_kind(json_member(value, STR("value"))), JSON_TRUE);
	CHECK_INT(json_kind(json_member(value, STR("old"))), JSON_NULL);
	CHECK_STR(json_raw(json_member(value, STR("new"))), STR("[1]"));
	arena_release(&arena);
}

/* ---- bounds ---- */

static void
repeat(struct buf *out, const char *text, int count)
{
	for (int i = 0; i < count; i++)
		buf_append(out, str_of(text));
}

static size_t
size_of(const struct filter_explanation *explanation)
{
	struct buf text = {0};
	size_t size;

	write(explanation);
	filter_explain_print(explanation, &text);
	size = text.len;
	buf_release(&text);
	return size;
}

TEST(filter_explain, deepest_nesting_is_told_down_to_its_maximum)
{
	struct buf text = {0};

	repeat(&text, "a eq 1 and (b eq 2 or (", 31);
	buf_append(&text, STR("c eq 1"));
	repeat(&text, "))", 31);
	CHECK(size_of(explain(buf_text(&text), "{\"new\":{\"a\":1}}")) < 16384);
	buf_release(&text);
	arena_release(&arena);
}

TEST(filter_explain, widest_filter_on_longest_values_stays_small)
{
	struct buf text = {0}, event = {0};

	buf_append(&event, STR("{\"new\":{\"list\":["));
	repeat(&event, "{\"n\":[1,2,3]},", 5000);
	buf_append(&event, STR("0]}}"));
	for (int i = 0; i < 120; i++)
		buf_printf(&text, "%slist/any(x: x/n eq list or x eq %d)",
			i ? " or " : "", i + 1);
	CHECK(size_of(explain(buf_text(&text), buf_text(&event))) <
		2 * 1024 * 1024);
	buf_release(&text);
	buf_release(&event);
	arena_release(&arena);
}

TEST(filter_explain, filter_that_costs_too_much_says_so)
{
	struct buf event = {0};
	const struct filter_explanation *explanation;

	buf_append(&event, STR("{\"new\":{\"a\":["));
	repeat(&event, "1,", 9999);
	buf_append(&event, STR("1]}}"));
	explanation = explain("a/all(x: a/all(y: x eq y))", buf_text(&event));
	CHECK(explanation->is_spent);
	CHECK_INT(explanation->truth, FILTER_IS_UNKNOWN);
	CHECK_INT(json_kind(json_member(write(explanation), STR("spent"))),
		JSON_TRUE);
	buf_release(&event);
	arena_release(&arena);
}

TEST(filter_explain, long_values_are_cut_between_characters)
{
	struct buf event = {0};
	const struct filter_explanation *explanation;
	struct json value;

	buf_append(&event, STR("{\"new\":{\"a\":\"x"));
	repeat(&event, "é", 300);
	buf_append(&event, STR("\"}}"));
	explanation = explain("a eq 'y'", buf_text(&event));
	CHECK(explanation->root->values[0].value.is_cut);
	CHECK(explanation->root->values[0].value.text.len <=
		FILTER_EXPLAIN_VALUE_MAX + 5);
	value = json_element(
		json_member(json_member(write(explanation), STR("tree")),
			STR("values")),
		0);
	CHECK_INT(json_kind(json_member(value, STR("cut"))), JSON_TRUE);
	CHECK(str_ends_with(
		json_string(json_member(value, STR("value")), &arena),
		STR("é…")));
	buf_release(&event);
	arena_release(&arena);
}
