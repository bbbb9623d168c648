#include "rule/filter_event.h"

#include "check.h"

static struct arena arena;

static struct json
read_json(const char *text)
{
	struct json_doc *doc = ARENA_NEW(&arena, struct json_doc);

	CHECK_OK(json_read(str_of(text), &arena, doc, NULL));
	return json_root(doc);
}

TEST(filter_event, type_is_read_in_canonical_spelling)
{
	struct filter_event event = filter_event_read(
		read_json("{\"type\":\"compute-ops-mgmt\\/server\","
			  "\"operation\":\"Updated\",\"new\":{\"a\":1},"
			  "\"source\":\"/s\"}"),
		&arena);

	CHECK_STR(event.type, STR("compute-ops/server"));
	CHECK_STR(event.operation, STR("Updated"));
	CHECK_STR(json_raw(event.new_state), STR("{\"a\":1}"));
	CHECK(json_is_missing(event.old_state));
	CHECK(json_string_equal(
		json_member(event.attributes, STR("source")), STR("/s")));
	arena_release(&arena);
}

TEST(filter_event, anything_can_be_read)
{
	static const char *const texts[] = {"1", "null", "[]", "{}",
		"{\"type\":1,\"operation\":[],\"new\":2}"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct filter_event event =
			filter_event_read(read_json(texts[i]), &arena);

		CHECK_INT(event.type.len + event.operation.len, 0);
	}
	arena_release(&arena);
}

TEST(filter_event, check_names_the_member_that_is_wrong)
{
	static const struct {
		const char *text, *why; /* NULL: good */
	} rows[] = {
		{"{\"type\":\"t\"}", NULL},
		{"{\"type\":\"t\",\"operation\":null,\"new\":null}", NULL},
		{"{\"type\":\"t\",\"operation\":\"Deleted\",\"x\":1}", NULL},
		{"1", "event: expected an object, found a"},
		{"{}", "event.type: expected a string, found nothing"},
		{"{\"type\":[]}", "event.type: expected a string"},
		{"{\"type\":\"t\",\"operation\":\"deleted\"}",
			"event.operation: expected \"Created\""},
		{"{\"type\":\"t\",\"operation\":{}}",
			"event.operation: expected \"Created\""},
	};
	struct buf why = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum err err;

		buf_clear(&why);
		err = filter_event_check(read_json(rows[i].text), &why);
		CHECK_INT(err, rows[i].why ? ERR_INVALID : ERR_OK);
		if (rows[i].why &&
			!str_starts_with(buf_str(&why), str_of(rows[i].why)))
			check_failed(__FILE__, __LINE__, "%s: %s", rows[i].text,
				buf_text(&why));
	}
	buf_release(&why);
	arena_release(&arena);
}
