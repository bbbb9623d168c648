#include "base/clock.h"
#include "check.h"
#include "stage.h"

/*
 * Refusals in the words in which the services document them, and the errors
 * that handlers of scenarios know them by.
 */
struct refusal {
	const char *status; /* with further header lines */
	const char *body;
	enum failure_kind kind;
	int64_t retry_after; /* milliseconds */
	const char *said;
};

/** A call of the module for each refusal of its service. */
static void
check_all(const char *type, const char *members, const char *module,
	const char *input, const struct refusal *refusals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct refusal *refusal = &refusals[i];
		struct wire_reply reply = {.then = WIRE_CLOSE};
		enum failure_kind kind;

		reply.bytes = arena_printf(&stage.arena,
			"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
			"Connection: close\r\n\r\n%s",
			refusal->status, refusal->body)
				      .ptr;
		stage_begin(&reply, 1);
		stage_connect(type, members);
		kind = stage_run(module, "{}", input);
		if (kind != refusal->kind)
			check_failed(__FILE__, __LINE__, "%s %s is %s",
				refusal->status, refusal->body,
				failure_name(kind));
		CHECK_INT(stage.failure.retry_after / MILLISECONDS,
			refusal->retry_after);
		stage_check_said(refusal->said);
		CHECK(!value_is_empty(stage.failure.detail));
		stage_end();
	}
}

#define LIMITED "429 Too Many Requests\r\nRetry-After: 7"

TEST(service_errors, of_slack)
{
	static const struct refusal api[] = {
		{LIMITED, "{\"ok\":false,\"error\":\"ratelimited\"}",
			FAILURE_RATE_LIMIT, 7000, "ratelimited"},
		{"503 Service Unavailable",
			"{\"ok\":false,\"error\":\"service_unavailable\"}",
			FAILURE_CONNECTION, 0, "service_unavailable"},
	};
	static const struct refusal hook[] = {
		{LIMITED, "rate_limited", FAILURE_RATE_LIMIT, 7000,
			"rate_limited"},
		{"400 Bad Request", "invalid_payload", FAILURE_DATA, 0,
			"[400] invalid_payload"},
		{"403 Forbidden", "action_prohibited", FAILURE_ACCESS_TOKEN, 0,
			"action_prohibited"},
		{"404 Not Found", "no_service", FAILURE_DATA, 0, "no_service"},
		{"410 Gone", "channel_is_archived", FAILURE_DATA, 0,
			"channel_is_archived"},
	};

	check_all("slack", "{\"token\":\"t\",\"baseUrl\":\"~\"}",
		"slack:CreateMessage", "{\"channel\":\"C1\",\"text\":\"x\"}",
		api, COUNT_OF(api));
	check_all("slack", "{\"webhookUrl\":\"~/services/T/B/x\"}",
		"slack:CreateMessage", "{\"text\":\"x\"}", hook,
		COUNT_OF(hook));
}

#define NOTION(status_, code_, message_) \
	"{\"object\":\"error\",\"status\":" #status_ ",\"code\":\"" code_ \
	"\",\"message\":\"" message_ "\"}"

TEST(service_errors, of_notion)
{
	static const struct refusal refusals[] = {
		{LIMITED, NOTION(429, "rate_limited", "slow down"),
			FAILURE_RATE_LIMIT, 7000, "[429] slow down"},
		{"400 Bad Request",
			NOTION(400, "validation_error", "body failed"),
			FAILURE_DATA, 0, "[400] body failed"},
		{"401 Unauthorized",
			NOTION(401, "unauthorized", "API token is invalid."),
			FAILURE_ACCESS_TOKEN, 0, "API token is invalid."},
		{"403 Forbidden", NOTION(403, "restricted_resource", "no"),
			FAILURE_ACCESS_TOKEN, 0, "no"},
		{"404 Not Found",
			NOTION(404, "object_not_found", "Could not find page"),
			FAILURE_DATA, 0, "Could not find page"},
		{"409 Conflict", NOTION(409, "conflict_error", "try again"),
			FAILURE_CONNECTION, 0, "try again"},
		{"503 Service Unavailable",
			NOTION(503, "service_unavailable", "later"),
			FAILURE_CONNECTION, 0, "later"},
	};

	check_all("notion", "{\"token\":\"t\",\"baseUrl\":\"~\"}",
		"notion:getADatabaseItem", "{\"page\":\"p\"}", refusals,
		COUNT_OF(refusals));
}

