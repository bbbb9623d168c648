#include "rule/signature.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/random.h"

enum {
	SECRET_LEN = 32,
	V1_LEN_MIN = 16,
	V1_LEN_MAX = 64,
	SEED_LEN = 32,
	PUBLIC_LEN = 32,
	ED25519_LEN = 64,
};

struct signature_signer {
	const struct scheme *scheme;
	struct digest_hmac *hmac; /* by the scheme one of these, … */
	EVP_PKEY *pkey;		  /* … the other NULL */
};

/* ---- Ed25519 (RFC 8032), by OpenSSL ---- */

static EVP_PKEY *
load_seed(const struct signature_key *key)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(
		EVP_PKEY_ED25519, NULL, key->bytes, SEED_LEN);

	if (pkey == NULL)
		abort();
	return pkey;
}

static void
public_bytes(const struct signature_key *key, uint8_t out[PUBLIC_LEN])
{
	EVP_PKEY *pkey = load_seed(key);
	size_t len = PUBLIC_LEN;

	if (EVP_PKEY_get_raw_public_key(pkey, out, &len) != 1)
		abort();
	EVP_PKEY_free(pkey);
}

static bool
is_v1a(const struct signature_key *key)
{
	uint8_t public[PUBLIC_LEN];

	if (key->len == SEED_LEN)
		return true;
	if (key->len != SEED_LEN + PUBLIC_LEN)
		return false;
	public_bytes(key, public);
	return memcmp(public, key->bytes + SEED_LEN, PUBLIC_LEN) == 0;
}

static void
make_v1a(struct signature_signer *signer, const struct signature_key *key)
{
	signer->pkey = load_seed(key);
}

static void
sign_v1a(const struct signature_signer *signer, const struct str *pieces,
	size_t count, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[ED25519_LEN];
	size_t len = sizeof(signature);

	for (size_t i = 0; i < count; i++)
		buf_append(&text, pieces[i]);
	if (ctx == NULL ||
		EVP_DigestSignInit(ctx, NULL, NULL, NULL, signer->pkey) != 1 ||
		EVP_DigestSign(ctx, signature, &len,
			(const unsigned char *)text.ptr, text.len) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	encode_base64(out, str_make((const char *)signature, len));
}

/* ---- HMAC-SHA256 ---- */

static bool
is_v1(const struct signature_key *key)
{
	return key->len >= V1_LEN_MIN && key->len <= V1_LEN_MAX;
}

static void
make_hmac(struct signature_signer *signer, const struct signature_key *key)
{
	signer->hmac =
		digest_hmac_new(str_make((const char *)key->bytes, key->len));
}

static void
sign_v1(const struct signature_signer *signer, const struct str *pieces,
	size_t count, struct buf *out)
{
	uint8_t digest[DIGEST_SHA256_LEN];

	digest_hmac_of(signer->hmac, pieces, count, digest);
	encode_base64(out, str_make((const char *)digest, sizeof(digest)));
}

/* ---- HPE GreenLake ---- */

static bool
is_greenlake(const struct signature_key *key)
{
	return key->len > 0;
}

/** Of all pieces the body only. */
static void
sign_greenlake(const struct signature_signer *signer, const struct str *pieces,
	size_t count, struct buf *out)
{
	uint8_t digest[DIGEST_SHA256_LEN];

	digest_hmac_of(signer->hmac, pieces + count - 1, 1, digest);
	encode_hex(out, str_make((const char *)digest, sizeof(digest)));
}

/* ---- the table ---- */

static const struct scheme {
	struct str prefix;  /* of a secret's text; empty: it has no form */
	struct str version; /* of a signature */
	struct str header, second_header;
	bool (*is_key)(const struct signature_key *key);
	/* What signing takes of a key is made once. */
	void (*make)(struct signature_signer *signer,
		const struct signature_key *key);
	void (*sign)(const struct signature_signer *signer,
		const struct str *pieces, size_t count, struct buf *out);
} schemes[] = {
	[SIGNATURE_V1] = {STR_INIT("whsec_"), STR_INIT("v1,"),
		STR_INIT("webhook-signature"), STR_INIT(""), is_v1, make_hmac,
		sign_v1},
	[SIGNATURE_V1A] = {STR_INIT("whsk_"), STR_INIT("v1a,"),
		STR_INIT("webhook-signature"), STR_INIT(""), is_v1a, make_v1a,
		sign_v1a},
	[SIGNATURE_GREENLAKE] = {STR_INIT(""), STR_INIT("sha256="),
		STR_INIT("HPE-Webhook-Signature"),
		STR_INIT("HPE-Webhook-Signature2"), is_greenlake, make_hmac,
		sign_greenlake},
};

void
signature_make_secret(enum signature_scheme scheme, struct buf *out)
{
	char key[SECRET_LEN];

	random_bytes(key, sizeof(key));
	buf_append(out, schemes[scheme].prefix);
	encode_base64(out, str_make(key, sizeof(key)));
}

enum err
signature_read_secret(struct str text, struct signature_key *ret)
{
	CLEANUP(buf_release) struct buf bytes = buf_make(SIGNATURE_KEY_MAX);
	struct signature_key key = {.scheme = SIGNATURE_V1};

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (str_is_empty(schemes[i].prefix) ||
			!str_starts_with(text, schemes[i].prefix))
			continue;
		key.scheme = (enum signature_scheme)i;
		text = str_skip(text, schemes[i].prefix.len);
		break;
	}
	if (encode_base64_read(text, &bytes) != ERR_OK)
		return ERR_INVALID;
	key.len = bytes.len;
	memcpy(key.bytes, buf_text(&bytes), bytes.len);
	if (!schemes[key.scheme].is_key(&key))
		return ERR_INVALID;
	*ret = key;
	return ERR_OK;
}

