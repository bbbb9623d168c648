#include "base/digest.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * Fetched once: OpenSSL 3 looks an algorithm up by name at each use of
 * EVP_sha256() or SHA256(), which costs more than hashing a token.
 */
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void
fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (sha256 == NULL)
		abort();
}

static const EVP_MD *
sha256_algorithm(void)
{
	pthread_once(&fetch_once, fetch);
	return sha256;
}

void
digest_sha256(struct str data, uint8_t out[DIGEST_SHA256_LEN])
{
	if (EVP_Digest(data.len ? data.ptr : "", data.len, out, NULL,
		    sha256_algorithm(), NULL) != 1)
		abort();
}

/* A context a thread is kept, as making one costs as much as hashing a little.
   It holds nothing of a key once OpenSSL has given the digest out. */
static _Thread_local EVP_MD_CTX *kept;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t kept_key;

static void
free_kept(void *context)
{
	EVP_MD_CTX_free(context);
	kept = NULL;
}

static void
make_key(void)
{
	if (pthread_key_create(&kept_key, free_kept) != 0)
		abort();
}

static EVP_MD_CTX *
kept_context(void)
{
	if (kept == NULL) {
		pthread_once(&key_once, make_key);
		kept = EVP_MD_CTX_new();
		if (kept == NULL || pthread_setspecific(kept_key, kept) != 0)
			abort();
	}
	return kept;
}

static void
sha256_update(EVP_MD_CTX *ctx, const void *data, size_t len)
{
	if (len && EVP_DigestUpdate(ctx, data, len) != 1)
		abort();
}

static void
hmac_pass(EVP_MD_CTX *ctx, const uint8_t block[64], uint8_t pad)
{
	uint8_t padded[64];

	for (size_t i = 0; i < sizeof(padded); i++)
		padded[i] = block[i] ^ pad;
	if (EVP_DigestInit_ex(ctx, sha256_algorithm(), NULL) != 1)
		abort();
	sha256_update(ctx, padded, sizeof(padded));
	OPENSSL_cleanse(padded, sizeof(padded));
}

/** What a key is in both passes (RFC 2104 §2). */
static void
hmac_key(struct str key, uint8_t block[64])
{
	memset(block, 0, 64);
	if (key.len > 64)
		digest_sha256(key, block);
	else if (key.len)
		memcpy(block, key.ptr, key.len);
}

static void
hmac_texts(EVP_MD_CTX *ctx, const struct str *pieces, size_t piece_count,
	uint8_t inner[DIGEST_SHA256_LEN])
{
	for (size_t i = 0; i < piece_count; i++)
		sha256_update(ctx, pieces[i].ptr, pieces[i].len);
	if (EVP_DigestFinal_ex(ctx, inner, NULL) != 1)
		abort();
}

static void
hmac_end(EVP_MD_CTX *ctx, const uint8_t inner[DIGEST_SHA256_LEN],
	uint8_t out[DIGEST_SHA256_LEN])
{
	sha256_update(ctx, inner, DIGEST_SHA256_LEN);
	if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
}

/*
 * RFC 2104 spelled out over EVP_MD_CTX: OpenSSL 3's own EVP_MAC fetches the
 * algorithm and copies several contexts for each call, which costs more than
 * the hashing of a webhook's body.
 */
void
digest_hmac_sha256(struct str key, const struct str *pieces, size_t piece_count,
	uint8_t out[DIGEST_SHA256_LEN])
{
	EVP_MD_CTX *ctx = kept_context();
	uint8_t block[64], inner[DIGEST_SHA256_LEN];

	hmac_key(key, block);
	hmac_pass(ctx, block, 0x36);
	hmac_texts(ctx, pieces, piece_count, inner);
	hmac_pass(ctx, block, 0x5C);
	hmac_end(ctx, inner, out);
	OPENSSL_cleanse(block, sizeof(block));
}

/* ---- with a key that is ready ---- */

struct digest_hmac {
	EVP_MD_CTX *inner, *outer; /* past the key's block */
};

struct digest_hmac *
digest_hmac_new(struct str key)
{
	struct digest_hmac *hmac = MEM_NEW(struct digest_hmac);
	uint8_t block[64];

	hmac->inner = EVP_MD_CTX_new();
	hmac->outer = EVP_MD_CTX_new();
	if (hmac->inner == NULL || hmac->outer == NULL)
		abort();
	hmac_key(key, block);
	hmac_pass(hmac->inner, block, 0x36);
	hmac_pass(hmac->outer, block, 0x5C);
	OPENSSL_cleanse(block, sizeof(block));
	return hmac;
}

void
digest_hmac_free(struct digest_hmac *hmac)
{
	if (hmac == NULL)
		return;
	EVP_MD_CTX_free(hmac->inner);
	EVP_MD_CTX_free(hmac->outer);
	mem_free(hmac);
}

void
digest_hmac_of(const struct digest_hmac *hmac, const struct str *pieces,
	size_t piece_count, uint8_t out[DIGEST_SHA256_LEN])
{
	EVP_MD_CTX *ctx = kept_context();
	uint8_t inner[DIGEST_SHA256_LEN];

	if (EVP_MD_CTX_copy_ex(ctx, hmac->inner) != 1)
		abort();
	hmac_texts(ctx, pieces, piece_count, inner);
	if (EVP_MD_CTX_copy_ex(ctx, hmac->outer) != 1)
		abort();
	hmac_end(ctx, inner, out);
}

bool
digest_equal(struct str a, struct str b)
{
	return a.len == b.len &&
	       (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void
digest_scrypt(
	struct str secret, struct str salt, uint8_t out[DIGEST_SHA256_LEN])
{
	uint64_t memory = 64u << 20;

	if (EVP_PBE_scrypt(secret.len ? secret.ptr : "", secret.len,
		    (const unsigned char *)(salt.len ? salt.ptr : ""), salt.len,
		    1u << 15, 8, 1, memory, out, DIGEST_SHA256_LEN) != 1)
		abort();
}
