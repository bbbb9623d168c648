#include "base/encode.h"
#include "flow/apps.h"
#include "flow/service.h"

/* Text messages by Twilio's Messages resource (API 2010-04-01). */
static const struct module_field fields[] = {{.name = "to", .type = "text"},
	{.name = "from", .type = "text"}, {.name = "body", .type = "text"},
	{.name = "messagingServiceSid", .type = "text"},
	{.name = "mediaUrl", .type = "text"},
	{.name = "statusCallback", .type = "text"}, {.name = NULL}};

static void
put(struct buf *form, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	buf_printf(form, "%s%s=", form->len ? "&" : "", name);
	encode_percent(form, value);
}

static enum failure_kind
make_form(const struct module_call *call, struct buf *form,
	struct failure *failure)
{
	struct str to, from = service_text(call, "from");
	struct str service = service_text(call, "messagingServiceSid");
	struct str body = service_text(call, "body");
	struct str media = service_text(call, "mediaUrl");
	enum failure_kind kind = service_need_text(call, "to", &to, failure);

	if (from.len == 0 && service.len == 0)
		from = service_secret(call, "from");
	if (!kind && from.len == 0 && service.len == 0)
		kind = failure_set(failure, call->arena, FAILURE_DATA,
			"from: expected a number, here or in the connection, "
			"or messagingServiceSid");
	if (!kind && body.len == 0 && media.len == 0)
		kind = failure_set(failure, call->arena, FAILURE_DATA,
			"body: expected a text");
	put(form, "To", to);
	put(form, "From", from);
	put(form, "MessagingServiceSid", service);
	put(form, "Body", body);
	put(form, "MediaUrl", media);
	put(form, "StatusCallback", service_text(call, "statusCallback"));
	return kind;
}

static enum failure_kind
create_message(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf form = {0};
	struct service_request request = {.method = "POST", .said = "message"};
	struct service_answer answer;
	struct str account;
	enum failure_kind kind = service_need_connection(call, failure);

	if (!kind)
		kind = make_form(call, &form, failure);
	if (kind)
		return kind;
	account = service_secret(call, "accountSid");
	request.path = arena_printf(call->arena,
		"/2010-04-01/Accounts/%s/Messages.json",
		service_escape(call->arena, account).ptr);
	request.authorization = service_basic(
		call->arena, account, service_secret(call, "authToken"));
	request.form = buf_str(&form);
	kind = service_send(call, &request, result, &answer, failure);
	if (!kind)
		module_result_one(call, result, answer.body);
	return kind;
}

const struct module_kind app_twilio[] = {
	{.name = "twilio:CreateMessage",
		.nature = MODULE_EFFECT,
		.connection = "twilio",
		.mapper = fields,
		.run = create_message},
	{.name = NULL},
};