bool
signature_is_text(enum signature_scheme scheme)
{
	return str_is_empty(schemes[scheme].prefix);
}

enum err
signature_read_text(enum signature_scheme scheme, struct str text,
	struct signature_key *ret)
{
	struct signature_key key = {.scheme = scheme, .len = text.len};

	assert(signature_is_text(scheme));
	if (str_is_empty(text))
		return ERR_INVALID;
	/* A key longer than a block stands for its digest (RFC 2104 §2). */
	if (text.len > SIGNATURE_KEY_MAX) {
		digest_sha256(text, key.bytes);
		key.len = DIGEST_SHA256_LEN;
	} else {
		memcpy(key.bytes, text.ptr, text.len);
	}
	*ret = key;
	return ERR_OK;
}

struct str
signature_header(enum signature_scheme scheme)
{
	return schemes[scheme].header;
}

struct str
signature_second_header(enum signature_scheme scheme)
{
	return schemes[scheme].second_header;
}

void
signature_public_key(const struct signature_key *key, struct buf *out)
{
	uint8_t public[PUBLIC_LEN];

	assert(key->scheme == SIGNATURE_V1A);
	public_bytes(key, public);
	buf_append(out, STR("whpk_"));
	encode_base64(out, str_make((const char *)public, sizeof(public)));
}

struct signature_signer *
signature_signer_new(const struct signature_key *key)
{
	struct signature_signer *signer = MEM_NEW(struct signature_signer);

	signer->scheme = &schemes[key->scheme];
	signer->scheme->make(signer, key);
	return signer;
}

void
signature_signer_free(struct signature_signer *signer)
{
	if (signer == NULL)
		return;
	digest_hmac_free(signer->hmac);
	EVP_PKEY_free(signer->pkey);
	mem_free(signer);
}

void
signature_signer_sign(const struct signature_signer *signer, struct str id,
	int64_t timestamp, struct str body, struct buf *out)
{
	char digits[STR_DECIMAL_SIZE];
	const struct str dot = STR(".");
	const struct str pieces[] = {id, dot,
		str_decimal((uint64_t)timestamp, 1, digits), dot, body};

	buf_append(out, signer->scheme->version);
	signer->scheme->sign(signer, pieces, COUNT_OF(pieces), out);
}

void
signature_sign(const struct signature_key *key, struct str id,
	int64_t timestamp, struct str body, struct buf *out)
{
	struct signature_signer *signer = signature_signer_new(key);

	signature_signer_sign(signer, id, timestamp, body, out);
	signature_signer_free(signer);
}
