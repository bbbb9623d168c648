#include "flow/app_slack.h"
#include "flow/apps.h"

/* Slack: chat.postMessage with a bot token, or an incoming webhook. */

static const struct module_field message[] = {
	{.name = "channel", .type = "text"},
	{.name = "text", .type = "text"},
	{.name = "blocks"},
	{.name = "attachments"},
	{.name = "thread_ts", .type = "text"},
	{.name = "reply_broadcast", .type = "boolean"},
	{.name = "link_names", .type = "boolean"},
	{.name = "parse", .type = "text"},
	{.name = "mrkdwn", .type = "boolean"},
	{.name = "unfurl_links", .type = "boolean"},
	{.name = "unfurl_media", .type = "boolean"},
	{.name = "icon_emoji", .type = "text"},
	{.name = "icon_url", .type = "text"},
	{.name = "username", .type = "text"},
	{.name = NULL},
};

/* Sent as they are. */
static const char *const plain_names[] = {"text", "thread_ts",
	"reply_broadcast", "link_names", "parse", "mrkdwn", "unfurl_links",
	"unfurl_media", "icon_emoji", "icon_url", "username", NULL};

/* What {"ok":false,"error":…} means; anything else is FAILURE_DATA. */
static const struct meaning {
	const char *error;
	enum failure_kind kind;
} meanings[] = {
	{"ratelimited", FAILURE_RATE_LIMIT},
	{"rate_limited", FAILURE_RATE_LIMIT},
	{"message_limit_exceeded", FAILURE_RATE_LIMIT},
	{"not_authed", FAILURE_ACCESS_TOKEN},
	{"invalid_auth", FAILURE_ACCESS_TOKEN},
	{"account_inactive", FAILURE_ACCESS_TOKEN},
	{"token_revoked", FAILURE_ACCESS_TOKEN},
	{"token_expired", FAILURE_ACCESS_TOKEN},
	{"missing_scope", FAILURE_ACCESS_TOKEN},
	{"no_permission", FAILURE_ACCESS_TOKEN},
	{"not_allowed_token_type", FAILURE_ACCESS_TOKEN},
	{"ekm_access_denied", FAILURE_ACCESS_TOKEN},
	{"fatal_error", FAILURE_CONNECTION},
	{"internal_error", FAILURE_CONNECTION},
	{"request_timeout", FAILURE_CONNECTION},
	{"service_unavailable", FAILURE_CONNECTION},
	{"team_added_to_org", FAILURE_CONNECTION},
};

static enum failure_kind
kind_of(struct str error)
{
	for (size_t i = 0; i < COUNT_OF(meanings); i++) {
		if (str_equal(error, str_of(meanings[i].error)))
			return meanings[i].kind;
	}
	return FAILURE_DATA;
}

/** `blocks` and `attachments`: an array, or an object that has one. */
static enum failure_kind
put_array(const struct module_call *call, const char *name,
	struct value_builder *builder, struct failure *failure)
{
	struct value value;
	enum failure_kind kind = service_json(call, name, &value, failure);

	if (kind)
		return kind;
	if (value.kind == VALUE_COLLECTION &&
		value_member(value, str_of(name)).kind == VALUE_ARRAY)
		value = value_member(value, str_of(name));
	if (!value_is_empty(value) && value.kind != VALUE_ARRAY)
		return failure_set(failure, call->arena, FAILURE_DATA,
			"%s: expected an array, or an object with the member "
			"%s, found %s",
			name, name, value_kind_name(value));
	service_put(builder, name, value);
	return FAILURE_NONE;
}

static enum failure_kind
make_body(const struct module_call *call, struct value *ret,
	struct failure *failure)
{
	struct value_builder body = value_builder_make(call->arena);
	enum failure_kind kind;

	service_put(
		&body, "channel", value_member(call->input, STR("channel")));
	service_put_fields(&body, call, plain_names);
	kind = put_array(call, "blocks", &body, failure);
	if (!kind)
		kind = put_array(call, "attachments", &body, failure);
	*ret = value_builder_collection(&body);
	if (!kind && value_is_blank(value_member(*ret, STR("text"))) &&
		value_is_empty(value_member(*ret, STR("blocks"))) &&
		value_is_empty(value_member(*ret, STR("attachments"))))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"text: a message needs a text, blocks or attachments");
	return kind;
}

/** An incoming webhook answers with the text "ok". */
static enum failure_kind
send_to_webhook(const struct module_call *call, struct value body,
	struct module_result *result, struct failure *failure)
{
	struct service_request request = {.method = "POST",
		.base = service_secret(call, "webhookUrl"),
		.body = body,
		.is_url_secret = true};
	struct value_builder bundle = value_builder_make(call->arena);
	struct service_answer answer;
	enum failure_kind kind =
		service_send(call, &request, result, &answer, failure);

	if (kind)
		return kind;
	value_builder_set(&bundle, STR("ok"), value_boolean(true));
	value_builder_set(&bundle, STR("message"), body);
	module_result_one(call, result, value_builder_collection(&bundle));
	return FAILURE_NONE;
}

enum failure_kind
slack_ask(const struct module_call *call, struct service_request *request,
	struct module_result *result, struct value *ret,
	struct failure *failure)
{
	struct service_answer answer;
	enum failure_kind kind;
	struct str error;

	request->authorization =
		service_bearer(call->arena, service_secret(call, "token"));
	request->said = "error";
	kind = service_send(call, request, result, &answer, failure);
	*ret = answer.body;
	if (kind || value_is_true(value_member(answer.body, STR("ok"))))
		return kind;
	error = service_value_text(
		call, value_member(answer.body, STR("error")));
	failure_set(failure, call->arena, kind_of(error), "Slack refused: %.*s",
		STR_ARG(error.len ? error : STR("no reason given")));
	failure->detail = answer.body;
	return failure->kind;
}

static enum failure_kind
send_to_api(const struct module_call *call, struct value body,
	struct module_result *result, struct failure *failure)
{
	struct service_request request = {.method = "POST",
		.path = STR("/chat.postMessage"),
		.body = body};
	struct value answer;
	enum failure_kind kind;

	if (value_is_blank(value_member(body, STR("channel"))))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"channel: expected a channel's id or name");
	kind = slack_ask(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer);
	return kind;
}

static enum failure_kind
create_message(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct value body;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = make_body(call, &body, failure);
	if (kind)
		return kind;
	if (service_secret(call, "webhookUrl").len)
		return send_to_webhook(call, body, result, failure);
	return send_to_api(call, body, result, failure);
}

const struct module_kind app_slack[] = {
	{.name = "slack:CreateMessage",
		.nature = MODULE_EFFECT,
		.connection = "slack",
		.mapper = message,
		.run = create_message},
	{.name = NULL},
};
