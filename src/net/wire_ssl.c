#include "net/wire_ssl.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/wire_authorities.h"

/* How long authorities that could not be read are not tried again: a file
   that is there but wrong takes its time. */
#define PAUSE (1 * SECONDS)

struct wire_ssl {
	SSL_CTX *context;
	const char *file;		      /* NULL: the system's */
	struct wire_authorities *authorities; /* NULL: none could be read */
	struct buf why;			      /* then */
	int64_t tried;			      /* when, monotonic */
};

void
wire_ssl_explain(struct buf *why)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	buf_append(why, str_of(reason ? reason : "no reason is known"));
	ERR_clear_error();
}

/** The same authorities as libcurl's, so that both engines trust the same. */
static const char *
authorities(const char *ca_file)
{
	const char *own = curl_version_info(CURLVERSION_NOW)->cainfo;

	return ca_file ? ca_file : own;
}

/** Whether there is anybody to trust; read at first, and again while not. */
static bool
has_authorities(struct wire_ssl *tls)
{
	int64_t now = clock_monotonic();

	if (tls->authorities)
		return true;
	if (tls->tried != 0 && now - tls->tried < PAUSE)
		return false;
	tls->tried = now;
	buf_clear(&tls->why);
	buf_printf(&tls->why, "certificates of authorities in %s: ",
		tls->file ? tls->file : "the system's place");
	tls->authorities =
		wire_authorities_use(tls->file, tls->context, &tls->why);
	return tls->authorities != NULL;
}

struct wire_ssl *
wire_ssl_new(const char *ca_file)
{
	struct wire_ssl *tls = MEM_NEW(struct wire_ssl);
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		abort();
	tls->context = context;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	/* Many peers end without TLS's own good-bye. Only a body that has no
	   length could be cut that way, and its status would count all the
	   same. */
	SSL_CTX_set_options(context,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	tls->file = authorities(ca_file);
	return tls;
}

void
wire_ssl_free(struct wire_ssl *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	wire_authorities_leave(tls->authorities);
	buf_release(&tls->why);
	mem_free(tls);
}

/** A name is also told to the server (RFC 6066 §3), an address is not. */
static bool
expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 ||
		inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(
			       SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* OpenSSL copies; its macro only lacks the const. */
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		       TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host) == 1;
}

enum err
wire_ssl_open(struct wire_ssl *tls, int fd, const struct url *url,
	struct ssl_st **ret, struct buf *why)
{
	SSL *ssl;

	if (!has_authorities(tls)) {
		buf_append(why, buf_str(&tls->why));
		return ERR_IO;
	}
	ssl = SSL_new(tls->context);
	if (ssl == NULL || !expect_host(ssl, url->host.ptr) ||
		SSL_set_fd(ssl, fd) != 1) {
		wire_ssl_explain(why);
		SSL_free(ssl);
		return ERR_IO;
	}
	SSL_set_connect_state(ssl);
	*ret = ssl;
	return ERR_OK;
}

void
wire_ssl_close(struct ssl_st *ssl, bool is_open)
{
	if (ssl == NULL)
		return;
	if (is_open)
		SSL_shutdown(ssl);
	ERR_clear_error();
	SSL_free(ssl);
}

/** What a call that gave `code` is waiting for, or why it failed. */
static enum wire_io
verdict(SSL *ssl, int code, struct buf *why)
{
	int error = errno;
	enum wire_io io = WIRE_IO_ERROR;

	errno = 0;
	switch (SSL_get_error(ssl, code)) {
	case SSL_ERROR_WANT_READ: io = WIRE_IO_WAIT_READ; break;
	case SSL_ERROR_WANT_WRITE: io = WIRE_IO_WAIT_WRITE; break;
	case SSL_ERROR_ZERO_RETURN: io = WIRE_IO_END; break;
	case SSL_ERROR_SYSCALL: errno = error; break;
	default: wire_ssl_explain(why); break;
	}
	ERR_clear_error();
	return io;
}

enum wire_io
wire_ssl_shake_hands(struct ssl_st *ssl, struct buf *why)
{
	int code = SSL_do_handshake(ssl);
	enum wire_io io;
	long verified;

	if (code == 1)
		return WIRE_IO_OK;
	io = verdict(ssl, code, why);
	verified = SSL_get_verify_result(ssl);
	if (io == WIRE_IO_ERROR && verified != X509_V_OK) {
		buf_clear(why);
		buf_printf(why, "the certificate is not accepted: %s",
			X509_verify_cert_error_string(verified));
	}
	return io;
}

enum wire_io
wire_ssl_write(
	struct ssl_st *ssl, struct str bytes, size_t *ret, struct buf *why)
{
	int code;

	errno = 0;
	code = SSL_write_ex(ssl, bytes.ptr, bytes.len, ret);
	return code == 1 ? WIRE_IO_OK : verdict(ssl, code, why);
}

enum wire_io
wire_ssl_read(struct ssl_st *ssl, char *buffer, size_t size, size_t *ret,
	struct buf *why)
{
	int code;

	errno = 0;
	code = SSL_read_ex(ssl, buffer, size, ret);
	return code == 1 ? WIRE_IO_OK : verdict(ssl, code, why);
}

bool
wire_ssl_has_more(struct ssl_st *ssl)
{
	return SSL_has_pending(ssl) == 1;
}
