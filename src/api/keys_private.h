#pragma once
#include <pthread.h>

#include "api/keys.h"
#include "base/digest.h"
#include "base/map.h"
#include "base/seal.h"

/*
 * What keys.c (in memory, verifying) and keys_change.c (creating, revoking,
 * seeding) share. Nobody else includes it.
 */
struct key {
	struct arena arena; /* of the row's texts */
	struct key_row row;
	/* SHA-256 of the text that proved right; key of `by_digest`. */
	uint8_t digest[DIGEST_SHA256_LEN];
	bool has_digest;
	unsigned failures;
	int64_t failures_since; /* monotonic */
};

struct keys {
	struct store *store;
	struct writer *writer;
	struct seal_key token_key;
	struct key_watch *watch;  /* NULL until it runs */
	pthread_mutex_t changing; /* held while a change is committed */
	pthread_mutex_t lock;	  /* of the maps and keys; held briefly */
	/* Another one, of all keys in the process, whenever a key goes or a
	   text proves right: who remembers more than the maps compares it. */
	uint64_t generation;
	struct map by_id;
	struct map by_digest;
};

enum { KEYS_BEARER_MAX = 2048 };

/** Id of the key that comes from outside. */
#define KEYS_SEEDED_ID STR("gk_admin")

/* Under the lock. */
void keys_insert(
	struct keys *keys, const struct key_row *row, const uint8_t *digest);
void keys_erase(struct keys *keys, struct str id);

/** The id in a token's text, and what of it is hashed. */
struct str keys_split_text(struct str text, struct str *ret_secret);
void keys_hash_secret(struct str secret, const uint8_t salt[16],
	uint8_t hash[DIGEST_SHA256_LEN]);
/** Who has this text, access tokens aside. */
enum err keys_verify_text(struct keys *keys, struct str text,
	struct arena *arena, struct api_identity *ret) MUST_USE;
