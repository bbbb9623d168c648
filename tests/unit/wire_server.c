#include "wire_server.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { PEER_SECONDS = 20, DRIP_MILLISECONDS = 20 };

struct wire {
	int fd;
	SSL *tls;
};

static bool
say(struct wire *wire, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done =
			wire->tls ? SSL_write(wire->tls, bytes, (int)len)
				  : send(wire->fd, bytes, len, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		bytes += done;
		len -= (size_t)done;
	}
	return true;
}

static ssize_t
hear(struct wire *wire, char *bytes, size_t size)
{
	return wire->tls ? SSL_read(wire->tls, bytes, (int)size)
			 : recv(wire->fd, bytes, size, 0);
}

/** Bytes of the request that begins at `start`; 0 when more is needed. */
static size_t
request_length(const struct buf *requests, size_t start)
{
	struct str rest = str_skip(buf_str(requests), start);
	size_t head = str_find(rest, STR("\r\n\r\n"));
	size_t at = str_find(rest, STR("Content-Length: "));
	size_t body = 0;

	if (head == SIZE_MAX)
		return 0;
	if (at < head)
		body = strtoul(rest.ptr + at + 16, NULL, 10);
	return rest.len >= head + 4 + body ? head + 4 + body : 0;
}

/** Reads on until one more request is whole. */
static bool
hear_request(struct wire_server *server, struct wire *wire)
{
	size_t start = server->requests.len;
	char bytes[4096];

	while (request_length(&server->requests, start) == 0) {
		ssize_t count = hear(wire, bytes, sizeof(bytes));

		if (count <= 0)
			return false;
		buf_append(&server->requests, str_make(bytes, (size_t)count));
	}
	atomic_fetch_add(&server->heard, 1);
	return true;
}

static void
linger_on(struct wire *wire, enum wire_then then)
{
	struct pollfd peer = {.fd = wire->fd, .events = POLLIN};
	int timeout =
		then == WIRE_DRIP ? DRIP_MILLISECONDS : PEER_SECONDS * 1000;

	for (int i = 0; i < 1000; i++) {
		if (poll(&peer, 1, timeout) != 0 || then == WIRE_HOLD ||
			!say(wire, "x", 1))
			return;
	}
}

static void
serve_connection(struct wire_server *server, struct wire *wire, size_t *next)
{
	enum wire_then then = WIRE_KEEP;

	while (then == WIRE_KEEP && *next < server->reply_count &&
		hear_request(server, wire)) {
		const struct wire_reply *reply = &server->replies[(*next)++];
		bool is_heard = say(wire, reply->bytes, strlen(reply->bytes));

		for (size_t i = 0; is_heard && i < reply->more_count; i++)
			is_heard = say(wire, reply->more, strlen(reply->more));
		then = is_heard ? reply->then : WIRE_CLOSE;
	}
	if (then == WIRE_HOLD || then == WIRE_DRIP)
		linger_on(wire, then);
	if (then == WIRE_RESET)
		setsockopt(wire->fd, SOL_SOCKET, SO_LINGER,
			&(struct linger){.l_onoff = 1}, sizeof(struct linger));
}

static void *
serve(void *context)
{
	struct wire_server *server = context;
	struct timeval limit = {.tv_sec = PEER_SECONDS};
	size_t next = 0;

	for (;;) {
		struct wire wire = {
			accept4(server->listener, NULL, NULL, SOCK_CLOEXEC),
			NULL};

		if (wire.fd < 0)
			return NULL;
		atomic_fetch_add(&server->connections, 1);
		setsockopt(wire.fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
			sizeof(limit));
		if (server->tls) {
			wire.tls = SSL_new(server->tls);
			SSL_set_fd(wire.tls, wire.fd);
		}
		if (wire.tls == NULL || SSL_accept(wire.tls) == 1)
			serve_connection(server, &wire, &next);
		SSL_free(wire.tls);
		close(wire.fd);
	}
}

void
wire_server_start(struct wire_server *server, const struct wire_reply *replies,
	size_t reply_count, SSL_CTX *tls)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *any = (struct sockaddr *)(void *)&address;
	socklen_t len = sizeof(address);

	signal(SIGPIPE, SIG_IGN);
	*server = (struct wire_server){.replies = replies,
		.reply_count = reply_count,
		.tls = tls,
		.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	CHECK(bind(server->listener, any, len) == 0);
	CHECK(listen(server->listener, 1024) == 0);
	CHECK(getsockname(server->listener, any, &len) == 0);
	server->port = ntohs(address.sin_port);
	CHECK(pthread_create(&server->thread, NULL, serve, server) == 0);
}

void
wire_server_stop(struct wire_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
}

static X509 *
make_certificate(EVP_PKEY *key, const char *name)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_EXTENSION *extension;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)"wire server", -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
	CHECK(extension != NULL);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

SSL_CTX *
wire_tls_new(const char *name, const char *path)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key, name);
	FILE *file = fopen(path, "we");

	CHECK(file != NULL && PEM_write_X509(file, certificate) == 1);
	CHECK(fclose(file) == 0);
	CHECK(SSL_CTX_use_certificate(context, certificate) == 1);
	CHECK(SSL_CTX_use_PrivateKey(context, key) == 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return context;
}
