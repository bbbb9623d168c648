#include "base/clock.h"
#include "check.h"
#include "net/wire_response.h"

/* One response after the other, whole and in single bytes. */

enum { BODY_MAX = 64 };

static struct wire_response response;

static enum wire_verdict
read_in_pieces(
	struct str bytes, bool is_to_head, size_t piece, size_t *ret_used)
{
	enum wire_verdict verdict = WIRE_MORE;

	*ret_used = 0;
	wire_response_begin(&response, is_to_head, BODY_MAX);
	while (verdict == WIRE_MORE && *ret_used < bytes.len) {
		struct str rest = str_head(str_skip(bytes, *ret_used), piece);
		size_t used;

		verdict = wire_response_take(&response, rest, &used);
		*ret_used += used;
	}
	return verdict;
}

struct expected {
	const char *bytes;
	enum wire_verdict verdict;
	int status;
	const char *body;
	bool can_keep;
	size_t left; /* bytes behind the response */
};

static void
check_rows(const struct expected *rows, size_t count)
{
	static const size_t pieces[] = {SIZE_MAX, 1, 7};

	for (size_t i = 0; i < count * COUNT_OF(pieces); i++) {
		const struct expected *row = &rows[i / COUNT_OF(pieces)];
		struct str bytes = str_of(row->bytes);
		size_t used;
		enum wire_verdict verdict = read_in_pieces(
			bytes, false, pieces[i % COUNT_OF(pieces)], &used);

		if (verdict != row->verdict)
			check_failed(__FILE__, __LINE__, "%s: %d", row->bytes,
				(int)verdict);
		CHECK((verdict == WIRE_BROKEN) == (response.error != NULL));
		if (verdict != WIRE_DONE)
			continue;
		CHECK_INT(response.status, row->status);
		CHECK_STR(buf_str(&response.body), str_of(row->body));
		CHECK_INT(response.can_keep, row->can_keep);
		CHECK_INT(bytes.len - used, row->left);
	}
	wire_response_release(&response);
}

#define OK "HTTP/1.1 200 OK\r\n"

TEST(wire_response, ends_where_its_framing_says)
{
	static const struct expected rows[] = {
		{OK "Content-Length: 2\r\n\r\nhi", WIRE_DONE, 200, "hi", true,
			0},
		{OK "Content-Length:2\r\n\r\nhiHTTP", WIRE_DONE, 200, "hi",
			true, 4},
		{OK "content-length:\t 0 \r\n\r\n", WIRE_DONE, 200, "", true,
			0},
		{"HTTP/1.1 204\r\nContent-Length: 5\r\n\r\nstray", WIRE_DONE,
			204, "", true, 5},
		{"HTTP/1.1 304 \r\n\r\n", WIRE_DONE, 304, "", true, 0},
		{"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nA: b\r\n\r\n"
		 "HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx",
			WIRE_DONE, 500, "x", true, 0},
		{"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", WIRE_DONE, 200,
			"hi", true, 0},
		{OK "Transfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\nA;q=\"1\"\r\n0123456789\r\n0\r\n\r\n",
			WIRE_DONE, 200, "abc0123456789", true, 0},
		{OK "Transfer-Encoding: CHUNKED\r\n\r\n"
		    "0001 \r\nx\r\n00\r\nA: b\r\n\r\nrest",
			WIRE_DONE, 200, "x", true, 4},
		{OK "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n"
		    "\r\n",
			WIRE_DONE, 200, "x", true, 0},
		{OK "\r\nuntil it closes", WIRE_MORE, 0, NULL, false, 0},
		{OK "Transfer-Encoding: gzip\r\n\r\nx", WIRE_MORE, 0, NULL,
			false, 0},
		{OK "Content-Length: 9\r\n\r\nfour", WIRE_MORE, 0, NULL, false,
			0},
	};

	check_rows(rows, COUNT_OF(rows));
}

