#include "net/http_client_header.h"

#include "base/ascii.h"

/* The engines write these themselves; a second one would let the peer read
   another message than we sent (RFC 9112 §6.1, §11.2). */
static const struct str framing_headers[] = {
	STR_INIT("Connection"),
	STR_INIT("Content-Length"),
	STR_INIT("Expect"),
	STR_INIT("Transfer-Encoding"),
	STR_INIT("Upgrade"),
};

static bool
is_framing(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(framing_headers); i++) {
		if (str_equal_nocase(name, framing_headers[i]))
			return true;
	}
	return false;
}

enum err
http_request_check(const struct http_request *request, struct buf *why)
{
	if (strlen(request->method) >= HTTP_METHOD_MAX ||
		!http_header_is_sendable(str_of(request->method), STR(""))) {
		buf_append(why, STR("not an HTTP method"));
		return ERR_INVALID;
	}
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		if (!is_framing(header->name) &&
			http_header_is_sendable(header->name, header->value))
			continue;
		buf_printf(why, "header \"%.*s\" cannot be sent",
			STR_ARG(str_head(header->name, 64)));
		return ERR_INVALID;
	}
	return ERR_OK;
}

bool
http_request_has_body(const struct http_request *request)
{
	return request->has_body || !strcmp(request->method, "POST");
}

bool
http_header_is_sendable(struct str name, struct str value)
{
	if (!str_is_token(name))
		return false;
	if (!str_has_control(value))
		return true;
	for (size_t i = 0; i < value.len; i++) {
		if (ascii_is_control(value.ptr[i]) && value.ptr[i] != '\t')
			return false;
	}
	return true;
}

bool
http_head_find(struct str head, struct str name, struct str *ret)
{
	const char *at = head.ptr, *end;

	if (head.len == 0)
		return false;
	end = at + head.len;
	/* What follows the status line, and so on. */
	while (at != end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		struct str line = str_make(at + 1, (size_t)(end - at - 1));

		at++;
		if (line.len <= name.len || line.ptr[name.len] != ':' ||
			!str_equal_nocase(str_head(line, name.len), name))
			continue;
		*ret = str_trim(str_skip(str_split(&line, '\n'), name.len + 1));
		return true;
	}
	return false;
}

bool
http_request_is_plain(const struct http_client_options *options,
	const struct http_request *request, struct str host)
{
	if (request->way || request->list)
		return false;
	for (size_t i = 0; options->proxy && i < options->no_proxy_count; i++) {
		if (http_no_proxy_holds(options->no_proxy[i], host))
			return true;
	}
	return options->proxy == NULL;
}
