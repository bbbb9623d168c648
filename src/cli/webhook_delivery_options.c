#include "cli/webhook_delivery_options.h"

#include "cli/webhook_way_options.h"

/* How a webhook delivers, as options of `webhook create` and `patch`. */

#define OR_DEFAULT " \"default\" is what the hub is set to."

static const struct option options[] = {
	{.name = "payload",
		.placeholder = "FORM",
		.help = "What is sent: the resource's state, or a CloudEvent "
			"in structured or binary mode.",
		.choices = "resource cloudevent cloudevent-binary "
			   "cloudevent-plain"},
	{.name = "batching",
		.placeholder = "BOOLEAN",
		.help = "Several CloudEvents in one request.",
		.choices = "true false"},
	{.name = "handshake",
		.placeholder = "KIND",
		.help = "How the destination says that it wants events.",
		.choices = "com cloudevents greenlake none"},
	{.name = "signing",
		.placeholder = "SCHEME",
		.help = "Signatures by HMAC-SHA256 (v1), Ed25519 (v1a) or as "
			"GreenLake makes them.",
		.choices = "v1 v1a greenlake"},
	{.name = "failures",
		.placeholder = "RULES",
		.help = "By which rules failures are tried again and stop "
			"the webhook.",
		.choices = "standard greenlake"},
	{.name = "retry-schedule",
		.placeholder = "TIMES",
		.help = "Pauses before further attempts, for example "
			"5s,30s,2m; or none."},
	{.name = "retry-window",
		.placeholder = "TIME",
		.help = "No attempt starts later than so long after the "
			"first."},
	{.name = "delivery-timeout",
		.placeholder = "TIME",
		.help = "Longest time of one attempt, for example 10s." OR_DEFAULT},
	{.name = "concurrency",
		.placeholder = "N",
		.help = "Attempts at the same time." OR_DEFAULT},
	{.name = "rate",
		.placeholder = "N",
		.help = "Attempts a minute." OR_DEFAULT},
	{.name = "ordering",
		.placeholder = "ORDER",
		.help = "resource: one resource's events one after the other, "
			"in their order.",
		.choices = "none resource"},
	{.name = "ordering-limit",
		.placeholder = "N",
		.help = "Attempts after which one that fails no longer holds "
			"back the later ones of its resource." OR_DEFAULT},
	{.name = "probe-after",
		.placeholder = "TIME",
		.help = "Ask an endpoint that was disabled for its failures "
			"after so long whether it works again, and enable the "
			"webhook if it does; then after twice as long."},
	{.name = "probe-max",
		.placeholder = "TIME",
		.help = "The longest time between two such probes."},
	{.name = "notify",
		.placeholder = "ID",
		.help = "Another webhook that is told when this one fails or "
			"is disabled; \"default\" is none."},
	{.name = "auth-type",
		.placeholder = "TYPE",
		.help = "How the hub proves itself to the destination.",
		.choices = "none apiKey basic oauth2"},
	{.name = "auth-header",
		.placeholder = "NAME",
		.help = "apiKey: the header."},
	{.name = "auth-username", .placeholder = "NAME", .help = "basic."},
	{.name = "auth-token-url",
		.placeholder = "URL",
		.help = "oauth2: where the hub asks for a token."},
	{.name = "auth-client-id", .placeholder = "ID", .help = "oauth2."},
	{.name = "auth-scope",
		.placeholder = "TEXT",
		.help = "oauth2: the scopes to ask for."},
	{.name = "auth-secret",
		.placeholder = "TEXT",
		.help = "The key, the password or the client's secret. In the "
			"variable other users do not see it.",
		.environment = "GRAPNEL_AUTH_SECRET"},
};
const struct option_table webhook_delivery_table = {options, COUNT_OF(options)};

enum kind { TEXT, COUNT, BOOLEAN };

struct member {
	const char *option;
	const char *name;
	enum kind kind;
};

static const struct member members[] = {
	{"payload", "payload", TEXT},
	{"batching", "batching", BOOLEAN},
	{"handshake", "handshake", TEXT},
	{"signing", "signing", TEXT},
	{"failures", "failures", TEXT},
	{"delivery-timeout", "timeout", TEXT},
	{"concurrency", "concurrency", COUNT},
	{"rate", "rate", COUNT},
	{"ordering", "ordering", TEXT},
	{"ordering-limit", "orderingLimit", COUNT},
	{"notify", "notify", TEXT},
};

