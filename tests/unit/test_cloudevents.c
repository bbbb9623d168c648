#include "rule/cloudevents.h"

#include "check.h"

static enum err
read_text(struct str text, struct arena *arena, struct cloudevent *ret,
	struct buf *why)
{
	struct json_doc *doc = ARENA_NEW(arena, struct json_doc);

	if (json_read(text, arena, doc, why))
		check_failed(__FILE__, __LINE__, "%.*s: %s", STR_ARG(text),
			buf_text(why));
	return cloudevents_read(json_root(doc), arena, ret, why);
}

static void
write_event(const struct cloudevent *event, struct buf *out)
{
	struct json_out json = json_out_make(out);

	buf_clear(out);
	cloudevents_write(event, &json, NULL);
}

static void
check_case(struct str claim, struct str text, struct str expected)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf got = buf_make(0);
	CLEANUP(buf_release) struct buf again = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct cloudevent event;

	if (read_text(text, &arena, &event, &why) == ERR_OK) {
		write_event(&event, &got);
		CHECK_OK(read_text(buf_str(&got), &arena, &event, &why));
		write_event(&event, &again);
		CHECK_STR(buf_str(&again), buf_str(&got));
		buf_append(&why, STR("ok "));
		buf_append(&why, buf_str(&got));
	}
	if (!str_equal(buf_str(&why), expected))
		check_failed("cases/cloudevents.txt", 0, "%.*s: got %s",
			STR_ARG(claim), buf_text(&why));
	arena_release(&arena);
}

TEST(cloudevents, every_case_of_the_file_holds_and_round_trips)
{
	struct str rest =
		check_read_file(check_data_path("cases/cloudevents.txt"));
	int cases = 0;

	while (rest.ptr != NULL) {
		struct str claim = str_split(&rest, '\n');
		struct str text;

		if (claim.len == 0 || claim.ptr[0] == '#')
			continue;
		text = str_split(&rest, '\n');
		check_case(claim, text, str_split(&rest, '\n'));
		cases++;
	}
	CHECK(cases >= 50);
}

TEST(cloudevents, members_are_read_into_their_fields)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct cloudevent e;

	CHECK_OK(read_text(
		STR("{\"type\":\"t\",\"specversion\":\"1.0\",\"id\":\"i\","
		    "\"source\":\"/s\",\"subject\":\"su\",\"time\":"
		    "\"1970-01-01T00:00:01.5Z\",\"dataschema\":\"x:y\","
		    "\"datacontenttype\":\"a/json\",\"b\":1.0,\"a\":\"\\\"\""
		    ",\"data\": { \"k\" : 1 } }"),
		&arena, &e, &why));
	CHECK_STR(e.id, STR("i"));
	CHECK_STR(e.source, STR("/s"));
	CHECK_STR(e.type, STR("t"));
	CHECK_STR(e.subject, STR("su"));
	CHECK_STR(e.dataschema, STR("x:y"));
	CHECK_STR(e.datacontenttype, STR("a/json"));
	CHECK_INT(e.time, 1500000);
	CHECK(e.has_time && e.has_data && e.data_is_json);
	CHECK_STR(e.extensions, STR("{\"b\":1,\"a\":\"\\\"\"}"));
	CHECK_STR(e.data, STR("{ \"k\" : 1 }"));
	arena_release(&arena);
}

TEST(cloudevents, events_of_a_batch_are_read_one_by_one)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct cloudevent e;
	struct json_doc doc;

	CHECK_OK(json_read(
		STR("[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\","
		    "\"type\":\"t\",\"data\":{\"k\":1}},{\"specversion\":"
		    "\"1.0\",\"id\":\"2\",\"source\":\"s\",\"type\":\"u\"},7]"),
		&arena, &doc, &why));
	CHECK_OK(cloudevents_read(
		json_element(json_root(&doc), 0), &arena, &e, &why));
	CHECK_STR(e.id, STR("1"));
	CHECK_STR(e.data, STR("{\"k\":1}"));
	CHECK_OK(cloudevents_read(
		json_element(json_root(&doc), 1), &arena, &e, &why));
	CHECK_STR(e.type, STR("u"));
	CHECK(!e.has_data);
	CHECK_INT(cloudevents_read(
			  json_element(json_root(&doc), 2), &arena, &e, &why),
		ERR_INVALID);
	CHECK_TEXT(
		buf_text(&why), "an event: expected an object, got a number");
	CHECK_INT(cloudevents_read(
			  json_element(json_root(&doc), 3), &arena, &e, &why),
		ERR_INVALID);
	arena_release(&arena);
}

