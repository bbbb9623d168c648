#include "net/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

static void
release_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void
release_part(char **part)
{
	curl_free(*part);
}

/** Scheme and "://", in any case; 0 when it is neither http nor https. */
static size_t
scheme_length(struct str text)
{
	static const struct str starts[] = {
		STR_INIT("http://"), STR_INIT("https://")};

	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		if (str_equal_nocase(str_head(text, starts[i].len), starts[i]))
			return starts[i].len;
	}
	return 0;
}

static enum err
refuse(struct buf *why, size_t at, const char *what)
{
	buf_printf(why, "column %zu: %s", at + 1, what);
	return ERR_INVALID;
}

/** What must not stand in an URL at all, by byte. */
static const char *
wrong_byte(char c, bool is_in_host)
{
	unsigned char byte = (unsigned char)c;

	if (byte < 0x20 || byte == 0x7f)
		return "control characters are not allowed";
	if (c == ' ' || c == '\\' || c == '"' || c == '<' || c == '>' ||
		c == '^' || c == '`' || c == '{' || c == '|' || c == '}')
		return "this character must be percent-encoded";
	if (byte > 0x7f)
		return is_in_host ? "write letters beyond ASCII in the host's "
				    "ASCII form (xn--…)"
				  : "bytes beyond ASCII must be "
				    "percent-encoded";
	if (c == '#')
		return "a fragment is not allowed";
	if (c == '@' && is_in_host)
		return "user information is not allowed: use a header";
	if (c == '%' && is_in_host)
		return "a host must be written without '%'";
	return NULL;
}

/** What libcurl would silently repair or read in its own way is refused. */
static enum err
check_text(struct str text, struct buf *why)
{
	size_t start, end;

	if (text.len == 0)
		return refuse(why, 0, "expected an URL");
	if (text.len > URL_LEN_MAX) {
		buf_printf(why, "the URL has %zu bytes: at most %d are allowed",
			text.len, URL_LEN_MAX);
		return ERR_INVALID;
	}
	start = scheme_length(text);
	if (start == 0)
		return refuse(why, 0, "expected https:// (or http://)");
	for (end = start; end < text.len; end++) {
		if (text.ptr[end] == '/' || text.ptr[end] == '?')
			break;
	}
	if (end == start)
		return refuse(why, start, "expected a host");
	for (size_t i = start; i < text.len; i++) {
		const char *what = wrong_byte(text.ptr[i], i < end);

		if (what)
			return refuse(why, i, what);
	}
	return ERR_OK;
}

static enum err
refuse_host(struct buf *why, struct str host, const char *what)
{
	buf_printf(why, "host \"%.*s\": %s", STR_ARG(host), what);
	return ERR_INVALID;
}

/**
 * A name that ends in a number is an IPv4 address in some spelling for some
 * resolver; those that libcurl did not turn into four decimals are refused.
 */
static bool
ends_in_number(struct str host)
{
	struct str label, rest = host;

	if (str_ends_with(rest, STR(".")))
		rest.len--;
	do {
		label = str_split(&rest, '.');
	} while (rest.ptr != NULL);
	if (label.len == 0)
		return true;
	if (label.len >= 2 && label.ptr[0] == '0' &&
		(label.ptr[1] == 'x' || label.ptr[1] == 'X'))
		return true;
	for (size_t i = 0; i < label.len; i++) {
		if (label.ptr[i] < '0' || label.ptr[i] > '9')
			return false;
	}
	return true;
}

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || c == '.';
}

/** RFC 1123 §2.1, and '_' which is in use. */
static enum err
check_name(struct str host, struct buf *why)
{
	struct str rest = host;

	for (size_t i = 0; i < host.len; i++) {
		if (!is_name_byte(host.ptr[i]))
			return refuse_host(why, host,
				"expected letters, digits, '-' and '.'");
	}
	if (host.len > 253 + 1)
		return refuse_host(why, str_head(host, 64),
			"a name has at most 253 characters");
	if (ends_in_number(host))
		return refuse_host(why, host, "not an IPv4 address");
	if (str_ends_with(rest, STR(".")))
		rest.len--;
	while (rest.ptr != NULL) {
		struct str label = str_split(&rest, '.');

		if (label.len == 0 || label.len > 63)
			return refuse_host(why, host,
				"each part of a name has 1 to 63 characters");
	}
	return ERR_OK;
}

