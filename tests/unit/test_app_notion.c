#include "base/clock.h"
#include "check.h"
#include "stage.h"

#define SCHEMA \
	"{\"object\":\"database\",\"properties\":{" \
	"\"Server\":{\"id\":\"title\",\"type\":\"title\",\"title\":{}}," \
	"\"Serial\":{\"id\":\"a%40b\",\"type\":\"rich_text\"}," \
	"\"Bays\":{\"id\":\"n\",\"type\":\"number\"}," \
	"\"State\":{\"id\":\"s\",\"type\":\"select\"}," \
	"\"Tags\":{\"id\":\"m\",\"type\":\"multi_select\"}," \
	"\"Seen\":{\"id\":\"d\",\"type\":\"date\"}," \
	"\"Off\":{\"id\":\"c\",\"type\":\"checkbox\"}," \
	"\"Link\":{\"id\":\"u\",\"type\":\"url\"}," \
	"\"Owner\":{\"id\":\"p\",\"type\":\"people\"}," \
	"\"Made\":{\"id\":\"t\",\"type\":\"created_time\"}}}"
#define MADE "{\"object\":\"page\",\"id\":\"p1\",\"url\":\"https://n/p1\"}"

static void
connect_with(const struct wire_reply *replies, size_t count)
{
	stage_begin(replies, count);
	stage_connect("notion", "{\"baseUrl\":\"~\",\"token\":\"ntn_1\"}");
}

TEST(app_notion, item_is_made_with_properties_of_their_types)
{
	static const struct wire_reply replies[] = {
		STAGE_OK(SCHEMA), STAGE_OK(MADE), STAGE_OK(MADE)};
	static const char *input =
		"{\"database\":\"db 1\",\"fields\":{\"title\":\"rack 1\","
		"\"a%40b\":\"CZ1\",\"n\":\"8\",\"s\":\"OFF\","
		"\"m\":\"a, b\",\"d\":{\"start\":"
		"{\"$date\":\"2024-05-06T07:08:09.000Z\"},"
		"\"includeTime\":false},\"c\":true,\"Link\":\"https://x/\","
		"\"p\":[\"u1\"]}}";

	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("notion:createAPage", "{}", input), FAILURE_NONE);
	CHECK_STR(stage_output("url"), STR("https://n/p1"));
	/* The schema is asked for once. */
	CHECK_INT(stage_run("notion:createADatabaseItem", "{}", input),
		FAILURE_NONE);
	stage_end();
	stage_check_head(0, "GET /v1/databases/db%201 HTTP/1.1");
	stage_check_head(1, "POST /v1/pages HTTP/1.1");
	stage_check_head(1, "Authorization: Bearer ntn_1\r\n");
	stage_check_head(1, "Notion-Version: 2022-06-28\r\n");
	stage_check_body(1,
		"{\"parent\":{\"database_id\":\"db 1\"},\"properties\":{"
		"\"Server\":{\"title\":[{\"type\":\"text\",\"text\":"
		"{\"content\":\"rack 1\"}}]},"
		"\"Serial\":{\"rich_text\":[{\"type\":\"text\",\"text\":"
		"{\"content\":\"CZ1\"}}]},"
		"\"Bays\":{\"number\":8},\"State\":{\"select\":"
		"{\"name\":\"OFF\"}},"
		"\"Tags\":{\"multi_select\":[{\"name\":\"a\"},"
		"{\"name\":\"b\"}]},"
		"\"Seen\":{\"date\":{\"start\":\"2024-05-06\"}},"
		"\"Off\":{\"checkbox\":true},"
		"\"Link\":{\"url\":\"https://x/\"},"
		"\"Owner\":{\"people\":[{\"object\":\"user\","
		"\"id\":\"u1\"}]}}}");
	CHECK_STR(stage_body(2), stage_body(1));
}

TEST(app_notion, days_stay_days_and_moments_are_instants)
{
	static const struct wire_reply replies[] = {STAGE_OK(SCHEMA),
		STAGE_OK(MADE), STAGE_OK(MADE), STAGE_OK(MADE)};
	static const struct {
		const char *date, *sent;
	} cases[] = {
		{"\"2024-05-06\"", "{\"start\":\"2024-05-06\"}"},
		{"{\"start\":\"2024-05-06\",\"includeTime\":false,"
		 "\"end\":\"2024-05-07T08:00:00Z\"}",
			"{\"start\":\"2024-05-06\",\"end\":\"2024-05-07\"}"},
		{"{\"$date\":\"2024-05-06T07:08:09.000Z\"}",
			"{\"start\":\"2024-05-06T07:08:09.000Z\"}"},
	};
	char text[300];

	connect_with(replies, COUNT_OF(replies));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		snprintf(text, sizeof(text),
			"{\"database\":\"db\",\"fields\":{\"d\":%s}}",
			cases[i].date);
		CHECK_INT(stage_run("notion:createAPage", "{}", text),
			FAILURE_NONE);
	}
	stage_end();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		snprintf(text, sizeof(text),
			"{\"parent\":{\"database_id\":\"db\"},"
			"\"properties\":{\"Seen\":{\"date\":%s}}}",
			cases[i].sent);
		stage_check_body(i + 1, text);
	}
}

