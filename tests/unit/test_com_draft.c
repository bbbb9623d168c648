#include "api/com_draft.h"

#include "check.h"

#define GOOD_MEMBERS \
	"\"name\":\"n\",\"destination\":\"https://example.com/h\"," \
	"\"state\":\"ENABLED\",\"eventFilter\":\"type eq 'x'\""

struct reading {
	struct arena arena;
	struct json_doc doc;
	struct com_draft draft;
	struct buf issues; /* "subject: description\n" each */
};

static void
reading_release(struct reading *reading)
{
	buf_release(&reading->issues);
	arena_release(&reading->arena);
}

static void
read_draft(struct reading *ret, enum com_draft_kind kind, const char *body)
{
	*ret = (struct reading){0};
	CHECK_OK(json_read(str_of(body), &ret->arena, &ret->doc, NULL));
	com_draft_read(json_root(&ret->doc), kind, &ret->arena, &ret->draft);
	for (size_t i = 0; i < ret->draft.issues.count; i++) {
		const struct api_issue *row = &ret->draft.issues.rows[i];

		CHECK_TEXT(row->source, "field");
		buf_printf(&ret->issues, "%.*s: %.*s\n", STR_ARG(row->subject),
			STR_ARG(row->description));
	}
}

static void
expect_issues(enum com_draft_kind kind, const char *body, const char *expected)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, kind, body);
	CHECK_TEXT(buf_text(&got.issues), expected);
}

TEST(com_draft, create_takes_the_five_members)
{
	CLEANUP(reading_release) struct reading got;
	const struct webhook_draft *draft = &got.draft.draft;

	read_draft(&got, COM_CREATE,
		"{" GOOD_MEMBERS ",\"headers\":{\"A\":\"1\",\"B\":\"\"}}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK(draft->has_name && draft->has_destination && draft->has_state &&
		draft->has_filter && draft->has_headers);
	CHECK_STR(draft->name, STR("n"));
	CHECK_STR(draft->destination, STR("https://example.com/h"));
	CHECK_INT(draft->state, WEBHOOK_ENABLED);
	CHECK_STR(draft->filter, STR("type eq 'x'"));
	CHECK_INT(draft->header_count, 2);
	CHECK_STR(draft->headers[0].name, STR("A"));
	CHECK_STR(draft->headers[0].value, STR("1"));
	CHECK_STR(draft->headers[1].name, STR("B"));
	CHECK(draft->headers[1].value.ptr != NULL);
	CHECK_INT(draft->headers[1].value.len, 0);
}

TEST(com_draft, every_missing_member_is_named)
{
	expect_issues(COM_CREATE, "{}",
		"name: is mandatory\n"
		"destination: is mandatory\n"
		"state: is mandatory\n"
		"eventFilter: is mandatory\n"
		"headers: is mandatory\n");
	expect_issues(
		COM_CREATE, "{" GOOD_MEMBERS "}", "headers: is mandatory\n");
	expect_issues(COM_CREATE, "{\"headers\":{},\"state\":\"DISABLED\"}",
		"name: is mandatory\n"
		"destination: is mandatory\n"
		"eventFilter: is mandatory\n");
}

TEST(com_draft, everything_wrong_is_told_at_once)
{
	expect_issues(COM_CREATE,
		"{\"name\":7,\"state\":\"enabled\",\"eventFilter\":false,"
		"\"headers\":{\"A\":1,\"B\":null},\"colour\":\"red\","
		"\"status\":\"ACTIVE\"}",
		"destination: is mandatory\n"
		"name: expected a string, found a number\n"
		"state: expected ENABLED or DISABLED, found \"enabled\"\n"
		"eventFilter: expected a string, found false\n"
		"headers.A: expected a string, found a number\n"
		"headers.B: expected a string, found null\n"
		"colour: there is no such member\n"
		"status: is read-only\n");
}

TEST(com_draft, filter_that_does_not_parse_says_where)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, COM_PATCH, "{\"eventFilter\":\"type eq\"}");
	CHECK_INT(got.draft.issues.count, 1);
	CHECK(str_starts_with(
		buf_str(&got.issues), STR("eventFilter: column ")));
}

TEST(com_draft, wrong_kinds_are_refused)
{
	static const char *const names[] = {
		"name", "destination", "state", "eventFilter"};
	static const struct {
		const char *text, *kind;
	} values[] = {{"null", "null"}, {"[]", "an array"}, {"{}", "an object"},
		{"1", "a number"}, {"true", "true"}};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		for (size_t j = 0; j < COUNT_OF(values); j++) {
			CLEANUP(buf_release) struct buf body = {0};
			CLEANUP(buf_release) struct buf why = {0};

			buf_printf(
				&body, "{\"%s\":%s}", names[i], values[j].text);
			buf_printf(&why, "%s: expected a string, found %s\n",
				names[i], values[j].kind);
			expect_issues(
				COM_PATCH, buf_text(&body), buf_text(&why));
		}
	expect_issues(COM_PATCH, "{\"headers\":[]}",
		"headers: expected an object of strings, found an array\n");
	expect_issues(COM_PATCH, "{\"headers\":\"A: b\"}",
		"headers: expected an object of strings, found a string\n");
	expect_issues(COM_CREATE, "{" GOOD_MEMBERS ",\"headers\":null}",
		"headers: expected an object of strings, found null\n");
}

TEST(com_draft, empty_strings_are_refused)
{
	expect_issues(COM_PATCH,
		"{\"name\":\"\",\"destination\":\"\",\"state\":\"\","
		"\"eventFilter\":\"\"}",
		"name: may not be empty\n"
		"destination: may not be empty\n"
		"state: may not be empty\n"
		"eventFilter: may not be empty\n");
}