bool
url_host_is_address(struct str host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host.ptr, &address) == 1 ||
	       inet_pton(AF_INET6, host.ptr, &address) == 1;
}

/** A literal address is judged now, a name only by its form. */
static enum err
check_host(
	struct str host, const struct address_policy *policy, struct buf *why)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const struct sockaddr *address = NULL;

	if (inet_pton(AF_INET, host.ptr, &v4.sin_addr) == 1)
		address = (const struct sockaddr *)(const void *)&v4;
	else if (inet_pton(AF_INET6, host.ptr, &v6.sin6_addr) == 1)
		address = (const struct sockaddr *)(const void *)&v6;
	if (address == NULL)
		return check_name(host, why);
	if (address_is_allowed(policy, address))
		return ERR_OK;
	buf_printf(why, "address %.*s is %s: not on the allow-list",
		STR_ARG(host), address_class(address));
	return ERR_DENIED;
}

/** A part as libcurl understands it, in the arena, NUL-terminated. */
static CURLUcode
read_part(CURLU *url, CURLUPart what, unsigned flags, struct arena *arena,
	struct str *ret)
{
	CLEANUP(release_part) char *part = NULL;
	CURLUcode code = curl_url_get(url, what, &part, flags);

	if (code == CURLUE_NO_QUERY) {
		*ret = arena_copy(arena, STR(""));
		return CURLUE_OK;
	}
	if (code == CURLUE_OK)
		*ret = arena_copy(arena, str_of(part));
	return code;
}

static enum err
read_parts(CURLU *url, struct arena *arena, struct url *ret, struct buf *why)
{
	struct str port = STR("");
	struct str host = STR("");
	uint64_t number = 0;
	CURLUcode code;

	code = read_part(url, CURLUPART_SCHEME, 0, arena, &ret->scheme);
	if (code == CURLUE_OK)
		code = read_part(url, CURLUPART_HOST, 0, arena, &host);
	if (code == CURLUE_OK)
		code = read_part(url, CURLUPART_PATH, 0, arena, &ret->path);
	if (code == CURLUE_OK)
		code = read_part(url, CURLUPART_QUERY, 0, arena, &ret->query);
	if (code == CURLUE_OK)
		code = read_part(
			url, CURLUPART_PORT, CURLU_DEFAULT_PORT, arena, &port);
	if (code != CURLUE_OK) {
		buf_printf(why, "not an URL: %s", curl_url_strerror(code));
		return ERR_INVALID;
	}
	if (str_to_u64(port, &number) != ERR_OK || number == 0 ||
		number > UINT16_MAX) {
		buf_append(why, STR("the port must be from 1 to 65535"));
		return ERR_INVALID;
	}
	ret->port = (uint16_t)number;
	if (host.len > 2 && host.ptr[0] == '[')
		host = arena_copy(arena, str_make(host.ptr + 1, host.len - 2));
	ret->host = arena_copy_lower(arena, host);
	return ERR_OK;
}

enum err
url_parse_destination(struct str text, const struct address_policy *policy,
	struct arena *arena, struct url *ret, struct buf *why)
{
	CLEANUP(release_url) CURLU *curl = curl_url();
	struct url url = {0};
	CURLUcode code;
	enum err err;

	if (check_text(text, why) != ERR_OK)
		return ERR_INVALID;
	code = curl_url_set(curl, CURLUPART_URL, arena_copy(arena, text).ptr,
		CURLU_DISALLOW_USER);
	if (code != CURLUE_OK) {
		buf_printf(why, "not an URL: %s", curl_url_strerror(code));
		return ERR_INVALID;
	}
	if (read_parts(curl, arena, &url, why) != ERR_OK)
		return ERR_INVALID;
	err = check_host(url.host, policy, why);
	if (err != ERR_OK)
		return err;
	if (!policy->allow_http && !str_equal(url.scheme, STR("https"))) {
		buf_append(why, STR("plain http is not allowed: use https"));
		return ERR_DENIED;
	}
	url.origin = arena_printf(arena,
		str_find_char(url.host, ':') == SIZE_MAX ? "%s://%s:%u"
							 : "%s://[%s]:%u",
		url.scheme.ptr, url.host.ptr, url.port);
	*ret = url;
	return ERR_OK;
}
