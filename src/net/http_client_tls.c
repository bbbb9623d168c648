#include "net/http_client_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/mem.h"

struct http_tls_context {
	X509_STORE *authorities; /* NULL: libcurl's */
	struct certificates *certificates;
	struct private_key *key; /* NULL: we show none */
};

static void
trust(X509_STORE *store, const struct certificates *certificates)
{
	for (size_t i = 0; i < certificates_count(certificates); i++) {
		if (X509_STORE_add_cert(
			    store, certificates_get(certificates, i)))
			continue;
		abort(); /* only for want of memory */
	}
}

static enum err
read_authorities(struct http_tls_context *context, struct str pem,
	const struct certificates *common, struct buf *why)
{
	struct certificates *own = NULL;
	enum err err = certificates_read(pem, &own, why);

	if (err)
		return err;
	context->authorities = X509_STORE_new();
	if (context->authorities == NULL)
		abort();
	/* As libcurl does it: an intermediate may be trusted by itself. */
	X509_STORE_set_flags(context->authorities,
		X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	trust(context->authorities, common);
	trust(context->authorities, own);
	certificates_free(own);
	return ERR_OK;
}

static enum err
read_certificate(struct http_tls_context *context, const struct http_tls *tls,
	struct buf *why)
{
	enum err err = certificates_read(
		tls->certificate, &context->certificates, why);

	if (!err)
		err = private_key_read(tls->key, &context->key, why);
	if (err)
		return err;
	if (private_key_fits(context->key, context->certificates))
		return ERR_OK;
	buf_append(why, STR("the key is not the certificate's"));
	return ERR_INVALID;
}

enum err
http_tls_context_new(const struct http_tls *tls,
	const struct certificates *common, struct http_tls_context **ret,
	struct buf *why)
{
	struct http_tls_context *context = MEM_NEW(struct http_tls_context);
	enum err err = ERR_OK;

	if (tls->authorities.len > 0)
		err = read_authorities(context, tls->authorities, common, why);
	if (!err && tls->certificate.len > 0)
		err = read_certificate(context, tls, why);
	if (err) {
		http_tls_context_free(context);
		return err;
	}
	*ret = context;
	return ERR_OK;
}

void
http_tls_context_free(struct http_tls_context *context)
{
	if (context == NULL)
		return;
	X509_STORE_free(context->authorities);
	certificates_free(context->certificates);
	private_key_free(context->key);
	mem_free(context);
}

static bool
show_certificate(SSL_CTX *ssl, const struct http_tls_context *context)
{
	const struct certificates *list = context->certificates;

	if (!SSL_CTX_use_certificate(ssl, certificates_get(list, 0)) ||
		!SSL_CTX_use_PrivateKey(ssl, private_key_get(context->key)))
		return false;
	for (size_t i = 1; i < certificates_count(list); i++) {
		if (!SSL_CTX_add1_chain_cert(ssl, certificates_get(list, i)))
			return false;
	}
	return true;
}

CURLcode
http_tls_context_apply(CURL *easy, void *ssl_context, void *data)
{
	const struct http_tls_context *context = data;
	SSL_CTX *ssl = ssl_context;
	bool is_applied = true;

	(void)easy;
	/* Not the context's certificate store: libcurl fills that one later,
	   and keeps it for other connections. */
	if (context->authorities)
		is_applied = SSL_CTX_set1_verify_cert_store(
			ssl, context->authorities);
	if (is_applied && context->key)
		is_applied = show_certificate(ssl, context);
	ERR_clear_error();
	return is_applied ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}
