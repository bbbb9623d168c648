#include "base/clock.h"
#include "check.h"
#include "net/http_answer.h"

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

static void
check_answer(const struct http_answer *answer, const char *expected)
{
	struct arena arena = {0};

	clock_test_set(INT64_C(784111777) * SECONDS + 999999, 0);
	CHECK_STR(http_answer_write(answer, &arena), str_of(expected));
	clock_test_release();
	arena_release(&arena);
}

TEST(http_answer, head_and_body_are_one_piece)
{
	struct http_answer_header second = {NULL, STR("X-B"), STR("2")};
	struct http_answer_header first = {&second, STR("X-A"), STR("1")};

	check_answer(&(struct http_answer){.status = 200,
			     .content_type = "text/plain",
			     .body = STR("hello"),
			     .headers = &first},
		"HTTP/1.1 200 OK\r\n" DATE
		"Content-Type: text/plain\r\nX-A: 1\r\nX-B: 2\r\n"
		"Content-Length: 5\r\n\r\nhello");
}

TEST(http_answer, answer_to_head_tells_of_its_body_only)
{
	check_answer(&(struct http_answer){.status = 404,
			     .content_type = "text/plain",
			     .body = STR("hello"),
			     .is_to_head = true,
			     .is_last = true},
		"HTTP/1.1 404 Not Found\r\n" DATE
		"Connection: close\r\nContent-Type: text/plain\r\n"
		"Content-Length: 5\r\n\r\n");
}

TEST(http_answer, statuses_without_body_have_none)
{
	check_answer(&(struct http_answer){.status = 204, .body = STR("x")},
		"HTTP/1.1 204 No Content\r\n" DATE "\r\n");
	check_answer(&(struct http_answer){.status = 304, .is_kept_1_0 = true},
		"HTTP/1.1 304 Not Modified\r\n" DATE
		"Connection: keep-alive\r\n\r\n");
	check_answer(&(struct http_answer){.status = 799},
		"HTTP/1.1 799 Status\r\n" DATE "Content-Length: 0\r\n\r\n");
}

TEST(http_answer, header_that_would_end_its_line_is_left_out)
{
	struct http_answer_header third = {NULL, STR("X-C"), STR("3")};
	struct http_answer_header second = {
		&third, STR("X: 1\r\nX-B"), STR("2")};
	struct http_answer_header first = {
		&second, STR("X-A"), STR("1\r\nSet-Cookie: a=b")};

	check_answer(&(struct http_answer){.status = 200,
			     .content_type = "text/plain\r\n\r\nx",
			     .body = STR("hello"),
			     .headers = &first},
		"HTTP/1.1 200 OK\r\n" DATE
		"X-C: 3\r\nContent-Length: 5\r\n\r\nhello");
}
