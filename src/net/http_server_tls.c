#include <errno.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_server_private.h"

struct server_tls {
	SSL_CTX *context;
};

/** A key with a passphrase is refused; nobody is there to be asked. */
static int
no_passphrase(char *text, int size, int is_writing, void *context)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)context;
	return -1;
}

/** RFC 7301 §3.2: one of ours, or an alert that there is none. */
static int
choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
	const unsigned char *offered, unsigned len, void *context)
{
	static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl;
	(void)context;
	if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1,
		    offered, len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
make_context(void)
{
	static const unsigned char id[] = "grapnel";
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL)
		abort();
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
			SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	/* Sessions are taken up again by tickets, which need no memory. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(context, id, sizeof(id) - 1);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	return context;
}

static enum err
check_readable(const char *path, struct buf *why)
{
	if (path && access(path, R_OK) == 0)
		return ERR_OK;
	buf_printf(why, "cannot read %s: %s",
		path ? path : "the key (none given)",
		path ? strerror(errno) : "both files are needed");
	return ERR_IO;
}

static enum err
load(SSL_CTX *context, const char *certificate, const char *key,
	struct buf *why)
{
	if (check_readable(certificate, why) || check_readable(key, why))
		return ERR_IO;
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		buf_printf(why, "%s is no PEM file of a key: ", key);
		wire_ssl_explain(why);
		return ERR_IO;
	}
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
		buf_printf(why,
			"%s is no PEM file of a certificate: ", certificate);
		wire_ssl_explain(why);
		return ERR_IO;
	}
	if (SSL_CTX_check_private_key(context) != 1) {
		buf_printf(why,
			"the certificate in %s and the key in %s do "
			"not match: ",
			certificate, key);
		wire_ssl_explain(why);
		return ERR_IO;
	}
	return ERR_OK;
}

enum err
server_tls_open(const char *certificate, const char *key,
	struct server_tls **ret, struct buf *why)
{
	SSL_CTX *context = make_context();

	if (load(context, certificate, key, why)) {
		SSL_CTX_free(context);
		return ERR_IO;
	}
	*ret = MEM_NEW(struct server_tls);
	(*ret)->context = context;
	return ERR_OK;
}

void
server_tls_close(struct server_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	mem_free(tls);
}

struct ssl_st *
server_tls_accept(struct server_tls *tls, int fd)
{
	SSL *ssl = SSL_new(tls->context);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}
