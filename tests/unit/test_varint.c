#include "base/varint.h"

#include "check.h"

/* Numbers in as few bytes as they need, and what is none. */

static const uint64_t edges[] = {0, 1, 127, 128, 255, 256, 16383, 16384,
	(1ULL << 32) - 1, 1ULL << 32, (1ULL << 56) - 1, 1ULL << 56,
	(1ULL << 63) - 1, 1ULL << 63, UINT64_MAX - 1, UINT64_MAX};

static size_t
put(char bytes[VARINT_MAX], uint64_t number)
{
	return (size_t)(varint_put(bytes, number) - bytes);
}

/** Nothing is taken, and neither the text nor the number is touched. */
static void
check_refused(const char *bytes, size_t len)
{
	struct str text = str_make(bytes, len);
	uint64_t number = 4711;

	CHECK(!varint_take(&text, &number));
	CHECK(text.ptr == bytes);
	CHECK_INT(text.len, len);
	CHECK_INT(number, 4711);
}

TEST(varint, what_was_put_is_taken_again)
{
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		char bytes[VARINT_MAX + 1];
		size_t len = put(bytes, edges[i]);
		struct str text = str_make(bytes, len + 1);
		uint64_t number;

		bytes[len] = 'x';
		CHECK(len <= VARINT_MAX);
		CHECK(varint_take(&text, &number));
		CHECK(number == edges[i]);
		CHECK_STR(text, STR("x"));
	}
}

TEST(varint, each_number_has_as_few_bytes_as_it_needs)
{
	char bytes[VARINT_MAX];

	CHECK_INT(put(bytes, 0), 1);
	CHECK_INT(bytes[0], 0);
	for (unsigned bits = 1; bits <= 64; bits++) {
		uint64_t number = 1ULL << (bits - 1);

		CHECK_INT(put(bytes, number), (bits + 6) / 7);
		CHECK_INT(put(bytes, number | (number - 1)), (bits + 6) / 7);
	}
	CHECK_INT(put(bytes, 300), 2);
	CHECK_STR(str_make(bytes, 2), STR("\xac\x02"));
}

TEST(varint, one_behind_another_are_taken_in_order)
{
	char bytes[COUNT_OF(edges) * VARINT_MAX];
	char *end = bytes;
	struct str text;
	uint64_t number;

	for (size_t i = 0; i < COUNT_OF(edges); i++)
		end = varint_put(end, edges[i]);
	text = str_make(bytes, (size_t)(end - bytes));
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		CHECK(varint_take(&text, &number));
		CHECK(number == edges[i]);
	}
	CHECK(str_is_empty(text));
	CHECK(!varint_take(&text, &number));
}

TEST(varint, one_that_is_cut_short_changes_nothing)
{
	check_refused(NULL, 0);
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		char bytes[VARINT_MAX];
		size_t len = put(bytes, edges[i]);

		for (size_t cut = 0; cut < len; cut++)
			check_refused(bytes, cut);
	}
}

TEST(varint, one_that_is_too_long_changes_nothing)
{
	static const char eleven[] = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80";
	static const char endless[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
				      "\xff\xff\xff\xff\xff\xff\xff\xff\xff";

	check_refused(eleven, sizeof(eleven) - 1);
	check_refused(eleven, sizeof(eleven)); /* its NUL ends it, too late */
	check_refused(endless, sizeof(endless) - 1);
}

/* Ten bytes hold seventy bits. */
TEST(varint, more_than_64_bits_are_no_number)
{
	char bytes[VARINT_MAX];

	CHECK_INT(put(bytes, UINT64_MAX), VARINT_MAX);
	CHECK_INT(bytes[VARINT_MAX - 1], 1);
	for (int last = 2; last < 256; last++) {
		bytes[VARINT_MAX - 1] = (char)last;
		check_refused(bytes, sizeof(bytes));
	}
}

TEST(varint, folded_numbers_come_back_whatever_their_sign)
{
	static const int64_t numbers[] = {0, 1, -1, 63, -64, 64, -65, INT32_MIN,
		INT32_MAX, INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1};

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		CHECK(varint_unfold(varint_fold(numbers[i])) == numbers[i]);
	for (size_t i = 0; i < COUNT_OF(edges); i++)
		CHECK(varint_fold(varint_unfold(edges[i])) == edges[i]);
}

TEST(varint, folded_numbers_near_zero_are_small)
{
	CHECK_INT(varint_fold(0), 0);
	CHECK_INT(varint_fold(-1), 1);
	CHECK_INT(varint_fold(1), 2);
	CHECK_INT(varint_fold(-64), 127);
	CHECK(varint_fold(INT64_MAX) == UINT64_MAX - 1);
	CHECK(varint_fold(INT64_MIN) == UINT64_MAX);
}
