#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "check.h"
#include "net/http_server.h"

/*
 * A server whose paths say what it does:
 *   /echo    answers the body at once
 *   /later   is answered by another thread
 *   /never   is not answered
 *   /deny    is refused by admit with 401
 *   /small   has a body_max of 10
 *   /empty   answers 204
 *   anything else: method, path and query as text
 */
struct later {
	struct message message;
	struct http_call *call;
};

struct fixture {
	struct http_server *server;
	struct mailbox *mailbox;
	pthread_t thread;
	atomic_bool is_ending;
	atomic_int handled;
	sem_t handled_one;
	atomic_int refused;
	struct http_call *kept; /* of /never */
};

static void
admit(void *context, struct http_call *call)
{
	(void)context;
	if (str_equal(http_call_path(call), STR("/small")))
		http_call_set_body_max(call, 10);
	if (str_equal(http_call_path(call), STR("/deny"))) {
		http_call_add_header(call, "WWW-Authenticate", STR("Bearer"));
		http_call_respond(call, 401, "text/plain", STR("who?"));
	}
}

static void
respond_summary(struct http_call *call)
{
	struct str text = arena_printf(http_call_arena(call), "%.*s %.*s %.*s",
		STR_ARG(http_call_method(call)), STR_ARG(http_call_path(call)),
		STR_ARG(http_call_query(call)));

	http_call_respond(call, 200, "text/plain", text);
}

static void
handle(void *context, struct http_call *call)
{
	struct fixture *fixture = context;
	struct str path = http_call_path(call);
	struct later *later;

	atomic_fetch_add(&fixture->handled, 1);
	sem_post(&fixture->handled_one);
	if (str_equal(path, STR("/later"))) {
		later = ARENA_NEW(http_call_arena(call), struct later);
		later->call = call;
		mailbox_post(fixture->mailbox, &later->message);
	} else if (str_equal(path, STR("/never"))) {
		fixture->kept = call;
	} else if (str_equal(path, STR("/empty"))) {
		http_call_respond(call, 204, NULL, STR(""));
	} else if (str_starts_with(path, STR("/echo")) ||
		   str_equal(path, STR("/small"))) {
		http_call_respond(
			call, 200, "text/plain", http_call_body(call));
	} else {
		respond_summary(call);
	}
}

static void
refuse(void *context, struct http_call *call, int status, struct str reason)
{
	struct fixture *fixture = context;

	(void)reason;
	atomic_fetch_add(&fixture->refused, 1);
	http_call_respond(call, status, "text/plain", STR("refused"));
}

static void *
answer_later(void *context)
{
	struct fixture *fixture = context;

	while (!atomic_load(&fixture->is_ending)) {
		struct message *at, *next;

		mailbox_wait(fixture->mailbox, 100000);
		for (at = mailbox_take_all(fixture->mailbox); at; at = next) {
			struct later *later = (struct later *)at;

			next = at->next;
			http_call_respond(later->call, 200, "text/plain",
				http_call_body(later->call));
		}
	}
	return NULL;
}

static struct fixture *
start(struct http_server_options options)
{
	struct fixture *fixture = MEM_NEW(struct fixture);
	CLEANUP(buf_release) struct buf why = buf_make(0);

	fixture->mailbox = mailbox_new();
	sem_init(&fixture->handled_one, 0, 0);
	pthread_create(&fixture->thread, NULL, answer_later, fixture);
	if (!options.listen.ptr)
		options.listen = STR("127.0.0.1:0");
	options.context = fixture;
	options.admit = admit;
	options.handle = handle;
	options.refuse = refuse;
	if (http_server_start(&options, &fixture->server, &why))
		check_failed(__FILE__, __LINE__, "%s", buf_text(&why));
	return fixture;
}

static struct fixture *
start_plain(void)
{
	return start((struct http_server_options){.threads = 2});
}

static void
stop(struct fixture *fixture)
{
	http_server_stop(fixture->server, 5 * SECONDS);
	atomic_store(&fixture->is_ending, true);
	mailbox_wake(fixture->mailbox);
	pthread_join(fixture->thread, NULL);
	mailbox_free(fixture->mailbox);
	mem_free(fixture);
}

