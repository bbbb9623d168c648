#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "echo_server.h"
#include "http_peer.h"

TEST(http_server, stop_answers_in_place_of_a_late_handler)
{
	struct echo_server *echo = echo_server_start_plain();
	int fd = echo_server_dial(echo);

	peer_send(fd, GET("/never"));
	sem_wait(&echo->handled_one);
	CHECK_INT(http_server_in_flight(echo->server), 1);
	http_server_stop(echo->server, 10 * MILLISECONDS);
	peer_exchange(fd, STR(""), 503, STR("The server is stopping.\n"));
	CHECK(peer_is_closed(fd));
	/* The handler comes after all: its call is there and hears nothing. */
	CHECK_STR(http_call_path(echo->kept), STR("/never"));
	http_call_respond(echo->kept, 200, "text/plain", STR("late"));
	http_server_free(echo->server);
	close(fd);
	echo_server_free(echo);
}

TEST(http_server, quiesced_server_finishes_what_it_has)
{
	struct echo_server *echo = echo_server_start_plain();
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(http_server_port(echo->server)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = echo_server_dial(echo);
	int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	peer_exchange(fd, GET("/x"), 200, STR("GET /x "));
	http_server_quiesce(echo->server);
	CHECK_INT(connect(other, (struct sockaddr *)&address, sizeof(address)),
		-1);
	peer_exchange(fd, GET("/later"), 200, STR(""));
	close(other);
	close(fd);
	echo_server_stop(echo);
}

static void
handle(void *context, struct http_call *call)
{
	(void)context;
	http_call_respond(call, 204, NULL, STR(""));
}

TEST(http_server, listen_text_must_be_host_and_port)
{
	static const char *const wrong[] = {"", "8080", ":8080", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "[::1]",
		"[::1]8080", "[::1", "::1:8080"};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *server;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct http_server_options options = {
			.listen = str_of(wrong[i]), .handle = handle};

		buf_clear(&why);
		CHECK_INT(http_server_start(&options, &server, &why),
			ERR_INVALID);
		CHECK(why.len > 0);
	}
}

TEST(http_server, address_in_use_is_told)
{
	struct echo_server *echo = echo_server_start_plain();
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *second;
	char listen[64];
	struct http_server_options options = {.handle = handle};

	snprintf(listen, sizeof(listen), "127.0.0.1:%u",
		http_server_port(echo->server));
	options.listen = str_of(listen);
	CHECK_INT(http_server_start(&options, &second, &why), ERR_IO);
	CHECK(str_find(buf_str(&why), STR("in use")) != SIZE_MAX);
	echo_server_stop(echo);
}

/* ---- TLS ---- */

/** A key and a self-signed certificate in `dir`. */
static void
write_certificate(const char *dir, char *certificate, char *key, size_t size)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	FILE *file;

	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_set_pubkey(x509, pair);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
		MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	CHECK(X509_sign(x509, pair, EVP_sha256()) > 0);
	snprintf(certificate, size, "%s/cert.pem", dir);
	snprintf(key, size, "%s/key.pem", dir);
	file = fopen(certificate, "wbe");
	CHECK(PEM_write_X509(file, x509) == 1);
	fclose(file);
	file = fopen(key, "wbe");
	CHECK(PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(file);
	X509_free(x509);
	EVP_PKEY_free(pair);
}

static int
tls_exchange(struct echo_server *echo, int version_max, struct str request,
	char *answer, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int fd = echo_server_dial(echo), got = -1;

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_max_proto_version(ctx, version_max);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) == 1) {
		SSL_write(ssl, request.ptr, (int)request.len);
		got = SSL_read(ssl, answer, (int)size - 1);
	}
	if (got >= 0)
		answer[got] = '\0';
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return got;
}

TEST(http_server, tls_speaks_1_2_and_1_3_only)
{
	char certificate[512], key[512], answer[4096];
	struct echo_server *echo;

	write_certificate(check_temp_dir(), certificate, key, sizeof(key));
	echo = echo_server_start((struct http_server_options){
		.threads = 2, .tls_certificate = certificate, .tls_key = key});
	CHECK(tls_exchange(echo, TLS1_3_VERSION, GET("/later"), answer,
		      sizeof(answer)) > 0);
	CHECK(strstr(answer, "200 OK"));
	CHECK(tls_exchange(echo, TLS1_2_VERSION, GET("/x"), answer,
		      sizeof(answer)) > 0);
	CHECK(strstr(answer, "200 OK"));
	CHECK(tls_exchange(echo, TLS1_1_VERSION, GET("/x"), answer,
		      sizeof(answer)) < 0);
	echo_server_stop(echo);
}

TEST(http_server, unreadable_certificate_is_told)
{
	struct http_server_options options = {.listen = STR("127.0.0.1:0"),
		.handle = handle,
		.tls_certificate = "/nonexistent/cert.pem",
		.tls_key = "/nonexistent/key.pem"};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *server;
	const char *path = check_write_file("junk.pem", "junk\n");

	CHECK_INT(http_server_start(&options, &server, &why), ERR_IO);
	CHECK(str_find(buf_str(&why), STR("/nonexistent/cert.pem")) !=
		SIZE_MAX);
	options.tls_certificate = options.tls_key = path;
	buf_clear(&why);
	CHECK_INT(http_server_start(&options, &server, &why), ERR_IO);
	CHECK(why.len > 0);
}
