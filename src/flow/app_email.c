#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "flow/apps.h"
#include "flow/mail_message.h"
#include "flow/service.h"
#include "net/smtp_client.h"

/* Mail, by the SMTP server of the connection. */
enum { RECIPIENTS_MAX = 100, PARTS_MAX = 100, MAIL_MAX = 40 << 20 };

static const struct module_field fields[] = {{.name = "to"}, {.name = "cc"},
	{.name = "bcc"}, {.name = "subject", .type = "text"},
	{.name = "contentType", .type = "text"}, {.name = "html"},
	{.name = "text"}, {.name = "bodyType", .type = "text"},
	{.name = "content"}, {.name = "contents"},
	{.name = "from", .type = "text"}, {.name = "sender", .type = "text"},
	{.name = "replyTo", .type = "text"},
	{.name = "inReplyTo", .type = "text"}, {.name = "references"},
	{.name = "priority", .type = "text"}, {.name = "headers"},
	{.name = "emailHeaders"}, {.name = "attachments"}, {.name = NULL}};

struct writing {
	const struct module_call *call;
	struct failure *failure;
	struct mail_message mail;
	struct mail_address sender, reply_to;
	struct mail_address list[RECIPIENTS_MAX];
	size_t list_count;
	struct buf why;
};

static enum failure_kind
refuse(struct writing *writing, const char *field)
{
	return failure_set(writing->failure, writing->call->arena, FAILURE_DATA,
		"%s: %s", field, buf_text(&writing->why));
}

/* ---- addresses ---- */

static enum failure_kind
add_address(struct writing *writing, const char *field, struct str text)
{
	struct mail_address address;

	if (str_trim(text).len == 0)
		return FAILURE_NONE;
	if (writing->list_count == RECIPIENTS_MAX) {
		buf_printf(&writing->why, "over %d recipients", RECIPIENTS_MAX);
		return refuse(writing, field);
	}
	if (mail_address_read(text, &address, &writing->why))
		return refuse(writing, field);
	writing->list[writing->list_count++] = address;
	return FAILURE_NONE;
}

/** An array of addresses, or a text with commas between them. */
static enum failure_kind
read_recipients(struct writing *writing, const char *field)
{
	struct value value = value_member(writing->call->input, str_of(field));
	struct value all = value_to_array(value, writing->call->arena);
	enum failure_kind kind = FAILURE_NONE;

	for (size_t i = 0; !kind && i < all.as.array.count; i++) {
		struct value entry = all.as.array.items[i];
		struct str rest;

		if (entry.kind == VALUE_COLLECTION)
			entry = value_member(entry, STR("email"));
		rest = service_value_text(writing->call, entry);
		if (value.kind != VALUE_TEXT)
			kind = add_address(writing, field, rest);
		while (!kind && value.kind == VALUE_TEXT && rest.ptr != NULL)
			kind = add_address(
				writing, field, str_split(&rest, ','));
	}
	return kind;
}

static enum failure_kind
read_all_recipients(struct writing *writing)
{
	struct mail_message *mail = &writing->mail;
	enum failure_kind kind = read_recipients(writing, "to");

	mail->to = writing->list;
	mail->to_count = writing->list_count;
	if (!kind)
		kind = read_recipients(writing, "cc");
	mail->cc = writing->list + mail->to_count;
	mail->cc_count = writing->list_count - mail->to_count;
	if (!kind)
		kind = read_recipients(writing, "bcc");
	if (!kind && writing->list_count == 0) {
		buf_append(&writing->why, STR("expected a mail address"));
		kind = refuse(writing, "to");
	}
	return kind;
}

static enum failure_kind
read_one(struct writing *writing, const char *field, struct str text,
	struct mail_address *ret)
{
	if (mail_address_read(text, ret, &writing->why))
		return refuse(writing, field);
	return FAILURE_NONE;
}

static enum failure_kind
read_senders(struct writing *writing)
{
	const struct module_call *call = writing->call;
	struct mail_message *mail = &writing->mail;
	struct str from = service_text(call, "from");
	struct str sender = service_text(call, "sender");
	struct str reply_to = service_text(call, "replyTo");
	enum failure_kind kind;

	if (from.len == 0)
		from = service_secret(call, "from");
	if (from.len == 0)
		from = service_secret(call, "username");
	kind = read_one(writing, "from", from, &mail->from);
	if (!kind && sender.len) {
		mail->sender = &writing->sender;
		kind = read_one(writing, "sender", sender, &writing->sender);
	}
	if (!kind && reply_to.len) {
		mail->reply_to = &writing->reply_to;
		kind = read_one(
			writing, "replyTo", reply_to, &writing->reply_to);
	}
	return kind;
}

/* ---- content ---- */

