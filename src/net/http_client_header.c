#include "net/http_client_header.h"

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
	const unsigned char *bytes = (const unsigned char *)value.ptr;
	unsigned char bad = 0;

	if (!str_is_token(name))
		return false;
	/* To the end and without branches, so that the compiler takes many
	   bytes at once. */
	for (size_t i = 0; i < value.len; i++)
		bad |= (unsigned char)((bytes[i] < 0x20) & (bytes[i] != '\t')) |
		       (unsigned char)(bytes[i] == 0x7F);
	return bad == 0;
}

bool
http_head_find(struct str head, struct str name, struct str *ret)
{
	struct str rest = head;

	str_split(&rest, '\n'); /* the status line */
	while (rest.ptr != NULL) {
		struct str line = str_split(&rest, '\n');
		size_t colon = str_find_char(line, ':');

		if (colon == SIZE_MAX ||
			!str_equal_nocase(str_head(line, colon), name))
			continue;
		*ret = str_trim(str_skip(line, colon + 1));
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