static int
dial(const struct fixture *fixture)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(http_server_port(fixture->server)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
send_text(int fd, struct str text)
{
	while (text.len > 0) {
		ssize_t sent = send(fd, text.ptr, text.len, MSG_NOSIGNAL);

		CHECK(sent > 0);
		text = str_skip(text, (size_t)sent);
	}
}

/** One answer with Content-Length; its status, its body in `body`. */
static int
read_answer(int fd, bool has_body, struct buf *head, struct buf *body)
{
	uint64_t len = 0;
	char c;

	buf_clear(head);
	buf_clear(body);
	while (!str_ends_with(buf_str(head), STR("\r\n\r\n"))) {
		CHECK_INT(recv(fd, &c, 1, 0), 1);
		buf_append_char(head, c);
	}
	for (struct str rest = buf_str(head); rest.ptr;) {
		struct str line = str_trim(str_split(&rest, '\n'));
		struct str name = str_split(&line, ':');

		if (str_equal_nocase(name, STR("Content-Length")))
			CHECK_OK(str_to_u64(str_trim(line), &len));
	}
	while (has_body && body->len < len) {
		CHECK_INT(recv(fd, &c, 1, 0), 1);
		buf_append_char(body, c);
	}
	CHECK(head->len > 12);
	return (int)strtol(head->ptr + 9, NULL, 10);
}

static bool
is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) <= 0;
}

/** Sends a request; expects this answer. */
static void
exchange(int fd, struct str request, int status, struct str expected)
{
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);

	send_text(fd, request);
	CHECK_INT(read_answer(fd, true, &head, &body), status);
	CHECK_STR(buf_str(&body), expected);
}

#define GET(path) STR("GET " path " HTTP/1.1\r\nHost: a\r\n\r\n")

TEST(http_server, path_and_query_come_as_sent)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	exchange(fd, GET("/a%2Fb/%zz?x=%20&y=a+b&&"), 200,
		STR("GET /a%2Fb/%zz x=%20&y=a+b&&"));
	exchange(fd, GET("/?"), 200, STR("GET / "));
	close(fd);
	stop(fixture);
}

TEST(http_server, pipelined_requests_are_answered_in_order)
{
	struct fixture *fixture = start_plain();
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	int fd = dial(fixture);

	send_text(fd, STR("POST /later HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: 3\r\n\r\none"
			  "GET /two HTTP/1.1\r\nHost: a\r\n\r\n"
			  "POST /echo HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: 5\r\n\r\nthree"));
	CHECK_INT(read_answer(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("one"));
	CHECK_INT(read_answer(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("GET /two "));
	CHECK_INT(read_answer(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("three"));
	close(fd);
	stop(fixture);
}

TEST(http_server, body_in_pieces_is_put_together)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	send_text(fd, STR("POST /echo HTTP/1.1\r\nHo"));
	send_text(fd, STR("st: a\r\nContent-Length: 6\r\n\r\n"));
	send_text(fd, STR("ab"));
	send_text(fd, STR("cd"));
	exchange(fd, STR("ef"), 200, STR("abcdef"));
	exchange(fd,
		STR("POST /echo HTTP/1.1\r\nHost: a\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
		200, STR("abcde"));
	close(fd);
	stop(fixture);
}

TEST(http_server, client_that_closes_its_half_gets_its_answer)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	send_text(fd, GET("/later"));
	shutdown(fd, SHUT_WR);
	exchange(fd, STR(""), 200, STR(""));
	CHECK(is_closed(fd));
	close(fd);
	stop(fixture);
}

TEST(http_server, client_that_is_gone_while_suspended_leaves_nothing)
{
	struct fixture *fixture = start_plain();

	for (int i = 0; i < 20; i++) {
		int fd = dial(fixture);

		send_text(fd, GET("/later"));
		close(fd);
		sem_wait(&fixture->handled_one);
	}
	stop(fixture);
}

TEST(http_server, hundred_suspended_calls_are_answered_by_another_thread)
{
	enum { CALLS = 100, ROUNDS = 5 };
	struct fixture *fixture = start_plain();
	int fds[CALLS];

	for (int i = 0; i < CALLS; i++)
		fds[i] = dial(fixture);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CALLS; i++)
			send_text(fds[i],
				STR("POST /later HTTP/1.1\r\nHost: a\r\n"
				    "Content-Length: 2\r\n\r\nhi"));
		for (int i = 0; i < CALLS; i++)
			exchange(fds[i], STR(""), 200, STR("hi"));
	}
	for (int i = 0; i < CALLS; i++)
		close(fds[i]);
	CHECK_INT(atomic_load(&fixture->handled), CALLS * ROUNDS);
	stop(fixture);
}