TEST(app_notion, data_sources_have_their_own_version)
{
	static const struct wire_reply replies[] = {
		STAGE_OK(SCHEMA), STAGE_OK(MADE)};

	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("notion:createDataSourceItem", "{}",
			  "{\"data_source\":\"ds\",\"fields\":"
			  "{\"Server\":\"a\",\"s\":\"\"}}"),
		FAILURE_NONE);
	stage_end();
	stage_check_head(0, "GET /v1/data_sources/ds HTTP/1.1");
	stage_check_head(1, "Notion-Version: 2025-09-03\r\n");
	stage_check_body(1,
		"{\"parent\":{\"type\":\"data_source_id\","
		"\"data_source_id\":\"ds\"},\"properties\":{\"Server\":"
		"{\"title\":[{\"type\":\"text\",\"text\":"
		"{\"content\":\"a\"}}]}}}");
}

TEST(app_notion, item_is_changed_and_long_texts_are_cut)
{
	static const struct wire_reply replies[] = {
		STAGE_OK(SCHEMA), STAGE_OK(MADE)};
	char input[1400];

	snprintf(input, sizeof(input),
		"{\"page\":\"p1\",\"database\":\"db\",\"fields\":"
		"{\"Serial\":\"%01200d\"}}",
		7);
	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("notion:updateADatabaseItem", "{}", input),
		FAILURE_NONE);
	stage_end();
	stage_check_head(1, "PATCH /v1/pages/p1 HTTP/1.1");
	CHECK(str_find(stage_body(1), STR("0\"}},{\"type\":\"text\"")) !=
		SIZE_MAX);
}

TEST(app_notion, fields_that_do_not_fit_are_told)
{
	static const struct wire_reply replies[] = {STAGE_OK(SCHEMA),
		STAGE_OK(SCHEMA), STAGE_OK(SCHEMA), STAGE_OK(SCHEMA)};
	static const struct {
		const char *fields, *said;
	} cases[] = {
		{"{\"nothing\":\"x\"}", "fields.nothing: the database has no"},
		{"{\"n\":\"many\"}", "fields.n: expected a number, found text"},
		{"{\"d\":\"soon\"}", "fields.d: expected a date"},
		{"{\"t\":\"x\"}", "of type created_time cannot be written"},
	};

	connect_with(replies, COUNT_OF(replies));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char input[200];

		snprintf(input, sizeof(input),
			"{\"database\":\"db\",\"fields\":%s}", cases[i].fields);
		CHECK_INT(stage_run("notion:createAPage", "{}", input),
			FAILURE_DATA);
		stage_check_said(cases[i].said);
	}
	CHECK_INT(stage_run("notion:createAPage", "{}",
			  "{\"database\":\"db\",\"fields\":[1]}"),
		FAILURE_DATA);
	CHECK_INT(stage_run("notion:createAPage", "{}", "{\"fields\":{}}"),
		FAILURE_DATA);
	stage_check_said("database: expected a text");
	stage_end();
}

TEST(app_notion, search_goes_through_the_pages)
{
	static const struct wire_reply replies[] = {
		STAGE_OK("{\"results\":[{\"id\":\"1\"},{\"id\":\"2\"}],"
			 "\"has_more\":true,\"next_cursor\":\"c2\"}"),
		STAGE_OK("{\"results\":[{\"id\":\"3\"}],"
			 "\"has_more\":false,\"next_cursor\":null}")};

	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("notion:searchObjects1", "{}",
			  "{\"select\":\"item\",\"database\":\"db\","
			  "\"limit\":5,\"filter\":{\"property\":\"State\","
			  "\"select\":{\"equals\":\"OFF\"}}}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 3);
	CHECK(stage.result.is_many);
	stage_check_bundle(2, "{\"id\":\"3\"}");
	stage_end();
	stage_check_head(0, "POST /v1/databases/db/query HTTP/1.1");
	stage_check_body(0, "{\"filter\":{\"property\":\"State\",\"select\":"
			    "{\"equals\":\"OFF\"}},\"page_size\":5}");
	stage_check_body(1, "{\"filter\":{\"property\":\"State\",\"select\":"
			    "{\"equals\":\"OFF\"}},\"page_size\":3,"
			    "\"start_cursor\":\"c2\"}");
}

TEST(app_notion, refusals_and_rate_limits_are_told)
{
	static const struct wire_reply replies[] = {
		STAGE_ANSWER("401 Unauthorized",
			"{\"object\":\"error\",\"status\":401,\"code\":"
			"\"unauthorized\",\"message\":\"API token is "
			"invalid.\"}"),
		{.bytes = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5"
			  "\r\nConnection: close\r\n\r\n{\"object\":\"error\","
			  "\"code\":\"rate_limited\",\"message\":\"slow\"}",
			.then = WIRE_CLOSE}};
	static const char *input = "{\"database\":\"db\",\"fields\":{}}";

	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("notion:createAPage", "{}", input),
		FAILURE_ACCESS_TOKEN);
	CHECK_STR(stage.failure.message, STR("[401] API token is invalid."));
	CHECK_INT(stage_run("notion:createAPage", "{}", input),
		FAILURE_RATE_LIMIT);
	CHECK_INT(stage.failure.retry_after, 5 * SECONDS);
	stage_end();
}
