#include "check.h"
#include "net/request_head.h"

/* Heads, whole and cut into two pieces at every byte. */

enum { MAX = 16 * 1024 };

static struct request_head head;

/** As the server does it: looks at what has come, then at all of it. */
static int
read_pieces(struct str bytes, size_t cut, size_t *ret_len)
{
	size_t scanned = 0, skipped;
	struct str first = str_head(bytes, cut);

	skipped = request_head_skip(first);
	*ret_len = request_head_find(str_skip(first, skipped), &scanned);
	if (*ret_len == 0 &&
		!request_head_is_possible(str_skip(first, skipped), MAX, &head))
		return head.status;
	if (*ret_len == 0) {
		if (request_head_skip(bytes) != skipped)
			scanned = 0;
		skipped = request_head_skip(bytes);
		*ret_len =
			request_head_find(str_skip(bytes, skipped), &scanned);
	}
	bytes = str_skip(bytes, skipped);
	if (*ret_len == 0)
		return request_head_is_possible(bytes, MAX, &head)
			       ? 0
			       : head.status;
	return request_head_read(str_head(bytes, *ret_len), MAX, &head)
		       ? 200
		       : head.status;
}

/** 200: it is good, 0: more is needed. */
static void
check_status(struct str bytes, int status)
{
	for (size_t cut = 0; cut <= bytes.len; cut++) {
		size_t len;
		int got = read_pieces(bytes, cut, &len);

		if (got != status)
			check_failed(__FILE__, __LINE__,
				"%d instead of %d, cut at %zu:\n%.*s", got,
				status, cut, STR_ARG(str_head(bytes, 300)));
		if (status >= 400)
			CHECK(head.reason.len > 0 && !head.can_keep);
	}
}

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST

TEST(request_head, what_is_clear_is_read)
{
	static const char *const good[] = {
		LINE HOST "\r\n",
		"\r\n\r\n" LINE HOST "\r\n",
		LINE "HOST:a.example:8080\r\n\r\n",
		LINE "Host:\r\n\r\n",
		LINE "Host: [::1]:80\r\n\r\n",
		LINE HOST "X:\r\nY: \t b \t\r\n\r\n",
		LINE HOST "X: caf\xc3\xa9 \x80\r\n\r\n",
		LINE HOST "!#$%&'*+-.^_`|~09aZ: b\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.7\r\n" HOST "\r\n",
		"OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
		"GET /\xc3\xa9?\"{|}^`\\ HTTP/1.1\r\n" HOST "\r\n",
		POST "Content-Length: 00010\r\n\r\n",
		POST "Transfer-Encoding: Chunked\r\n\r\n",
		POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
		LINE HOST "Connection: Upgrade, HTTP2-Settings\r\n"
			  "Upgrade: h2c\r\n\r\n",
	};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		check_status(str_of(good[i]), 200);
}

struct refused {
	const char *bytes;
	int status;
};

static void
check_refused(const struct refused *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_status(str_of(rows[i].bytes), rows[i].status);
}