TEST(cloudevents, an_event_without_data_has_none)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct cloudevent e;

	CHECK_OK(read_text(STR("{\"specversion\":\"1.0\",\"id\":\"1\","
			       "\"source\":\"s\",\"type\":\"t\"}"),
		&arena, &e, &why));
	CHECK(!e.has_data && !e.has_time && !e.data_is_json);
	CHECK_INT(e.data.len, 0);
	CHECK_STR(e.extensions, STR("{}"));
	CHECK_INT(why.len, 0);
	arena_release(&arena);
}

/** An event with `count` extensions and an id of `id_len` bytes. */
static enum err
read_large(size_t count, size_t id_len)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf text = buf_make(0);
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct cloudevent event;
	enum err err;

	buf_append(&text, STR("{\"specversion\":\"1.0\",\"source\":\"s\","
			      "\"type\":\"t\",\"id\":\""));
	while (id_len-- > 0)
		buf_append_char(&text, 'i');
	buf_append_char(&text, '"');
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, ",\"x%zu\":1", i);
	buf_append_char(&text, '}');
	err = read_text(buf_str(&text), &arena, &event, &why);
	CHECK_INT(err != ERR_OK, why.len > 0);
	arena_release(&arena);
	return err;
}

TEST(cloudevents, number_and_length_of_attributes_have_limits)
{
	CHECK_OK(read_large(CLOUDEVENTS_ATTRIBUTES_MAX - 4, 1));
	CHECK_INT(read_large(CLOUDEVENTS_ATTRIBUTES_MAX - 3, 1), ERR_LIMIT);
	CHECK_OK(read_large(0, CLOUDEVENTS_VALUE_MAX));
	CHECK_INT(read_large(0, CLOUDEVENTS_VALUE_MAX + 1), ERR_LIMIT);
}

TEST(cloudevents, content_type_tells_the_mode)
{
	static const struct {
		const char *type;
		enum cloudevents_mode mode;
	} rows[] = {
		{"application/cloudevents+json", CLOUDEVENTS_STRUCTURED},
		{"application/cloudevents+json; charset=UTF-8",
			CLOUDEVENTS_STRUCTURED},
		{"Application/CloudEvents+JSON", CLOUDEVENTS_STRUCTURED},
		{"application/cloudevents", CLOUDEVENTS_STRUCTURED},
		{"application/cloudevents-batch+json", CLOUDEVENTS_BATCH},
		{" APPLICATION/cloudevents-BATCH+json;charset=utf-8",
			CLOUDEVENTS_BATCH},
		{"application/json", CLOUDEVENTS_BINARY},
		{"application/cloudevent", CLOUDEVENTS_BINARY},
		{"", CLOUDEVENTS_BINARY},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_INT(cloudevents_mode_of(str_of(rows[i].type)),
			rows[i].mode);
}

/** The four that must be there, then one of the test's own. */
static enum err
read_binary(const char *name, const char *value, const char *content_type,
	const char *body, struct arena *arena, struct buf *got)
{
	const struct cloudevents_header headers[] = {
		{STR_INIT("Host"), STR_INIT("x")},
		{STR_INIT("ce-specversion"), STR_INIT("1.0")},
		{STR_INIT("Ce-Id"), STR_INIT(" 1 ")},
		{STR_INIT("CE-SOURCE"), STR_INIT("/s")},
		{STR_INIT("ce-type"), STR_INIT("t")},
		{str_of(name), str_of(value)},
	};
	struct cloudevent event;
	enum err err;

	buf_clear(got);
	err = cloudevents_read_binary(
		&(struct cloudevents_message){headers,
			COUNT_OF(headers) - (name ? 0 : 1),
			str_of(content_type), str_of(body)},
		arena, &event, got);
	if (!err)
		write_event(&event, got);
	return err;
}

#define BINARY_BASE \
	"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"," \
	"\"type\":\"t\""

TEST(cloudevents, binary_mode_is_read)
{
	static const struct {
		const char *name, *value, *type, *body, *expected;
	} rows[] = {
		{NULL, NULL, "", "", BINARY_BASE "}"},
		{"ce-subject", "Euro%20%E2%82%AC%20%f0%9f%98%80", "", "",
			BINARY_BASE ",\"subject\":\"Euro € 😀\"}"},
		{"ce-subject", "\"a \\\"b\\\" %41\"", "", "",
			BINARY_BASE ",\"subject\":\"a \\\"b\\\" A\"}"},
		{"ce-subject", "%2541", "", "",
			BINARY_BASE ",\"subject\":\"%41\"}"},
		{"ce-subject", "a b+c", "", "",
			BINARY_BASE ",\"subject\":\"a b+c\"}"},
		{"CE-Sequence", "7", "", "",
			BINARY_BASE ",\"sequence\":\"7\"}"},
		{"cex-y", "\x01", "", "", BINARY_BASE "}"},
		{"ce-time", "2024-01-01T00:00:00Z", "", "",
			BINARY_BASE
			",\"time\":\"2024-01-01T00:00:00.000000Z\"}"},
		{NULL, NULL, "application/json; charset=utf-8", "[1, 2]",
			BINARY_BASE ",\"datacontenttype\":\"application/json; "
				    "charset=utf-8\",\"data\":[1, 2]}"},
		{NULL, NULL, "text/plain", "hi",
			BINARY_BASE ",\"datacontenttype\":\"text/plain\","
				    "\"data\":\"hi\"}"},
		{NULL, NULL, "", "hi",
			BINARY_BASE ",\"data_base64\":\"aGk=\"}"},
		{NULL, NULL, "text/plain", "\xFF",
			BINARY_BASE ",\"datacontenttype\":\"text/plain\","
				    "\"data_base64\":\"/w==\"}"},
	};
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf got = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (read_binary(rows[i].name, rows[i].value, rows[i].type,
			    rows[i].body, &arena, &got))
			check_failed(__FILE__, __LINE__, "row %zu: %s", i,
				buf_text(&got));
		CHECK_TEXT(buf_text(&got), rows[i].expected);
	}
	arena_release(&arena);
}

