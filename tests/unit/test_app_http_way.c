#include "flow/http_way_of.h"
#include "http_wire.h"
#include "proxy_server.h"
#include "tls_identity.h"

/* The app http:*: cookies, compression, TLS of its own, proxies. */

#define URL "\"url\":\"http://127.0.0.1:PORT/a\""

/* ---- cookies ---- */

#define CALL(id_, mapper_) \
	"{\"id\":" #id_ ",\"module\":\"http:ActionSendData\",\"mapper\":{" URL \
	",\"method\":\"get\"," mapper_ "}}"
#define THREE_CALLS \
	"{\"name\":\"n\",\"flow\":[{\"id\":1,\"module\":" \
	"\"gateway:CustomWebHook\",\"mapper\":{}}," CALL( \
		2, "\"shareCookies\":true") "," CALL(3, \
		"\"shareCookies\":\"true\"") "," CALL(4, \
		"\"shareCookies\":false") "]}"
#define SETS \
	ANSWER("204 No Content", \
		"Set-Cookie: s=1; Path=/\r\nSet-Cookie: other=2; " \
		"Path=/elsewhere\r\n", \
		0, "")

TEST(app_http_way, cookies_are_shared_by_the_calls_of_a_run_that_want_it)
{
	const char *text;

	BEGIN(SETS, OK, OK, OK, OK);
	text = wire_swap(STR(THREE_CALLS), false).ptr;
	run_world_run(text, "{}");
	CHECK_INT(run_world.outcome.state, EXECUTION_SUCCESS);
	CHECK_STR(wire_swap(run_world.steps[0].output, true),
		STR("[{\"data\":null,\"statusCode\":204,\"headers\":[{\"name\":"
		    "\"set-cookie\",\"value\":\"s=1; Path=/\"},{\"name\":"
		    "\"set-cookie\",\"value\":\"other=2; Path=/elsewhere\"},"
		    "{\"name\":\"content-length\",\"value\":\"0\"}],"
		    "\"fileSize\":0,\"cookieHeaders\":[\"s=1; Path=/\","
		    "\"other=2; Path=/elsewhere\"],\"cookies\":[{\"name\":"
		    "\"s\",\"value\":\"1\",\"domain\":\"127.0.0.1\",\"path\":"
		    "\"/\",\"hostOnly\":true,\"secure\":false},{\"name\":"
		    "\"other\",\"value\":\"2\",\"domain\":\"127.0.0.1\","
		    "\"path\":\"/elsewhere\",\"hostOnly\":true,\"secure\":"
		    "false}]}]"));
	/* A crash after the first call: the second still sends it. */
	run_world_resume(text, 1);
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /a") "Cookie: s=1\r\n\r\n" HEAD(
		"GET /a") "\r\n" HEAD("GET /a") "Cookie: s=1\r\n\r\n" HEAD("GET /a") "\r\n");
}

TEST(app_http_way, a_cookie_of_a_redirect_is_sent_to_where_it_leads)
{
	BEGIN(ANSWER("302 Found", "Location: /b\r\nSet-Cookie: s=1\r\n", 0, ""),
		OK);
	wire_call("http:ActionSendData", "{}",
		"{" URL ",\"method\":\"get\",\"shareCookies\":true}");
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /b") "Cookie: s=1\r\n\r\n");
}

TEST(app_http_way, without_shared_cookies_none_is_kept)
{
	BEGIN(ANSWER("302 Found", "Location: /b\r\nSet-Cookie: s=1\r\n", 0, ""),
		OK);
	wire_call("http:ActionSendData", "{}", "{" URL ",\"method\":\"get\"}");
	wire_end(HEAD("GET /a") "\r\n" HEAD("GET /b") "\r\n");
}

/* ---- compression ---- */

