#include "base/clock.h"
#include "check.h"
#include "stage.h"

#define POSTED \
	"{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1503435956.000247\"," \
	"\"message\":{\"text\":\"hi\",\"type\":\"message\"}}"

static enum failure_kind
post(const struct wire_reply *replies, size_t count, const char *input)
{
	enum failure_kind kind;

	stage_begin(replies, count);
	stage_connect("slack", "{\"baseUrl\":\"~/api\",\"token\":\"xoxb-1\"}");
	kind = stage_run("slack:CreateMessage", "{}", input);
	stage_end();
	return kind;
}

static enum failure_kind
post_to(const char *answer, const char *input)
{
	struct wire_reply replies[] = {{.bytes = answer, .then = WIRE_CLOSE}};

	return post(replies, 1, input);
}

TEST(app_slack, message_is_posted_with_token_channel_and_blocks)
{
	static const struct wire_reply replies[] = {STAGE_OK(POSTED)};

	CHECK_INT(post(replies, 1,
			  "{\"channel\":\"C1\",\"text\":\"hi\","
			  "\"channelWType\":\"list\",\"thread_ts\":\"1.2\","
			  "\"blocks\":\"[{\\\"type\\\":\\\"divider\\\"}]\"}"),
		FAILURE_NONE);
	stage_check_head(0, "POST /api/chat.postMessage HTTP/1.1");
	stage_check_head(0, "Authorization: Bearer xoxb-1\r\n");
	stage_check_head(0, "Content-Type: application/json; charset=utf-8");
	stage_check_body(0,
		"{\"channel\":\"C1\",\"text\":\"hi\",\"thread_ts\":\"1.2\","
		"\"blocks\":[{\"type\":\"divider\"}]}");
	CHECK_STR(stage_output("ts"), STR("1503435956.000247"));
	CHECK(!value_is_empty(stage.result.trace));
}

TEST(app_slack, blocks_may_be_an_object_that_has_them)
{
	static const struct wire_reply replies[] = {STAGE_OK(POSTED)};

	CHECK_INT(post(replies, 1,
			  "{\"channel\":\"C1\",\"blocks\":"
			  "{\"blocks\":[{\"type\":\"divider\"}]}}"),
		FAILURE_NONE);
	stage_check_body(
		0, "{\"channel\":\"C1\",\"blocks\":[{\"type\":\"divider\"}]}");
}

TEST(app_slack, refusals_mean_what_slack_says)
{
	static const struct {
		const char *error;
		enum failure_kind kind;
	} cases[] = {{"channel_not_found", FAILURE_DATA},
		{"invalid_auth", FAILURE_ACCESS_TOKEN},
		{"ratelimited", FAILURE_RATE_LIMIT},
		{"internal_error", FAILURE_CONNECTION}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str answer = arena_printf(&stage.arena,
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
			"{\"ok\":false,\"error\":\"%s\"}",
			cases[i].error);

		CHECK_INT(post_to(answer.ptr,
				  "{\"channel\":\"C1\",\"text\":\"hi\"}"),
			cases[i].kind);
		stage_check_said(cases[i].error);
	}
}

TEST(app_slack, rate_limit_says_how_long_to_wait)
{
	CHECK_INT(post_to("HTTP/1.1 429 Too Many Requests\r\n"
			  "Retry-After: 30\r\nConnection: close\r\n\r\n"
			  "{\"ok\":false,\"error\":\"ratelimited\"}",
			  "{\"channel\":\"C1\",\"text\":\"hi\"}"),
		FAILURE_RATE_LIMIT);
	CHECK_INT(stage.failure.retry_after, 30 * SECONDS);
	CHECK_STR(stage.failure.message, STR("[429] ratelimited"));
}

TEST(app_slack, bad_input_is_told_and_sends_nothing)
{
	static const struct {
		const char *input, *said;
	} cases[] = {{"{\"channel\":\"C1\"}", "text: a message needs"},
		{"{\"text\":\"hi\"}", "channel: expected"},
		{"{\"channel\":\"C1\",\"blocks\":\"[{]\"}",
			"blocks is no JSON: line 1 column 3"},
		{"{\"channel\":\"C1\",\"blocks\":\"7\"}",
			"blocks: expected an array"}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CHECK_INT(post(NULL, 0, cases[i].input), FAILURE_DATA);
		stage_check_said(cases[i].said);
		CHECK_INT(atomic_load(&stage.server.connections), 0);
	}
}

