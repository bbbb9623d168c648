#include <arpa/inet.h>
#include <netdb.h>

#include "base/clock.h"
#include "check.h"
#include "http_client_rig.h"
#include "proxy_server.h"

/* Ways to a destination: by a proxy. */

#define TUNNEL "HTTP/1.1 200 Connection established\r\n\r\n"

static struct proxy_server proxy_peer;

/* ---- proxies ---- */

static const char *known_names; /* NULL: there are none */

static int
look_up(void *context, const char *host, struct resolver_addresses *ret)
{
	struct str rest = str_of(known_names);

	(void)context;
	if (known_names == NULL || !strcmp(host, "nobody.example"))
		return EAI_NONAME;
	while (rest.len > 0) {
		struct str part = str_split(&rest, ' ');
		char text[64];
		union resolver_address *address = &ret->list[ret->count++];

		snprintf(text, sizeof(text), "%.*s", STR_ARG(part));
		address->v4.sin_family = AF_INET;
		CHECK(inet_pton(AF_INET, text, &address->v4.sin_addr) == 1);
	}
	return 0;
}

static struct resolver_options resolver = {.look_up = look_up};
static struct http_proxy proxy;

static const char *
proxy_url(const char *host)
{
	static char url[128];

	snprintf(url, sizeof(url), "http://%s:%u", host, proxy_peer.port);
	return url;
}

/** Everything goes by the proxy; its own address is nobody's business. */
static void
begin_proxy(const char *answer, const char *names)
{
	known_names = names;
	proxy_server_start(&proxy_peer, answer);
	wire_server_start(
		&rig.server, rig_closing, COUNT_OF(rig_closing), NULL);
	proxy.url = str_of(proxy_url("127.0.0.1"));
	rig.options.proxy = &proxy;
	rig.options.resolver = &resolver;
	rig.options.connect_timeout = 500 * MILLISECONDS;
	rig.client = http_client_new(&rig.options);
}

static struct str
proxy_requests(void)
{
	rig_end();
	proxy_server_stop(&proxy_peer);
	return buf_str(&proxy_peer.requests);
}

static bool
holds(struct str text, const char *part)
{
	return str_find(text, str_of(part)) != SIZE_MAX;
}

TEST(http_proxy, a_proxy_is_asked_for_a_vetted_address)
{
	static const struct http_header header = {
		STR_INIT("X-Secret"), STR_INIT("for the endpoint")};
	struct http_request request = {.headers = &header, .header_count = 1};
	char connect[64];
	struct str asked;
	struct rig_got got;

	proxy.username = STR("user");
	proxy.password = STR("pass:word");
	rig_allow("198.51.100.7");
	begin_proxy(TUNNEL, "10.0.0.1 198.51.100.7");
	request.url = str_of(rig_url("http", "a.example"));
	got = rig_run(request);
	CHECK_INT(got.failure, HTTP_NO_FAILURE);
	CHECK_INT(got.status, 200);
	asked = proxy_requests();
	snprintf(connect, sizeof(connect), "CONNECT 198.51.100.7:%u HTTP/1.1",
		rig.server.port);
	CHECK(str_starts_with(asked, str_of(connect)));
	CHECK(holds(asked, "Proxy-Authorization: Basic dXNlcjpwYXNzOndvcmQ="));
	CHECK(!holds(asked, "X-Secret"));
	CHECK(holds(buf_str(&rig.server.requests), "Host: a.example:"));
	CHECK(holds(buf_str(&rig.server.requests), "X-Secret"));
	CHECK(!holds(buf_str(&rig.server.requests), "Proxy-"));
}

TEST(http_proxy, what_is_refused_never_reaches_the_proxy)
{
	static const char *const hosts[] = {
		"a.example", "10.0.0.1", "169.254.169.254"};

	begin_proxy(TUNNEL, "10.0.0.1 169.254.169.254");
	for (size_t i = 0; i < COUNT_OF(hosts); i++)
		CHECK_INT(rig_get("http", hosts[i], NULL).failure,
			HTTP_NOT_ALLOWED);
	CHECK_INT(rig_get("http", "nobody.example", NULL).failure,
		HTTP_NAME_UNKNOWN);
	CHECK_INT(atomic_load(&proxy_peer.connections), 0);
	proxy_requests();
}

TEST(http_proxy, a_proxy_that_looks_up_is_asked_for_the_name)
{
	struct str asked;

	proxy.is_looking_up = true;
	begin_proxy(TUNNEL, "93.184.216.34");
	CHECK_INT(rig_get("http", "a.example", NULL).status, 200);
	/* That we cannot find it does not matter, if the proxy can. */
	CHECK_INT(rig_get("http", "nobody.example", NULL).status, 200);
	asked = proxy_requests();
	CHECK(holds(asked, "CONNECT a.example:"));
	CHECK(holds(asked, "CONNECT nobody.example:"));
}

