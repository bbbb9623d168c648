#include <arpa/inet.h>
#include <stdio.h>

#include "api/key_watch.h"
#include "cli/settings.h"
#include "net/address.h"
#include "net/http_client.h"
#include "rule/retry.h"

/* What single settings, and settings among each other, must fulfil. */

struct listen_address {
	struct in6_addr six;
	struct in_addr four;
	bool is_six;
	uint64_t port;
};

static bool
read_host(struct str host, struct listen_address *ret)
{
	char text[INET6_ADDRSTRLEN];
	bool is_bracketed = host.len >= 2 && host.ptr[0] == '[' &&
			    host.ptr[host.len - 1] == ']';

	if (is_bracketed)
		host = str_make(host.ptr + 1, host.len - 2);
	if (host.len >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(host));
	ret->is_six = is_bracketed;
	return is_bracketed ? inet_pton(AF_INET6, text, &ret->six) == 1
			    : inet_pton(AF_INET, text, &ret->four) == 1;
}

static bool
read_listen(struct str value, struct listen_address *ret)
{
	size_t colon = value.len;

	while (colon > 0 && value.ptr[colon - 1] != ':')
		colon--;
	if (colon < 2)
		return false;
	return str_to_u64(str_skip(value, colon), &ret->port) == ERR_OK &&
	       ret->port <= UINT16_MAX &&
	       read_host(str_head(value, colon - 1), ret);
}

enum err
settings_check_listen(struct str value, struct buf *why)
{
	struct listen_address address;

	if (read_listen(value, &address))
		return ERR_OK;
	buf_printf(why,
		"\"%.*s\" is not an address to listen on; expected "
		"ADDRESS:PORT with a numeric address, such as 127.0.0.1:8080, "
		"0.0.0.0:8080 or [::1]:8080",
		STR_ARG(str_head(value, 80)));
	return ERR_INVALID;
}

bool
settings_listen_is_loopback(struct str value)
{
	struct listen_address address;

	if (!read_listen(value, &address))
		return false;
	if (address.is_six)
		return IN6_IS_ADDR_LOOPBACK(&address.six);
	return (ntohl(address.four.s_addr) >> 24) == 127;
}

enum err
settings_check_network(struct str value, struct buf *why)
{
	struct address_network network;

	return address_network_parse(value, &network, why);
}

enum err
settings_check_proxy(struct str value, struct buf *why)
{
	CLEANUP(arena_release) struct arena arena = {0};
	struct url url;

	return http_proxy_read(value, NULL, &arena, &url, why);
}

enum err
settings_check_proxy_credentials(struct str value, struct buf *why)
{
	size_t colon = str_find_char(value, ':');

	if (colon != SIZE_MAX && colon > 0 && !str_has_control(value))
		return ERR_OK;
	buf_append(why, STR("expected a name, a colon and a password, without "
			    "control characters"));
	return ERR_INVALID;
}

enum err
settings_check_schedule(struct str value, struct buf *why)
{
	struct retry_policy policy = retry_default_policy;

	return retry_policy_parse(value, &policy, why);
}

enum err
settings_check_notices(struct str value, struct buf *why)
{
	struct key_watch_options options;

	return key_notices_parse(value, &options, why);
}

enum err
settings_check_header(struct str value, struct buf *why)
{
	if (http_header_is_sendable(STR("User-Agent"), value))
		return ERR_OK;
	buf_append(why, STR("has a character that no header may have; expected "
			    "visible ASCII characters and blanks"));
	return ERR_INVALID;
}

enum err
settings_check_source(struct str value, struct buf *why)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c <= 0x20 || c >= 0x7F || strchr("<>\"{}|\\^`", c)) {
			buf_printf(why,
				"character %zu cannot stand in a URI; "
				"expected a URI reference such as /grapnel "
				"or https://hub.example.com",
				i + 1);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

enum err
settings_check_origin(struct str value, struct buf *why)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') ||
				 (c >= 'A' && c <= 'Z') ||
				 (c >= '0' && c <= '9');

		if (is_letter || c == '.' || c == '-')
			continue;
		buf_printf(why,
			"character %zu cannot stand in a name; expected one "
			"such as hub.example.com",
			i + 1);
		return ERR_INVALID;
	}
	return ERR_OK;
}

enum err
settings_check_public_url(struct str value, struct buf *why)
{
	bool has_scheme = str_starts_with(value, STR("https://")) ||
			  str_starts_with(value, STR("http://"));

	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c <= 0x20 || c >= 0x7F || strchr("\"<>?#", c))
			has_scheme = false;
	}
	if (has_scheme && value.ptr[value.len - 1] != '/')
		return ERR_OK;
	buf_append(why, STR("expected a URL without query and without a slash "
			    "at its end, such as https://hub.example.com"));
	return ERR_INVALID;
}

enum err
settings_check_token(struct str value, struct buf *why)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] <= 0x20 || value.ptr[i] >= 0x7F) {
			buf_printf(why,
				"character %zu is not a visible ASCII "
				"character, so the token could not be sent "
				"in a header",
				i + 1);
			return ERR_INVALID;
		}
	}
	if (value.len < 8) {
		buf_append(
			why, STR("is shorter than 8 characters; anybody could "
				 "guess it. Try: openssl rand -hex 32"));
		return ERR_INVALID;
	}
	return ERR_OK;
}

/** "body-max (--body-max)", to name a setting and where it came from. */
static void
name_setting(const struct settings *settings, size_t index, struct buf *why)
{
	const char *place = settings->origins[index].place;

	buf_printf(why, "%s (%s)", settings_table[index].name,
		place ? place : "default");
}

static enum err
check_tls(const struct settings *settings, struct buf *why)
{
	bool has_certificate = settings->tls_certificate != NULL;
	bool has_key = settings->tls_key != NULL;

	if (has_certificate != has_key) {
		name_setting(settings,
			has_key ? SETTING_INDEX_tls_key
				: SETTING_INDEX_tls_certificate,
			why);
		buf_printf(why,
			" is set without %s; expected both, or neither for "
			"plain HTTP",
			has_key ? "tls-certificate" : "tls-key");
		return ERR_INVALID;
	}
	if (has_certificate || settings->insecure_listen ||
		settings_listen_is_loopback(str_of(settings->listen)))
		return ERR_OK;
	name_setting(settings, SETTING_INDEX_listen, why);
	buf_printf(why,
		": %s is reached from other machines, and tokens would "
		"travel unencrypted; set tls-certificate and tls-key, or "
		"insecure-listen if a proxy in front ends TLS",
		settings->listen);
	return ERR_INVALID;
}

static enum err
check_at_most(const struct settings *settings, size_t small, size_t large,
	struct buf *why)
{
	name_setting(settings, small, why);
	buf_append(why, STR(" is more than "));
	name_setting(settings, large, why);
	buf_append(why, STR("; expected at most as much"));
	return ERR_INVALID;
}

enum err
settings_finish(struct settings *settings, struct buf *why)
{
	enum err err = check_tls(settings, why);

	if (err != ERR_OK)
		return err;
	if (settings->concurrency > settings->window)
		return check_at_most(settings, SETTING_INDEX_concurrency,
			SETTING_INDEX_window, why);
	if (settings->body_max > settings->bulk_body_max)
		return check_at_most(settings, SETTING_INDEX_body_max,
			SETTING_INDEX_bulk_body_max, why);
	if (settings->key_file == NULL)
		settings->key_file = arena_printf(
			&settings->arena, "%s/grapnel.key", settings->data)
					     .ptr;
	return ERR_OK;
}
