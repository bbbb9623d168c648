#pragma once
#include "base/str.h"

/*
 * Digests and keyed digests by name, for what people write in expressions and
 * for peers that sign with them. What the hub itself relies on is in
 * base/digest.h. MD5 and SHA-1 are here because others use them.
 */
enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512 };

enum { HASH_MAX = 64 };

/** How many bytes it has. */
size_t hash_len(enum hash_kind kind);

void hash_digest(enum hash_kind kind, struct str data, uint8_t out[HASH_MAX]);

/** HMAC (RFC 2104). */
void hash_hmac(enum hash_kind kind, struct str key, struct str data,
	uint8_t out[HASH_MAX]);
