#include "check.h"
#include "stage.h"

static void
connect_with(const struct wire_reply *replies, size_t count)
{
	stage_begin(replies, count);
	stage_connect("airtable", "{\"baseUrl\":\"~\",\"token\":\"pat1\"}");
}

#define RECORD \
	"{\"id\":\"rec1\",\"createdTime\":\"2024-05-06T07:08:09.000Z\"," \
	"\"fields\":{\"Name\":\"a\"}}"

TEST(app_airtable, records_are_made_changed_and_read)
{
	static const struct wire_reply replies[] = {
		STAGE_OK(RECORD), STAGE_OK(RECORD), STAGE_OK(RECORD)};

	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("airtable:ActionCreateRecord", "{}",
			  "{\"base\":\"app1\",\"table\":\"My table\","
			  "\"typecast\":true,\"useColumnId\":false,"
			  "\"record\":{\"fld1\":\"a\",\"fld2\":null}}"),
		FAILURE_NONE);
	stage_check_bundle(0, "{\"id\":\"rec1\",\"createdTime\":"
			      "\"2024-05-06T07:08:09.000Z\",\"Name\":\"a\"}");
	CHECK_INT(stage_run("airtable:ActionUpdateRecords", "{}",
			  "{\"base\":\"app1\",\"table\":\"t\",\"id\":\"rec1\","
			  "\"record\":{\"fld1\":7}}"),
		FAILURE_NONE);
	CHECK_INT(stage_run("airtable:ActionGetRecord", "{}",
			  "{\"base\":\"app1\",\"table\":\"t\","
			  "\"id\":\"rec1\"}"),
		FAILURE_NONE);
	stage_end();
	stage_check_head(0, "POST /v0/app1/My%20table HTTP/1.1");
	stage_check_head(0, "Authorization: Bearer pat1\r\n");
	stage_check_body(0, "{\"fields\":{\"fld1\":\"a\"},\"typecast\":true}");
	stage_check_head(1, "PATCH /v0/app1/t/rec1 HTTP/1.1");
	stage_check_head(2, "GET /v0/app1/t/rec1 HTTP/1.1");
}

TEST(app_airtable, record_is_merged_by_fields)
{
	static const struct wire_reply replies[] = {
		STAGE_OK("{\"records\":[" RECORD "],\"createdRecords\":[],"
			 "\"updatedRecords\":[\"rec1\"]}")};

	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("airtable:upsertRecord", "{}",
			  "{\"base\":\"app1\",\"table\":\"t\","
			  "\"fieldsToMergeOn\":[\"Name\"],"
			  "\"record\":{\"Name\":\"a\"}}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("id"), STR("rec1"));
	stage_end();
	stage_check_head(0, "PATCH /v0/app1/t HTTP/1.1");
	stage_check_body(0,
		"{\"performUpsert\":{\"fieldsToMergeOn\":[\"Name\"]},"
		"\"records\":[{\"fields\":{\"Name\":\"a\"}}]}");
}

TEST(app_airtable, search_goes_through_the_pages)
{
	static const struct wire_reply replies[] = {
		STAGE_OK("{\"records\":[" RECORD "],\"offset\":\"itr/1\"}"),
		STAGE_OK("{\"records\":[" RECORD "]}")};

	connect_with(replies, COUNT_OF(replies));
	CHECK_INT(stage_run("airtable:ActionSearchRecords", "{}",
			  "{\"base\":\"app1\",\"table\":\"t\","
			  "\"formula\":\"{Name}='a'\",\"maxRecords\":5,"
			  "\"sort\":[{\"field\":\"Name\",\"direction\":"
			  "\"desc\"}]}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 2);
	stage_end();
	stage_check_head(0,
		"GET /v0/app1/t?pageSize=100&maxRecords=5&filterByFormula="
		"%7BName%7D%3D%27a%27&sort%5B0%5D%5Bfield%5D=Name&"
		"sort%5B0%5D%5Bdirection%5D=desc HTTP/1.1");
	stage_check_head(1, "&offset=itr%2F1 HTTP/1.1");
}

TEST(app_airtable, refusals_and_bad_input_are_told)
{
	static const struct wire_reply replies[] = {
		STAGE_ANSWER("422 Unprocessable Entity",
			"{\"error\":{\"type\":\"UNKNOWN_FIELD_NAME\","
			"\"message\":\"Unknown field name: \\\"x\\\"\"}}"),
		STAGE_ANSWER("404 Not Found", "{\"error\":\"NOT_FOUND\"}"),
		STAGE_ANSWER("429 Too Many Requests",
			"{\"errors\":[{\"error\":\"RATE_LIMIT_REACHED\"}]}")};
	static const char *input = "{\"base\":\"a\",\"table\":\"t\","
				   "\"record\":{\"x\":1}}";
	static const enum failure_kind kinds[] = {
		FAILURE_DATA, FAILURE_DATA, FAILURE_RATE_LIMIT};
	static const char *const said[] = {
		"[422] Unknown field name", "NOT_FOUND", "RATE_LIMIT"};

	connect_with(replies, COUNT_OF(replies));
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		CHECK_INT(stage_run("airtable:ActionCreateRecord", "{}", input),
			kinds[i]);
		stage_check_said(said[i]);
	}
	CHECK_INT(stage_run("airtable:ActionCreateRecord", "{}",
			  "{\"base\":\"a\",\"table\":\"t\"}"),
		FAILURE_DATA);
	stage_check_said("record: expected a collection");
	CHECK_INT(stage_run("airtable:ActionUpdateRecords", "{}", input),
		FAILURE_DATA);
	stage_check_said("id: expected");
	stage_end();
}