TEST(wire_response, says_whether_its_connection_may_be_kept)
{
	static const struct expected rows[] = {
		{OK "Content-Length: 0\r\nConnection: close\r\n\r\n", WIRE_DONE,
			200, "", false, 0},
		{OK "Content-Length: 0\r\nConnection: x , Close\r\n\r\n",
			WIRE_DONE, 200, "", false, 0},
		{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", WIRE_DONE, 200,
			"", false, 0},
		{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n"
		 "Connection: Keep-Alive\r\n\r\n",
			WIRE_DONE, 200, "", true, 0},
		/* Two lengths: the coding counts, and nothing after it. */
		{OK "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "0\r\n\r\n",
			WIRE_DONE, 200, "", false, 0},
		{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			WIRE_DONE, 200, "", false, 0},
	};

	check_rows(rows, COUNT_OF(rows));
}

TEST(wire_response, what_is_ambiguous_is_broken)
{
	static const struct expected rows[] = {
		{"\r\n" OK, WIRE_BROKEN, 0, NULL, false, 0},
		{"HTTP/2 200\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"HTTP/1.2 200 OK\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"HTTP/1.1  200 OK\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"HTTP/1.1 20 OK\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"HTTP/1.1 2000 OK\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"HTTP/1.1 099 OK\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"ICY 200 OK\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"no line's end, but no HTTP either", WIRE_BROKEN, 0, NULL,
			false, 0},
		{"HTTP/1.1 101 Switching\r\n\r\n", WIRE_BROKEN, 0, NULL, false,
			0},
		{OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
			WIRE_BROKEN, 0, NULL, false, 0},
		{OK "Content-Length: 1, 1\r\n\r\n", WIRE_BROKEN, 0, NULL, false,
			0},
		{OK "Content-Length: -1\r\n\r\n", WIRE_BROKEN, 0, NULL, false,
			0},
		{OK "Content-Length: +1\r\n\r\n", WIRE_BROKEN, 0, NULL, false,
			0},
		{OK "Content-Length: 0x1\r\n\r\n", WIRE_BROKEN, 0, NULL, false,
			0},
		{OK "Content-Length:\r\n\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{OK "Content-Length: 18446744073709551616\r\n\r\n", WIRE_BROKEN,
			0, NULL, false, 0},
		{OK "Content-Length: 9223372036854775808\r\n\r\n", WIRE_BROKEN,
			0, NULL, false, 0},
		{OK "Content-Length : 1\r\n\r\n", WIRE_BROKEN, 0, NULL, false,
			0},
		{OK "Content-Length: 1\r\n 2\r\n\r\n", WIRE_BROKEN, 0, NULL,
			false, 0},
		{OK "Transfer-Encoding: chunked\r\n\t, gzip\r\n\r\n",
			WIRE_BROKEN, 0, NULL, false, 0},
		{OK "Transfer-Encoding: chunked, chunked\r\n\r\n", WIRE_BROKEN,
			0, NULL, false, 0},
		{OK "Transfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: identity\r\n\r\n",
			WIRE_BROKEN, 0, NULL, false, 0},
		{OK "A: b\rContent-Length: 1\r\n\r\n", WIRE_BROKEN, 0, NULL,
			false, 0},
	};

	check_rows(rows, COUNT_OF(rows));
}

