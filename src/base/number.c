#include "base/number.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static double
read_real(struct str text)
{
	char small[64];
	char *copy = text.len < sizeof(small) ? small : mem_alloc(text.len + 1);
	double value;

	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	value = strtod(copy, NULL);
	if (copy != small)
		mem_free(copy);
	return value;
}

/** A decimal number as its digits and the power of ten behind them. */
struct decimal {
	bool is_negative;
	uint64_t digits; /* without zeros at the end */
	int64_t power;
	bool is_too_long; /* more digits than int64_t could hold */
};

static void
add_digit(struct decimal *decimal, unsigned digit, int64_t *zeros)
{
	if (digit == 0) {
		++*zeros; /* may turn out to be at the end */
		return;
	}
	for (; *zeros > 0 && decimal->digits; --*zeros) {
		decimal->is_too_long |= decimal->digits > UINT64_MAX / 10;
		if (decimal->is_too_long)
			break;
		decimal->digits *= 10;
	}
	*zeros = 0;
	decimal->is_too_long |= decimal->digits > (UINT64_MAX - digit) / 10;
	decimal->digits = decimal->digits * 10 + digit;
}

static int64_t
read_exponent(struct str text)
{
	const int64_t large = INT64_MAX / 4;
	bool is_negative = text.ptr[0] == '-';
	int64_t value = 0;

	if (text.ptr[0] == '-' || text.ptr[0] == '+')
		text = str_skip(text, 1);
	for (size_t i = 0; i < text.len && value < large / 10; i++)
		value = value * 10 + (text.ptr[i] - '0');
	return is_negative ? -value : value;
}

static struct decimal
read_decimal(struct str text)
{
	struct decimal decimal = {.is_negative = text.ptr[0] == '-'};
	int64_t zeros = 0;
	int64_t power = 0;
	bool is_fraction = false;

	for (size_t i = decimal.is_negative; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == 'e' || c == 'E') {
			power += read_exponent(str_skip(text, i + 1));
			break;
		}
		if (c == '.') {
			is_fraction = true;
			continue;
		}
		power -= is_fraction;
		add_digit(&decimal, (unsigned)(c - '0'), &zeros);
	}
	decimal.power = power + zeros;
	return decimal;
}

/** Whether the number is a whole one within int64_t, however written. */
static bool
to_integer(struct decimal decimal, int64_t *ret)
{
	uint64_t limit = (uint64_t)INT64_MAX + decimal.is_negative;

	if (decimal.digits == 0 && !decimal.is_too_long) {
		*ret = 0;
		return true;
	}
	if (decimal.is_too_long || decimal.power < 0)
		return false;
	for (; decimal.power > 0; decimal.power--) {
		if (decimal.digits > limit / 10)
			return false;
		decimal.digits *= 10;
	}
	if (decimal.digits > limit)
		return false;
	*ret = decimal.is_negative ? (int64_t)(0 - decimal.digits)
				   : (int64_t)decimal.digits;
	return true;
}

struct number
number_from_integer(int64_t value)
{
	return (struct number){true, value, (double)value};
}

struct number
number_from_real(double value)
{
	struct number number = {false, 0, value};

	/* Within 2^53 every whole double is the integer it looks like. */
	if (value >= -9007199254740992.0 && value <= 9007199254740992.0 &&
		value == trunc(value)) {
		number.is_integer = true;
		number.integer = (int64_t)value;
	}
	return number;
}

struct number
number_read(struct str text)
{
	int64_t integer;

	/* Plain digits are by far the most: no detour for them. */
	if (!str_to_i64(text, &integer) ||
		to_integer(read_decimal(text), &integer))
		return number_from_integer(integer);
	/* Not number_from_real(): rounding may make it look whole. */
	return (struct number){.real = read_real(text)};
}

static int
order(double a, double b)
{
	return a < b ? -1 : a > b;
}

/** Compares exactly although the integer may not fit a double. */
static int
compare_mixed(int64_t integer, double real)
{
	double whole;

	if (real >= 9223372036854775808.0)
		return -1;
	if (real < -9223372036854775808.0)
		return 1;
	whole = trunc(real);
	if ((int64_t)whole != integer)
		return integer < (int64_t)whole ? -1 : 1;
	return order(whole, real);
}

int
number_compare(struct number a, struct number b)
{
	if (a.is_integer && b.is_integer)
		return a.integer < b.integer ? -1 : a.integer > b.integer;
	if (isnan(a.real) || isnan(b.real))
		return 2;
	if (a.is_integer)
		return compare_mixed(a.integer, b.real);
	if (b.is_integer)
		return -compare_mixed(b.integer, a.real);
	return order(a.real, b.real);
}
