#pragma once
#include "api/route.h"

/*
 * Who may call: API keys with a role. A key's text is
 *
 *   gk_k3x0…(12)_Zm9v…(43)
 *   └── id ─────┘ └ secret: 32 random bytes, base64url
 *
 * The store holds the scrypt hash of the secret with a salt of its own. All
 * keys are in memory; a token that has once been verified is remembered by
 * its SHA-256, so scrypt runs once a key and process; the last one that a
 * thread has seen, by its text, until any key changes. A wrong secret for a
 * known id costs the caller 50 ms; after five of them in a minute further ones
 * are refused unhashed until the minute is over (remembered tokens go on).
 *
 * One key may be seeded from outside (GRAPNEL_ADMIN_TOKEN): its id is
 * "gk_admin", its secret any text.
 *
 * Any thread, except where it says "blocks": those wait for the disk.
 */
struct keys;
struct seal_key; /* base/seal.h */
struct store;
struct writer;

enum { KEYS_MAX = 1000, KEY_NAME_MAX = 100, KEY_SEED_MIN = 8 };

struct keys_options {
	struct store *store;
	struct writer *writer;
	const struct seal_key *master; /* for access tokens */
};

/** Loads all keys; blocks. ERR_IO with why. */
enum err keys_open(const struct keys_options *options, struct keys **ret,
	struct buf *why) MUST_USE;
void keys_close(struct keys *keys);

/**
 * Makes `token` the secret of the seeded admin key, unless it is already, or
 * is the text of another admin key; blocks. ERR_INVALID when it is shorter
 * than KEY_SEED_MIN or not printable, otherwise the commit's error.
 */
enum err keys_seed_admin(struct keys *keys, struct str token, struct buf *why)
	MUST_USE;

/**
 * What a start has to do: seeds `token` when there is one; else, when there is
 * no key at all, makes an admin key and gives its text, to be shown once
 * (otherwise `*ret_text` is empty). Blocks. Errors as above.
 */
enum err keys_ensure_admin(struct keys *keys, struct str token,
	struct arena *arena, struct str *ret_text, struct buf *why) MUST_USE;

size_t keys_count(struct keys *keys);

/** What a new key is to be. */
struct key_draft {
	uint32_t workspace;
	enum key_role role;
	struct str name;
	int64_t expires; /* refused from then on; 0: never */
};

/** What may be told about a key. */
struct key_view {
	struct str id;
	uint32_t workspace;
	enum key_role role;
	struct str name;
	bool is_seeded;
	int64_t created;
	int64_t expires; /* 0: never */
};

/**
 * A new key; its text, which nobody can read again, in `arena`. Blocks.
 * ERR_INVALID (name), ERR_LIMIT (KEYS_MAX), or the commit's error.
 */
enum err keys_create(struct keys *keys, const struct key_draft *draft,
	struct arena *arena, struct key_view *ret, struct str *ret_text)
	MUST_USE;

/** All of a workspace, oldest first, in `arena`. */
struct key_view *keys_list(struct keys *keys, uint32_t workspace,
	struct arena *arena, size_t *ret_count);

/**
 * Removes one; its tokens end at once. Blocks. ERR_NOT_FOUND, ERR_CONFLICT
 * when it is the last admin key that has not ended, or the commit's error.
 */
enum err keys_revoke(struct keys *keys, uint32_t workspace, struct str id)
	MUST_USE;

/**
 * Who bears this text: a key's, the seeded secret, or an access token.
 * ERR_DENIED; ERR_TIMEOUT when it proves right but the key has ended, which
 * `*ret` then tells of. May hash (see above), else does not block.
 */
enum err keys_identify(struct keys *keys, struct str bearer,
	struct arena *arena, struct api_identity *ret) MUST_USE;

/**
 * An OAuth2 client: `id` is a key's, `secret` its secret or its whole text.
 * ERR_DENIED, ERR_TIMEOUT as above.
 */
enum err keys_identify_client(struct keys *keys, struct str id,
	struct str secret, struct arena *arena, struct api_identity *ret)
	MUST_USE;

/** An access token for somebody who has been identified. */
struct str keys_issue_token(
	struct keys *keys, const struct api_identity *who, struct arena *arena);

/** The one place that says which role may do what. */
bool keys_role_allows(enum key_role role, enum api_access access);
