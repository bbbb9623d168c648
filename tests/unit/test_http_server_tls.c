#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "check.h"
#include "echo_server.h"
#include "http_peer.h"
#include "tls_identity.h"

/* The server with TLS, and a client of OpenSSL's. */

enum { LARGE = 1 << 20 };

static char certificate_path[256], key_path[256];

static void
write_identity(void)
{
	struct tls_identity identity =
		tls_identity_new("localhost", "IP:127.0.0.1", NULL, 7200);

	snprintf(certificate_path, sizeof(certificate_path), "%s",
		check_write_file("cert.pem", identity.pem));
	snprintf(key_path, sizeof(key_path), "%s",
		check_write_file("key.pem", identity.key_pem));
	tls_identity_release(&identity);
}

static struct echo_server *
start_tls(unsigned threads)
{
	write_identity();
	return echo_server_start(
		(struct http_server_options){.threads = threads,
			.idle_timeout = 60,
			.tls_certificate = certificate_path,
			.tls_key = key_path});
}

struct client {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

/** `protocols` of ALPN may be NULL. False: the handshake failed. */
static bool
dial(struct client *client, struct echo_server *echo, int version_max,
	const char *protocols)
{
	client->context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(client->context, 0);
	SSL_CTX_set_max_proto_version(client->context, version_max);
	client->ssl = SSL_new(client->context);
	client->fd = echo_server_dial(echo);
	SSL_set_fd(client->ssl, client->fd);
	if (protocols)
		SSL_set_alpn_protos(client->ssl,
			(const unsigned char *)protocols,
			(unsigned)strlen(protocols));
	return SSL_connect(client->ssl) == 1;
}

static void
hang_up(struct client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	close(client->fd);
}

static void
say(struct client *client, struct str bytes)
{
	CHECK_INT(SSL_write(client->ssl, bytes.ptr, (int)bytes.len),
		(int)bytes.len);
}

/** Reads until the answer's body is this; false when it ends before. */
static bool
hears(struct client *client, struct str body)
{
	CLEANUP(buf_release) struct buf all = buf_make(0);

	for (;;) {
		char bytes[16384];
		int got = SSL_read(client->ssl, bytes, sizeof(bytes));

		if (got <= 0)
			return false;
		buf_append(&all, str_make(bytes, (size_t)got));
		if (str_starts_with(
			    buf_str(&all), STR("HTTP/1.1 200 OK\r\n")) &&
			str_find(buf_str(&all), STR("\r\n\r\n")) + 4 +
					body.len ==
				all.len)
			return str_ends_with(buf_str(&all), body);
	}
}

TEST(http_server, tls_speaks_1_2_and_1_3_only)
{
	static const struct {
		int version;
		bool is_spoken;
	} rows[] = {{TLS1_3_VERSION, true}, {TLS1_2_VERSION, true},
		{TLS1_1_VERSION, false}};
	struct echo_server *echo = start_tls(2);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct client client;
		bool is_open = dial(&client, echo, rows[i].version, NULL);

		CHECK_INT(is_open, rows[i].is_spoken);
		if (is_open) {
			say(&client, GET("/later"));
			CHECK(hears(&client, STR("")));
			say(&client, GET("/x"));
			CHECK(hears(&client, STR("GET /x ")));
		}
		hang_up(&client);
	}
	echo_server_stop(echo);
}

TEST(http_server, tls_carries_large_bodies_both_ways)
{
	struct echo_server *echo = start_tls(1);
	char *bytes = mem_alloc(LARGE);
	struct client client;

	CHECK(dial(&client, echo, TLS1_3_VERSION, NULL));
	for (int i = 0; i < 2; i++) {
		say(&client, STR("POST /echo HTTP/1.1\r\nHost: a\r\n"
				 "Content-Length: 1048576\r\n\r\n"));
		memset(bytes, 'a' + i, LARGE);
		say(&client, str_make(bytes, LARGE));
		CHECK(hears(&client, str_make(bytes, LARGE)));
	}
	hang_up(&client);
	mem_free(bytes);
	echo_server_stop(echo);
}

TEST(http_server, tls_protocol_is_agreed_on_or_refused)
{
	static const struct {
		const char *offered;
		const char *chosen; /* NULL: refused */
	} rows[] = {
		{"\x08http/1.1", "http/1.1"},
		{"\x02h2\x08http/1.1", "http/1.1"},
		{"\x08http/1.0", "http/1.0"},
		{"\x02h2", NULL},
	};
	struct echo_server *echo = start_tls(1);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const unsigned char *chosen;
		struct client client;
		unsigned len;
		bool is_open =
			dial(&client, echo, TLS1_3_VERSION, rows[i].offered);

		CHECK_INT(is_open, rows[i].chosen != NULL);
		if (is_open) {
			SSL_get0_alpn_selected(client.ssl, &chosen, &len);
			CHECK_STR(str_make((const char *)chosen, len),
				str_of(rows[i].chosen));
		}
		hang_up(&client);
	}
	echo_server_stop(echo);
}

TEST(http_server, tls_handshake_that_stalls_is_ended)
{
	struct echo_server *echo;
	struct client client;
	int silent, halfway;

	clock_test_set(1000 * SECONDS, 1000 * SECONDS);
	echo = start_tls(1);
	silent = echo_server_dial(echo);
	halfway = echo_server_dial(echo);
	peer_send(halfway, STR("\x16\x03\x01\x02\x00\x01"));
	/* Whoever shakes hands is not held up by those two. */
	for (int i = 0; i < 2; i++) {
		CHECK(dial(&client, echo, TLS1_3_VERSION, NULL));
		say(&client, GET("/x"));
		CHECK(hears(&client, STR("GET /x ")));
		hang_up(&client);
		clock_test_advance(61 * SECONDS);
	}
	CHECK(peer_is_closed(silent));
	CHECK(peer_is_closed(halfway));
	close(silent);
	close(halfway);
	echo_server_stop(echo);
	clock_test_release();
}

TEST(http_server, plain_http_to_tls_is_hung_up_on)
{
	struct echo_server *echo = start_tls(1);
	int fd = echo_server_dial(echo);
	char bytes[64];

	peer_send(fd, GET("/x"));
	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		CHECK(memcmp(bytes, "HTTP", 4) != 0); /* an alert */
	close(fd);
	echo_server_stop(echo);
}

static void
handle(void *context, struct http_call *call)
{
	(void)context;
	http_call_respond(call, 204, NULL, STR(""));
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