TEST(app_slack, webhook_address_is_used_and_kept_secret)
{
	static const struct wire_reply replies[] = {
		STAGE_OK("ok"), STAGE_ANSWER("404 Not Found", "no_service")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("slack", "{\"webhookUrl\":\"~/services/T0/B0/xyz\"}");
	CHECK_INT(stage_run("slack:CreateMessage", "{}", "{\"text\":\"hi\"}"),
		FAILURE_NONE);
	CHECK_STR(stage_output("ok"), STR("true"));
	CHECK_INT(stage_run("slack:CreateMessage", "{}", "{\"text\":\"hi\"}"),
		FAILURE_DATA);
	CHECK_STR(stage.failure.message, STR("[404] no_service"));
	stage_end();
	stage_check_head(0, "POST /services/T0/B0/xyz HTTP/1.1");
	stage_check_body(0, "{\"text\":\"hi\"}");
	CHECK_STR(stage_body(1), stage_body(0));
}

TEST(app_slack, webhook_address_is_in_no_message)
{
	stage_begin(NULL, 0);
	stage_connect("slack",
		"{\"webhookUrl\":\"http://127.0.0.9:1/services/T0/B0/xyz\"}");
	CHECK_INT(stage_run("slack:CreateMessage", "{}", "{\"text\":\"hi\"}"),
		FAILURE_CONNECTION);
	CHECK(str_find(stage.failure.message, STR("xyz")) == SIZE_MAX);
	stage_end();
}

TEST(app_slack, connection_of_another_type_is_refused)
{
	stage_begin(NULL, 0);
	stage_connect("notion", "{\"token\":\"n\"}");
	CHECK_INT(stage_run("slack:CreateMessage", "{}", "{\"text\":\"hi\"}"),
		FAILURE_CONFIGURATION);
	stage_check_said("needs a connection of type slack, \"mine\" is of");
	stage_end();
}

/* ---- reading ---- */

TEST(app_slack, messages_and_users_are_asked_for_and_reactions_added)
{
	static const struct wire_reply replies[] = {
		STAGE_OK("{\"ok\":true,\"messages\":{\"matches\":[{\"ts\":"
			 "\"1.1\"},{\"ts\":\"1.2\"},{\"ts\":\"1.3\"}]}}"),
		STAGE_OK("{\"ok\":true,\"user\":{\"id\":\"U1\"}}"),
		STAGE_OK("{\"ok\":true,\"messages\":[{\"ts\":\"1.5\",\"text\":"
			 "\"x\"}]}"),
		STAGE_OK("{\"ok\":true,\"messages\":[{\"ts\":\"1.4\"}]}"),
		STAGE_OK("{\"ok\":false,\"error\":\"already_reacted\"}"),
		STAGE_OK("{\"ok\":false,\"error\":\"users_not_found\"}")};

	stage_begin(replies, COUNT_OF(replies));
	stage_connect("slack", "{\"token\":\"xoxb-1\",\"baseUrl\":\"~/api\"}");
	CHECK_INT(stage_run("slack:SearchMessages", "{}",
			  "{\"query\":\"is off & on\",\"sort\":\"timestamp\","
			  "\"limit\":2}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 2);
	CHECK_INT(stage_run("slack:GetUser", "{}", "{\"user\":\"U1\"}"),
		FAILURE_NONE);
	stage_check_bundle(0, "{\"id\":\"U1\"}");
	CHECK_INT(stage_run("slack:GetPublicChannelMessage", "{}",
			  "{\"channel\":\"C1\",\"ts\":\"1.5\"}"),
		FAILURE_NONE);
	stage_check_bundle(0, "{\"ts\":\"1.5\",\"text\":\"x\"}");
	CHECK_INT(stage_run("slack:GetPublicChannelMessage", "{}",
			  "{\"channel\":\"C1\",\"ts\":\"1.5\"}"),
		FAILURE_NONE);
	CHECK_INT(stage.result.count, 0);
	CHECK_INT(stage_run("slack:AddReaction", "{}",
			  "{\"channel\":\"C1\",\"timestamp\":\"1.5\","
			  "\"name\":\"eyes\"}"),
		FAILURE_NONE);
	CHECK_INT(stage_run("slack:GetUser", "{}", "{\"user\":\"U2\"}"),
		FAILURE_DATA);
	stage_check_said("Slack refused: users_not_found");
	stage_end();
	stage_check_head(0, "GET /api/search.messages?query=is%20off%20%26%20on"
			    "&sort=timestamp&count=2 HTTP/1.1\r\n");
	stage_check_head(0, "Authorization: Bearer xoxb-1\r\n");
	stage_check_head(1, "GET /api/users.info?user=U1 HTTP/1.1\r\n");
	stage_check_head(2, "GET /api/conversations.history?channel=C1&latest="
			    "1.5&inclusive=true&limit=1 HTTP/1.1\r\n");
	stage_check_head(4, "POST /api/reactions.add HTTP/1.1\r\n");
	stage_check_body(4, "{\"channel\":\"C1\",\"timestamp\":\"1.5\","
			    "\"name\":\"eyes\"}");
}

TEST(app_slack, a_webhook_only_posts)
{
	stage_begin(NULL, 0);
	stage_connect("slack", "{\"webhookUrl\":\"~/x\"}");
	CHECK_INT(stage_run("slack:GetUser", "{}", "{\"user\":\"U1\"}"),
		FAILURE_CONFIGURATION);
	stage_check_said("a webhook only posts messages");
	stage_end();
}