TEST(com_draft, body_must_be_an_object)
{
	expect_issues(COM_CREATE, "[]",
		": expected the body to be an object, found an array\n");
	expect_issues(COM_PATCH, "null",
		": expected the body to be an object, found null\n");
	expect_issues(COM_PATCH, "\"x\"",
		": expected the body to be an object, found a string\n");
}

TEST(com_draft, patch_takes_any_of_the_members)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, COM_PATCH, "{\"state\":\"DISABLED\"}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK(got.draft.draft.has_state && !got.draft.draft.has_name &&
		!got.draft.draft.has_headers);
	CHECK_INT(got.draft.draft.state, WEBHOOK_DISABLED);
	CHECK(!com_draft_is_empty(&got.draft));
}

TEST(com_draft, patch_removes_headers_that_are_null)
{
	CLEANUP(reading_release) struct reading got;
	const struct webhook_draft *draft = &got.draft.draft;

	read_draft(&got, COM_PATCH, "{\"headers\":{\"A\":null,\"B\":\"\"}}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK(draft->has_headers && !got.draft.clears_headers);
	CHECK(draft->headers[0].value.ptr == NULL);
	CHECK(draft->headers[1].value.ptr != NULL);
}

TEST(com_draft, patch_with_headers_null_clears_them)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, COM_PATCH, "{\"headers\":null}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK(got.draft.clears_headers && !got.draft.draft.has_headers);
	CHECK(!com_draft_is_empty(&got.draft));
}

TEST(com_draft, empty_patch_says_nothing)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, COM_PATCH, "{}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK(com_draft_is_empty(&got.draft));
}

TEST(com_draft, last_of_two_members_counts)
{
	CLEANUP(reading_release) struct reading got;
	const struct webhook_draft *draft = &got.draft.draft;

	read_draft(&got, COM_PATCH,
		"{\"name\":7,\"name\":\"b\",\"headers\":{\"A\":1,\"A\":\"2\"}}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_STR(draft->name, STR("b"));
	CHECK_INT(draft->header_count, 1);
	CHECK_STR(draft->headers[0].value, STR("2"));
}

TEST(com_draft, headers_that_differ_in_case_are_the_same)
{
	expect_issues(COM_PATCH,
		"{\"headers\":{\"X-A\":\"1\",\"x-a\":\"2\",\"X-B\":\"3\"}}",
		"headers.x-a: is the same header as \"X-A\"\n");
}

TEST(com_draft, escapes_in_members_are_undone)
{
	CLEANUP(reading_release) struct reading got;

	read_draft(&got, COM_PATCH,
		"{\"n\\u0061me\":\"a\\\"b\",\"headers\":{\"\\u0041\":\"\\n\"}}");
	CHECK_TEXT(buf_text(&got.issues), "");
	CHECK_STR(got.draft.draft.name, STR("a\"b"));
	CHECK_STR(got.draft.draft.headers[0].name, STR("A"));
	CHECK_STR(got.draft.draft.headers[0].value, STR("\n"));
}

static void
name_of(struct buf *body, int count, const char *character)
{
	buf_printf(body, "{\"name\":\"");
	for (int i = 0; i < count; i++)
		buf_append(body, str_of(character));
	buf_printf(body, "\"}");
}

TEST(com_draft, names_are_counted_in_characters)
{
	CLEANUP(buf_release) struct buf good = {0}, bad = {0};

	name_of(&good, COM_NAME_MAX, "\xC3\xA9");
	expect_issues(COM_PATCH, buf_text(&good), "");
	name_of(&bad, COM_NAME_MAX + 1, "a");
	expect_issues(COM_PATCH, buf_text(&bad),
		"name: longer than 255 characters\n");
}

static void
many_members(struct buf *body, int count, const char *value)
{
	for (int i = 0; i < count; i++)
		buf_printf(body, "%s\"m%d\":%s", i ? "," : "", i, value);
}

TEST(com_draft, headers_and_members_are_bounded)
{
	CLEANUP(buf_release) struct buf good = {0}, bad = {0}, wide = {0};

	buf_printf(&good, "{\"headers\":{");
	many_members(&good, COM_HEADERS_MAX, "\"v\"");
	buf_printf(&good, "}}");
	expect_issues(COM_PATCH, buf_text(&good), "");
	buf_printf(&bad, "{\"headers\":{");
	many_members(&bad, COM_HEADERS_MAX + 1, "\"v\"");
	buf_printf(&bad, "}}");
	expect_issues(
		COM_PATCH, buf_text(&bad), "headers: more than 64 members\n");
	buf_printf(&wide, "{");
	many_members(&wide, COM_MEMBERS_MAX + 1, "1");
	buf_printf(&wide, "}");
	expect_issues(COM_PATCH, buf_text(&wide), ": more than 64 members\n");
}

TEST(com_draft, issues_past_the_maximum_are_counted)
{
	CLEANUP(reading_release) struct reading got;
	CLEANUP(buf_release) struct buf body = {0};

	buf_printf(&body, "{");
	many_members(&body, COM_MEMBERS_MAX, "1");
	buf_printf(&body, "}");
	read_draft(&got, COM_PATCH, buf_text(&body));
	CHECK_INT(got.draft.issues.count, COM_ISSUES_MAX);
	CHECK_INT(got.draft.issues.left_off, COM_MEMBERS_MAX - COM_ISSUES_MAX);
}