TEST(http_server, length_over_the_limit_is_refused_before_the_body)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	exchange(fd,
		STR("POST /small HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 11\r\n\r\n"),
		413, STR("refused"));
	CHECK(is_closed(fd));
	close(fd);
	fd = dial(fixture);
	exchange(fd,
		STR("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Content-Length: 99999999999\r\n\r\n"),
		413, STR("refused"));
	close(fd);
	fd = dial(fixture);
	exchange(fd,
		STR("POST /small HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 10\r\n\r\n0123456789"),
		200, STR("0123456789"));
	close(fd);
	CHECK_INT(atomic_load(&fixture->handled), 1);
	stop(fixture);
}

TEST(http_server, sender_of_too_much_can_read_the_refusal)
{
	enum { SIZE = 3 << 20 };
	struct fixture *fixture = start_plain();
	char *bytes = mem_alloc(SIZE);
	int fd = dial(fixture);

	send_text(fd, STR("POST /echo HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: 3145728\r\n\r\n"));
	send_text(fd, str_make(bytes, SIZE));
	exchange(fd, STR(""), 413, STR("refused"));
	close(fd);
	mem_free(bytes);
	stop(fixture);
}

TEST(http_server, chunks_over_the_limit_are_refused)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	exchange(fd,
		STR("POST /small HTTP/1.1\r\nHost: a\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"
		    "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n"),
		413, STR("refused"));
	exchange(fd, GET("/echo"), 200, STR("")); /* still of use */
	close(fd);
	CHECK_INT(atomic_load(&fixture->refused), 1);
	stop(fixture);
}

TEST(http_server, endless_chunks_are_cut)
{
	struct fixture *fixture = start_plain();
	char *piece = mem_alloc(0x10000);
	int fd = dial(fixture);
	bool is_cut = false;

	send_text(fd, STR("POST /small HTTP/1.1\r\nHost: a\r\n"
			  "Transfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 10000 && !is_cut; i++)
		is_cut = send(fd, "10000\r\n", 7, MSG_NOSIGNAL) != 7 ||
			 send(fd, piece, 0x10000, MSG_NOSIGNAL) != 0x10000 ||
			 send(fd, "\r\n", 2, MSG_NOSIGNAL) != 2;
	CHECK(is_cut);
	close(fd);
	mem_free(piece);
	stop(fixture);
}

TEST(http_server, early_answer_to_a_small_request_keeps_the_connection)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	exchange(fd, GET("/deny"), 401, STR("who?"));
	exchange(fd,
		STR("POST /deny HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 4\r\n\r\nbody"),
		401, STR("who?"));
	exchange(fd, GET("/x"), 200, STR("GET /x "));
	CHECK_INT(atomic_load(&fixture->handled), 1);
	close(fd);
	stop(fixture);
}

TEST(http_server, early_answer_does_not_wait_for_an_expected_body)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	exchange(fd,
		STR("POST /deny HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		    "Content-Length: 4\r\n\r\n"),
		401, STR("who?"));
	CHECK(is_closed(fd));
	close(fd);
	stop(fixture);
}

TEST(http_server, head_and_204_have_no_body)
{
	struct fixture *fixture = start_plain();
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	int fd = dial(fixture);

	send_text(fd, STR("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"));
	CHECK_INT(read_answer(fd, false, &head, &body), 200);
	CHECK(str_find(buf_str(&head), STR("Content-Length: 8")) != SIZE_MAX);
	send_text(fd, GET("/empty"));
	CHECK_INT(read_answer(fd, true, &head, &body), 204);
	exchange(fd, GET("/y"), 200, STR("GET /y "));
	close(fd);
	stop(fixture);
}

TEST(http_server, unusable_heads_are_refused)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{"GET \r\nHost: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\n\r\n", 400}, /* no Host */
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		{"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
			400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		 "Content-Length: 4\r\n\r\n",
			400},
		{"POST / HTTP/1.1\r\nHost: a\r\n"
		 "Transfer-Encoding: gzip\r\n\r\n",
			400},
		{"GET / HTTP/7.1\r\nHost: a\r\n\r\n", 505},
	};
	struct fixture *fixture = start_plain();
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = dial(fixture);

		send_text(fd, str_of(cases[i].request));
		CHECK_INT(read_answer(fd, true, &head, &body), cases[i].status);
		CHECK(is_closed(fd));
		close(fd);
	}
	CHECK_INT(atomic_load(&fixture->handled), 0);
	stop(fixture);
}

