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

/** Drops ".000" so that 8.0 beyond 2^53 stays exact too. */
static struct str
without_zero_fraction(struct str text)
{
	size_t point = str_find_char(text, '.');

	if (point == SIZE_MAX)
		return text;
	for (size_t i = point + 1; i < text.len; i++) {
		if (text.ptr[i] != '0')
			return text;
	}
	return str_head(text, point);
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

	if (!str_to_i64(without_zero_fraction(text), &integer))
		return number_from_integer(integer);
	return number_from_real(read_real(text));
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
