#include "base/hash.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>

static const struct {
	const char *name;
	size_t len;
} kinds[] = {
	[HASH_MD5] = {"MD5", 16},
	[HASH_SHA1] = {"SHA1", 20},
	[HASH_SHA256] = {"SHA256", 32},
	[HASH_SHA512] = {"SHA512", 64},
};

/* Fetched once: OpenSSL 3 looks an algorithm up by name at each use. */
static EVP_MD *algorithms[COUNT_OF(kinds)];
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void
fetch(void)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		algorithms[i] = EVP_MD_fetch(NULL, kinds[i].name, NULL);
		if (algorithms[i] == NULL)
			abort();
	}
}

size_t
hash_len(enum hash_kind kind)
{
	return kinds[kind].len;
}

void
hash_digest(enum hash_kind kind, struct str data, uint8_t out[HASH_MAX])
{
	pthread_once(&fetch_once, fetch);
	if (EVP_Digest(data.len ? data.ptr : "", data.len, out, NULL,
		    algorithms[kind], NULL) != 1)
		abort();
}

void
hash_hmac(enum hash_kind kind, struct str key, struct str data,
	uint8_t out[HASH_MAX])
{
	uint8_t short_key[HASH_MAX];

	pthread_once(&fetch_once, fetch);
	/* The library takes an int for its length. */
	if (key.len > INT_MAX) {
		hash_digest(kind, key, short_key);
		key = str_make((const char *)short_key, hash_len(kind));
	}
	if (HMAC(algorithms[kind], key.len ? key.ptr : "", (int)key.len,
		    (const uint8_t *)(data.len ? data.ptr : ""), data.len, out,
		    NULL) == NULL)
		abort();
}
