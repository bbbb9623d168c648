#pragma once
#include "base/buf.h"

/*
 * Signatures of outgoing webhooks. By Standard Webhooks 1.0.0, over
 * "id.timestamp.body", all of them in the header webhook-signature:
 *
 *   v1    HMAC-SHA256   secret  whsec_ + Base64 of 16 to 64 bytes
 *   v1a   Ed25519       secret  whsk_  + Base64 of the 32-byte seed, or of the
 *                               64 bytes of seed and public key
 *                       public  whpk_  + Base64 of 32 bytes
 *
 * As HPE GreenLake does it, over the body alone, in lower-case hex:
 *
 *   greenlake  HMAC-SHA256   secret  any text, its bytes are the key
 *              HPE-Webhook-Signature: sha256=<hex>, and of a second secret
 *              HPE-Webhook-Signature2
 */
enum signature_scheme { SIGNATURE_V1, SIGNATURE_V1A, SIGNATURE_GREENLAKE };

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

/**
 * The secret of a scheme whose secrets are any text; it is not looked at.
 * ERR_INVALID when it is empty.
 */
enum err signature_read_text(enum signature_scheme scheme, struct str text,
	struct signature_key *ret) MUST_USE;

/** Whether the scheme's secrets are any text, chosen by the user. */
bool signature_is_text(enum signature_scheme scheme);

/** Appends the text of the public key of a v1a secret. */
void signature_public_key(const struct signature_key *key, struct buf *out);

/**
 * A secret made ready to sign many messages, which it does in less time. Any
 * thread may use it at any time.
 */
struct signature_signer;

struct signature_signer *signature_signer_new(const struct signature_key *key);
/** NULL is harmless. */
void signature_signer_free(struct signature_signer *signer);

/**
 * Appends "v1,<base64>", "v1a,<base64>" or "sha256=<hex>", of at most
 * SIGNATURE_TEXT_MAX characters. `timestamp` in Unix seconds.
 */
void signature_signer_sign(const struct signature_signer *signer, struct str id,
	int64_t timestamp, struct str body, struct buf *out);

enum { SIGNATURE_TEXT_MAX = 92 };

/** The same for one message. */
void signature_sign(const struct signature_key *key, struct str id,
	int64_t timestamp, struct str body, struct buf *out);

/** The header for a signature by the scheme. */
struct str signature_header(enum signature_scheme scheme);

/**
 * The header for that by a second secret; empty when the first one's takes
 * both, with a blank between.
 */
struct str signature_second_header(enum signature_scheme scheme);