TEST(service_errors, of_airtable)
{
	static const struct refusal refusals[] = {
		{"429 Too Many Requests",
			"{\"errors\":[{\"error\":\"RATE_LIMIT_REACHED\","
			"\"message\":\"Rate limit exceeded. Please try again "
			"later\"}]}",
			FAILURE_RATE_LIMIT, 30000, "[429] Rate limit exceeded"},
		{LIMITED, "{\"error\":\"x\"}", FAILURE_RATE_LIMIT, 7000,
			"[429] x"},
		{"401 Unauthorized",
			"{\"error\":{\"type\":\"AUTHENTICATION_REQUIRED\","
			"\"message\":\"Authentication required\"}}",
			FAILURE_ACCESS_TOKEN, 0,
			"[401] Authentication required"},
		{"404 Not Found", "{\"error\":\"NOT_FOUND\"}", FAILURE_DATA, 0,
			"[404] NOT_FOUND"},
		{"422 Unprocessable Entity",
			"{\"error\":{\"type\":\"INVALID_VALUE_FOR_COLUMN\","
			"\"message\":\"Field \\\"a\\\" cannot accept it\"}}",
			FAILURE_DATA, 0, "cannot accept it"},
	};

	check_all("airtable", "{\"token\":\"t\",\"baseUrl\":\"~\"}",
		"airtable:ActionGetRecord",
		"{\"base\":\"b\",\"table\":\"t\",\"id\":\"r\"}", refusals,
		COUNT_OF(refusals));
}

TEST(service_errors, of_servicenow)
{
	static const struct refusal refusals[] = {
		{LIMITED,
			"{\"error\":{\"message\":\"Rate limit exceeded\","
			"\"detail\":null},\"status\":\"failure\"}",
			FAILURE_RATE_LIMIT, 7000, "Rate limit exceeded"},
		{"401 Unauthorized",
			"{\"error\":{\"message\":\"User Not Authenticated\","
			"\"detail\":\"Required to provide Auth\"},"
			"\"status\":\"failure\"}",
			FAILURE_ACCESS_TOKEN, 0,
			"[401] User Not Authenticated"},
		{"403 Forbidden",
			"{\"error\":{\"message\":\"Operation Failed\","
			"\"detail\":\"Error during insert of incident (Unique "
			"Key violation detected by database)\"},"
			"\"status\":\"failure\"}",
			FAILURE_DUPLICATE_DATA, 0, "[403] Operation Failed"},
		{"404 Not Found",
			"{\"error\":{\"message\":\"No Record found\"},"
			"\"status\":\"failure\"}",
			FAILURE_DATA, 0, "No Record found"},
	};
	static const struct refusal with_token[] = {
		{"401 Unauthorized",
			"{\"error\":{\"message\":\"User Not Authenticated\"}}",
			FAILURE_ACCESS_TOKEN, 0, "User Not Authenticated"},
	};

	check_all("servicenow",
		"{\"baseUrl\":\"~\",\"username\":\"u\",\"password\":\"p\"}",
		"servicenow:getRecord",
		"{\"table\":\"incident\",\"sys_id\":\"s\"}", refusals,
		COUNT_OF(refusals));
	check_all("servicenow", "{\"baseUrl\":\"~\",\"token\":\"t\"}",
		"servicenow:getRecord",
		"{\"table\":\"incident\",\"sys_id\":\"s\"}", with_token,
		COUNT_OF(with_token));
}

#define TWILIO(status_, code_, message_) \
	"{\"code\":" #code_ ",\"message\":\"" message_ "\",\"more_info\":" \
	"\"https://www.twilio.com/docs/errors/" #code_ \
	"\",\"status\":" #status_ "}"

TEST(service_errors, of_twilio)
{
	static const struct refusal refusals[] = {
		{"429 Too Many Requests",
			TWILIO(429, 20429, "Too Many Requests"),
			FAILURE_RATE_LIMIT, 0, "Too Many Requests"},
		{"400 Bad Request", TWILIO(400, 14107, "rate limit exceeded"),
			FAILURE_RATE_LIMIT, 0, "rate limit exceeded"},
		{"400 Bad Request",
			TWILIO(400, 21211, "The 'To' number is not valid"),
			FAILURE_DATA, 0, "The 'To' number"},
		{"401 Unauthorized", TWILIO(401, 20003, "Authenticate"),
			FAILURE_ACCESS_TOKEN, 0, "[401] Authenticate"},
	};

	check_all("twilio",
		"{\"baseUrl\":\"~\",\"accountSid\":\"AC1\",\"authToken\":"
		"\"t\",\"from\":\"+1\"}",
		"twilio:CreateMessage", "{\"to\":\"+2\",\"body\":\"x\"}",
		refusals, COUNT_OF(refusals));
}

