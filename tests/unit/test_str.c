#include "base/str.h"

#include <stdio.h>

#include "check.h"

static const struct str none = {NULL, 0};

TEST(str, comparisons)
{
	CHECK(str_equal(none, STR("")));
	CHECK(!str_equal(STR("a"), STR("b")));
	CHECK(!str_equal(str_make("a\0b", 3), str_make("a\0c", 3)));
	CHECK(str_equal_nocase(STR("Content-TYPE"), STR("content-type")));
	CHECK(!str_equal_nocase(STR("@[`{"), STR("`{@[")));
	CHECK(!str_equal_nocase(STR("\xC4"), STR("\xE4")));
	CHECK(str_equal_nocase(none, STR("")));
	CHECK(str_compare(STR("a"), STR("b")) < 0);
	CHECK(str_compare(STR("a"), STR("aa")) < 0);
	CHECK(str_compare(STR("\xFF"), STR("a")) > 0);
	CHECK_INT(str_compare(none, STR("")), 0);
}

TEST(str, ends_and_finding)
{
	CHECK(str_starts_with(STR("abc"), STR("ab")));
	CHECK(str_starts_with(none, none));
	CHECK(!str_starts_with(STR("a"), STR("ab")));
	CHECK(str_ends_with(STR("abc"), STR("bc")));
	CHECK(str_ends_with(STR("abc"), none));
	CHECK(!str_ends_with(STR("c"), STR("bc")));
	CHECK_INT(str_find(STR("abcabc"), STR("ca")), 2);
	CHECK_INT(str_find(STR("abc"), STR("")), 0);
	CHECK_INT(str_find(none, none), 0);
	CHECK(str_find(STR("abc"), STR("abcd")) == SIZE_MAX);
	CHECK(str_find(none, STR("a")) == SIZE_MAX);
	CHECK_INT(str_find_char(str_make("a\0b", 3), '\0'), 1);
	CHECK(str_find_char(none, 'a') == SIZE_MAX);
}

TEST(str, parts)
{
	struct str rest = STR("a,,b,");
	static const char *const parts[] = {"a", "", "b", ""};
	size_t count = 0;

	while (rest.ptr != NULL) {
		CHECK(count < COUNT_OF(parts));
		CHECK_STR(str_split(&rest, ','), str_of(parts[count++]));
	}
	CHECK_INT(count, 4);
	CHECK_STR(str_skip(STR("abc"), 1), STR("bc"));
	CHECK_STR(str_skip(STR("abc"), 9), STR(""));
	CHECK_STR(str_skip(none, 1), STR(""));
	CHECK_STR(str_head(STR("abc"), 2), STR("ab"));
	CHECK_STR(str_head(STR("abc"), 9), STR("abc"));
	CHECK_STR(str_trim(STR(" \t\r\na b\n ")), STR("a b"));
	CHECK_STR(str_trim(STR(" \t")), STR(""));
	CHECK_STR(str_trim(none), none);
	CHECK_STR(str_of(NULL), none);
}

TEST(str, numbers_are_read_within_their_range_only)
{
	static const struct {
		const char *text;
		bool is_u64, is_i64;
	} rows[] = {
		{"0", true, true},
		{"007", true, true},
		{"9223372036854775807", true, true},
		{"9223372036854775808", true, false},
		{"18446744073709551615", true, false},
		{"18446744073709551616", false, false},
		{"99999999999999999999", false, false},
		{"-1", false, true},
		{"-9223372036854775808", false, true},
		{"-9223372036854775809", false, false},
		{"", false, false},
		{"-", false, false},
		{"--1", false, false},
		{"+1", false, false},
		{" 1", false, false},
		{"1 ", false, false},
		{"1.0", false, false},
		{"0x1", false, false},
		{"/", false, false},
		{":", false, false},
	};
	uint64_t u;
	int64_t i;

	for (size_t n = 0; n < COUNT_OF(rows); n++) {
		CHECK_INT(
			!str_to_u64(str_of(rows[n].text), &u), rows[n].is_u64);
		CHECK_INT(
			!str_to_i64(str_of(rows[n].text), &i), rows[n].is_i64);
	}
	CHECK_OK(str_to_i64(STR("-9223372036854775808"), &i));
	CHECK(i == INT64_MIN);
	CHECK_OK(str_to_u64(STR("18446744073709551615"), &u));
	CHECK(u == UINT64_MAX);
}