static struct str
join(struct writing *writing, const char *field, char separator)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct value all = value_to_array(
		value_member(writing->call->input, str_of(field)),
		writing->call->arena);

	for (size_t i = 0; i < all.as.array.count; i++) {
		struct value entry = all.as.array.items[i];

		if (entry.kind == VALUE_COLLECTION)
			entry = value_member(entry, STR("text"));
		if (i > 0)
			buf_append_char(&text, separator);
		buf_append(&text, service_value_text(writing->call, entry));
	}
	return arena_copy(writing->call->arena, buf_str(&text));
}

static enum failure_kind
read_content(struct writing *writing)
{
	const struct module_call *call = writing->call;
	struct mail_message *mail = &writing->mail;
	bool is_text =
		str_equal(service_text(call, "contentType"), STR("text"));
	struct str priority = service_text(call, "priority");

	mail->subject = service_text(call, "subject");
	mail->in_reply_to = service_text(call, "inReplyTo");
	mail->references = join(writing, "references", ' ');
	mail->text = service_text(call, "text");
	if (!is_text)
		mail->html = service_text(call, "html");
	if (mail->html.len == 0 && !is_text)
		mail->html = service_text(call, "content");
	if (mail->html.len == 0 && mail->text.len == 0)
		mail->text = join(writing, "contents", '\n');
	if (mail->html.len == 0 && mail->text.len == 0)
		mail->text = service_text(call, is_text ? "html" : "text");
	if (str_equal(priority, STR("high")) || str_equal(priority, STR("low")))
		mail->priority = priority.ptr;
	return FAILURE_NONE;
}

static enum failure_kind
read_headers(struct writing *writing, const char *field)
{
	const struct module_call *call = writing->call;
	struct value all = value_to_array(
		value_member(call->input, str_of(field)), call->arena);
	struct mail_header *headers;

	if (all.as.array.count == 0)
		return FAILURE_NONE;
	if (all.as.array.count > PARTS_MAX) {
		buf_printf(&writing->why, "over %d", PARTS_MAX);
		return refuse(writing, field);
	}
	headers = arena_alloc_array(
		call->arena, all.as.array.count, sizeof(*headers));
	for (size_t i = 0; i < all.as.array.count; i++) {
		struct value pair = all.as.array.items[i];

		headers[i].name = service_value_text(
			call, value_member(pair, STR("key")));
		headers[i].value = service_value_text(
			call, value_member(pair, STR("value")));
	}
	writing->mail.headers = headers;
	writing->mail.header_count = all.as.array.count;
	return FAILURE_NONE;
}

static enum failure_kind
read_attachments(struct writing *writing)
{
	const struct module_call *call = writing->call;
	struct value all = value_to_array(
		value_member(call->input, STR("attachments")), call->arena);
	struct mail_attachment *parts;

	if (all.as.array.count > PARTS_MAX) {
		buf_printf(&writing->why, "over %d", PARTS_MAX);
		return refuse(writing, "attachments");
	}
	parts = arena_alloc_array(
		call->arena, all.as.array.count + 1, sizeof(*parts));
	for (size_t i = 0; i < all.as.array.count; i++) {
		struct value entry = all.as.array.items[i];
		struct value name = value_member(entry, STR("fileName"));
		struct value data = value_member(entry, STR("data")), bytes;

		if (value_is_blank(name))
			name = value_member(entry, STR("filename"));
		parts[i].name = service_value_text(call, name);
		parts[i].cid = service_value_text(
			call, value_member(entry, STR("cid")));
		if (parts[i].name.len == 0 || value_is_empty(data) ||
			value_to_buffer(data, call->arena, &bytes)) {
			buf_printf(&writing->why,
				"entry %zu: expected fileName and data", i + 1);
			return refuse(writing, "attachments");
		}
		parts[i].data = bytes.as.text;
	}
	writing->mail.attachments = parts;
	writing->mail.attachment_count = all.as.array.count;
	return FAILURE_NONE;
}

/* ---- sending ---- */

/** The same for every try of this step, so that servers see doubles. */
static struct str
make_id(const struct writing *writing)
{
	const struct module_call *call = writing->call;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf hex = {0};
	uint8_t digest[DIGEST_SHA256_LEN];
	struct str domain = writing->mail.from.address;

	domain = str_skip(domain, str_find_char(domain, '@') + 1);
	buf_append(&text, call->connection->id);
	value_append_json(&text, call->input, VALUE_JSON_TYPED);
	digest_sha256(buf_str(&text), digest);
	encode_hex(&hex, str_make((const char *)digest, 8));
	return arena_printf(call->arena, "%.*s.%s@%.*s",
		STR_ARG(call->idempotency_key), buf_text(&hex),
		STR_ARG(domain));
}

static enum failure_kind
read_mail(struct writing *writing)
{
	enum failure_kind kind = read_all_recipients(writing);

	if (!kind)
		kind = read_senders(writing);
	if (!kind)
		kind = read_content(writing);
	if (!kind)
		kind = read_headers(writing, "headers");
	if (!kind)
		kind = read_headers(writing, "emailHeaders");
	if (!kind)
		kind = read_attachments(writing);
	if (kind)
		return kind;
	writing->mail.message_id = make_id(writing);
	writing->mail.date = clock_now();
	return FAILURE_NONE;
}

