#include <unistd.h>

#include "base/clock.h"
#include "check.h"
#include "http_client_rig.h"
#include "tls_identity.h"

/* Ways to a destination: TLS of its own, allow-lists; the first byte. */

static struct http_way
way_of(struct http_tls tls)
{
	struct http_way way = {.tls = tls};

	http_way_identify(&way);
	CHECK(http_way_is_needed(&way));
	return way;
}

static const char *
write_file(const char *name, const char *text)
{
	static char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", check_temp_dir(), name);
	file = fopen(path, "we");
	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
	return path;
}

/* ---- TLS ---- */

static struct tls_identity authority, endpoint, customer;

/** An endpoint of an authority that the rig.client trusts; who asks for
   clients' certificates if `is_mutual`. */
static SSL_CTX *
begin_tls(const struct wire_reply *replies, size_t count, bool is_mutual)
{
	SSL_CTX *tls;

	authority = tls_identity_new("authority", NULL, NULL, 7200);
	endpoint =
		tls_identity_new("endpoint", "IP:127.0.0.1", &authority, 7200);
	customer = tls_identity_new("customer", NULL, &authority, 7200);
	tls = tls_identity_server(&endpoint, is_mutual ? &authority : NULL);
	rig_allow("127.0.0.1");
	wire_server_start(&rig.server, replies, count, tls);
	rig.options.ca_file = write_file("ca.pem", authority.pem);
	rig.client = http_client_new(&rig.options);
	return tls;
}

static void
end_tls(SSL_CTX *tls)
{
	rig_end();
	SSL_CTX_free(tls);
	tls_identity_release(&authority);
	tls_identity_release(&endpoint);
	tls_identity_release(&customer);
}

TEST(http_way, a_client_certificate_is_shown)
{
	SSL_CTX *tls = begin_tls(rig_keeping, 2, true);
	struct http_way way =
		way_of((struct http_tls){.certificate = str_of(customer.pem),
			.key = str_of(customer.key_pem)});
	struct rig_got got = rig_get("https", "127.0.0.1", &way);

	CHECK_INT(got.failure, HTTP_NO_FAILURE);
	CHECK_INT(got.status, 200);
	CHECK(!got.is_reused);
	got = rig_get("https", "127.0.0.1", &way);
	CHECK_INT(got.status, 200);
	CHECK(got.is_reused);
	end_tls(tls);
}

TEST(http_way, a_proven_connection_serves_nobody_who_has_not_proven_himself)
{
	SSL_CTX *tls = begin_tls(rig_keeping, 2, true);
	struct http_way way =
		way_of((struct http_tls){.certificate = str_of(customer.pem),
			.key = str_of(customer.key_pem)});
	struct rig_got got = rig_get("https", "127.0.0.1", &way);
	size_t requests;

	CHECK_INT(got.status, 200);
	http_client_free(rig.client);
	rig.client = http_client_new(&rig.options);
	CHECK_INT(rig_get("https", "127.0.0.1", &way).status, 200);
	requests = rig.server.requests.len;
	rig_serve_again(rig_keeping, 2, tls);
	CHECK(requests > 0);
	got = rig_get("https", "127.0.0.1", NULL);
	CHECK(got.failure == HTTP_TLS_FAILED || got.failure == HTTP_BROKEN);
	CHECK_INT(rig.server.requests.len, 0);
	end_tls(tls);
}

TEST(http_way, other_certificates_get_other_connections)
{
	SSL_CTX *tls = begin_tls(rig_closing, 3, true);
	struct tls_identity other =
		tls_identity_new("other", NULL, &authority, 7200);
	struct http_way first =
		way_of((struct http_tls){.certificate = str_of(customer.pem),
			.key = str_of(customer.key_pem)});
	struct http_way second =
		way_of((struct http_tls){.certificate = str_of(other.pem),
			.key = str_of(other.key_pem)});

	CHECK(memcmp(first.id, second.id, sizeof(first.id)) != 0);
	CHECK_INT(rig_get("https", "127.0.0.1", &first).status, 200);
	CHECK(!rig_get("https", "127.0.0.1", &second).is_reused);
	CHECK_INT(atomic_load(&rig.server.connections), 2);
	tls_identity_release(&other);
	end_tls(tls);
}

TEST(http_way, further_authorities_are_trusted_besides_the_common_ones)
{
	SSL_CTX *tls = begin_tls(rig_closing, 3, false);
	SSL_CTX *other;
	struct tls_identity strange =
		tls_identity_new("strange", NULL, NULL, 7200);
	struct tls_identity peer =
		tls_identity_new("peer", "IP:127.0.0.1", &strange, 7200);
	struct http_way way =
		way_of((struct http_tls){.authorities = str_of(strange.pem)});

	/* The common one counts still. */
	CHECK_INT(rig_get("https", "127.0.0.1", &way).status, 200);
	other = tls_identity_server(&peer, NULL);
	rig_serve_again(rig_closing, 3, other);
	CHECK_INT(rig_get("https", "127.0.0.1", NULL).failure, HTTP_TLS_FAILED);
	CHECK_INT(rig_get("https", "127.0.0.1", &way).status, 200);
	/* It has spoilt nothing for the others. */
	CHECK_INT(rig_get("https", "127.0.0.1", NULL).failure, HTTP_TLS_FAILED);
	tls_identity_release(&strange);
	tls_identity_release(&peer);
	SSL_CTX_free(other);
	end_tls(tls);
}

