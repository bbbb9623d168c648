#pragma once
#include "base/buf.h"

/*
 * X.509 certificates and private keys in PEM form (RFC 7468), by OpenSSL. What
 * stands between the blocks is passed over.
 */
struct certificates;
struct private_key;

/* OpenSSL's X509 and EVP_PKEY. */
struct x509_st;
struct evp_pkey_st;

enum {
	CERTIFICATES_MAX = 512,		     /* in one text */
	CERTIFICATES_TEXT_MAX = 1024 * 1024, /* bytes */
	PRIVATE_KEY_TEXT_MAX = 32 * 1024,
};

/**
 * All certificates in the text, in its order. ERR_INVALID when there is none
 * or one cannot be read, ERR_LIMIT when it is too long.
 */
enum err certificates_read(
	struct str pem, struct certificates **ret, struct buf *why) MUST_USE;
void certificates_free(struct certificates *certificates);

size_t certificates_count(const struct certificates *certificates);

/** Borrowed. */
struct x509_st *certificates_get(
	const struct certificates *certificates, size_t index);

/** Appends the subject, "CN=hub,O=Example" (RFC 2253), in ASCII. */
void certificates_subject(
	const struct certificates *certificates, size_t index, struct buf *out);

/** The last moment of its life, microseconds since 1970. */
int64_t certificates_expire(
	const struct certificates *certificates, size_t index);

/** Without a passphrase: ERR_INVALID says when it has one. */
enum err private_key_read(
	struct str pem, struct private_key **ret, struct buf *why) MUST_USE;
void private_key_free(struct private_key *key);

/** Borrowed. */
struct evp_pkey_st *private_key_get(const struct private_key *key);

/** Whether it is the key of the first certificate. */
bool private_key_fits(
	const struct private_key *key, const struct certificates *certificates);
