/* Members that say who may: signature, keys, password, addresses. */
#include "flow/hook_options_private.h"

enum { API_KEY_MAX = 512, USER_MAX = 255, TEXT_MAX = 128 };

/* ---- signature ---- */

static void
read_scheme(struct hook_reader *reader, struct json value)
{
	struct inbound_signature *signature = &reader->options->signature;
	struct str name = json_string(value, reader->issues->arena);

	signature->scheme = inbound_scheme_find(name);
	if (!signature->scheme && !str_equal(name, STR("none")))
		webhook_issues_add(reader->issues, "signature.scheme",
			"expected none, standard, greenlake, github, stripe, "
			"slack or hmac");
}

static void
read_signature_header(struct hook_reader *reader, struct json value)
{
	(void)hook_read_text(reader, "signature.header", value, TEXT_MAX,
		&reader->options->signature.header);
}

static void
read_signature_prefix(struct hook_reader *reader, struct json value)
{
	(void)hook_read_text(reader, "signature.prefix", value, TEXT_MAX,
		&reader->options->signature.prefix);
}

static void
read_algorithm(struct hook_reader *reader, struct json value)
{
	size_t i;

	if (hook_read_name(reader, "signature.algorithm", value,
		    &hook_hash_names[HASH_SHA1], HOOK_HASH_COUNT - HASH_SHA1,
		    &i))
		reader->options->signature.hash =
			(enum hash_kind)(i + HASH_SHA1);
}

static void
read_encoding(struct hook_reader *reader, struct json value)
{
	size_t i;

	if (hook_read_name(reader, "signature.encoding", value,
		    hook_encoding_names, HOOK_ENCODING_COUNT, &i))
		reader->options->signature.encoding = (enum inbound_encoding)i;
}

static void
read_tolerance(struct hook_reader *reader, struct json value)
{
	(void)hook_read_duration(reader, "signature.tolerance", value,
		&reader->options->signature.tolerance);
}

static void
read_secrets(struct hook_reader *reader, struct json value)
{
	static const size_t maxima[] = {
		INBOUND_SECRETS_MAX, INBOUND_SECRET_MAX};
	struct inbound_signature *signature = &reader->options->signature;

	signature->secrets = hook_read_texts(reader, "signature.secrets", value,
		maxima, &signature->secret_count);
}

void
hook_read_signature(struct hook_reader *reader, struct json value)
{
	static const struct hook_member members[] = {
		{"scheme", read_scheme},
		{"header", read_signature_header},
		{"prefix", read_signature_prefix},
		{"algorithm", read_algorithm},
		{"encoding", read_encoding},
		{"tolerance", read_tolerance},
		{"secrets", read_secrets},
		{"secretCount", NULL},
	};

	if (json_kind(value) == JSON_NULL)
		reader->options->signature = reader->defaults.signature;
	else
		hook_read_members(
			reader, "signature", value, members, COUNT_OF(members));
}

/* ---- who may ---- */

void
hook_read_api_keys(struct hook_reader *reader, struct json value)
{
	static const size_t maxima[] = {HOOK_KEYS_MAX, API_KEY_MAX};

	reader->options->api_keys = hook_read_texts(reader, "apiKeys", value,
		maxima, &reader->options->api_key_count);
}

static void
read_username(struct hook_reader *reader, struct json value)
{
	if (hook_read_text(reader, "basic.username", value, USER_MAX,
		    &reader->options->username) &&
		str_find_char(reader->options->username, ':') != SIZE_MAX)
		webhook_issues_add(reader->issues, "basic.username",
			"it cannot have a colon in it");
}

static void
read_password(struct hook_reader *reader, struct json value)
{
	(void)hook_read_text(reader, "basic.password", value, API_KEY_MAX,
		&reader->options->password);
}

void
hook_read_basic(struct hook_reader *reader, struct json value)
{
	static const struct hook_member members[] = {
		{"username", read_username}, {"password", read_password}};

	if (json_kind(value) == JSON_NULL)
		reader->options->username = reader->options->password = STR("");
	else
		hook_read_members(
			reader, "basic", value, members, COUNT_OF(members));
}

static void
read_networks(struct hook_reader *reader, const char *field, struct json value,
	struct hook_network_list *list)
{
	static const size_t maxima[] = {HOOK_NETWORKS_MAX, 64};
	struct address_network *networks;

	list->texts =
		hook_read_texts(reader, field, value, maxima, &list->count);
	networks = arena_alloc_array(
		reader->issues->arena, list->count + 1, sizeof(*networks));
	for (size_t i = 0; i < list->count; i++) {
		CLEANUP(buf_release) struct buf why = buf_make(512);

		if (address_network_parse(list->texts[i], &networks[i], &why))
			webhook_issues_add(reader->issues, field,
				"entry %zu: %s", i + 1, buf_text(&why));
	}
	list->networks = networks;
}

void
hook_read_allowed(struct hook_reader *reader, struct json value)
{
	read_networks(
		reader, "allowedNetworks", value, &reader->options->allowed);
}

void
hook_read_proxies(struct hook_reader *reader, struct json value)
{
	read_networks(
		reader, "trustedProxies", value, &reader->options->proxies);
}