TEST(http_way, an_endpoint_below_the_lowest_version_is_refused)
{
	SSL_CTX *tls = begin_tls(rig_closing, 3, false);
	struct http_way way =
		way_of((struct http_tls){.minimum = HTTP_TLS_1_3});

	CHECK_INT(rig_get("https", "127.0.0.1", &way).status, 200);
	SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
	CHECK_INT(rig_get("https", "127.0.0.1", &way).failure, HTTP_TLS_FAILED);
	CHECK_INT(rig_get("https", "127.0.0.1", NULL).status, 200);
	end_tls(tls);
}

TEST(http_way, authorities_that_cannot_be_read_are_our_fault)
{
	SSL_CTX *tls = begin_tls(rig_closing, 3, false);
	struct http_way way =
		way_of((struct http_tls){.authorities = str_of(authority.pem)});
	struct rig_got got;
	FILE *file;

	clock_test_set(clock_now(), clock_monotonic());
	http_client_free(rig.client);
	CHECK(unlink(rig.options.ca_file) == 0);
	rig.client = http_client_new(&rig.options);
	got = rig_get("https", "127.0.0.1", &way);
	CHECK_INT(got.failure, HTTP_OUR_FAULT);
	CHECK(strstr(got.error, "cannot be read"));
	CHECK_INT(rig_get("https", "127.0.0.1", NULL).failure, HTTP_OUR_FAULT);
	file = fopen(rig.options.ca_file, "we");
	CHECK(file != NULL && fputs(authority.pem, file) >= 0 &&
		fclose(file) == 0);
	got = rig_get("https", "127.0.0.1", &way);
	CHECK_INT(got.status, 200);
	/* What everybody trusts is not read all the time. */
	CHECK_INT(rig_get("https", "127.0.0.1", NULL).failure, HTTP_OUR_FAULT);
	clock_test_advance(SECONDS);
	CHECK_INT(rig_get("https", "127.0.0.1", NULL).status, 200);
	clock_test_release();
	end_tls(tls);
}

TEST(http_way, an_expired_certificate_is_shown_all_the_same)
{
	SSL_CTX *tls = begin_tls(rig_keeping, 2, true);
	struct tls_identity old =
		tls_identity_new("old", NULL, &authority, 1800);
	struct http_way way = way_of((struct http_tls){
		.certificate = str_of(old.pem), .key = str_of(old.key_pem)});
	struct rig_got got = rig_get("https", "127.0.0.1", &way);

	/* The endpoint says what it thinks of it. */
	CHECK(got.failure == HTTP_TLS_FAILED || got.failure == HTTP_BROKEN);

	tls_identity_release(&old);
	end_tls(tls);
}

/* ---- allow-lists ---- */

TEST(http_way, a_list_opens_its_networks_for_those_who_may_use_it)
{
	struct address_network loopback;
	struct buf why = {0};
	struct address_list list = {
		.networks = &loopback, .network_count = 1, .id = {1}};
	struct http_request request = {.timeout = 0};

	CHECK_OK(address_network_parse(STR("127.0.0.0/8"), &loopback, &why));
	wire_server_start(&rig.server, rig_keeping, 2, NULL);
	rig.client = http_client_new(&rig.options);
	request.url = str_of(rig_url("http", "127.0.0.1"));
	CHECK_INT(rig_run(request).failure, HTTP_NOT_ALLOWED);
	request.list = &list;
	CHECK_INT(rig_run(request).status, 200);
	/* Nor is the connection that is open now anybody else's. */
	request.list = NULL;
	CHECK_INT(rig_run(request).failure, HTTP_NOT_ALLOWED);
	request.list = &list;
	CHECK(rig_run(request).is_reused);
	CHECK_INT(atomic_load(&rig.server.connections), 1);
	rig_end();
}

/* ---- the first byte ---- */

static void
begin_plain(const struct wire_reply *replies, size_t count)
{
	rig_allow("127.0.0.1");
	wire_server_start(&rig.server, replies, count, NULL);
	rig.client = http_client_new(&rig.options);
}

static struct rig_got
get_within(int64_t first_byte)
{
	return rig_run((struct http_request){
		.url = str_of(rig_url("http", "127.0.0.1")),
		.timeout = 600 * MILLISECONDS,
		.first_byte_timeout = first_byte});
}

TEST(http_way, an_answer_that_does_not_begin_in_time_is_a_timeout)
{
	static const struct wire_reply replies[] = {
		{.bytes = RIG_OK}, {.bytes = "", .then = WIRE_HOLD}};
	struct rig_got got;

	begin_plain(replies, 2);
	CHECK_INT(get_within(100 * MILLISECONDS).status, 200);
	got = get_within(100 * MILLISECONDS);
	CHECK_INT(got.failure, HTTP_TIMED_OUT);
	CHECK(got.is_reused);
	CHECK_TEXT(got.error, "no answer began within 100 ms");
	CHECK(got.timings.total >= 100 * MILLISECONDS);
	CHECK(got.timings.total < 600 * MILLISECONDS);
	CHECK_INT(got.timings.first_byte, 0);
	rig_end();
}

TEST(http_way, an_answer_that_has_begun_has_the_whole_time)
{
	static const struct wire_reply reply = {
		.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
		.then = WIRE_DRIP};
	struct rig_got got;

	begin_plain(&reply, 1);
	got = get_within(100 * MILLISECONDS);
	CHECK_INT(got.status, 200);
	CHECK(got.timings.total > 100 * MILLISECONDS);
	rig_end();
}
