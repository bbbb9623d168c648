#include "base/uuid.h"

#include "base/clock.h"
#include "base/random.h"
#include "check.h"

TEST(uuid, random_ones_are_version_4_and_differ)
{
	char text[UUID_TEXT_SIZE];
	struct uuid last = uuid_random();

	for (int i = 0; i < 1000; i++) {
		struct uuid next = uuid_random();

		uuid_format(next, text);
		CHECK_INT(text[14], '4');
		CHECK(strchr("89ab", text[19]) != NULL);
		CHECK(!uuid_equal(last, next));
		last = next;
	}
}

TEST(uuid, sequence_and_time_come_back_and_order_is_kept)
{
	struct uuid last = {{0}};

	random_test_seed(5);
	for (int64_t i = 0; i < 20000; i++) {
		int64_t created = INT64_C(1700000000000000) + i * 137;
		uint64_t sequence =
			i % 2 ? (UINT64_C(1) << 62) - 1 - (uint64_t)i
			      : random_below(UINT64_C(1) << 62);
		struct uuid uuid = uuid_from_sequence(created, sequence);

		CHECK(uuid_sequence(uuid) == sequence);
		CHECK_INT(uuid_milliseconds(uuid), created / MILLISECONDS);
		CHECK_INT(uuid.bytes[6] >> 4, 7);
		CHECK_INT(uuid.bytes[8] >> 6, 2);
		CHECK(memcmp(last.bytes, uuid.bytes, 16) < 0);
		last = uuid;
	}
	CHECK(uuid_sequence(uuid_from_sequence(0, 0)) == 0);
}

TEST(uuid, text_is_read_back_in_either_case)
{
	struct uuid uuid, again;
	char text[UUID_TEXT_SIZE];
	CLEANUP(buf_release) struct buf out = buf_make(0);

	CHECK_OK(
		uuid_parse(STR("8CBECFEA-d708-4706-bba3-669225084A10"), &uuid));
	CHECK_TEXT(uuid_format(uuid, text),
		"8cbecfea-d708-4706-bba3-669225084a10");
	uuid_append(&out, uuid);
	CHECK_OK(uuid_parse(buf_str(&out), &again));
	CHECK(uuid_equal(uuid, again));
}

TEST(uuid, other_texts_are_refused)
{
	static const char *const texts[] = {"",
		"8cbecfea-d708-4706-bba3-669225084a1",
		"8cbecfea-d708-4706-bba3-669225084a100",
		"8cbecfead70847064bba3669225084a10123",
		"8cbecfea-d708-4706-bba3-669225084a1g",
		"8cbecfea_d708-4706-bba3-669225084a10",
		"{cbecfea-d708-4706-bba3-669225084a1}",
		"8cbecfe-ad708-4706-bba3-669225084a10",
		"8cbecfea-d708-4706-bba3-669225084a1 "};
	struct uuid uuid = {{9}};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CHECK_INT(uuid_parse(str_of(texts[i]), &uuid), ERR_INVALID);
		CHECK_INT(uuid.bytes[0], 9);
	}
}
