#include "rule/filter_of_type.h"

#include "check.h"

#include "rule/filter_index.h"

static struct arena arena;

static struct json
read_json(const char *text)
{
	struct json_doc *doc = ARENA_NEW(&arena, struct json_doc);

	CHECK_OK(json_read(str_of(text), &arena, doc, NULL));
	return json_root(doc);
}

static const struct filter *
compile(const char *type, const char *condition)
{
	struct buf why = {0};
	const struct filter *filter = NULL;
	size_t column;

	if (filter_of_type_compile(str_of(type), str_of(condition), &arena,
		    &filter, &column, &why))
		check_failed(__FILE__, __LINE__, "%s: %s", condition,
			buf_text(&why));
	return filter;
}

static struct filter_event
data_event(const char *type, const char *data)
{
	return (struct filter_event){
		.type = str_of(type),
		.new_state = read_json(data),
		.attributes = read_json("{\"id\":\"e1\",\"source\":\"/here\","
					"\"subject\":\"s1\"}"),
	};
}

/** As the evaluator and as the index say, which must be the same. */
static bool
matches(const char *type, const char *condition,
	const struct filter_event *event)
{
	const struct filter *filter = compile(type, condition);
	struct filter_index *index = filter_index_new();
	struct filter_reader *reader;
	size_t count;
	bool is_match = filter_matches(filter, event, &arena);

	filter_index_set(index, 1, filter);
	reader = filter_index_enter(index);
	filter_index_match(reader, event, &arena, &count);
	filter_index_leave(reader);
	filter_index_free(index);
	CHECK_INT(count, is_match);
	return is_match;
}

TEST(filter_of_type, one_type_means_that_type_only)
{
	struct filter_event event = data_event("com.a.v1.logs.created", "{}");

	CHECK(matches("com.a.v1.logs.created", "", &event));
	CHECK(matches("com.a.v1.logs.created", " \t", &event));
	CHECK(!matches("com.a.v1.logs", "", &event));
	CHECK(!matches("com.a.v1.logs.created2", "", &event));
}

TEST(filter_of_type, a_prefix_means_all_types_below_it)
{
	struct filter_event event = data_event("com.a.v1.logs.created", "{}");
	struct filter_event server = data_event("compute-ops/server", "{}");

	CHECK(matches("com.a.*", "", &event));
	CHECK(matches("com.a.v1.logs.*", "", &event));
	CHECK(matches("*", "", &event));
	CHECK(!matches("com.b.*", "", &event));
	CHECK(!matches("com.a.v1.logs.created.*", "", &event));
	CHECK(matches("compute-ops/*", "", &server));
	CHECK(matches("compute-ops-mgmt/*", "", &server));
	CHECK(matches("compute-ops-mgmt/server", "", &server));
}

TEST(filter_of_type, conditions_are_about_the_data)
{
	struct filter_event event = data_event("t",
		"{\"category\":\"users\",\"type\":\"user\",\"n\":7,"
		"\"new\":{\"x\":1},\"list\":[{\"k\":\"a\"},{\"k\":\"b\"}]}");

	CHECK(matches("t", "category eq 'users'", &event));
	CHECK(matches("*", "category eq 'users' and n gt 5", &event));
	CHECK(matches("t", "n gt 5 or n lt 2", &event));
	CHECK(!matches("t", "not (category eq 'users')", &event));
	CHECK(!matches("u", "category eq 'users'", &event));
	/* Words that mean the envelope elsewhere are members here. */
	CHECK(matches("t", "type eq 'user'", &event));
	CHECK(!matches("t", "type eq 't'", &event));
	CHECK(matches("t", "new/x eq 1", &event));
	CHECK(matches("t", "operation eq null", &event));
	CHECK(!matches("t", "changed/n", &event));
	CHECK(matches("t", "$it/n eq 7 and $data/n eq 7", &event));
	CHECK(matches("t", "list/any(l: l/k eq 'b')", &event));
	CHECK(matches("t", "list/$count eq 2", &event));
	CHECK(matches(
		"t", "'b' in category or startswith(category,'us')", &event));
}

