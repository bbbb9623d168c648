#pragma once
#include "base/buf.h"

/*
 * Signatures of outgoing webhooks: Standard Webhooks 1.0.0 `v1`
 * (HMAC-SHA256 over "id.timestamp.body").
 */

/** A new random secret, 32 bytes, as `whsec_` + Base64. Appended. */
void signature_make_secret(struct buf *out);

/**
 * Reads a secret in text form (prefix optional, padding optional) into raw
 * key bytes, which are appended. ERR_INVALID when it is no Base64 or outside
 * 16 to 64 bytes; then nothing is.
 */
enum err signature_read_secret(struct str text, struct buf *ret_key) MUST_USE;

/** Appends "v1,<base64>". `timestamp` in Unix seconds. */
void signature_sign_v1(struct str key, struct str id, int64_t timestamp,
	struct str body, struct buf *out);
