#include "flow/apps.h"
#include "flow/service.h"

/* Discord: a message of a bot, or of an incoming webhook. */
enum { NONCE_MAX = 25 };

static const struct module_field fields[] = {
	{.name = "channelId", .type = "text"},
	{.name = "content", .type = "text"}, {.name = "embeds"},
	{.name = "username", .type = "text"},
	{.name = "avatar_url", .type = "text"},
	{.name = "tts", .type = "boolean"}, {.name = NULL}};

static enum failure_kind
make_body(const struct module_call *call, struct value *ret,
	struct failure *failure)
{
	static const char *const names[] = {
		"content", "tts", "username", "avatar_url", NULL};
	struct value_builder body = value_builder_make(call->arena);
	struct value embeds;
	enum failure_kind kind = service_json(call, "embeds", &embeds, failure);

	if (kind)
		return kind;
	if (!value_is_empty(embeds))
		embeds = value_to_array(embeds, call->arena);
	service_put_fields(&body, call, names);
	service_put(&body, "embeds", embeds);
	*ret = value_builder_collection(&body);
	if (service_text(call, "content").len == 0 && value_is_empty(embeds))
		return failure_set(failure, call->arena, FAILURE_DATA,
			"content: a message needs a text or embeds");
	/* A bot's message that was sent already is not sent again. */
	if (call->idempotency_key.len > NONCE_MAX ||
		service_secret(call, "webhookUrl").len)
		return FAILURE_NONE;
	value_builder_set(
		&body, STR("nonce"), value_text(call->idempotency_key));
	value_builder_set(&body, STR("enforce_nonce"), value_boolean(true));
	*ret = value_builder_collection(&body);
	return FAILURE_NONE;
}

static enum failure_kind
create_message(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	struct service_request request = {.method = "POST", .said = "message"};
	struct service_answer answer;
	struct str channel;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = make_body(call, &request.body, failure);
	if (kind)
		return kind;
	request.base = service_secret(call, "webhookUrl");
	if (request.base.len) {
		request.path = STR("?wait=true");
		request.is_url_secret = true;
	} else {
		kind = service_need_text(call, "channelId", &channel, failure);
		if (kind)
			return kind;
		request.path =
			arena_printf(call->arena, "/channels/%s/messages",
				service_escape(call->arena, channel).ptr);
		request.authorization = arena_printf(call->arena, "Bot %.*s",
			STR_ARG(service_secret(call, "token")));
	}
	kind = service_send(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer.body);
	return kind;
}

#define ROW(name_) \
	{ \
		.name = (name_), .nature = MODULE_EFFECT, \
		.connection = "discord", .mapper = fields, \
		.run = create_message \
	}

const struct module_kind app_discord[] = {
	ROW("discord:createMessage"),
	ROW("discord:PostMessage"),
	{.name = NULL},
};
