#pragma once
/*
 * Certificates for tests: made on the spot, trusted by nobody else.
 */
#include <openssl/ssl.h>

struct tls_identity {
	EVP_PKEY *key;
	X509 *certificate;
	char pem[4096];	    /* the certificate */
	char key_pem[4096]; /* its key */
};

/**
 * `name` is what a peer's certificate is for ("IP:127.0.0.1"), NULL for a
 * client's or an authority. `issuer` NULL: it signs itself. It lives for
 * `seconds` from an hour ago.
 */
struct tls_identity tls_identity_new(const char *common_name, const char *name,
	const struct tls_identity *issuer, long seconds);
void tls_identity_release(struct tls_identity *identity);

/**
 * A server that shows an identity; with `clients` it wants a certificate of
 * that authority. SSL_CTX_free it.
 */
SSL_CTX *tls_identity_server(const struct tls_identity *identity,
	const struct tls_identity *clients);