TEST(filter_of_type, attributes_are_not_data)
{
	struct filter_event event = data_event("t", "{\"a\":1}");

	CHECK(matches("t", "source eq null and id eq null", &event));
	CHECK(!matches("t", "source eq '/here'", &event));
	CHECK(!matches("t", "subject eq 's1'", &event));
}

TEST(filter_of_type, the_data_of_a_deletion_are_the_last_state)
{
	struct filter_event event = {
		.type = STR("compute-ops/server"),
		.operation = STR("Deleted"),
		.old_state = read_json("{\"name\":\"a\"}"),
	};

	CHECK(matches("compute-ops/server", "name eq 'a'", &event));
	event.operation = STR("Updated");
	event.new_state = read_json("{\"name\":\"b\"}");
	CHECK(!matches("compute-ops/server", "name eq 'a'", &event));
	CHECK(matches("compute-ops/server", "name eq 'b'", &event));
}

TEST(filter_of_type, it_prints_as_a_filter_that_means_the_same)
{
	static const char *const wanted =
		"type eq 'compute-ops/x' and $data/a eq 1 and "
		"($data/b eq 2 or $data/type eq 'y')";
	struct buf text = {0}, again = {0}, why = {0};
	const struct filter *filter;
	size_t column;

	filter_print(compile("compute-ops-mgmt/x",
			     "a eq 1 and (b eq 2 or type eq 'y')"),
		&text);
	CHECK_STR(buf_str(&text), str_of(wanted));
	CHECK_OK(
		filter_compile(buf_str(&text), &arena, &filter, &column, &why));
	filter_print(filter, &again);
	CHECK_STR(buf_str(&again), buf_str(&text));
	buf_clear(&text);
	filter_print(compile("com.a.*", ""), &text);
	CHECK_STR(buf_str(&text), STR("startswith(type,'com.a.')"));
	buf_release(&text);
	buf_release(&again);
}

TEST(filter_of_type, errors_tell_the_column_of_the_condition)
{
	struct buf why = {0};
	const struct filter *filter;
	size_t column = 0;

	CHECK_INT(filter_of_type_compile(STR("t"), STR("a gte 1"), &arena,
			  &filter, &column, &why),
		ERR_INVALID);
	CHECK_INT(column, 3);
	CHECK(str_starts_with(buf_str(&why), STR("column 3: found 'gte'")));
	buf_clear(&why);
	CHECK_INT(filter_of_type_compile(STR("t"), STR("a eq '\xff'"), &arena,
			  &filter, &column, &why),
		ERR_INVALID);
	CHECK_INT(column, 7);
	buf_release(&why);
}

TEST(filter_of_type, a_type_is_text_with_a_star_at_its_end_at_most)
{
	static const struct {
		const char *type;
		bool is_good;
	} cases[] = {
		{"a", true},
		{"com.a.v1.x", true},
		{"compute-ops/group/compliance", true},
		{"com.a.*", true},
		{"compute-ops/*", true},
		{"*", true},
		{"", false},
		{"com.a*", false},
		{"com.*.x", false},
		{"*.*", false},
		{"**", false},
		{"a b", false},
		{"a\n", false},
		{"a\x7f", false},
		{"a\xff", false},
	};
	char longest[FILTER_TYPE_MAX + 2];
	struct buf why = buf_make(200);

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		buf_clear(&why);
		CHECK_INT(filter_of_type_check(str_of(cases[i].type), &why) ==
				  ERR_OK,
			cases[i].is_good);
		CHECK_INT(why.len == 0, cases[i].is_good);
	}
	memset(longest, 'a', sizeof(longest));
	CHECK_OK(
		filter_of_type_check(str_make(longest, FILTER_TYPE_MAX), &why));
	CHECK_INT(filter_of_type_check(
			  str_make(longest, FILTER_TYPE_MAX + 1), &why),
		ERR_INVALID);
	buf_release(&why);
}
