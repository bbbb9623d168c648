#pragma once
#include "base/arena.h"

/*
 * Access tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256 under a
 * key derived from the instance's key file. A token only says which API key
 * asked for it; role and workspace are looked up when it is used, so revoking
 * the key ends its tokens.
 */
struct seal_key; /* base/seal.h */

enum {
	TOKEN_LIFE_SECONDS = 7200,
	/* What clients are told, as HPE's server does. */
	TOKEN_EXPIRES_IN = 7199,
	TOKEN_TEXT_MAX = 2048,
};

/** A token for the key `key_id`, issued at `now` (microseconds, 1970). */
struct str token_make(const struct seal_key *key, struct str key_id,
	struct str role, int64_t now, struct arena *arena);

/**
 * The key's id in `arena`. ERR_DENIED when the text is no token of ours, its
 * signature is wrong or it has expired.
 */
enum err token_verify(const struct seal_key *key, struct str text, int64_t now,
	struct arena *arena, struct str *ret_key_id) MUST_USE;
