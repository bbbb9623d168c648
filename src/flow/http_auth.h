#pragma once
#include "flow/module.h"
#include "flow/oauth_tokens.h"

/*
 * How a request proves itself, from a connection of type http (or another
 * with the same members):
 *
 *   apiKey, apiKeyName ("X-API-Key"), apiKeyPlace (header, query)
 *   tokenUrl, clientId, clientSecret, scope, refreshToken: OAuth2
 *   token: a bearer
 *   username, password: basic
 *
 * The first that is there is used, unless the module wants one kind.
 */
enum http_auth_kind {
	HTTP_AUTH_ANY,
	HTTP_AUTH_API_KEY,
	HTTP_AUTH_BASIC,
	HTTP_AUTH_OAUTH,
	/* Of TLS (http_way_of()); of the others whichever there is as well. */
	HTTP_AUTH_CERTIFICATE,
};

struct http_auth {
	struct http_header header; /* name empty: none */
	struct str query_name;	   /* likewise */
	struct str query_value;
	bool has_grant; /* the header is to be fetched: http_auth_fetch() */
	struct oauth_grant grant;
};

/**
 * FAILURE_CONFIGURATION when the connection has not what the kind wants; with
 * HTTP_AUTH_ANY and no connection there is nothing to prove.
 */
enum failure_kind http_auth_make(const struct module_call *call,
	enum http_auth_kind kind, struct http_auth *ret,
	struct failure *failure);

/** Basic, from texts. */
struct http_auth http_auth_basic(
	struct str username, struct str password, struct arena *arena);

/** Sets the header from a token, if it is to be fetched. */
enum failure_kind http_auth_fetch(const struct module_call *call,
	struct http_auth *auth, int64_t timeout, bool *ret_is_kept,
	struct failure *failure);
