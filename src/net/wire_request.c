#include "net/wire_request.h"

enum wire_default { DEFAULT_HOST, DEFAULT_AGENT, DEFAULT_ACCEPT, DEFAULTS };

static const struct str default_names[DEFAULTS] = {
	[DEFAULT_HOST] = STR_INIT("Host"),
	[DEFAULT_AGENT] = STR_INIT("User-Agent"),
	[DEFAULT_ACCEPT] = STR_INIT("Accept"),
};

static char *
put(char *at, struct str bytes)
{
	if (bytes.len)
		memcpy(at, bytes.ptr, bytes.len);
	return at + bytes.len;
}

static char *
put_header(char *at, struct str name, struct str value)
{
	at = put(at, name);
	at = put(at, value.len ? STR(": ") : STR(":"));
	at = put(at, value);
	return put(at, STR("\r\n"));
}

/** Which defaults the request writes itself. */
static unsigned
own_defaults(const struct http_request *request)
{
	unsigned own = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		for (unsigned j = 0; j < DEFAULTS; j++) {
			if (str_equal_nocase(
				    request->headers[i].name, default_names[j]))
				own |= 1U << j;
		}
	}
	return own;
}

/** host, [host], host:port: the origin's, less the scheme's own port. */
static struct str
host_of(const struct url *url)
{
	bool is_https = str_equal(url->scheme, STR("https"));
	struct str host = str_skip(url->origin, url->scheme.len + 3);

	if (url->port == (is_https ? 443 : 80))
		host.len -= is_https ? sizeof(":443") - 1 : sizeof(":80") - 1;
	return host;
}

static size_t
room_for(const struct http_request *request, const struct url *url,
	struct str user_agent)
{
	size_t room = 256 + strlen(request->method) + url->path.len +
		      url->query.len + url->origin.len + user_agent.len;

	for (size_t i = 0; i < request->header_count; i++)
		room += request->headers[i].name.len +
			request->headers[i].value.len + 4;
	return room;
}

enum err
wire_request_write(const struct http_request *request, const struct url *url,
	struct str user_agent, struct buf *out, struct buf *why)
{
	unsigned own = own_defaults(request);
	char number[STR_DECIMAL_SIZE], *at;

	if (http_request_check(request, why) != ERR_OK)
		return ERR_INVALID;
	buf_clear(out);
	at = buf_reserve(out, room_for(request, url, user_agent));
	at = put(at, str_of(request->method));
	at = put(at, STR(" "));
	at = put(at, url->path);
	if (url->query.len) {
		at = put(at, STR("?"));
		at = put(at, url->query);
	}
	at = put(at, STR(" HTTP/1.1\r\n"));
	if (!(own & 1U << DEFAULT_HOST))
		at = put_header(at, STR("Host"), host_of(url));
	if (!(own & 1U << DEFAULT_AGENT))
		at = put_header(at, STR("User-Agent"), user_agent);
	if (!(own & 1U << DEFAULT_ACCEPT))
		at = put_header(at, STR("Accept"), STR("*/*"));
	for (size_t i = 0; i < request->header_count; i++)
		at = put_header(at, request->headers[i].name,
			str_trim(request->headers[i].value));
	if (http_request_has_body(request))
		at = put_header(at, STR("Content-Length"),
			str_decimal(request->body.len, 1, number));
	at = put(at, STR("\r\n"));
	buf_filled(out, (size_t)(at - out->ptr));
	return ERR_OK;
}