/* "ab ab" as deflate without a frame, padded with a one: it has no NUL. */
#define DEFLATED "\x4b\x4c\x52\x48\x4c\x02\x80"
#define COMPRESSED(encoding_, body_) \
	{ \
		.bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" \
			 "Content-Encoding: " encoding_ \
			 "\r\nConnection: close\r\n\r\n" body_, \
		.then = WIRE_CLOSE \
	}

TEST(app_http_way, compressed_answers_are_asked_for_and_undone)
{
	BEGIN(COMPRESSED("deflate", DEFLATED), COMPRESSED("gzip", "no"),
		COMPRESSED("br", "x"), COMPRESSED("deflate", DEFLATED));
	CHECK(str_starts_with(wire_call("http:ActionSendData", "{}",
				      "{" URL ",\"gzip\":true}"),
		STR("[{\"data\":\"ab ab\",\"statusCode\":200")));
	CHECK_OUT("http:ActionSendData", "{}", "{" URL ",\"gzip\":true}",
		"DataError: the answer is not the gzip that it says it is");
	/* Not asked for, and so the sender's to explain. */
	CHECK(str_starts_with(
		wire_call("http:MakeRequest", "{}",
			"{" URL ",\"requestCompressedContent\":true}"),
		STR("[{\"data\":\"x\",\"statusCode\":200")));
	CHECK(str_find(wire_call("http:ActionSendData", "{}", "{" URL "}"),
		      STR("ab ab")) == SIZE_MAX);
#define ENCODED "Accept-Encoding: gzip, deflate\r\n\r\n"
	wire_end(HEAD("GET /a") ENCODED HEAD("GET /a") ENCODED HEAD("GET /a")
			ENCODED HEAD("GET /a") "\r\n");
}

/* ---- proxies ---- */

TEST(app_http_way, a_connections_proxy_is_the_way_and_gets_its_password)
{
	struct proxy_server proxy = {0};

	BEGIN(OK);
	proxy_server_start(&proxy, "HTTP/1.1 200 OK\r\n\r\n");
	run_world_connect("p", "http",
		arena_printf(&run_world.arena,
			"{\"proxyUrl\":\"http://127.0.0.1:%d\","
			"\"proxyUsername\":\"u\",\"proxyPassword\":\"p\"}",
			proxy.port)
			.ptr);
	CHECK(str_starts_with(wire_call("http:ActionSendData",
				      "{\"proxyKeychain\":\"p\"}", "{" URL "}"),
		STR("[{\"data\":null,\"statusCode\":204")));
	wire_end(HEAD("GET /a") "\r\n");
	proxy_server_stop(&proxy);
	/* u:p */
	CHECK(str_find(buf_str(&proxy.requests),
		      STR("Proxy-Authorization: Basic dTpw\r\n")) != SIZE_MAX);
	buf_release(&proxy.requests);
}

/* ---- idempotency ---- */

TEST(app_http_way, a_steps_key_is_sent_by_the_header_that_a_connection_names)
{
	BEGIN(OK, OK);
	wire_connect(
		"k", "http", "{\"idempotencyHeader\":\"Idempotency-Key\"}");
	wire_call("http-agent:ActionSendData", "{\"connection\":\"k\"}",
		"{" URL "}");
	wire_call("http:ActionSendData", "{\"connection\":\"k\"}",
		"{" URL ",\"headers\":[{\"name\":\"idempotency-key\","
		"\"value\":\"mine\"}]}");
	wire_end(
		HEAD("GET /a") "Idempotency-Key: grapnel-d0a164a81d80e92c\r\n\r\n" HEAD(
			"GET /a") "idempotency-key: mine\r\n\r\n");
}

/* ---- TLS ---- */

static struct tls_identity authority, endpoint, customer;

/** Of an authority that nothing here trusts of itself. */
static SSL_CTX *
make_tls(bool is_mutual)
{
	authority = tls_identity_new("authority", NULL, NULL, 7200);
	endpoint =
		tls_identity_new("endpoint", "IP:127.0.0.1", &authority, 7200);
	customer = tls_identity_new("customer", NULL, &authority, 7200);
	return tls_identity_server(&endpoint, is_mutual ? &authority : NULL);
}

static void
end_tls(SSL_CTX *tls)
{
	wire_end(NULL);
	SSL_CTX_free(tls);
	tls_identity_release(&authority);
	tls_identity_release(&endpoint);
	tls_identity_release(&customer);
}

/** {"a":"PEM",…} of those names that are not NULL. */
static const char *
members(const char *ca, const char *certificate, const char *key)
{
	struct value_builder builder = value_builder_make(&run_world.arena);
	CLEANUP(buf_release) struct buf text = {0};

	if (ca)
		value_builder_set(&builder, STR("ca"), value_text(str_of(ca)));
	if (certificate)
		value_builder_set(&builder, STR("certificate"),
			value_text(str_of(certificate)));
	if (key)
		value_builder_set(
			&builder, STR("privateKey"), value_text(str_of(key)));
	value_append_json(
		&text, value_builder_collection(&builder), VALUE_JSON_PLAIN);
	return arena_copy(&run_world.arena, buf_str(&text)).ptr;
}

static void
check_starts(struct str text, const char *start)
{
	if (!str_starts_with(text, str_of(start)))
		check_failed(__FILE__, __LINE__,
			"\"%.*s\" begins otherwise "
			"than \"%s\"",
			STR_ARG(text), start);
}

static const struct wire_reply closing[] = {
	{.bytes = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
		.then = WIRE_CLOSE},
};

#define SAFE_URL "{\"url\":\"https://127.0.0.1:PORT/a\",\"method\":\"get\""
#define DONE "[{\"data\":null,\"statusCode\":204"

TEST(app_http_way, an_authority_of_ones_own_is_trusted_by_that_call_alone)
{
	SSL_CTX *tls = make_tls(false);
	struct str mapper;

	wire_begin_tls(closing, COUNT_OF(closing), tls);
	check_starts(wire_call("http:ActionSendData", "{}", SAFE_URL "}"),
		"ConnectionError: GET https://127.0.0.1:PORT/a: ");
	mapper = arena_printf(&run_world.arena, "%s,%.*s", SAFE_URL,
		STR_ARG(str_skip(
			str_of(members(authority.pem, NULL, NULL)), 1)));
	check_starts(wire_call("http:ActionSendData", "{}", mapper.ptr), DONE);
	end_tls(tls);
}

TEST(app_http_way, the_connections_authority_and_certificate_are_used)
{
	SSL_CTX *tls = make_tls(true);

	wire_begin_tls(closing, COUNT_OF(closing), tls);
	run_world_connect("m", "http",
		members(authority.pem, customer.pem, customer.key_pem));
	check_starts(wire_call("http:ActionSendDataCertAuth",
			     "{\"connection\":\"m\"}", SAFE_URL "}"),
		DONE);
	end_tls(tls);
}

TEST(app_http_way, make_request_shows_its_certificate_with_mutual_tls)
{
	SSL_CTX *tls = make_tls(true);

	wire_begin_tls(closing, COUNT_OF(closing), tls);
	run_world_connect("m", "http",
		members(authority.pem, customer.pem, customer.key_pem));
	check_starts(wire_call("http:MakeRequest",
			     "{\"connection\":\"m\",\"tlsType\":\"mTls\"}",
			     SAFE_URL "}"),
		DONE);
	end_tls(tls);
}

TEST(app_http_way, what_cannot_be_used_is_told_before_anything_is_sent)
{
	SSL_CTX *tls = make_tls(true);

	wire_begin_tls(closing, COUNT_OF(closing), tls);
	run_world_connect("none", "http", "{\"token\":\"t\"}");
	run_world_connect(
		"other", "http", members(NULL, customer.pem, endpoint.key_pem));
	run_world_connect("no-pem", "http", members("x", NULL, NULL));
	check_starts(wire_call("http:ActionSendDataCertAuth",
			     "{\"connection\":\"none\"}", SAFE_URL "}"),
		"InvalidConfigurationError: http:ActionSendDataCertAuth needs "
		"a connection of type http with certificate and privateKey");
	check_starts(
		wire_call("http:ActionSendData", "{\"connection\":\"none\"}",
			SAFE_URL ",\"useMtls\":true}"),
		"InvalidConfigurationError: http:ActionSendData needs a "
		"connection of type http with certificate");
	check_starts(wire_call("http:ActionSendData",
			     "{\"connection\":\"other\"}", SAFE_URL "}"),
		"InvalidConfigurationError: privateKey: it is not the key");
	check_starts(wire_call("http:ActionSendData",
			     "{\"connection\":\"no-pem\"}", SAFE_URL "}"),
		"InvalidConfigurationError: ca: ");
	check_starts(wire_call("http:ActionSendData",
			     "{\"proxyKeychain\":\"none\"}", SAFE_URL "}"),
		"InvalidConfigurationError: proxyKeychain: there is no "
		"connection \"none\" with a proxyUrl");
	end_tls(tls);
}

TEST(app_http_way, another_origin_gets_the_proxy_and_no_certificate)
{
	struct http_way way = {.tls = {.authorities = STR("a"),
				       .certificate = STR("c"),
				       .key = STR("k")},
		.proxy_use = HTTP_PROXY_OWN,
		.proxy = {.url = STR("http://p:1")}};
	struct http_way other;

	http_way_identify(&way);
	other = http_way_elsewhere(&way);
	CHECK_INT(other.tls.authorities.len + other.tls.certificate.len +
			  other.tls.key.len,
		0);
	CHECK_STR(other.proxy.url, STR("http://p:1"));
	CHECK(memcmp(other.id, way.id, sizeof(way.id)) != 0);
}