TEST(request_head, request_line_that_is_none_is_refused)
{
	static const struct refused rows[] = {
		{"GET /\r\n\r\n", 400},
		{"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
		{"GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400},
		{" GET / HTTP/1.1\r\n" HOST "\r\n", 400},
		{"G@T / HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET a HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET * HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET /#x HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET http:///x HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET ftp://a/x HTTP/1.1\r\n" HOST "\r\n", 400},
		{"CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 400},
		{"GET / http/1.1\r\n" HOST "\r\n", 400},
		{"GET / HTTP/1\r\n" HOST "\r\n", 400},
		{"GET / HTTP/1.10\r\n" HOST "\r\n", 400},
		{"GET / HTTP/x.1\r\n" HOST "\r\n", 400},
		{"GET / HTTP/0.9\r\n" HOST "\r\n", 505},
		{"GET / HTTP/7.1\r\n" HOST "\r\n", 505},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
		{"\x16\x03\x01\x02\x00\x01", 400},
		{"hello\r\n\r\n", 400},
	};

	check_refused(rows, COUNT_OF(rows));
}

TEST(request_head, line_that_does_not_end_in_cr_lf_is_refused)
{
	static const struct refused rows[] = {
		{"GET / HTTP/1.1\n" HOST "\r\n", 400},
		{LINE "Host: a\n\r\n", 400},
		{LINE HOST "\n", 400},
		{LINE HOST "X: a\rb\r\n\r\n", 400},
		{LINE HOST "X: a\r\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\r\n" HOST "\r\n", 400},
	};

	check_refused(rows, COUNT_OF(rows));
}

TEST(request_head, header_line_that_could_be_two_things_is_refused)
{
	static const struct refused rows[] = {
		{LINE HOST "X : a\r\n\r\n", 400},
		{LINE HOST "Content-Length : 5\r\n\r\n", 400},
		{LINE HOST " folded: a\r\n\r\n", 400},
		{LINE HOST "X: a\r\n b\r\n\r\n", 400},
		{LINE HOST "X: a\r\n\tb\r\n\r\n", 400},
		{LINE HOST ": a\r\n\r\n", 400},
		{LINE HOST "X\r\n\r\n", 400},
		{LINE HOST "X(y): a\r\n\r\n", 400},
		{LINE HOST "X\xc3\xa9: a\r\n\r\n", 400},
		{LINE HOST "X: a\x01\r\n\r\n", 400},
		{LINE HOST "X: a\x7f\r\n\r\n", 400},
	};

	check_refused(rows, COUNT_OF(rows));
}

TEST(request_head, host_that_is_missing_or_none_is_refused)
{
	static const struct refused rows[] = {
		{LINE "\r\n", 400},
		{LINE HOST HOST "\r\n", 400},
		{LINE "Host: a b\r\n\r\n", 400},
		{LINE "Host: a, b\r\n\r\n", 400},
		{LINE "Host: a/b\r\n\r\n", 400},
		{LINE "Host: u@a\r\n\r\n", 400},
		{"GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400},
	};

	check_refused(rows, COUNT_OF(rows));
}

TEST(request_head, framing_that_could_be_read_in_two_ways_is_refused)
{
	static const struct refused rows[] = {
		{POST "Content-Length: x\r\n\r\n", 400},
		{POST "Content-Length:\r\n\r\n", 400},
		{POST "Content-Length: +5\r\n\r\n", 400},
		{POST "Content-Length: -5\r\n\r\n", 400},
		{POST "Content-Length: 0x5\r\n\r\n", 400},
		{POST "Content-Length: 5 5\r\n\r\n", 400},
		{POST "Content-Length: 5, 5\r\n\r\n", 400},
		{POST "Content-Length: 9223372036854775808\r\n\r\n", 400},
		{POST "Content-Length: 99999999999999999999\r\n\r\n", 400},
		{POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
		{POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
		{POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
		      "\r\n",
			400},
		{POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"
		      "\r\n",
			400},
		{POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
		{POST "Transfer-Encoding: chunked\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n",
			400},
		{POST "Transfer-Encoding: chunked, gzip\r\n\r\n", 400},
		{POST "Transfer-Encoding:\r\n\r\n", 400},
		{POST "Transfer-Encoding: ,\r\n\r\n", 400},
		{POST "Transfer-Encoding: gzip\r\n\r\n", 501},
		{POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
		{POST "Transfer-Encoding: xchunked\r\n\r\n", 501},
		{POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
		{POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 501},
		{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		{POST "Expect: 200-ok\r\n\r\n", 417},
	};

	check_refused(rows, COUNT_OF(rows));
}

TEST(request_head, nul_is_refused_wherever_it_stands)
{
	check_status(STR("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
	check_status(STR("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), 400);
	check_status(STR("GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"), 400);
	check_status(STR("GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n"), 400);
}

TEST(request_head, what_is_not_whole_is_waited_for)
{
	static const char *const begun[] = {"", "\r", "\r\n", "\r\n\r", "G",
		"GET", "GET ", LINE, LINE HOST, LINE HOST "\r",
		LINE HOST "X: a\r\n"};

	for (size_t i = 0; i < COUNT_OF(begun); i++)
		check_status(str_of(begun[i]), 0);
}

TEST(request_head, its_parts_are_found)
{
	struct str bytes = STR("\r\nPUT /a%2Fb?x=1?2 HTTP/1.1\r\n"
			       "Host: h\r\n"
			       "Content-Length: 7\r\n"
			       "Expect: 100-continue\r\n"
			       "Connection: x , CLOSE\r\n"
			       "X-Empty:\r\n\r\n1234567");
	size_t len;

	CHECK_INT(read_pieces(bytes, bytes.len, &len), 200);
	CHECK_INT(bytes.len - 2 - len, 7);
	CHECK_STR(head.method, STR("PUT"));
	CHECK_STR(head.path, STR("/a%2Fb"));
	CHECK_STR(head.query, STR("x=1?2"));
	CHECK_INT(head.length, 7);
	CHECK(head.is_expecting && !head.can_keep && !head.is_chunked);
	CHECK_INT(head.header_count, 5);
	CHECK_STR(head.headers[1].name, STR("Content-Length"));
	CHECK_STR(head.headers[3].value, STR("x , CLOSE"));
	CHECK_STR(head.headers[4].value, STR(""));
}

static void
check_target(const char *target, const char *path, const char *query)
{
	struct buf text = {0};
	size_t len;

	buf_printf(&text, "OPTIONS %s HTTP/1.1\r\n" HOST "\r\n", target);
	CHECK_INT(read_pieces(buf_str(&text), 0, &len), 200);
	CHECK_STR(head.path, str_of(path));
	CHECK_STR(head.query, str_of(query));
	buf_release(&text);
}

TEST(request_head, target_with_an_authority_is_for_its_path)
{
	check_target("http://h:80/a?b", "/a", "b");
	check_target("HTTPS://h", "/", "");
	check_target("http://h?b", "/", "b");
	check_target("*", "*", "");
	check_target("/a?", "/a", "");
	check_target("//a/http://h/", "//a/http://h/", "");
}

TEST(request_head, connection_is_kept_as_the_version_says)
{
	static const struct {
		const char *bytes;
		bool can_keep;
	} rows[] = {
		{LINE HOST "\r\n", true},
		{LINE HOST "Connection: close\r\n\r\n", false},
		{LINE HOST "Connection: keep-alive\r\n\r\n", true},
		{"GET / HTTP/1.0\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
			false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t len;

		CHECK_INT(read_pieces(str_of(rows[i].bytes), 0, &len), 200);
		CHECK_INT(head.can_keep, rows[i].can_keep);
	}
}

/** `before`, many times `more`, `after`. */
static void
check_long(const char *before, const char *more, size_t count, int status)
{
	struct buf text = {0};
	struct str bytes;
	size_t len;

	buf_append(&text, str_of(before));
	for (size_t i = 0; i < count; i++)
		buf_append(&text, str_of(more));
	if (status != 414)
		buf_append(&text, STR("\r\n"));
	bytes = buf_str(&text);
	/* At once, without its end, and with some of it first. */
	CHECK_INT(read_pieces(bytes, bytes.len, &len), status);
	CHECK_INT(read_pieces(bytes, bytes.len - 2, &len), status);
	CHECK_INT(read_pieces(bytes, 100, &len), status);
	buf_release(&text);
}

TEST(request_head, sizes_have_limits)
{
	check_long("GET /", "a", 9000, 414);
	check_long("GET /", "a", 200, 0);
	check_long(LINE HOST "X: ", "a", MAX, 431);
	check_long(LINE HOST, "X: 0123456789\r\n", 1200, 431);
	check_long(LINE HOST, "X: y\r\n", REQUEST_HEADERS_MAX, 431);
	check_long(LINE HOST, "X: y\r\n", REQUEST_HEADERS_MAX - 1, 200);
	check_long("", "A", REQUEST_METHOD_MAX + 1, 400);
}
