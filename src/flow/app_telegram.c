#include "flow/apps.h"
#include "flow/service.h"

/* Telegram, Bot API. */

static const struct module_field fields[] = {{.name = "chatId", .type = "text"},
	{.name = "text", .type = "text"}, {.name = "parseMode", .type = "text"},
	{.name = "disableNotification", .type = "boolean"},
	{.name = "replyToMessageId"}, {.name = "messageThreadId"},
	{.name = "replyMarkup"}, {.name = NULL}};

static enum failure_kind
make_body(const struct module_call *call, struct value *ret,
	struct failure *failure)
{
	struct value_builder body = value_builder_make(call->arena);
	struct value_builder reply = value_builder_make(call->arena);
	int64_t message, thread;
	struct value markup;
	struct str chat, text;
	enum failure_kind kind =
		service_need_text(call, "chatId", &chat, failure);

	if (!kind)
		kind = service_need_text(call, "text", &text, failure);
	if (!kind)
		kind = service_json(call, "replyMarkup", &markup, failure);
	if (!kind)
		kind = service_integer(
			call, "replyToMessageId", 0, &message, failure);
	if (!kind)
		kind = service_integer(
			call, "messageThreadId", 0, &thread, failure);
	if (kind)
		return kind;
	value_builder_set(&body, STR("chat_id"), value_text(chat));
	value_builder_set(&body, STR("text"), value_text(text));
	service_put(&body, "parse_mode",
		value_member(call->input, STR("parseMode")));
	service_put(&body, "disable_notification",
		value_member(call->input, STR("disableNotification")));
	service_put(&body, "reply_markup", markup);
	if (thread)
		value_builder_set(&body, STR("message_thread_id"),
			value_number((double)thread));
	if (message) {
		value_builder_set(&reply, STR("message_id"),
			value_number((double)message));
		value_builder_set(&body, STR("reply_parameters"),
			value_builder_collection(&reply));
	}
	*ret = value_builder_collection(&body);
	return FAILURE_NONE;
}

static enum failure_kind
send_message(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct service_request request = {
		.method = "POST", .said = "description", .is_url_secret = true};
	struct service_answer answer;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = make_body(call, &request.body, failure);
	if (kind)
		return kind;
	request.path = arena_printf(call->arena, "/bot%.*s/sendMessage",
		STR_ARG(service_secret(call, "token")));
	kind = service_send(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(
			call, result, value_member(answer.body, STR("result")));
	return kind;
}

const struct module_kind app_telegram[] = {
	{.name = "telegram:SendReplyMessage",
		.nature = MODULE_EFFECT,
		.connection = "telegram",
		.mapper = fields,
		.run = send_message},
	{.name = NULL},
};