TEST(cloudevents, bad_binary_mode_is_refused)
{
	static const struct {
		const char *name, *value, *type, *body, *expected;
	} rows[] = {
		{"ce-subject", "%C0%A0", "", "",
			"attribute 'subject': expected UTF-8 text without "
			"control characters and noncharacters"},
		{"ce-subject", "\xFF", "", "",
			"attribute 'subject': expected UTF-8 text without "
			"control characters and noncharacters"},
		{"ce-subject", "a%0D%0Ab", "", "",
			"attribute 'subject': expected UTF-8 text without "
			"control characters and noncharacters"},
		{"ce-subject", "%00", "", "",
			"attribute 'subject': expected two hex digits after "
			"every '%', not 00"},
		{"ce-subject", "50%", "", "",
			"attribute 'subject': expected two hex digits after "
			"every '%', not 00"},
		{"ce-subject", "\"a", "", "",
			"attribute 'subject': expected one whole quoted "
			"string"},
		{"ce-subject", "\"a\" b", "", "",
			"attribute 'subject': expected one whole quoted "
			"string"},
		{"ce-subject", "\"a\\", "", "",
			"attribute 'subject': expected one whole quoted "
			"string"},
		{"ce-subject", "", "", "",
			"attribute 'subject': expected a non-empty string"},
		{"ce-id", "2", "", "",
			"attribute 'id': expected to be given "
			"once"},
		{"ce-datacontenttype", "a/b", "", "",
			"attribute 'datacontenttype': expected no such "
			"header: Content-Type and the body tell it"},
		{"ce-data", "a", "", "",
			"attribute 'data': expected no such header: "
			"Content-Type and the body tell it"},
		{"ce-a-b", "a", "", "",
			"attribute name 'a-b': expected only a-z and 0-9"},
		{"ce-", "a", "", "",
			"attribute name '': expected only a-z and 0-9"},
		{NULL, NULL, "json", "",
			"attribute 'datacontenttype': expected a media type "
			"such as application/json"},
		{NULL, NULL, "application/json", "{\"a\":}",
			"the body is not the JSON that Content-Type says it "
			"is: line 1 column 6: expected a value"},
	};
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf got = buf_make(0);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CHECK_INT(read_binary(rows[i].name, rows[i].value, rows[i].type,
				  rows[i].body, &arena, &got),
			ERR_INVALID);
		CHECK_TEXT(buf_text(&got), rows[i].expected);
	}
	arena_release(&arena);
}

TEST(cloudevents, binary_mode_without_its_headers_is_refused)
{
	struct arena arena = {0};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct cloudevent event;

	CHECK_INT(cloudevents_read_binary(
			  &(struct cloudevents_message){
				  NULL, 0, STR("application/json"), STR("{}")},
			  &arena, &event, &why),
		ERR_INVALID);
	CHECK_TEXT(buf_text(&why), "attribute 'specversion' is missing");
	arena_release(&arena);
}
