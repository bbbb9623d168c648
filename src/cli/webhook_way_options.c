#include "cli/webhook_way_options.h"

#include "cli/file.h"

enum { PEM_MAX = 64 * 1024 };

static const struct option options[] = {
	{.name = "first-byte-timeout",
		.placeholder = "TIME",
		.help = "Longest time until an answer begins, for example 5s; "
			"or default."},
	{.name = "tls-minimum",
		.placeholder = "VERSION",
		.help = "Oldest version of TLS that the destination may "
			"speak.",
		.choices = "1.2 1.3"},
	{.name = "tls-authorities",
		.placeholder = "FILE",
		.help = "PEM file with authorities to trust besides the "
			"hub's; or default for none."},
	{.name = "tls-certificate",
		.placeholder = "FILE",
		.help = "PEM file with the certificate, and its chain, that "
			"the hub shows the destination; or default for none."},
	{.name = "tls-key",
		.placeholder = "FILE",
		.help = "PEM file with that certificate's key, without a "
			"passphrase; or default for none."},
	{.name = "proxy",
		.placeholder = "URL",
		.help = "HTTP proxy to go through (http://host:port); none to "
			"go straight, default for the hub's own."},
	{.name = "proxy-username",
		.placeholder = "NAME",
		.help = "For the proxy."},
	{.name = "proxy-password",
		.placeholder = "TEXT",
		.help = "For the proxy. In the variable other users do not "
			"see it.",
		.environment = "GRAPNEL_WEBHOOK_PROXY_PASSWORD"},
	{.name = "proxy-lookup",
		.placeholder = "WHO",
		.help = "Who looks up the destination's name: the hub, which "
			"vets the addresses, or the proxy.",
		.choices = "hub proxy"},
	{.name = "allow-list",
		.placeholder = "NAME",
		.help = "An allow-list it may use; none for none at all, "
			"default for those that are the default.",
		.is_repeatable = true},
};
const struct option_table webhook_way_table = {options, COUNT_OF(options)};

bool
webhook_way_options_given(const struct args *args)
{
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		if (args_is_given(args, options[i].name))
			return true;
	}
	return false;
}

/** A text, or null for "default"; nothing when it is not given. */
static void
write_text(const struct args *args, const char *option, const char *member,
	struct json_out *out)
{
	const char *value = args_value(args, option);

	if (value && strcmp(value, "default") == 0)
		json_out_null(out, member);
	else if (value)
		json_out_text(out, member, value);
}

/** The same with the text in a file. */
static enum err
write_file(const struct args *args, const char *option, const char *member,
	struct json_out *out, struct buf *why)
{
	CLEANUP(buf_release) struct buf text = buf_make(PEM_MAX);
	const char *path = args_value(args, option);
	enum err err;

	if (path == NULL || strcmp(path, "default") == 0) {
		write_text(args, option, member, out);
		return ERR_OK;
	}
	err = file_read(path, &text, why);
	if (err == ERR_OK)
		json_out_string(out, member, buf_str(&text));
	return err;
}

static enum err
write_tls(const struct args *args, struct json_out *out, struct buf *why)
{
	enum err err;

	if (!args_is_given(args, "tls-minimum") &&
		!args_is_given(args, "tls-authorities") &&
		!args_is_given(args, "tls-certificate") &&
		!args_is_given(args, "tls-key"))
		return ERR_OK;
	json_out_object(out, "tls");
	write_text(args, "tls-minimum", "minimumVersion", out);
	err = write_file(args, "tls-authorities", "authorities", out, why);
	if (!err)
		err = write_file(
			args, "tls-certificate", "certificate", out, why);
	if (!err)
		err = write_file(args, "tls-key", "key", out, why);
	json_out_end(out);
	return err;
}

static void
write_proxy(const struct args *args, struct json_out *out)
{
	const char *url = args_value(args, "proxy");

	if (url && (!strcmp(url, "none") || !strcmp(url, "default"))) {
		write_text(args, "proxy", "proxy", out);
		return;
	}
	if (url == NULL && !args_is_given(args, "proxy-username") &&
		!args_is_given(args, "proxy-password") &&
		!args_is_given(args, "proxy-lookup"))
		return;
	json_out_object(out, "proxy");
	write_text(args, "proxy", "url", out);
	write_text(args, "proxy-username", "username", out);
	write_text(args, "proxy-password", "password", out);
	write_text(args, "proxy-lookup", "lookup", out);
	json_out_end(out);
}

static void
write_allow_lists(const struct args *args, struct json_out *out)
{
	const char *only = args_value(args, "allow-list");
	const char *name;
	size_t at = 0;

	if (only == NULL)
		return;
	if (strcmp(only, "default") == 0) {
		json_out_null(out, "allowLists");
		return;
	}
	json_out_array(out, "allowLists");
	while ((name = args_next(args, "allow-list", &at)) != NULL) {
		if (strcmp(name, "none") != 0)
			json_out_text(out, NULL, name);
	}
	json_out_end(out);
}

enum err
webhook_way_options_write(
	const struct args *args, struct json_out *out, struct buf *why)
{
	write_text(args, "first-byte-timeout", "firstByteTimeout", out);
	write_proxy(args, out);
	write_allow_lists(args, out);
	return write_tls(args, out, why);
}
