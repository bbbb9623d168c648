#include "api/collection.h"

#include "check.h"

#define ITEM_B \
	"{\"id\":\"b\",\"n\":10,\"on\":true," \
	"\"at\":\"2024-01-01T02:00:00+02:00\"}"
#define ITEM_A \
	"{\"id\":\"a\",\"n\":9.5,\"on\":false," \
	"\"at\":\"2024-01-01T00:00:01Z\"}"
#define ITEM_C "{\"id\":\"c\",\"n\":null,\"at\":\"2023-12-31T23:59:59.9Z\"}"
#define ITEM_LARGE_B \
	"{\"id\":\"B\",\"n\":10.0,\"on\":true,\"at\":\"never\"," \
	"\"x\":{\"y\":\"z\"},\"type\":\"compute-ops-mgmt/server\"}"

static const char *const servers[] = {ITEM_B, ITEM_A, ITEM_C, ITEM_LARGE_B};

struct outcome {
	struct arena arena;
	enum err err;
	const char *name;
	struct buf text; /* the collection, or why not */
};

static void
outcome_release(struct outcome *outcome)
{
	buf_release(&outcome->text);
	arena_release(&outcome->arena);
}

static struct str
given(const char *text)
{
	return text ? str_of(text) : (struct str){0};
}

static void
ask(struct outcome *ret, const char *limit, const char *offset,
	const char *filter, const char *sort)
{
	struct collection_parameters parameters = {
		given(limit), given(offset), given(filter), given(sort)};
	struct collection_query query;
	struct str items[COUNT_OF(servers)];

	*ret = (struct outcome){0};
	ret->err = collection_parse(
		&parameters, &ret->arena, &query, &ret->name, &ret->text);
	if (ret->err)
		return;
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		items[i] = str_of(servers[i]);
	collection_write(
		&query, items, COUNT_OF(items), &ret->arena, &ret->text);
}

/* The ids in order, with what stands before the items. */
static void
expect(const char *parameters[4], const char *head, const char *ids)
{
	CLEANUP(outcome_release) struct outcome got;
	CLEANUP(buf_release) struct buf seen = {0};
	struct json_doc doc;
	struct json_walk walk;

	ask(&got, parameters[0], parameters[1], parameters[2], parameters[3]);
	CHECK_OK(got.err);
	CHECK_OK(json_read(buf_str(&got.text), &got.arena, &doc, NULL));
	if (head)
		CHECK(str_starts_with(buf_str(&got.text), str_of(head)));
	walk = json_walk(json_member(json_root(&doc), STR("items")));
	while (json_walk_next(&walk))
		buf_append(&seen,
			json_raw_string(json_member(walk.value, STR("id"))));
	CHECK_TEXT(buf_text(&seen), ids);
}

#define EXPECT(limit, offset, filter, sort, head, ids) \
	expect((const char *[4]){limit, offset, filter, sort}, head, ids)

TEST(collection, pages_count_what_is_shown_and_total_what_matches)
{
	EXPECT(NULL, NULL, NULL, NULL,
		"{\"count\":4,\"offset\":0,\"total\":4,\"items\":[{", "bacB");
	EXPECT("100", "0", NULL, NULL, "{\"count\":4,\"offset\":0,\"total\":4,",
		"bacB");
	EXPECT("2", "1", NULL, NULL, "{\"count\":2,\"offset\":1,\"total\":4,",
		"ac");
	EXPECT("2", "3", NULL, NULL, "{\"count\":1,\"offset\":3,\"total\":4,",
		"B");
	EXPECT("0", NULL, NULL, NULL,
		"{\"count\":0,\"offset\":0,\"total\":4,\"items\":[]}", "");
	EXPECT(NULL, "4", NULL, NULL, "{\"count\":0,\"offset\":4,\"total\":4,",
		"");
	EXPECT("1000", "9223372036854775807", NULL, NULL,
		"{\"count\":0,\"offset\":9223372036854775807,\"total\":4,", "");
}

TEST(collection, filter_looks_at_members_of_the_item)
{
	EXPECT(NULL, NULL, "id eq 'c'", NULL,
		"{\"count\":1,\"offset\":0,\"total\":1,", "c");
	EXPECT(NULL, NULL, "x/y eq 'z'", NULL, NULL, "B");
	EXPECT("1", "1", "id eq 'c'", NULL,
		"{\"count\":0,\"offset\":1,\"total\":1,", "");
	EXPECT(NULL, NULL, "nothing eq 'c'", NULL, NULL, "");
}

TEST(collection, filter_takes_a_type_in_both_spellings)
{
	EXPECT(NULL, NULL, "type eq 'compute-ops-mgmt/server'", NULL, NULL,
		"B");
	EXPECT(NULL, NULL, "type eq 'compute-ops/server'", NULL, NULL, "B");
}

