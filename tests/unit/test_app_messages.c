/* ServiceNow, Twilio, Telegram, Discord. */
#include "base/clock.h"
#include "check.h"
#include "stage.h"

TEST(app_servicenow, records_are_made_changed_and_searched)
{
	static const struct wire_reply replies[] = {
		STAGE_ANSWER("201 Created",
			"{\"result\":{\"sys_id\":\"1\",\"number\":"
			"\"INC1\"}}"),
		STAGE_OK("{\"result\":{\"sys_id\":\"1\",\"state\":\"6\"}}"),
		STAGE_OK("{\"result\":[{\"sys_id\":\"1\"},"
			 "{\"sys_id\":\"2\"}]}")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("servicenow", "{\"baseUrl\":\"~/\",\"username\":\"u\","
				    "\"password\":\"p\"}");
	CHECK_INT(stage_run("servicenow:createRecord", "{}",
			  "{\"table\":\"incident\",\"record\":"
			  "{\"short_description\":\"disk\"}}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("number"), STR("INC1"));
	CHECK_INT(stage_run("servicenow:updateRecord", "{}",
			  "{\"table\":\"incident\",\"sys_id\":\"1\","
			  "\"record\":{\"state\":\"6\"}}"),
		FAILURE_NONE);
	CHECK_INT(stage_run("servicenow:searchRecords", "{}",
			  "{\"table\":\"incident\",\"query\":"
			  "\"active=true^priority=1\",\"limit\":2}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 2);
	stage_end();
	stage_check_head(0, "POST /api/now/table/incident HTTP/1.1");
	stage_check_head(0, "Authorization: Basic dTpw\r\n");
	stage_check_head(0, "Accept: application/json\r\n");
	stage_check_body(0, "{\"short_description\":\"disk\"}");
	stage_check_head(1, "PATCH /api/now/table/incident/1 HTTP/1.1");
	stage_check_head(2, "GET /api/now/table/incident?sysparm_query=active"
			    "%3Dtrue%5Epriority%3D1&sysparm_limit=2 HTTP/1.1");
}

TEST(app_servicenow, refusals_are_told)
{
	static const struct wire_reply replies[] = {STAGE_ANSWER(
		"404 Not Found", "{\"error\":{\"message\":\"No Record found\","
				 "\"detail\":\"x\"},\"status\":\"failure\"}")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("servicenow", "{\"baseUrl\":\"~\",\"token\":\"t\"}");
	CHECK_INT(stage_run("servicenow:updateRecord", "{}",
			  "{\"table\":\"incident\",\"sys_id\":\"9\","
			  "\"record\":{\"state\":\"6\"}}"),
		FAILURE_DATA);
	CHECK_STR(stage.failure.message, STR("[404] No Record found"));
	CHECK_INT(stage_run("servicenow:createRecord", "{}",
			  "{\"table\":\"incident\",\"record\":[]}"),
		FAILURE_DATA);
	stage_end();
	stage_check_head(0, "Authorization: Bearer t\r\n");
}

TEST(app_twilio, message_is_a_form_with_the_account)
{
	static const struct wire_reply replies[] = {
		STAGE_ANSWER("201 Created",
			"{\"sid\":\"SM1\",\"status\":\"queued\"}"),
		STAGE_ANSWER("400 Bad Request",
			"{\"code\":21211,\"message\":\"The 'To' number is not "
			"a valid phone number.\",\"status\":400}")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("twilio",
		"{\"baseUrl\":\"~\",\"accountSid\":\"AC1\",\"authToken\":\"t\","
		"\"from\":\"+15005550006\"}");
	CHECK_INT(stage_run("twilio:CreateMessage", "{}",
			  "{\"to\":\"+420 1\",\"body\":\"disk & fan\"}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("sid"), STR("SM1"));
	CHECK_INT(stage_run("twilio:CreateMessage", "{}",
			  "{\"to\":\"x\",\"body\":\"y\"}"),
		FAILURE_DATA);
	stage_check_said("[400] The 'To' number");
	CHECK_INT(stage_run("twilio:CreateMessage", "{}", "{\"to\":\"x\"}"),
		FAILURE_DATA);
	stage_check_said("body: expected a text");
	stage_end();
	stage_check_head(
		0, "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1");
	stage_check_head(0, "Authorization: Basic QUMxOnQ=\r\n");
	CHECK_STR(stage_body(0), STR("To=%2B420%201&From=%2B15005550006&Body="
				     "disk%20%26%20fan"));
}

TEST(app_telegram, message_is_sent_and_its_token_kept_secret)
{
	static const struct wire_reply replies[] = {
		STAGE_OK("{\"ok\":true,\"result\":{\"message_id\":7}}"),
		STAGE_ANSWER("429 Too Many Requests",
			"{\"ok\":false,\"error_code\":429,\"description\":"
			"\"Too Many Requests: retry after 9\",\"parameters\":"
			"{\"retry_after\":9}}")};
	CLEANUP(buf_release) struct buf trace = {0};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect(
		"telegram", "{\"baseUrl\":\"~\",\"token\":\"12:s3cret\"}");
	CHECK_INT(stage_run("telegram:SendReplyMessage", "{}",
			  "{\"chatId\":\"-5\",\"text\":\"off\",\"parseMode\":"
			  "\"HTML\",\"replyToMessageId\":\"3\"}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("message_id"), STR("7"));
	value_append_json(&trace, stage.result.trace, VALUE_JSON_PLAIN);
	CHECK(str_find(buf_str(&trace), STR("s3cret")) == SIZE_MAX);
	CHECK_INT(stage_run("telegram:SendReplyMessage", "{}",
			  "{\"chatId\":\"-5\",\"text\":\"off\"}"),
		FAILURE_RATE_LIMIT);
	CHECK_INT(stage.failure.retry_after, 9 * SECONDS);
	CHECK_INT(stage_run("telegram:SendReplyMessage", "{}",
			  "{\"chatId\":\"-5\"}"),
		FAILURE_DATA);
	stage_end();
	stage_check_head(0, "POST /bot12:s3cret/sendMessage HTTP/1.1");
	stage_check_body(0,
		"{\"chat_id\":\"-5\",\"text\":\"off\",\"parse_mode\":\"HTML\","
		"\"reply_parameters\":{\"message_id\":3}}");
}

TEST(app_discord, message_is_sent_by_a_bot_or_a_webhook)
{
	static const struct wire_reply replies[] = {
		STAGE_OK("{\"id\":\"9\"}"), STAGE_OK("{\"id\":\"10\"}")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("discord", "{\"baseUrl\":\"~/api/v10\",\"token\":\"b\"}");
	CHECK_INT(stage_run("discord:createMessage", "{}",
			  "{\"channelId\":\"4\",\"content\":\"off\"}"),
		FAILURE_NONE);
	stage_connect("discord", "{\"webhookUrl\":\"~/api/webhooks/1/x\"}");
	CHECK_INT(stage_run("discord:PostMessage", "{}",
			  "{\"content\":\"off\",\"embeds\":"
			  "{\"title\":\"t\"}}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("id"), STR("10"));
	CHECK_INT(stage_run("discord:createMessage", "{}", "{}"), FAILURE_DATA);
	stage_end();
	stage_check_head(0, "POST /api/v10/channels/4/messages HTTP/1.1");
	stage_check_head(0, "Authorization: Bot b\r\n");
	stage_check_body(0, "{\"content\":\"off\",\"nonce\":\"grapnel-7-3\","
			    "\"enforce_nonce\":true}");
	stage_check_head(1, "POST /api/webhooks/1/x?wait=true HTTP/1.1");
	stage_check_body(
		1, "{\"content\":\"off\",\"embeds\":[{\"title\":\"t\"}]}");
}
