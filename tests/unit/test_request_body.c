#include "check.h"
#include "net/request_body.h"

/* Bodies, whole and in pieces of every length. */

enum { BODY_MAX = 100 };

static struct buf out;
static struct request_body body;

static enum request_body_verdict
read_in_pieces(struct str bytes, bool is_chunked, uint64_t length, size_t piece,
	size_t *ret_used)
{
	static struct request_head head;
	enum request_body_verdict verdict;
	size_t used;

	head.is_chunked = is_chunked;
	head.length = length;
	buf_clear(&out);
	verdict = request_body_begin(&body, &head, BODY_MAX);
	for (*ret_used = 0;
		verdict == REQUEST_BODY_MORE && *ret_used < bytes.len;
		*ret_used += used)
		verdict = request_body_take(&body,
			str_head(str_skip(bytes, *ret_used), piece), &out,
			&used);
	return verdict;
}

static void
check_chunks(struct str bytes, enum request_body_verdict expected,
	const char *text, size_t left)
{
	for (size_t piece = 1; piece <= bytes.len; piece++) {
		size_t used;
		enum request_body_verdict verdict =
			read_in_pieces(bytes, true, 0, piece, &used);

		if (verdict != expected)
			check_failed(__FILE__, __LINE__,
				"%d instead of %d in pieces of %zu: %.*s",
				(int)verdict, (int)expected, piece,
				STR_ARG(bytes));
		if (verdict != REQUEST_BODY_DONE)
			continue;
		CHECK_STR(buf_str(&out), str_of(text));
		CHECK_INT(bytes.len - used, left);
	}
	buf_release(&out);
}

TEST(request_body, chunks_are_put_together)
{
	static const struct {
		const char *bytes;
		const char *text;
		size_t left;
	} rows[] = {
		{"0\r\n\r\n", "", 0},
		{"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", 0},
		{"00a\r\n0123456789\r\n000\r\n\r\nGET /", "0123456789", 5},
		{"A;x\r\n0123456789\r\n0;y=\"z\" ;\t\r\n\r\n", "0123456789", 0},
		{"1 \t\r\na\r\n0 \r\n\r\n", "a", 0},
		{"1 ;x\r\na\r\n0\r\nTrailer: b\r\nX: c\r\n\r\n\r\n", "a", 2},
		{"1\r\n\n\r\n1\r\n\r\r\n0\r\n\r\n", "\n\r", 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_chunks(str_of(rows[i].bytes), REQUEST_BODY_DONE,
			rows[i].text, rows[i].left);
}

TEST(request_body, chunks_that_could_be_read_in_two_ways_are_broken)
{
	static const char *const rows[] = {
		"\r\n",
		";x\r\n",
		" 1\r\na\r\n",
		"x\r\n",
		"-1\r\n",
		"+1\r\na\r\n",
		"0x1\r\na\r\n",
		"1x\r\na\r\n",
		"1 x\r\na\r\n",
		"1 1\r\na\r\n",
		"1\na\r\n0\r\n\r\n",
		"1;x\na\r\n",
		"1\r\r\na\r\n",
		"1\rx\na\r\n",
		"1;\x01\r\na\r\n",
		"1\r\nab\r\n",
		"1\r\na\n0\r\n\r\n",
		"1\r\na\r\r\n0\r\n\r\n",
		"1\r\na0\r\n\r\n",
		"0\r\n\n",
		"0\r\nX: a\n\r\n",
		"0\r\nX: a\rb\r\n\r\n",
		"0\r\nX: \x01\r\n\r\n",
		"fffffffffffffffff\r\n",
		"10000000000000000\r\n",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_chunks(str_of(rows[i]), REQUEST_BODY_BROKEN, "", 0);
	check_chunks(STR("1;\0\r\na\r\n"), REQUEST_BODY_BROKEN, "", 0);
}

TEST(request_body, chunk_over_the_limit_is_refused_before_it_comes)
{
	check_chunks(STR("65\r\n"), REQUEST_BODY_TOO_LARGE, "", 0);
	check_chunks(
		STR("5\r\nabcde\r\n60\r\n"), REQUEST_BODY_TOO_LARGE, "", 0);
	check_chunks(
		STR("7fffffffffffffff\r\n"), REQUEST_BODY_TOO_LARGE, "", 0);
	check_chunks(STR("64\r\n"), REQUEST_BODY_MORE, "", 0);
}

TEST(request_body, more_around_chunks_than_in_them_is_broken)
{
	static const struct {
		const char *first;
		const char *more;
	} rows[] = {
		{"", "1;0123456789012345678901234567\r\nx\r\n"},
		{"0;", "0123456789"},
		{"0\r\n", "A: b\r\n"},
	};
	static const struct request_head chunked = {.is_chunked = true};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum request_body_verdict verdict =
			request_body_begin(&body, &chunked, 1 << 30);
		size_t count = 0, used;

		CHECK_INT(verdict, REQUEST_BODY_MORE);
		request_body_take(&body, str_of(rows[i].first), NULL, &used);
		while (verdict == REQUEST_BODY_MORE) {
			verdict = request_body_take(
				&body, str_of(rows[i].more), NULL, &used);
			count += used;
			CHECK(count <= (size_t)2 * REQUEST_OVERHEAD_MAX);
		}
		CHECK_INT(verdict, REQUEST_BODY_BROKEN);
	}
}

TEST(request_body, length_says_where_it_ends)
{
	struct str bytes = STR("0123456789GET /");

	for (size_t piece = 1; piece <= bytes.len; piece++) {
		size_t used;

		CHECK_INT(read_in_pieces(bytes, false, 10, piece, &used),
			REQUEST_BODY_DONE);
		CHECK_INT(used, 10);
		CHECK_STR(buf_str(&out), STR("0123456789"));
	}
	buf_release(&out);
}

TEST(request_body, length_over_the_limit_is_refused_at_once)
{
	size_t used;

	CHECK_INT(read_in_pieces(STR("x"), false, 101, 1, &used),
		REQUEST_BODY_TOO_LARGE);
	CHECK_INT(used, 0);
	CHECK_INT(read_in_pieces(STR("x"), false, 100, 1, &used),
		REQUEST_BODY_MORE);
	CHECK_INT(request_body_left(&body), 99);
	CHECK_INT(read_in_pieces(STR("x"), false, 0, 1, &used),
		REQUEST_BODY_DONE);
	CHECK_INT(used, 0);
	buf_release(&out);
}
