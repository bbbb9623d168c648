#pragma once
#include "flow/module.h"

/**
 * The access token of a connection of type google: from a service account's
 * key, by a JWT signed with RS256 (RFC 7523), or from a refresh token (RFC
 * 6749 §6). Kept until a minute before its end. FAILURE_CONFIGURATION for a
 * key that is none, FAILURE_ACCESS_TOKEN when it is refused.
 */
enum failure_kind google_token(const struct module_call *call, struct str *ret,
	struct failure *failure);

/** Forgets it: the service did not take it. */
void google_token_drop(const struct module_call *call);