/** What RFC 3629 says, told by decoding instead of by ranges of bytes. */
static bool
is_utf8_by_decoding(const unsigned char *at, size_t len)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};

	while (len > 0) {
		size_t need = at[0] < 0x80	     ? 1
			      : (at[0] >> 5) == 6    ? 2
			      : (at[0] >> 4) == 14   ? 3
			      : (at[0] >> 3) == 0x1E ? 4
						     : 0;
		unsigned code =
			need == 1 ? at[0] : at[0] & (0xFFu >> (need + 1));

		if (need == 0 || need > len)
			return false;
		for (size_t i = 1; i < need; i++) {
			if ((at[i] & 0xC0) != 0x80)
				return false;
			code = code << 6 | (at[i] & 0x3F);
		}
		if (code < least[need] || code > 0x10FFFF ||
			(code >= 0xD800 && code <= 0xDFFF))
			return false;
		at += need;
		len -= need;
	}
	return true;
}

TEST(str, utf8_is_told_as_a_plain_decoder_tells_it)
{
	static const unsigned char bytes[] = {0x00, 0x41, 0x7F, 0x80, 0x8F,
		0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
		0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8,
		0xFF};
	size_t count = COUNT_OF(bytes);

	for (size_t n = 0; n < count * count * count * count; n++) {
		unsigned char text[4] = {bytes[n % count],
			bytes[n / count % count],
			bytes[n / count / count % count],
			bytes[n / count / count / count]};

		for (size_t len = 1; len <= 4; len++)
			CHECK_INT(str_is_utf8(str_make((char *)text, len)),
				is_utf8_by_decoding(text, len));
	}
	CHECK(str_is_utf8(none));
}

TEST(str, control_characters_are_those_of_ascii)
{
	CHECK(!str_has_control(none));
	CHECK(!str_has_control(STR(" ~\xC2\x80")));
	CHECK(str_has_control(str_make("a\0", 2)));
	CHECK(str_has_control(STR("\x1F")));
	CHECK(str_has_control(STR("\t")));
	CHECK(str_has_control(STR("\x7F")));
}

TEST(str, a_control_character_is_found_wherever_it_stands)
{
	char text[20];

	for (size_t len = 1; len <= sizeof(text); len++) {
		for (size_t at = 0; at < len * 256; at++) {
			unsigned char c = (unsigned char)(at % 256);

			memset(text, c > 0x7F ? ' ' : 0xFF, sizeof(text));
			text[at / 256] = (char)c;
			CHECK_INT(str_has_control(str_make(text, len)),
				c < 0x20 || c == 0x7F);
		}
	}
}

TEST(str, decimals_have_all_their_digits)
{
	static const uint64_t rows[] = {0, 1, 9, 10, 11, 99, 100, 101, 999,
		1000, 9999, 10000, 1763840410, UINT32_MAX, INT64_MAX,
		UINT64_MAX / 10, UINT64_MAX / 10 + 1, UINT64_MAX - 1,
		UINT64_MAX};
	char text[STR_DECIMAL_SIZE], expected[STR_DECIMAL_SIZE + 1];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int digits = 0; digits <= STR_DECIMAL_SIZE; digits++) {
			snprintf(expected, sizeof(expected), "%0*llu", digits,
				(unsigned long long)rows[i]);
			CHECK_STR(str_decimal(rows[i], (size_t)digits, text),
				str_of(expected));
		}
	}
}

TEST(str, tokens_are_the_rfcs)
{
	static const char others[] = "\"(),/:;<=>?@[\\]{} \t\x7F\x80";

	CHECK(str_is_token(STR("X-Az09!#$%&'*+-.^_`|~")));
	CHECK(!str_is_token(none));
	for (size_t i = 0; i < sizeof(others); i++) /* and the NUL */
		CHECK(!str_is_token(str_make(&others[i], 1)));
}

TEST(str, characters_are_code_points)
{
	CHECK_INT(str_characters(none), 0);
	CHECK_INT(str_characters(STR("a\xC3\xA9\xE2\x82\xAC")), 3);
	CHECK_INT(str_characters(STR("\xF0\x9F\x98\x80")), 1);
}