TEST(service_errors, of_discord)
{
	static const struct refusal refusals[] = {
		{"429 Too Many Requests\r\nRetry-After: 65",
			"{\"message\":\"You are being rate limited.\","
			"\"retry_after\":64.5,\"global\":false}",
			FAILURE_RATE_LIMIT, 64500, "You are being rate"},
		{"401 Unauthorized",
			"{\"message\":\"401: Unauthorized\",\"code\":0}",
			FAILURE_ACCESS_TOKEN, 0, "401: Unauthorized"},
		{"403 Forbidden",
			"{\"message\":\"Missing Permissions\",\"code\":50013}",
			FAILURE_DATA, 0, "Missing Permissions"},
		{"400 Bad Request",
			"{\"message\":\"Invalid Form Body\",\"code\":50035}",
			FAILURE_DATA, 0, "Invalid Form Body"},
	};

	check_all("discord", "{\"token\":\"t\",\"baseUrl\":\"~\"}",
		"discord:createMessage",
		"{\"channelId\":\"1\",\"content\":\"x\"}", refusals,
		COUNT_OF(refusals));
}

#define TELEGRAM(code_, description_, more_) \
	"{\"ok\":false,\"error_code\":" #code_ \
	",\"description\":\"" description_ "\"" more_ "}"

TEST(service_errors, of_telegram)
{
	static const struct refusal refusals[] = {
		{"429 Too Many Requests",
			TELEGRAM(429, "Too Many Requests: retry after 5",
				",\"parameters\":{\"retry_after\":5}"),
			FAILURE_RATE_LIMIT, 5000, "retry after 5"},
		{"403 Forbidden",
			TELEGRAM(403, "Forbidden: bot was blocked by the user",
				""),
			FAILURE_DATA, 0, "blocked by the user"},
		{"404 Not Found", TELEGRAM(404, "Not Found", ""),
			FAILURE_ACCESS_TOKEN, 0, "[404] Not Found"},
		{"400 Bad Request",
			TELEGRAM(400, "Bad Request: chat not found", ""),
			FAILURE_DATA, 0, "chat not found"},
	};

	check_all("telegram", "{\"token\":\"1:x\",\"baseUrl\":\"~\"}",
		"telegram:SendReplyMessage",
		"{\"chatId\":\"1\",\"text\":\"x\"}", refusals,
		COUNT_OF(refusals));
}

#define GOOGLE(code_, status_, more_) \
	"{\"error\":{\"code\":" #code_ \
	",\"message\":\"said\",\"status\":\"" status_ "\"" more_ "}}"
#define TOKEN \
	{ \
		.bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/json" \
			 "\r\nConnection: close\r\n\r\n{\"access_token\":" \
			 "\"a\",\"expires_in\":3600}", \
		.then = WIRE_CLOSE \
	}

TEST(service_errors, of_google)
{
	static const struct {
		struct wire_reply replies[2];
		enum failure_kind kind;
	} cases[] = {
		{{TOKEN, STAGE_ANSWER("429 Too Many Requests",
				 GOOGLE(429, "RESOURCE_EXHAUSTED", ""))},
			FAILURE_RATE_LIMIT},
		{{TOKEN, STAGE_ANSWER("403 Forbidden",
				 GOOGLE(403, "PERMISSION_DENIED",
					 ",\"errors\":[{\"reason\":"
					 "\"userRateLimitExceeded\"}]"))},
			FAILURE_RATE_LIMIT},
		{{TOKEN, STAGE_ANSWER("403 Forbidden",
				 GOOGLE(403, "PERMISSION_DENIED", ""))},
			FAILURE_ACCESS_TOKEN},
		{{TOKEN, STAGE_ANSWER("404 Not Found",
				 GOOGLE(404, "NOT_FOUND", ""))},
			FAILURE_DATA},
		{{TOKEN, STAGE_ANSWER("503 Service Unavailable",
				 GOOGLE(503, "UNAVAILABLE", ""))},
			FAILURE_CONNECTION},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		stage_begin(cases[i].replies, 2);
		stage_connect("google",
			"{\"baseUrl\":\"~\",\"tokenUrl\":\"~/token\","
			"\"refreshToken\":\"r\",\"clientId\":\"c\","
			"\"clientSecret\":\"s\"}");
		CHECK_INT(stage_run("google-sheets:getCell", "{}",
				  "{\"spreadsheetId\":\"s\",\"sheetId\":\"t\","
				  "\"cell\":\"A1\"}"),
			cases[i].kind);
		stage_check_said("said");
		stage_end();
	}
}