TEST(collection, sorts_by_value)
{
	EXPECT(NULL, NULL, NULL, "id", NULL, "Babc");
	EXPECT(NULL, NULL, NULL, "id asc", NULL, "Babc");
	EXPECT(NULL, NULL, NULL, "id desc", NULL, "cbaB");
	EXPECT(NULL, NULL, NULL, "on", NULL, "cabB");
	EXPECT(NULL, NULL, NULL, "at", NULL, "cbaB");
	EXPECT(NULL, NULL, NULL, "at DESC", NULL, "Babc");
	EXPECT(NULL, NULL, NULL, "x/y desc", NULL, "Bbac");
}

TEST(collection, sorts_numbers_by_value_and_keeps_the_order_of_equals)
{
	EXPECT(NULL, NULL, NULL, "n", NULL, "cabB");
	EXPECT(NULL, NULL, NULL, "n desc", NULL, "bBac");
	EXPECT(NULL, NULL, NULL, "nothing", NULL, "bacB");
	EXPECT(NULL, NULL, NULL, "nothing desc", NULL, "bacB");
}

TEST(collection, later_sort_keys_decide_among_equals)
{
	EXPECT(NULL, NULL, NULL, "on desc,id", NULL, "Bbac");
	EXPECT(NULL, NULL, NULL, " on  desc , id\tdesc ", NULL, "bBac");
	EXPECT("1", "1", NULL, "on desc,id desc", NULL, "B");
}

static void
refuse(const char *parameters[4], const char *name, const char *why)
{
	CLEANUP(outcome_release) struct outcome got;

	ask(&got, parameters[0], parameters[1], parameters[2], parameters[3]);
	CHECK_INT(got.err, ERR_INVALID);
	CHECK_TEXT(got.name, name);
	CHECK_TEXT(buf_text(&got.text), why);
}

#define REFUSE(limit, offset, filter, sort, name, why) \
	refuse((const char *[4]){limit, offset, filter, sort}, name, why)

TEST(collection, limit_and_offset_are_whole_numbers_within_bounds)
{
	static const char *const bad[] = {"-1", "1001", "1.0", "1e2", "", " 1",
		"+1", "all", "99999999999999999999"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char why[160];

		snprintf(why, sizeof(why),
			"expected a whole number from 0 to 1000, found \"%s\"",
			bad[i]);
		REFUSE(bad[i], NULL, NULL, NULL, "limit", why);
	}
	REFUSE(NULL, "-1", NULL, NULL, "offset",
		"expected a whole number from 0 to 9223372036854775807, found "
		"\"-1\"");
}

TEST(collection, bad_sort_says_where)
{
	REFUSE(NULL, NULL, NULL, "", "sort",
		"column 1: expected a property name, found \"\"");
	REFUSE(NULL, NULL, NULL, "a,,b", "sort",
		"column 3: expected a property name, found \"\"");
	REFUSE(NULL, NULL, NULL, "a down", "sort",
		"column 1: expected asc or desc behind the property, found "
		"\"a down\"");
	REFUSE(NULL, NULL, NULL, "a,b asc c", "sort",
		"column 3: expected a comma before the next property, found "
		"\"b asc c\"");
	REFUSE(NULL, NULL, NULL, "a/", "sort",
		"column 1: expected a property name, found \"a/\"");
	REFUSE(NULL, NULL, NULL, "a'b", "sort",
		"column 1: expected a property name, found \"a'b\"");
	REFUSE(NULL, NULL, NULL, "a,b,c,d,e,f,g,h,i", "sort",
		"more than 8 properties");
}

TEST(collection, bad_filter_says_where)
{
	static const char *const bad[] = {"", "id eq", "id eq 'a"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEANUP(outcome_release) struct outcome got;

		ask(&got, NULL, NULL, bad[i], NULL);
		CHECK_INT(got.err, ERR_INVALID);
		CHECK_TEXT(got.name, "filter");
		CHECK(str_starts_with(buf_str(&got.text), STR("column ")));
	}
}

TEST(collection, item_nested_too_deeply_to_read_is_shown)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf item = {0}, out = {0};
	struct collection_query query = {
		.limit = 10, .sort = {{STR("id"), false}}, .sort_count = 1};
	struct str items[2];

	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		buf_append_char(&item, '[');
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		buf_append_char(&item, ']');
	items[0] = STR("{\"id\":1}");
	items[1] = buf_str(&item);
	collection_write(&query, items, 2, &arena, &out);
	CHECK(str_starts_with(buf_str(&out),
		STR("{\"count\":2,\"offset\":0,\"total\":2,\"items\":[[")));
	arena_release(&arena);
}