TEST(http_proxy, a_proxy_that_looks_up_gets_no_name_with_a_doubtful_address)
{
	proxy.is_looking_up = true;
	begin_proxy(TUNNEL, "93.184.216.34 10.0.0.1");
	CHECK_INT(rig_get("http", "a.example", NULL).failure, HTTP_NOT_ALLOWED);
	CHECK_INT(rig_get("http", "10.0.0.1", NULL).failure, HTTP_NOT_ALLOWED);
	CHECK_INT(atomic_load(&proxy_peer.connections), 0);
	proxy_requests();
}

TEST(http_proxy, hosts_may_be_excepted_from_the_common_proxy)
{
	static const struct str excepted[] = {STR_INIT("127.0.0.0/8")};
	struct http_request request = {.timeout = 0};

	rig.options.no_proxy = excepted;
	rig.options.no_proxy_count = 1;
	rig_allow("127.0.0.1");
	begin_proxy(TUNNEL, "127.0.0.1");
	CHECK_INT(rig_get("http", "127.0.0.1", NULL).status, 200);
	CHECK_INT(atomic_load(&proxy_peer.connections), 0);
	CHECK(http_request_is_plain(&rig.options, &request, STR("127.0.0.1")));
	CHECK(!http_request_is_plain(&rig.options, &request, STR("a.example")));
	/* The exception is for the host as it is written. */
	CHECK_INT(rig_get("http", "a.example", NULL).status, 200);
	CHECK_INT(atomic_load(&proxy_peer.connections), 1);
	proxy_requests();
}

TEST(http_proxy, one_destination_may_go_without_the_common_proxy)
{
	struct http_way way = {.proxy_use = HTTP_PROXY_NONE};

	http_way_identify(&way);
	CHECK(http_way_is_needed(&way));
	rig_allow("127.0.0.1");
	begin_proxy("HTTP/1.1 500 No\r\n\r\n", NULL);
	CHECK_INT(rig_get("http", "127.0.0.1", &way).status, 200);
	CHECK_INT(atomic_load(&proxy_peer.connections), 0);
	proxy_requests();
}

TEST(http_proxy, a_proxy_of_ones_own_is_vetted_like_a_destination)
{
	struct http_way way = {.proxy_use = HTTP_PROXY_OWN};
	struct rig_got got;

	rig_allow("198.51.100.7");
	begin_proxy(TUNNEL, "198.51.100.7");
	way.proxy.url = str_of(proxy_url("127.0.0.1"));
	http_way_identify(&way);
	got = rig_get("http", "198.51.100.7", &way);
	CHECK_INT(got.failure, HTTP_NOT_ALLOWED);
	CHECK(strstr(got.error, "127.0.0.1"));
	CHECK_INT(atomic_load(&proxy_peer.connections), 0);
	rig_allow("127.0.0.1");
	way.proxy.password = STR("another way");
	http_way_identify(&way);
	CHECK_INT(rig_get("http", "198.51.100.7", &way).status, 200);
	CHECK_INT(atomic_load(&proxy_peer.connections), 1);
	proxy_requests();
}

TEST(http_proxy, a_name_of_ones_own_proxy_is_vetted_when_connecting)
{
	struct http_way way = {.proxy_use = HTTP_PROXY_OWN};
	struct rig_got got;

	rig_allow("198.51.100.7");
	begin_proxy(TUNNEL, "127.0.0.1");
	way.proxy.url = str_of(proxy_url("proxy.example"));
	http_way_identify(&way);
	got = rig_get("http", "198.51.100.7", &way);
	CHECK_INT(got.failure, HTTP_NOT_ALLOWED);
	CHECK(strstr(got.error, "proxy \"proxy.example\" is at 127.0.0.1"));
	CHECK_INT(atomic_load(&proxy_peer.connections), 0);
	proxy_requests();
}

TEST(http_proxy, what_a_proxy_does_not_do_is_our_side)
{
	static const struct {
		const char *answer;
		enum http_failure failure;
		const char *error;
	} rows[] = {
		{"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n",
			HTTP_PROXY_DOWN, "credentials (407)"},
		{"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
			HTTP_PROXY_DOWN, "status 403"},
		{"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
			HTTP_PROXY_DOWN, "status 500"},
		{"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
			HTTP_PROXY_DOWN, "status 503"},
		{"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n",
			HTTP_CANNOT_CONNECT, "status 502"},
		{"HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n",
			HTTP_CANNOT_CONNECT, "status 504"},
		{"", HTTP_PROXY_DOWN, "proxy: "},
		{"nonsense\r\n\r\n", HTTP_PROXY_DOWN, "proxy: "},
		{NULL, HTTP_PROXY_DOWN, "proxy: "},
	};

	rig_allow("198.51.100.7");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rig_got got;

		begin_proxy(rows[i].answer, "198.51.100.7");
		got = rig_get("https", "a.example", NULL);
		if (got.failure != rows[i].failure ||
			!strstr(got.error, rows[i].error))
			check_failed(__FILE__, __LINE__, "row %zu: %s: %s", i,
				http_failure_name(got.failure), got.error);
		CHECK_INT(got.status, 0);
		proxy_requests();
		buf_release(&proxy_peer.requests);
	}
}