static bool
must_stop(void *context)
{
	return outgoing_is_interrupted(context);
}

static const enum failure_kind meanings[] = {
	[SMTP_SENT] = FAILURE_NONE,
	[SMTP_REFUSED] = FAILURE_DATA,
	[SMTP_LATER] = FAILURE_CONNECTION,
	[SMTP_DENIED] = FAILURE_ACCESS_TOKEN,
	[SMTP_MISCONFIGURED] = FAILURE_CONFIGURATION,
	[SMTP_UNREACHABLE] = FAILURE_CONNECTION,
	[SMTP_TIMED_OUT] = FAILURE_MODULE_TIMEOUT,
	[SMTP_STOPPED] = FAILURE_INTERRUPTED,
};

static enum smtp_security
security_of(const struct module_call *call)
{
	struct str security = service_secret(call, "security");

	if (str_equal(security, STR("tls")))
		return SMTP_TLS;
	return str_equal(security, STR("none")) ? SMTP_PLAIN : SMTP_STARTTLS;
}

static enum failure_kind
transfer(const struct writing *writing, struct str message,
	struct smtp_answer *answer, struct failure *failure)
{
	const struct module_call *call = writing->call;
	const struct http_client_options *options =
		outgoing_options(call->outgoing);
	struct smtp_server server = {.host = service_secret(call, "host"),
		.security = security_of(call),
		.username = service_secret(call, "username"),
		.password = service_secret(call, "password"),
		.policy = options->policy,
		.ca_file = options->ca_file,
		.timeout = call->timeout,
		.must_stop = must_stop,
		.context = call->outgoing};
	struct str to[RECIPIENTS_MAX];
	struct smtp_mail mail = {.from = writing->mail.from.address,
		.to = to,
		.to_count = writing->list_count,
		.message = message};
	enum smtp_outcome outcome;
	uint64_t port = 0;

	if (service_secret(call, "port").len &&
		(str_to_u64(service_secret(call, "port"), &port) || port == 0 ||
			port > UINT16_MAX))
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"port: the connection's is no port");
	server.port = (uint16_t)port;
	for (size_t i = 0; i < writing->list_count; i++)
		to[i] = writing->list[i].address;
	outcome = smtp_send(&server, &mail, call->arena, answer);
	if (outcome == SMTP_SENT)
		return FAILURE_NONE;
	return failure_set(failure, call->arena, meanings[outcome],
		"the mail was not sent by %.*s: %.*s", STR_ARG(server.host),
		STR_ARG(answer->said));
}

static struct value
make_bundle(const struct writing *writing, const struct smtp_answer *answer)
{
	struct arena *arena = writing->call->arena;
	struct value_builder bundle = value_builder_make(arena);
	struct value_builder accepted = value_builder_make(arena);

	for (size_t i = 0; i < writing->list_count; i++)
		value_builder_add(&accepted,
			value_text(
				arena_copy(arena, writing->list[i].address)));
	value_builder_set(&bundle, STR("messageId"),
		value_text(arena_printf(
			arena, "<%.*s>", STR_ARG(writing->mail.message_id))));
	value_builder_set(
		&bundle, STR("accepted"), value_builder_array(&accepted));
	value_builder_set(
		&bundle, STR("statusCode"), value_number(answer->code));
	return value_builder_collection(&bundle);
}

static enum failure_kind
send_email(const struct module_call *call, struct module_result *result,
	struct failure *failure)
{
	CLEANUP(buf_release) struct buf message = buf_make(MAIL_MAX);
	struct writing *writing = ARENA_NEW(call->arena, struct writing);
	CLEANUP(buf_release) struct buf why = {0};
	struct smtp_answer answer;
	enum failure_kind kind = service_need_connection(call, failure);

	*writing = (struct writing){.call = call, .failure = failure};
	if (!kind)
		kind = read_mail(writing);
	if (!kind && mail_message_write(&writing->mail, &message, &why))
		kind = failure_set(failure, call->arena, FAILURE_DATA, "%s",
			buf_text(&why));
	buf_release(&writing->why);
	if (!kind)
		kind = transfer(writing, buf_str(&message), &answer, failure);
	if (!kind)
		module_result_one(call, result, make_bundle(writing, &answer));
	return kind;
}

#define ROW(name_) \
	{ \
		.name = (name_), .nature = MODULE_EFFECT, \
		.connection = "email", .mapper = fields, .run = send_email \
	}

const struct module_kind app_email[] = {
	ROW("email:ActionSendEmail"),
	ROW("google-email:ActionSendEmail"),
	ROW("google-email:sendAnEmail"),
	{.name = NULL},
};
