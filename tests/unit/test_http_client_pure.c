#include <errno.h>
#include <netdb.h>

#include "check.h"
#include "net/http_client.h"
#include "net/http_client_failure.h"
#include "net/resolver.h"

/* The parts of the client that need no network. */

TEST(http_client, failures_are_sorted_by_whose_fault_they_are)
{
	static const struct {
		struct http_verdict verdict;
		enum http_failure failure;
	} rows[] = {
		{{CURLE_OK, 0, true}, HTTP_NO_FAILURE},
		{{CURLE_COULDNT_CONNECT, ECONNREFUSED, true},
			HTTP_CANNOT_CONNECT},
		{{CURLE_COULDNT_CONNECT, EHOSTUNREACH, true},
			HTTP_CANNOT_CONNECT},
		{{CURLE_COULDNT_CONNECT, ENETUNREACH, true}, HTTP_OUR_FAULT},
		{{CURLE_COULDNT_CONNECT, EMFILE, true}, HTTP_OUR_FAULT},
		{{CURLE_COULDNT_CONNECT, EADDRNOTAVAIL, true}, HTTP_OUR_FAULT},
		{{CURLE_OPERATION_TIMEDOUT, 0, true}, HTTP_TIMED_OUT},
		{{CURLE_OPERATION_TIMEDOUT, 0, false}, HTTP_DNS_DOWN},
		{{CURLE_OUT_OF_MEMORY, 0, true}, HTTP_OUR_FAULT},
		{{CURLE_SSL_CACERT_BADFILE, 0, true}, HTTP_OUR_FAULT},
		{{CURLE_FTP_WEIRD_PASS_REPLY, 0, true}, HTTP_OUR_FAULT},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_INT(http_verdict_failure(&rows[i].verdict),
			rows[i].failure);
	CHECK_INT(resolver_failure(EAI_NONAME), HTTP_NAME_UNKNOWN);
	CHECK_INT(resolver_failure(EAI_AGAIN), HTTP_DNS_DOWN);
	CHECK_INT(resolver_failure(EAI_MEMORY), HTTP_OUR_FAULT);
}

TEST(http_client, of_failed_connects_the_destinations_own_count_first)
{
	CHECK_INT(http_connect_error(0, 0), 0);
	CHECK_INT(http_connect_error(0, ENETUNREACH), ENETUNREACH);
	CHECK_INT(http_connect_error(ENETUNREACH, 0), ENETUNREACH);
	CHECK_INT(http_connect_error(ECONNREFUSED, ENETUNREACH), ECONNREFUSED);
	CHECK_INT(http_connect_error(ENETUNREACH, ETIMEDOUT), ETIMEDOUT);
	CHECK_INT(http_connect_error(ECONNREFUSED, ETIMEDOUT), ETIMEDOUT);
	CHECK_INT(http_connect_error(ENETUNREACH, EMFILE), EMFILE);
}

TEST(http_client, headers_are_sendable_by_their_grammar)
{
	CHECK(http_header_is_sendable(STR("X-A"), STR("")));
	CHECK(http_header_is_sendable(STR("!#$%&'*+-.^_`|~09azAZ"), STR("b")));
	CHECK(http_header_is_sendable(STR("X"), STR("a b\tc \xc3\xa4")));
	CHECK(!http_header_is_sendable(STR(""), STR("b")));
	CHECK(!http_header_is_sendable(STR("X:"), STR("b")));
	CHECK(!http_header_is_sendable(STR("X "), STR("b")));
	CHECK(!http_header_is_sendable(STR("X\r\n"), STR("b")));
	CHECK(!http_header_is_sendable(STR("X\0Y"), STR("b")));
	CHECK(!http_header_is_sendable(STR("\xc3\xa4"), STR("b")));
	CHECK(!http_header_is_sendable(STR("X"), STR("a\rb")));
	CHECK(!http_header_is_sendable(STR("X"), STR("a\nb")));
	CHECK(!http_header_is_sendable(STR("X"), STR("a\0b")));
	CHECK(!http_header_is_sendable(STR("X"), STR("a\x7f")));
}

TEST(http_client, a_header_is_found_in_a_head)
{
	struct str head = STR("HTTP/1.1 200 X: not this\r\nA: 1\r\n"
			      "Retry-After:\t 7 \r\na: 2\r\nEmpty:\r\n\r\n");
	struct str value = STR("untouched");

	CHECK(http_head_find(head, STR("retry-after"), &value));
	CHECK_STR(value, STR("7"));
	CHECK(http_head_find(head, STR("a"), &value));
	CHECK_STR(value, STR("1"));
	CHECK(http_head_find(head, STR("EMPTY"), &value));
	CHECK_STR(value, STR(""));
	CHECK(!http_head_find(head, STR("HTTP/1.1 200 X"), &value));
	CHECK(!http_head_find(head, STR("B"), &value));
	CHECK(!http_head_find(STR(""), STR("B"), &value));
	CHECK(!http_head_find((struct str){NULL, 0}, STR("B"), &value));
}
