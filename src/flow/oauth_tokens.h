#pragma once
#include "flow/outgoing.h"

/*
 * Access tokens of OAuth2 (RFC 6749): fetched by client credentials (§4.4) or
 * a refresh token (§6) through the guarded client, and kept until shortly
 * before they expire. One belongs to each way out (outgoing_tokens()); its
 * thread only. Tokens are in memory only.
 */
struct oauth_tokens;

struct oauth_grant {
	struct str token_url;
	struct str client_id;
	struct str client_secret;
	struct str refresh_token;   /* empty: client credentials */
	struct str scope;	    /* or empty */
	const struct http_way *way; /* to the token server; NULL: none */
};

struct oauth_tokens *oauth_tokens_new(void);
/** NULL is harmless. */
void oauth_tokens_free(struct oauth_tokens *tokens);

struct oauth_token {
	struct str header; /* "Bearer …" */
	bool is_kept;	   /* was fetched before: may have been revoked since */
};

/**
 * The token, in `arena`, from what is kept or fetched within `timeout`
 * microseconds. FAILURE_ACCESS_TOKEN when the token server refuses or answers
 * with no token, else as outgoing_send().
 */
enum failure_kind oauth_tokens_get(struct outgoing *outgoing,
	const struct oauth_grant *grant, int64_t timeout, struct arena *arena,
	struct oauth_token *ret, struct failure *failure);

/** A service refused it: the next one who asks gets a fresh one. */
void oauth_tokens_forget(
	struct outgoing *outgoing, const struct oauth_grant *grant);
