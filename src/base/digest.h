#pragma once
#include "base/str.h"

/*
 * Digests and keyed digests, by OpenSSL. Functions cannot fail but for lack
 * of memory, which aborts.
 */
enum { DIGEST_SHA256_LEN = 32 };

void digest_sha256(struct str data, uint8_t out[DIGEST_SHA256_LEN]);

/** HMAC-SHA256 (RFC 2104) over the pieces, as if they were one text. */
void digest_hmac_sha256(struct str key, const struct str *pieces,
	size_t piece_count, uint8_t out[DIGEST_SHA256_LEN]);

/**
 * The same with a key that was made ready before, for many texts: the two
 * blocks that the key fills are hashed once. Any thread may use it at any
 * time.
 */
struct digest_hmac;

struct digest_hmac *digest_hmac_new(struct str key);
/** NULL is harmless. Nothing of the key is left in memory. */
void digest_hmac_free(struct digest_hmac *hmac);
void digest_hmac_of(const struct digest_hmac *hmac, const struct str *pieces,
	size_t piece_count, uint8_t out[DIGEST_SHA256_LEN]);

/** Compares without telling by its duration where the difference is. */
bool digest_equal(struct str a, struct str b);

/**
 * scrypt (RFC 7914) with N=2^15, r=8, p=1: about 50 ms and 32 MiB. For
 * secrets that people may have chosen.
 */
void digest_scrypt(
	struct str secret, struct str salt, uint8_t out[DIGEST_SHA256_LEN]);
