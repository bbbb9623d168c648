#include "flow/failure.h"

#include "check.h"

TEST(failure, names_are_read_back)
{
	for (int kind = FAILURE_NONE + 1; kind < FAILURE_COUNT; kind++)
		CHECK_INT(failure_parse(str_of(
				  failure_name((enum failure_kind)kind))),
			kind);
	CHECK_INT(failure_parse(STR("")), FAILURE_UNKNOWN);
	CHECK_INT(failure_parse(STR("OtherError")), FAILURE_UNKNOWN);
}

TEST(failure, what_may_pass_by_itself_is_tried_again)
{
	CHECK(failure_is_retried(FAILURE_CONNECTION));
	CHECK(failure_is_retried(FAILURE_RATE_LIMIT));
	CHECK(failure_is_retried(FAILURE_MODULE_TIMEOUT));
	CHECK(failure_is_retried(FAILURE_OUT_OF_SPACE));
	CHECK(failure_is_kept(FAILURE_CONNECTION));
}

TEST(failure, what_a_person_must_mend_is_kept_and_waits)
{
	CHECK(failure_is_kept(FAILURE_DATA));
	CHECK(!failure_is_retried(FAILURE_DATA));
	CHECK(failure_is_kept(FAILURE_CONFIGURATION));
	CHECK(!failure_is_kept(FAILURE_RUNTIME));
	CHECK(!failure_is_kept(FAILURE_INCONSISTENCY));
}

TEST(failure, message_that_is_too_long_is_replaced)
{
	struct arena arena = {0};
	struct failure failure;
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK_INT(failure_set(&failure, &arena, FAILURE_DATA, "%s", text),
		FAILURE_DATA);
	CHECK(failure.message.len < 5000);
	CHECK_INT(failure_set(&failure, &arena, FAILURE_DATA, "n is %d", 7),
		FAILURE_DATA);
	CHECK_STR(failure.message, STR("n is 7"));
	arena_release(&arena);
}
