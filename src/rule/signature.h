#pragma once
#include "base/buf.h"

/*
 * Signatures of outgoing webhooks by Standard Webhooks 1.0.0, over
 * "id.timestamp.body":
 *
 *   v1    HMAC-SHA256   secret  whsec_ + Base64 of 16 to 64 bytes
 *   v1a   Ed25519       secret  whsk_  + Base64 of the 32-byte seed, or of the
 *                               64 bytes of seed and public key
 *                       public  whpk_  + Base64 of 32 bytes
 */
enum signature_scheme { SIGNATURE_V1, SIGNATURE_V1A };

enum { SIGNATURE_KEY_MAX = 64 };

/** A secret, ready to sign with. */
struct signature_key {
	enum signature_scheme scheme;
	size_t len;
	uint8_t bytes[SIGNATURE_KEY_MAX];
};

/** A new random secret of the scheme in its text form. Appended. */
void signature_make_secret(enum signature_scheme scheme, struct buf *out);

/**
 * Reads a secret in text form; its prefix says the scheme, none means v1;
 * padding is optional. ERR_INVALID when it is no Base64, or no key by its
 * length, or (64 bytes of v1a) its halves do not belong together.
 */
enum err signature_read_secret(struct str text, struct signature_key *ret)
	MUST_USE;

/** Appends the text of the public key of a v1a secret. */
void signature_public_key(const struct signature_key *key, struct buf *out);

/** Appends "v1,<base64>" or "v1a,<base64>". `timestamp` in Unix seconds. */
void signature_sign(const struct signature_key *key, struct str id,
	int64_t timestamp, struct str body, struct buf *out);
