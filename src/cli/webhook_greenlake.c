#include "cli/webhook_greenlake.h"

#include "base/json_out.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct option options[] = {
	{.name = "secret",
		.placeholder = "TEXT",
		.help = "greenlake: the secret that challenges are answered "
			"with and deliveries signed. In the variable other "
			"users do not see it.",
		.environment = "GRAPNEL_WEBHOOK_SECRET"},
	{.name = "second-secret",
		.placeholder = "TEXT",
		.help = "greenlake: one that signs too, for a rotation; "
			"'' takes it away.",
		.environment = "GRAPNEL_WEBHOOK_SECOND_SECRET"},
	{.name = "description",
		.placeholder = "TEXT",
		.help = "greenlake: what it is for."},
	{.name = "challenge",
		.placeholder = "BOOLEAN",
		.help = "greenlake: whether the destination must answer a "
			"challenge.",
		.choices = "true false"},
};
const struct option_table webhook_greenlake_table = {
	options, COUNT_OF(options)};

bool
webhook_greenlake_is_meant(const struct args *args)
{
	const char *dialect = args_value(args, "dialect");

	return dialect && strcmp(dialect, "greenlake") == 0;
}

/* ---- the body ---- */

static const struct {
	const char *option;
	const char *member;
	bool is_required;
	bool is_boolean;
} members[] = {
	{"name", "name", true, false},
	{"destination", "destination", true, false},
	{"secret", "secret", true, false},
	{"second-secret", "secondarySecret", false, false},
	{"description", "description", false, false},
	{"auth-client-id", "clientId", false, false},
	{"auth-token-url", "issuerUrl", false, false},
	{"batching", "batching", false, true},
	{"challenge", "challengeRequestEnabled", false, true},
};

static const struct {
	const char *type;   /* of --auth-type */
	const char *name;   /* of authType */
	const char *secret; /* the member of --auth-secret */
} auth_types[] = {
	{"none", "", NULL},
	{"apiKey", "APIKey", "apiKey"},
	{"oauth2", "Oauth", "clientSecret"},
};

static enum err
write_auth(const struct args *args, struct json_out *out, struct buf *why)
{
	const char *type = args_value(args, "auth-type");
	const char *secret = args_value(args, "auth-secret");

	if (type == NULL)
		return ERR_OK;
	for (size_t i = 0; i < COUNT_OF(auth_types); i++) {
		if (strcmp(auth_types[i].type, type) != 0)
			continue;
		json_out_text(out, "authType", auth_types[i].name);
		if (secret && auth_types[i].secret)
			json_out_text(out, auth_types[i].secret, secret);
		return ERR_OK;
	}
	buf_printf(why,
		"--auth-type: %s is not for this dialect; expected none, "
		"apiKey or oauth2",
		type);
	return ERR_INVALID;
}

static enum err
write_members(const struct args *args, bool is_whole, struct json_out *out,
	struct buf *why)
{
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		const char *value = args_value(args, members[i].option);

		if (value && members[i].is_boolean) {
			json_out_boolean(out, members[i].member,
				strcmp(value, "true") == 0);
		} else if (value) {
			json_out_text(out, members[i].member, value);
		} else if (is_whole && members[i].is_required) {
			buf_printf(why, "--%s is missing", members[i].option);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

/** Options of the other dialects, which would be lost. */
static enum err
refuse_foreign(const struct args *args, struct buf *why)
{
	static const char *const foreign[] = {"filter", "header",
		"remove-header", "payload", "handshake", "signing", "failures",
		"retry-schedule", "retry-window", "delivery-timeout",
		"concurrency", "rate", "auth-header", "auth-username",
		"auth-scope", "first-byte-timeout", "tls-minimum",
		"tls-authorities", "tls-certificate", "tls-key", "proxy",
		"proxy-username", "proxy-lookup", "allow-list"};

	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
		if (!args_is_given(args, foreign[i]))
			continue;
		buf_printf(why,
			"--%s does not go with --dialect greenlake; what it "
			"is sent is said by its subscriptions",
			foreign[i]);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static enum err
write_state(const struct args *args, bool is_whole, struct json_out *out,
	struct buf *why)
{
	const char *state = args_value(args, "state");

	if (is_whole && state && strcmp(state, "disabled") == 0) {
		buf_append(why, STR("--state: a webhook of this dialect is "
				    "created enabled"));
		return ERR_INVALID;
	}
	if (!is_whole && state)
		json_out_boolean(out, "paused", strcmp(state, "disabled") == 0);
	return ERR_OK;
}

enum err
webhook_greenlake_write(const struct args *args, bool is_whole, struct buf *out,
	struct buf *why)
{
	struct json_out json = json_out_make(out);
	enum err err = refuse_foreign(args, why);

	json_out_object(&json, NULL);
	if (!err)
		err = write_members(args, is_whole, &json, why);
	if (!err)
		err = write_auth(args, &json, why);
	if (!err)
		err = write_state(args, is_whole, &json, why);
	json_out_end(&json);
	if (!err && out->len == 2) {
		buf_append(why, STR("nothing to change"));
		err = ERR_INVALID;
	}
	return err;
}

/* ---- verify ---- */

int
webhook_greenlake_verify(const struct args *args)
{
	CLEANUP(client_close) struct client client;
	struct client_answer answer;
	struct json response;
	struct str message;
	int code = client_open(&client, args);

	if (code == EXIT_DONE)
		code = client_simple(&client, "POST",
			client_path(&client,
				WEBHOOK_GREENLAKE_PATH "/{}/verify",
				args->operands),
			&answer);
	if (code != EXIT_DONE)
		return code;
	if (client.is_json)
		client_print_raw(&answer);
	else
		client_print_object(&client, answer.json);
	response = json_member(answer.json, STR("destinationResponse"));
	message = client_text(&client, response, "message");
	if (str_equal(message, STR("OK")))
		return EXIT_DONE;
	output_error("the destination did not answer the challenge: %.*s",
		STR_ARG(message));
	return EXIT_NO;
}
