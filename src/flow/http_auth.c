#include "flow/http_auth.h"

#include "base/encode.h"
#include "flow/connection.h"
#include "flow/field.h"

static struct str
member(const struct module_call *call, const char *name)
{
	return field_text(call->connection->members, name, call->arena);
}

struct http_auth
http_auth_basic(struct str username, struct str password, struct arena *arena)
{
	CLEANUP(buf_release) struct buf pair = {0}, value = {0};

	buf_append(&pair, username);
	buf_append_char(&pair, ':');
	buf_append(&pair, password);
	buf_append(&value, STR("Basic "));
	encode_base64(&value, buf_str(&pair));
	return (struct http_auth){.header = {STR("Authorization"),
					  arena_copy(arena, buf_str(&value))}};
}

static bool
make_api_key(const struct module_call *call, struct http_auth *ret)
{
	struct str key = member(call, "apiKey");
	struct str name = member(call, "apiKeyName");

	if (name.len == 0)
		name = STR("X-API-Key");
	if (str_equal(member(call, "apiKeyPlace"), STR("query"))) {
		ret->query_name = name;
		ret->query_value = key;
	} else {
		ret->header = (struct http_header){name, key};
	}
	return key.len > 0;
}

static bool
make_oauth(const struct module_call *call, struct http_auth *ret)
{
	ret->grant = (struct oauth_grant){.token_url = member(call, "tokenUrl"),
		.client_id = member(call, "clientId"),
		.client_secret = member(call, "clientSecret"),
		.refresh_token = member(call, "refreshToken"),
		.scope = member(call, "scope")};
	ret->has_grant = true;
	return ret->grant.token_url.len > 0;
}

static bool
make_bearer(const struct module_call *call, struct http_auth *ret)
{
	struct str token = member(call, "token");

	ret->header = (struct http_header){STR("Authorization"),
		arena_printf(call->arena, "Bearer %.*s", STR_ARG(token))};
	return token.len > 0;
}

static bool
make_basic(const struct module_call *call, struct http_auth *ret)
{
	struct str username = member(call, "username");

	*ret = http_auth_basic(username, member(call, "password"), call->arena);
	return username.len > 0;
}

static const struct way {
	enum http_auth_kind kind;
	bool (*make)(const struct module_call *call, struct http_auth *ret);
	const char *needs;
} ways[] = {
	{HTTP_AUTH_API_KEY, make_api_key, "apiKey"},
	{HTTP_AUTH_OAUTH, make_oauth, "tokenUrl"},
	{HTTP_AUTH_OAUTH, make_bearer, "token"},
	{HTTP_AUTH_BASIC, make_basic, "username"},
};

static enum failure_kind
refuse(const struct module_call *call, enum http_auth_kind kind,
	struct failure *failure)
{
	const char *needs = "";

	for (size_t i = 0; i < COUNT_OF(ways) && !*needs; i++) {
		if (ways[i].kind == kind)
			needs = ways[i].needs;
	}
	if (!call->connection)
		return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
			"%s needs a connection of type http with %s: name it "
			"in parameters.connection",
			call->kind->name, needs);
	return failure_set(failure, call->arena, FAILURE_CONFIGURATION,
		"the connection %.*s has no %s",
		STR_ARG(call->connection->name), needs);
}

enum failure_kind
http_auth_make(const struct module_call *call, enum http_auth_kind kind,
	struct http_auth *ret, struct failure *failure)
{
	*ret = (struct http_auth){0};
	for (size_t i = 0; call->connection && i < COUNT_OF(ways); i++) {
		if (kind != HTTP_AUTH_ANY && kind != ways[i].kind)
			continue;
		*ret = (struct http_auth){0};
		if (ways[i].make(call, ret))
			return FAILURE_NONE;
	}
	*ret = (struct http_auth){0};
	return kind == HTTP_AUTH_ANY ? FAILURE_NONE
				     : refuse(call, kind, failure);
}

enum failure_kind
http_auth_fetch(const struct module_call *call, struct http_auth *auth,
	int64_t timeout, bool *ret_is_kept, struct failure *failure)
{
	*ret_is_kept = false;
	if (!auth->has_grant)
		return FAILURE_NONE;
	auth->header.name = STR("Authorization");
	return oauth_tokens_get(call->outgoing, &auth->grant, timeout,
		call->arena, &auth->header.value, ret_is_kept, failure);
}
