#include "base/timestamp.h"

#include "base/clock.h"
#include "check.h"

TEST(timestamp, date_times_are_read)
{
	static const struct {
		const char *text;
		int64_t seconds;
		const char *fraction;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0, ""},
		{"1970-01-01t00:00:00z", 0, ""},
		{"1969-12-31T23:59:59Z", -1, ""},
		{"1969-12-31T23:59:59.25Z", -1, "25"},
		{"2024-02-29T00:00:00Z", 1709164800, ""},
		{"2000-02-29T12:00:00Z", 951825600, ""},
		{"2023-10-27T18:08:07.201080+00:00", 1698430087, "201080"},
		{"2024-04-16T15:22:58.205785Z", 1713280978, "205785"},
		{"2024-01-01T00:30:00+01:00", 1704065400, ""},
		{"2023-12-31T22:30:00-01:00", 1704065400, ""},
		{"2023-12-31T23:30:00-00:00", 1704065400, ""},
		{"2024-01-01T23:29:00+23:59", 1704065400, ""},
		{"2016-12-31T23:59:60Z", 1483228800, ""},
		{"1990-12-31T15:59:60-08:00", 662688000, ""},
		{"0000-01-01T00:00:00Z", -62167219200, ""},
		{"9999-12-31T23:59:59.999999999999999999999Z", 253402300799,
			"999999999999999999999"},
		{"1900-03-01T00:00:00Z", -2203891200, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct timestamp t;

		if (timestamp_parse(str_of(rows[i].text), &t))
			check_failed(__FILE__, __LINE__, "%s", rows[i].text);
		CHECK_INT(t.seconds, rows[i].seconds);
		CHECK_STR(t.fraction, str_of(rows[i].fraction));
	}
}

TEST(timestamp, what_is_no_date_time_is_refused)
{
	static const char *const texts[] = {"", "2024-01-01",
		"2024-01-01T00:00:00", "2024-01-01 00:00:00Z",
		"2024-01-01T00:00Z", "2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00+1:00",
		"2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+24:00",
		"2024-01-01T00:00:00+00:60", "2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z",
		"2024-00-01T00:00:00Z", "2024-13-01T00:00:00Z",
		"2024-01-00T00:00:00Z", "2024-01-32T00:00:00Z",
		"2024-04-31T00:00:00Z", "2023-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2024-1-01T00:00:00Z", "+024-01-01T00:00:00Z",
		"12024-01-01T00:00:00Z", " 2024-01-01T00:00:00Z",
		"2024-01-01T00:00:00Z ", "2024-01-01T00:00:00ZZ",
		"2024-01-01T00:00:00 Z"};
	struct timestamp t;
	int64_t micro;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (timestamp_parse(str_of(texts[i]), &t) != ERR_INVALID)
			check_failed(__FILE__, __LINE__, "%s", texts[i]);
		CHECK_INT(
			timestamp_parse_microseconds(str_of(texts[i]), &micro),
			ERR_INVALID);
	}
	CHECK(timestamp_parse(str_make("2024-01-01T00:00:00\0", 20), &t));
	CHECK(timestamp_parse_date(STR("2023-02-29"), &t));
	CHECK(timestamp_parse_date(STR("2023-02-28Z"), &t));
	CHECK_OK(timestamp_parse_date(STR("2024-02-29"), &t));
	CHECK_INT(t.seconds, 1709164800);
	CHECK_INT(t.fraction.len, 0);
}

TEST(timestamp, order_is_by_instant_with_any_number_of_digits)
{
	/* Ascending; the same instant shares a row. */
	static const char *const rows[][3] = {
		{"1969-12-31T23:59:59.9Z"},
		{"1970-01-01T00:00:00Z", "1970-01-01T01:00:00.000+01:00"},
		{"1970-01-01T00:00:00.000000000000000000001Z"},
		{"1970-01-01T00:00:00.5Z", "1970-01-01T00:00:00.500Z",
			"1969-12-31T23:00:00.50-01:00"},
		{"1970-01-01T00:00:00.51Z"},
		{"1970-01-01T00:00:01Z", "1970-01-01T00:00:01.0Z"},
	};

	for (size_t i = 0; i < COUNT_OF(rows) * 3; i++) {
		for (size_t k = 0; k < COUNT_OF(rows) * 3; k++) {
			const char *a = rows[i / 3][i % 3];
			const char *b = rows[k / 3][k % 3];
			struct timestamp left, right;
			int order;

			if (a == NULL || b == NULL)
				continue;
			CHECK_OK(timestamp_parse(str_of(a), &left));
			CHECK_OK(timestamp_parse(str_of(b), &right));
			order = timestamp_compare(left, right);
			CHECK_INT((order > 0) - (order < 0),
				(i / 3 > k / 3) - (i / 3 < k / 3));
		}
	}
}

TEST(timestamp, microseconds_are_written_and_read_back)
{
	static const struct {
		int64_t micro;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{1713280978205785, "2024-04-16T15:22:58.205785Z"},
		{253402300799999999, "9999-12-31T23:59:59.999999Z"},
		{-62167219200000000, "0000-01-01T00:00:00.000000Z"},
	};
	char text[TIMESTAMP_TEXT_SIZE];
	int64_t micro;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CHECK_TEXT(timestamp_format(rows[i].micro, text), rows[i].text);
		CHECK_OK(timestamp_parse_microseconds(str_of(text), &micro));
		CHECK_INT(micro, rows[i].micro);
	}
	timestamp_format(INT64_MAX, text);
	timestamp_format(INT64_MIN, text);
	CHECK_OK(timestamp_parse_microseconds(
		STR("1970-01-01T00:00:00.1234569Z"), &micro));
	CHECK_INT(micro, 123456);
	CHECK_OK(timestamp_parse_microseconds(
		STR("1970-01-01T00:00:00.1Z"), &micro));
	CHECK_INT(micro, 100000);
}

TEST(timestamp, all_three_forms_of_http_dates_are_read)
{
	static const char *const texts[] = {
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
	};
	int64_t seconds;

	clock_test_set(1763790000 * SECONDS, 0); /* 2025 */
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CHECK_OK(timestamp_parse_http(str_of(texts[i]), &seconds));
		CHECK_INT(seconds, 784111777);
	}
	CHECK_OK(timestamp_parse_http(
		STR("Wed Nov 16 08:49:37 1994"), &seconds));
	CHECK_INT(seconds, 784111777 + 864000);
	/* 2075 is not over 50 years ahead, 2076 is. */
	CHECK_OK(timestamp_parse_http(
		STR("Sunday, 06-Nov-75 08:49:37 GMT"), &seconds));
	CHECK(seconds > INT64_C(3000000000));
	CHECK_OK(timestamp_parse_http(
		STR("Sunday, 06-Nov-76 08:49:37 GMT"), &seconds));
	CHECK(seconds < INT64_C(300000000));
}

TEST(timestamp, what_is_no_http_date_is_refused)
{
	static const char *const texts[] = {"", "0", "Sun",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"Sun, 06 nov 1994 08:49:37 GMT", "Sun,06 Nov 1994 08:49:37 GMT",
		"Sun,  06 Nov 1994 08:49:37 GMT",
		"Sun, 31 Feb 1994 08:49:37 GMT",
		"Sun, 00 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37.5 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT ", "1994-11-06T08:49:37Z"};
	int64_t seconds;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (!timestamp_parse_http(str_of(texts[i]), &seconds))
			check_failed(__FILE__, __LINE__, "%s", texts[i]);
	}
	CHECK(timestamp_parse_http(
		str_make("Sun, 06 Nov 1994 08:49:37 GMT\0x", 31), &seconds));
}
