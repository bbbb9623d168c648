#include "base/number.h"

#include <math.h>

#include "check.h"

TEST(number, whole_numbers_are_exact_however_they_are_written)
{
	static const struct {
		const char *text;
		int64_t value;
	} rows[] = {
		{"0", 0},
		{"-0", 0},
		{"-0.0e5", 0},
		{"0e999999999999999999999", 0},
		{"8", 8},
		{"8.0", 8},
		{"8e0", 8},
		{"80E-1", 8},
		{"0.8e+1", 8},
		{"800000000000000000000000000000e-29", 8},
		{"0.000000000000000000000000000008e30", 8},
		{"1e18", 1000000000000000000},
		{"-1e18", -1000000000000000000},
		{"1.5e3", 1500},
		{"9007199254740992", 9007199254740992},
		{"9007199254740993", 9007199254740993},
		{"9007199254740993.000", 9007199254740993},
		{"9007199254740993e0", 9007199254740993},
		{"90071992547409930e-1", 9007199254740993},
		{"9223372036854775807", INT64_MAX},
		{"9223372036854775807.0", INT64_MAX},
		{"922337203685477580.7e1", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
		{"-9.223372036854775808e18", INT64_MIN},
		{"-92233720368547758080e-1", INT64_MIN},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct number n = number_read(str_of(rows[i].text));

		if (!n.is_integer || n.integer != rows[i].value)
			check_failed(__FILE__, __LINE__, "%s: got %lld (%d)",
				rows[i].text, (long long)n.integer,
				n.is_integer);
		CHECK(n.real == (double)rows[i].value);
	}
}

TEST(number, others_are_doubles)
{
	static const struct {
		const char *text;
		double value;
	} rows[] = {
		{"0.5", 0.5},
		{"-1.25e2", -125}, /* whole: see below */
		{"9007199254740992.5", 9007199254740992.0},
		{"9223372036854775808", 9223372036854775808.0},
		{"-9223372036854775809", -9223372036854775808.0},
		{"18446744073709551616", 18446744073709551616.0},
		{"184467440737095516150", 184467440737095516150.0},
		{"1e19", 1e19},
		{"1e400", INFINITY},
		{"-1e400", -INFINITY},
		{"1e-400", 0},
		{"1e99999999999999999999", INFINITY},
		{"1e-99999999999999999999", 0},
		{"0.1", 0.1},
		{"123456789012345678901234567890.5", 1.2345678901234568e29},
		{"0.00000000000000000000000000000000000000000000000000000000000"
		 "0001",
			1e-63},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct number n = number_read(str_of(rows[i].text));

		CHECK(n.real == rows[i].value);
		CHECK_INT(n.is_integer, i == 1);
	}
}

TEST(number, comparison_is_exact_around_the_limits_of_doubles)
{
	/* In ascending order; equal ones share a line. */
	static const char *const rows[][3] = {
		{"-1e400"},
		{"-9223372036854775809e3"},
		{"-9223372036854775808", "-9223372036854775808.0"},
		{"-9223372036854775807"},
		{"-9007199254740993"},
		{"-9007199254740992"},
		{"-1", "-1.0", "-1e0"},
		{"-0.5"},
		{"0", "-0", "0.0"},
		{"0.25"},
		{"1", "10e-1"},
		{"9007199254740992"},
		{"9007199254740993", "9007199254740993.0"},
		{"9007199254740994"},
		{"9223372036854775806"},
		{"9223372036854775807", "9223372036854775807e0"},
		{"9223372036854775808"},
		{"1e19"},
		{"1e400"},
	};

	for (size_t i = 0; i < COUNT_OF(rows) * 3; i++) {
		for (size_t k = 0; k < COUNT_OF(rows) * 3; k++) {
			const char *a = rows[i / 3][i % 3];
			const char *b = rows[k / 3][k % 3];
			int expected = i / 3 < k / 3 ? -1 : i / 3 > k / 3;

			if (a == NULL || b == NULL)
				continue;
			if (number_compare(number_read(str_of(a)),
				    number_read(str_of(b))) != expected)
				check_failed(
					__FILE__, __LINE__, "%s and %s", a, b);
		}
	}
}

TEST(number, nan_compares_to_nothing)
{
	struct number nan = number_from_real((double)NAN);

	CHECK(!nan.is_integer);
	CHECK_INT(number_compare(nan, nan), 2);
	CHECK_INT(number_compare(nan, number_from_integer(0)), 2);
	CHECK_INT(number_compare(number_from_integer(0), nan), 2);
}

TEST(number, whole_doubles_within_2_to_the_53_are_integers)
{
	CHECK(number_from_real(9007199254740992.0).is_integer);
	CHECK(number_from_real(-9007199254740992.0).is_integer);
	CHECK(!number_from_real(9007199254740994.0).is_integer);
	CHECK(!number_from_real(0.5).is_integer);
	CHECK(number_from_real(-0.0).is_integer);
}

TEST(number, very_long_ones_are_read)
{
	CLEANUP(buf_release) struct buf text = buf_make(0);
	struct number n;

	buf_append_char(&text, '1');
	for (int i = 0; i < 100000; i++)
		buf_append_char(&text, '0');
	buf_append(&text, STR("e-100000"));
	n = number_read(buf_str(&text));
	CHECK(n.is_integer);
	CHECK_INT(n.integer, 1);
	buf_append_char(&text, '0');
	n = number_read(buf_str(&text));
	CHECK(!n.is_integer && n.real == 0);
}
