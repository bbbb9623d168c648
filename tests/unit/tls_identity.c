#include "tls_identity.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "check.h"

static void
add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	CHECK(extension != NULL);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static void
read_text(BIO *bio, char *text, size_t size)
{
	int count = BIO_read(bio, text, (int)size - 1);

	CHECK(count > 0 && (size_t)count < size - 1);
	text[count] = '\0';
	BIO_free(bio);
}

struct tls_identity
tls_identity_new(const char *common_name, const char *name,
	const struct tls_identity *issuer, long seconds)
{
	static long serial = 100;
	struct tls_identity new = {
		.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
	X509_NAME *subject = X509_get_subject_name(new.certificate);
	BIO *bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());

	X509_set_version(new.certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(new.certificate), serial++);
	X509_gmtime_adj(X509_getm_notBefore(new.certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(new.certificate), seconds - 3600);
	X509_set_pubkey(new.certificate, new.key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(new.certificate,
		issuer ? X509_get_subject_name(issuer->certificate) : subject);
	if (name)
		add_extension(new.certificate, NID_subject_alt_name, name);
	else if (issuer == NULL)
		add_extension(new.certificate, NID_basic_constraints,
			"critical,CA:TRUE");
	CHECK(X509_sign(new.certificate, issuer ? issuer->key : new.key,
		      EVP_sha256()) > 0);
	CHECK(PEM_write_bio_X509(bio, new.certificate) == 1);
	CHECK(PEM_write_bio_PrivateKey(
		      key_bio, new.key, NULL, NULL, 0, NULL, NULL) == 1);
	read_text(bio, new.pem, sizeof(new.pem));
	read_text(key_bio, new.key_pem, sizeof(new.key_pem));
	return new;
}

void
tls_identity_release(struct tls_identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
}

SSL_CTX *
tls_identity_server(
	const struct tls_identity *identity, const struct tls_identity *clients)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	CHECK(SSL_CTX_use_certificate(context, identity->certificate) == 1);
	CHECK(SSL_CTX_use_PrivateKey(context, identity->key) == 1);
	if (clients == NULL)
		return context;
	CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context),
		      clients->certificate) == 1);
	SSL_CTX_set_verify(context,
		SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_id_context(
		context, (const unsigned char *)"tests", 5);
	return context;
}