TEST(http_server, length_that_is_no_number_is_refused)
{
	struct fixture *fixture = start_plain();
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	int fd = dial(fixture);

	send_text(fd, STR("POST / HTTP/1.1\r\nHost: a\r\n"
			  "Content-Length: x\r\n\r\n"));
	CHECK_INT(read_answer(fd, false, &head, &body), 400);
	while (!is_closed(fd))
		continue;
	close(fd);
	CHECK_INT(atomic_load(&fixture->handled), 0);
	stop(fixture);
}

TEST(http_server, line_that_is_no_request_is_cut)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	send_text(fd, STR("nonsense\r\n\r\n"));
	CHECK(is_closed(fd));
	close(fd);
	fd = dial(fixture);
	exchange(fd, GET("/x"), 200, STR("GET /x "));
	close(fd);
	stop(fixture);
}

TEST(http_server, head_over_its_limit_is_refused)
{
	struct fixture *fixture = start(
		(struct http_server_options){.threads = 1, .head_max = 4096});
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	char filler[8000];
	int fd = dial(fixture);

	memset(filler, 'a', sizeof(filler));
	send_text(fd, STR("GET / HTTP/1.1\r\nHost: a\r\nX: "));
	send_text(fd, str_make(filler, sizeof(filler)));
	send_text(fd, STR("\r\n\r\n"));
	CHECK_INT(read_answer(fd, true, &head, &body), 431);
	close(fd);
	stop(fixture);
}

TEST(http_server, stop_answers_in_place_of_a_late_handler)
{
	struct fixture *fixture = start_plain();
	int fd = dial(fixture);

	send_text(fd, GET("/never"));
	sem_wait(&fixture->handled_one);
	CHECK_INT(http_server_in_flight(fixture->server), 1);
	http_server_stop(fixture->server, 10 * MILLISECONDS);
	exchange(fd, STR(""), 503, STR("The server is stopping.\n"));
	CHECK(is_closed(fd));
	close(fd);
	atomic_store(&fixture->is_ending, true);
	mailbox_wake(fixture->mailbox);
	pthread_join(fixture->thread, NULL);
	mailbox_free(fixture->mailbox);
	mem_free(fixture);
}