static const struct member retry_members[] = {
	{"retry-schedule", "schedule", TEXT},
	{"retry-window", "window", TEXT},
};

static const struct member probe_members[] = {
	{"probe-after", "after", TEXT},
	{"probe-max", "max", TEXT},
};

static const struct member auth_members[] = {
	{"auth-header", "header", TEXT},
	{"auth-username", "username", TEXT},
	{"auth-token-url", "tokenUrl", TEXT},
	{"auth-client-id", "clientId", TEXT},
	{"auth-scope", "scope", TEXT},
};

/* What the secret is called, by type. */
static const struct {
	const char *type;
	const char *member;
} secrets[] = {
	{"apiKey", "value"},
	{"basic", "password"},
	{"oauth2", "clientSecret"},
};

static bool
is_any_given(const struct args *args, const struct member *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (args_is_given(args, list[i].option))
			return true;
	}
	return false;
}

static enum err
write_member(const struct args *args, const struct member *member,
	struct json_out *out, struct buf *why)
{
	const char *value = args_value(args, member->option);
	int64_t number;

	if (value == NULL)
		return ERR_OK;
	if (strcmp(value, "default") == 0) {
		json_out_null(out, member->name);
	} else if (member->kind == BOOLEAN) {
		json_out_boolean(out, member->name, strcmp(value, "true") == 0);
	} else if (member->kind == TEXT) {
		json_out_text(out, member->name, value);
	} else if (str_to_i64(str_of(value), &number) == ERR_OK) {
		json_out_integer(out, member->name, number);
	} else {
		buf_printf(why,
			"--%s: \"%.80s\" is no whole number, and not "
			"\"default\"",
			member->option, value);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static enum err
write_members(const struct args *args, const struct member *list, size_t count,
	struct json_out *out, struct buf *why)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && !err; i++)
		err = write_member(args, &list[i], out, why);
	return err;
}

/** An object of those members that are given, if any is. */
static enum err
write_group(const struct args *args, const char *name,
	const struct member *list, size_t count, struct json_out *out,
	struct buf *why)
{
	enum err err;

	if (!is_any_given(args, list, count))
		return ERR_OK;
	json_out_object(out, name);
	err = write_members(args, list, count, out, why);
	json_out_end(out);
	return err;
}

/** --probe-after default: it is not probed any more. */
static enum err
write_probe(const struct args *args, struct json_out *out, struct buf *why)
{
	const char *after = args_value(args, "probe-after");

	if (after && strcmp(after, "default") == 0) {
		json_out_null(out, "probe");
		return ERR_OK;
	}
	return write_group(args, "probe", probe_members,
		COUNT_OF(probe_members), out, why);
}

static enum err
write_auth(const struct args *args, struct json_out *out, struct buf *why)
{
	const char *type = args_value(args, "auth-type");
	const char *secret = args_value(args, "auth-secret");
	enum err err;

	if (type == NULL) {
		if (!is_any_given(args, auth_members, COUNT_OF(auth_members)))
			return ERR_OK;
		buf_append(why, STR("--auth-type is missing"));
		return ERR_INVALID;
	}
	json_out_object(out, "auth");
	json_out_text(out, "type", type);
	err = write_members(
		args, auth_members, COUNT_OF(auth_members), out, why);
	for (size_t i = 0; secret && i < COUNT_OF(secrets); i++) {
		if (strcmp(secrets[i].type, type) == 0)
			json_out_text(out, secrets[i].member, secret);
	}
	json_out_end(out);
	return err;
}

bool
webhook_delivery_options_given(const struct args *args)
{
	return args_is_given(args, "auth-type") ||
	       webhook_way_options_given(args) ||
	       is_any_given(args, members, COUNT_OF(members)) ||
	       is_any_given(args, retry_members, COUNT_OF(retry_members)) ||
	       is_any_given(args, probe_members, COUNT_OF(probe_members)) ||
	       is_any_given(args, auth_members, COUNT_OF(auth_members));
}

enum err
webhook_delivery_options_write(
	const struct args *args, struct json_out *out, struct buf *why)
{
	enum err err =
		write_members(args, members, COUNT_OF(members), out, why);

	if (!err)
		err = write_group(args, "retry", retry_members,
			COUNT_OF(retry_members), out, why);
	if (!err)
		err = write_probe(args, out, why);
	if (!err)
		err = webhook_way_options_write(args, out, why);
	return err ? err : write_auth(args, out, why);
}