TEST(wire_response, a_chunk_that_is_not_as_it_should_be_is_broken)
{
	static const struct expected chunks[] = {
		{"\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{";x\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{" 1\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"-1\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"0x1\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"ffffffffffffffff\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"10000000000000001\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"1\r\nxy\r\n", WIRE_BROKEN, 0, NULL, false, 0},
		{"1\r\nx\r\r\n", WIRE_BROKEN, 0, NULL, false, 0},
	};

	for (size_t i = 0; i < COUNT_OF(chunks); i++) {
		char bytes[256];
		struct expected row = chunks[i];

		snprintf(bytes, sizeof(bytes),
			OK "Transfer-Encoding: chunked\r\n\r\n%s",
			chunks[i].bytes);
		row.bytes = bytes;
		check_rows(&row, 1);
	}
}

TEST(wire_response, lines_that_mean_nothing_may_look_as_they_like)
{
	static const struct expected rows[] = {
		{OK " folded from nowhere\r\nno colon\r\n: no name\r\n"
		    "Connection : close\r\nX: a\r\n\tb\r\n"
		    "Keep-Alive: timeout=x\r\nContent-Length: 0\r\n\r\n",
			WIRE_DONE, 200, "", true, 0},
		{OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
			WIRE_DONE, 200, "x", true, 0},
	};

	check_rows(rows, COUNT_OF(rows));
}

TEST(wire_response, a_nul_in_its_head_is_broken)
{
	size_t used;

	CHECK_INT(read_in_pieces(
			  STR(OK "A: b\0c\r\n\r\n"), false, SIZE_MAX, &used),
		WIRE_BROKEN);
	wire_response_release(&response);
}

TEST(wire_response, an_answer_to_head_has_no_body_whatever_it_says)
{
	struct str bytes = STR(OK "Content-Length: 9\r\n\r\n");
	size_t used;

	CHECK_INT(read_in_pieces(bytes, true, 1, &used), WIRE_DONE);
	CHECK_INT(used, bytes.len);
	CHECK(response.can_keep);
	wire_response_release(&response);
}

TEST(wire_response, its_end_ends_only_what_had_no_other_end)
{
	static const struct {
		const char *bytes;
		enum wire_verdict verdict;
	} rows[] = {
		{"", WIRE_BROKEN},
		{"HTTP/1.1 200", WIRE_BROKEN},
		{"HTTP/1.1 100 Continue\r\n\r\n", WIRE_BROKEN},
		{OK "\r\n", WIRE_DONE},
		{OK "\r\nhalf a", WIRE_DONE},
		{OK "Content-Length: 3\r\n\r\nab", WIRE_BROKEN},
		{OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", WIRE_BROKEN},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t used;

		read_in_pieces(str_of(rows[i].bytes), false, SIZE_MAX, &used);
		CHECK_INT(wire_response_end(&response), rows[i].verdict);
		CHECK(!response.can_keep);
	}
	wire_response_release(&response);
}

TEST(wire_response, tells_for_how_long_its_connection_is_kept)
{
	size_t used;

	read_in_pieces(STR(OK "Keep-Alive: timeout=5, max=100\r\n"
			      "Content-Length: 0\r\n\r\n"),
		false, 1, &used);
	CHECK_INT(response.keep_time, 5 * SECONDS);
	wire_response_release(&response);
}

/** Says `more` after `head` until the verdict is no longer MORE. */
static enum wire_verdict
read_endless(struct str head, struct str more, size_t *ret_count)
{
	enum wire_verdict verdict;
	size_t used;

	wire_response_begin(&response, false, BODY_MAX);
	verdict = wire_response_take(&response, head, &used);
	for (*ret_count = 0; verdict == WIRE_MORE; *ret_count += more.len)
		verdict = wire_response_take(&response, more, &used);
	wire_response_release(&response);
	return verdict;
}

TEST(wire_response, nothing_goes_on_for_ever)
{
	static const struct {
		struct str head, more;
		enum wire_verdict verdict;
		size_t at_most;
	} rows[] = {
		{STR_INIT(OK), STR_INIT("A: b\r\n"), WIRE_TOO_LARGE,
			WIRE_HEAD_MAX},
		{STR_INIT(OK), STR_INIT("A"), WIRE_TOO_LARGE, WIRE_HEAD_MAX},
		{STR_INIT(""), STR_INIT("HTTP/1.1 100 C\r\n\r\n"), WIRE_BROKEN,
			400},
		{STR_INIT(OK "\r\n"), STR_INIT("0123456789"), WIRE_ENOUGH,
			WIRE_READ_ON_MAX + 10},
		{STR_INIT(OK "Content-Length: 99999999\r\n\r\n"),
			STR_INIT("0123456789"), WIRE_ENOUGH,
			WIRE_READ_ON_MAX + 10},
		{STR_INIT(OK "Transfer-Encoding: chunked\r\n\r\n"),
			STR_INIT("1;0123456789012345678901234567\r\nx\r\n"),
			WIRE_BROKEN, 2 * WIRE_READ_ON_MAX},
		{STR_INIT(OK "Transfer-Encoding: chunked\r\n\r\n0;"),
			STR_INIT("x"), WIRE_BROKEN, CHUNKED_LINE_MAX},
		{STR_INIT(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n"),
			STR_INIT("A: b\r\n"), WIRE_ENOUGH,
			WIRE_READ_ON_MAX + 6},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t count;

		CHECK_INT(read_endless(rows[i].head, rows[i].more, &count),
			rows[i].verdict);
		CHECK(count <= rows[i].at_most);
	}
}