TEST(http_proxy, a_proxy_that_cannot_be_reached_is_our_side)
{
	struct rig_got got;

	rig_allow("198.51.100.7");
	begin_proxy(TUNNEL, "198.51.100.7");
	proxy_server_stop(&proxy_peer);
	got = rig_get("http", "a.example", NULL);
	CHECK_INT(got.failure, HTTP_PROXY_DOWN);
	rig_end();
}

TEST(http_proxy, a_proxy_whose_name_is_unknown_is_our_side)
{
	struct rig_got got;

	rig_allow("198.51.100.7");
	begin_proxy(TUNNEL, "198.51.100.7");
	http_client_free(rig.client);
	proxy.url = str_of(proxy_url("nobody.example"));
	rig.client = http_client_new(&rig.options);
	got = rig_get("http", "a.example", NULL);
	CHECK_INT(got.failure, HTTP_PROXY_DOWN);
	CHECK_TEXT(
		got.error, "proxy \"nobody.example\": there is no such name");
	proxy_requests();
}

TEST(http_proxy, what_an_endpoint_does_behind_a_proxy_is_the_endpoints)
{
	static const struct wire_reply reset = {
		.bytes = "", .then = WIRE_RESET};
	static const struct wire_reply hold = {.bytes = "", .then = WIRE_HOLD};
	struct http_request request = {.timeout = 200 * MILLISECONDS};

	rig_allow("198.51.100.7");
	begin_proxy(TUNNEL, "198.51.100.7");
	/* It waits for more of what is no request to it. */
	CHECK_INT(rig_get("https", "a.example", NULL).failure, HTTP_TIMED_OUT);
	rig_serve_again(&reset, 1, NULL);
	CHECK_INT(rig_get("http", "a.example", NULL).failure, HTTP_BROKEN);
	rig_serve_again(&hold, 1, NULL);
	request.url = str_of(rig_url("http", "a.example"));
	CHECK_INT(rig_run(request).failure, HTTP_TIMED_OUT);
	proxy_requests();
}

TEST(http_proxy, a_tunnel_is_used_again)
{
	rig_allow("198.51.100.7");
	begin_proxy(TUNNEL, "198.51.100.7");
	rig_serve_again(rig_keeping, 2, NULL);
	CHECK_INT(rig_get("http", "a.example", NULL).status, 200);
	CHECK(rig_get("http", "a.example", NULL).is_reused);
	CHECK_INT(atomic_load(&proxy_peer.connections), 1);
	proxy_requests();
}

TEST(http_proxy, no_proxy_takes_names_networks_and_everything)
{
	static const struct {
		const char *entry;
		const char *host;
		bool is_held;
	} rows[] = {
		{"*", "a.example", true},
		{"example.com", "example.com", true},
		{"example.com", "example.com.", true},
		{"example.com", "a.example.com", true},
		{"Example.COM", "a.example.com", true},
		{".example.com", "a.example.com", true},
		{".example.com", "example.com", true},
		{"example.com", "badexample.com", false},
		{"example.com", "com", false},
		{"", "example.com", false},
		{".", "example.com", false},
		{"10.0.0.0/8", "10.1.2.3", true},
		{"10.0.0.0/8", "11.1.2.3", false},
		{"10.0.0.0/8", "a.example", false},
		{"10.1.2.3", "10.1.2.3", true},
		{"fd00::/8", "fd00::1", true},
		{"::/0", "10.1.2.3", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (http_no_proxy_holds(str_of(rows[i].entry),
			    str_of(rows[i].host)) != rows[i].is_held)
			check_failed(__FILE__, __LINE__, "\"%s\" for %s",
				rows[i].entry, rows[i].host);
	}
}

TEST(http_proxy, a_proxy_has_an_http_url_with_host_and_port)
{
	static const struct {
		const char *url;
		enum err err;
	} rows[] = {
		{"http://proxy.example:3128", ERR_OK},
		{"http://93.184.216.34:3128/", ERR_OK},
		{"https://proxy.example:3128", ERR_INVALID},
		{"http://proxy.example:3128/x", ERR_INVALID},
		{"http://proxy.example:3128/?x", ERR_INVALID},
		{"http://u:p@proxy.example:3128", ERR_INVALID},
		{"socks5://proxy.example:1080", ERR_INVALID},
		{"proxy.example:3128", ERR_INVALID},
		{"", ERR_INVALID},
		{"http://10.0.0.1:3128", ERR_DENIED},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_release) struct buf why = {0};
		CLEANUP(arena_release) struct arena arena = {0};
		struct url url;

		CHECK_INT(http_proxy_read(str_of(rows[i].url), &rig.policy,
				  &arena, &url, &why),
			rows[i].err);
		CHECK_INT(why.len > 0, rows[i].err != ERR_OK);
		if (rows[i].err == ERR_DENIED)
			CHECK_OK(http_proxy_read(
				str_of(rows[i].url), NULL, &arena, &url, &why));
	}
}
