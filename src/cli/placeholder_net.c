#include "net/address.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "rule/retry.h"
#include "rule/signature.h"

/*
 * Doubles of the layers below, so that this branch links before they are
 * merged. meson.build leaves this file out as soon as net/http_client.c is
 * there. To be deleted at merge.
 */
const struct retry_policy retry_default_policy = {.count = 0};

enum err
retry_policy_parse(struct str text, struct retry_policy *ret, struct buf *why)
{
	(void)ret;
	if (!str_equal(text, STR("bad")))
		return ERR_OK;
	buf_append(why, STR("part 1: expected a duration"));
	return ERR_INVALID;
}

enum err
address_network_parse(
	struct str text, struct address_network *ret, struct buf *why)
{
	*ret = (struct address_network){0};
	if (str_find_char(text, '.') != SIZE_MAX ||
		str_find_char(text, ':') != SIZE_MAX)
		return ERR_OK;
	buf_printf(why, "\"%.*s\" is not a network", STR_ARG(text));
	return ERR_INVALID;
}

bool
http_header_is_sendable(struct str name, struct str value)
{
	(void)name;
	return str_find_char(value, '\n') == SIZE_MAX;
}

struct http_client *
http_client_new(const struct http_client_options *options)
{
	(void)options;
	return NULL;
}

void
http_client_free(struct http_client *client)
{
	(void)client;
}

void
http_client_send(struct http_client *client, const struct http_request *request)
{
	struct http_result result = {.failure = HTTP_OUR_FAULT,
		.error = STR("this build has no HTTP client")};

	(void)client;
	request->done(request->context, &result);
}

void
http_client_wait(struct http_client *client, int extra_fd, int64_t timeout)
{
	(void)client;
	(void)extra_fd;
	(void)timeout;
}

enum err
http_server_start(const struct http_server_options *options,
	struct http_server **ret, struct buf *why)
{
	(void)options;
	*ret = NULL;
	buf_append(why, STR("this build has no HTTP server"));
	return ERR_IO;
}

uint16_t
http_server_port(const struct http_server *server)
{
	(void)server;
	return 0;
}

void
http_server_quiesce(struct http_server *server)
{
	(void)server;
}

void
http_server_stop(struct http_server *server, int64_t timeout)
{
	(void)server;
	(void)timeout;
}

struct str
http_call_method(const struct http_call *call)
{
	(void)call;
	return STR("");
}

struct str
http_call_path(const struct http_call *call)
{
	return http_call_method(call);
}

struct str
http_call_header(const struct http_call *call, const char *name)
{
	(void)name;
	return http_call_method(call);
}

struct str
http_call_body(const struct http_call *call)
{
	return http_call_method(call);
}

struct str
http_call_peer(const struct http_call *call)
{
	return http_call_method(call);
}

struct arena *
http_call_arena(struct http_call *call)
{
	(void)call;
	return NULL;
}

void
http_call_add_header(struct http_call *call, const char *name, struct str value)
{
	(void)call;
	(void)name;
	(void)value;
}

void
http_call_respond(struct http_call *call, int status, const char *content_type,
	struct str body)
{
	(void)call;
	(void)status;
	(void)content_type;
	(void)body;
}

enum err
signature_read_secret(struct str text, struct buf *ret_key)
{
	return buf_append(ret_key, text);
}

void
signature_sign_v1(struct str key, struct str id, int64_t timestamp,
	struct str body, struct buf *out)
{
	(void)body;
	buf_printf(out, "v1,%.*s.%.*s.%lld", STR_ARG(key), STR_ARG(id),
		(long long)timestamp);
}