TEST(http_server, quiesced_server_finishes_what_it_has)
{
	struct fixture *fixture = start_plain();
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(http_server_port(fixture->server)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = dial(fixture);
	int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	exchange(fd, GET("/x"), 200, STR("GET /x "));
	http_server_quiesce(fixture->server);
	CHECK_INT(connect(other, (struct sockaddr *)&address, sizeof(address)),
		-1);
	exchange(fd, GET("/later"), 200, STR(""));
	close(other);
	close(fd);
	stop(fixture);
}

static bool
count_header(void *context, struct str name, struct str value)
{
	(void)name;
	(void)value;
	++*(int *)context;
	return true;
}

static void
check_call(void *context, struct http_call *call)
{
	struct str value;
	int count = 0;

	(void)context;
	CHECK_STR(http_call_header(call, "x-one"), STR("1"));
	CHECK_STR(http_call_header(call, "absent"), STR(""));
	CHECK_STR(http_call_peer(call), STR("127.0.0.1"));
	http_call_each_header(call, count_header, &count);
	CHECK_INT(count, 2);
	CHECK_OK(http_call_parameter(call, "a b", &value));
	CHECK_STR(value, STR("c d"));
	CHECK_OK(http_call_parameter(call, "empty", &value));
	CHECK_STR(value, STR(""));
	CHECK_INT(http_call_parameter(call, "none", &value), ERR_NOT_FOUND);
	CHECK_INT(http_call_parameter(call, "twice", &value), ERR_INVALID);
	CHECK_INT(http_call_parameter(call, "bad", &value), ERR_INVALID);
	CHECK(*http_call_slot(call) == NULL);
	http_call_add_header(call, "X-Answer", STR("yes"));
	http_call_respond(call, 200, "text/plain", STR("checked"));
}

TEST(http_server, call_tells_headers_parameters_and_peer)
{
	struct http_server_options options = {
		.listen = STR("localhost:0"), .handle = check_call};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	CLEANUP(buf_release) struct buf head = buf_make(0);
	CLEANUP(buf_release) struct buf body = buf_make(0);
	struct fixture fixture = {0};
	int fd;

	options.listen = STR("127.0.0.1:0");
	CHECK_OK(http_server_start(&options, &fixture.server, &why));
	fd = dial(&fixture);
	send_text(fd, STR("GET /?a+b=c%20d&empty&twice=1&twice=2&bad=%g1 "
			  "HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\n\r\n"));
	CHECK_INT(read_answer(fd, true, &head, &body), 200);
	CHECK_STR(buf_str(&body), STR("checked"));
	CHECK(str_find(buf_str(&head), STR("X-Answer: yes\r\n")) != SIZE_MAX);
	close(fd);
	http_server_stop(fixture.server, SECONDS);
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
	struct fixture *fixture = start_plain();
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *second;
	char listen[64];
	struct http_server_options options = {.handle = handle};

	snprintf(listen, sizeof(listen), "127.0.0.1:%u",
		http_server_port(fixture->server));
	options.listen = str_of(listen);
	CHECK_INT(http_server_start(&options, &second, &why), ERR_IO);
	CHECK(str_find(buf_str(&why), STR("in use")) != SIZE_MAX);
	stop(fixture);
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
tls_exchange(struct fixture *fixture, int version_max, struct str request,
	char *answer, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int fd = dial(fixture), got = -1;

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
	struct fixture *fixture;

	write_certificate(check_temp_dir(), certificate, key, sizeof(key));
	fixture = start((struct http_server_options){
		.threads = 2, .tls_certificate = certificate, .tls_key = key});
	CHECK(tls_exchange(fixture, TLS1_3_VERSION, GET("/later"), answer,
		      sizeof(answer)) > 0);
	CHECK(strstr(answer, "200 OK"));
	CHECK(tls_exchange(fixture, TLS1_2_VERSION, GET("/x"), answer,
		      sizeof(answer)) > 0);
	CHECK(strstr(answer, "200 OK"));
	CHECK(tls_exchange(fixture, TLS1_1_VERSION, GET("/x"), answer,
		      sizeof(answer)) < 0);
	stop(fixture);
}

TEST(http_server, unreadable_certificate_is_told)
{
	struct http_server_options options = {.listen = STR("127.0.0.1:0"),
		.handle = handle,
		.tls_certificate = "/nonexistent/cert.pem",
		.tls_key = "/nonexistent/key.pem"};
	CLEANUP(buf_release) struct buf why = buf_make(0);
	struct http_server *server;
	char path[512];
	FILE *file;

	CHECK_INT(http_server_start(&options, &server, &why), ERR_IO);
	CHECK(str_find(buf_str(&why), STR("/nonexistent/cert.pem")) !=
		SIZE_MAX);
	snprintf(path, sizeof(path), "%s/junk.pem", check_temp_dir());
	file = fopen(path, "wbe");
	fputs("junk\n", file);
	fclose(file);
	options.tls_certificate = options.tls_key = path;
	buf_clear(&why);
	CHECK_INT(http_server_start(&options, &server, &why), ERR_IO);
	CHECK(why.len > 0);
}
