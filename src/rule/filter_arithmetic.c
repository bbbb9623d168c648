#include "rule/filter_function.h"

#include <math.h>

#include "base/clock.h"
#include "rule/filter_ast.h"

static bool
add_exactly(int op, int64_t a, int64_t b, int64_t *ret)
{
	if (op == FILTER_ADD)
		return !__builtin_add_overflow(a, b, ret);
	if (op == FILTER_SUB)
		return !__builtin_sub_overflow(a, b, ret);
	return op == FILTER_MUL && !__builtin_mul_overflow(a, b, ret);
}

/** Whole operands: div cuts towards zero, mod has the dividend's sign. */
static struct filter_value
divide_integers(int op, int64_t a, int64_t b)
{
	if (b == 0)
		return filter_value_null();
	if (b == -1) /* INT64_MIN / -1 does not fit */
		return op == FILTER_MOD
			       ? filter_value_number(number_from_integer(0))
			       : filter_negate(filter_value_number(
					 number_from_integer(a)));
	return filter_value_number(
		number_from_integer(op == FILTER_MOD ? a % b : a / b));
}

static double
calculate_real(int op, double a, double b)
{
	switch (op) {
	case FILTER_ADD: return a + b;
	case FILTER_SUB: return a - b;
	case FILTER_MUL: return a * b;
	case FILTER_MOD: return fmod(a, b);
	default: return a / b;
	}
}

static struct filter_value
calculate(int op, struct number a, struct number b)
{
	int64_t exact;

	if (a.is_integer && b.is_integer) {
		if (add_exactly(op, a.integer, b.integer, &exact))
			return filter_value_number(number_from_integer(exact));
		if (op == FILTER_DIV || op == FILTER_MOD)
			return divide_integers(op, a.integer, b.integer);
	}
	return filter_value_number(
		number_from_real(calculate_real(op, a.real, b.real)));
}

bool
filter_timestamp_micros(struct timestamp instant, int64_t *ret)
{
	int64_t micros = 0, unit = 100000;

	for (size_t i = 0; i < instant.fraction.len && unit; i++, unit /= 10)
		micros += (instant.fraction.ptr[i] - '0') * unit;
	return !__builtin_mul_overflow(instant.seconds, SECONDS, ret) &&
	       !__builtin_add_overflow(*ret, micros, ret);
}

struct filter_value
filter_timestamp(struct filter_run *run, int64_t micros)
{
	/* 0001-01-01 and 9999-12-31: RFC 3339 has four digits for a year. */
	const int64_t first = INT64_C(-62135596800) * SECONDS;
	const int64_t last = INT64_C(253402300800) * SECONDS;
	struct filter_value value;
	char text[TIMESTAMP_TEXT_SIZE];

	if (micros < first || micros >= last)
		return filter_value_null();
	value = filter_value_string(arena_copy(
		run->scratch, str_of(timestamp_format(micros, text))));
	return filter_value_to_instant(value, &value) ? value
						      : filter_value_null();
}

/** An operand as microseconds: since 1970, or of a duration. */
static bool
to_micros(struct filter_value value, bool *ret_is_instant, int64_t *ret)
{
	struct filter_value read;

	*ret_is_instant = filter_value_to_instant(value, &read);
	if (*ret_is_instant)
		return filter_timestamp_micros(read.as.instant, ret);
	if (!filter_value_to_duration(value, &read))
		return false;
	*ret = read.as.micros;
	return true;
}

static struct filter_value
scale_duration(int op, int64_t micros, struct number factor)
{
	double scaled = (double)micros;

	if (op == FILTER_MUL)
		scaled *= factor.real;
	else
		scaled /= factor.real;
	if (!(fabs(scaled) < 9.2e18))
		return filter_value_null();
	return filter_value_duration((int64_t)scaled);
}

/**
 * time ± duration, time - time, duration ± duration. Strings count as what
 * they spell once the other side is a time or a duration.
 */
static struct filter_value
calculate_time(struct filter_run *run, int op, struct filter_value a,
	struct filter_value b)
{
	bool a_is_instant, b_is_instant;
	int64_t x, y, micros;

	if ((op != FILTER_ADD && op != FILTER_SUB) ||
		!to_micros(a, &a_is_instant, &x) ||
		!to_micros(b, &b_is_instant, &y) ||
		!add_exactly(op, x, y, &micros))
		return filter_value_null();
	if (a_is_instant == b_is_instant) {
		if (a_is_instant && op == FILTER_ADD)
			return filter_value_null();
		return filter_value_duration(micros);
	}
	if (op == FILTER_SUB && b_is_instant)
		return filter_value_null();
	return filter_timestamp(run, micros);
}

static bool
is_time(enum filter_value_kind kind)
{
	return kind == FILTER_VALUE_TIMESTAMP || kind == FILTER_VALUE_DATE ||
	       kind == FILTER_VALUE_DURATION;
}

struct filter_value
filter_arithmetic(struct filter_run *run, int op, struct filter_value a,
	struct filter_value b)
{
	bool scales =
		op == FILTER_MUL || op == FILTER_DIV || op == FILTER_DIVBY;

	if (a.kind == FILTER_VALUE_NUMBER && b.kind == FILTER_VALUE_NUMBER)
		return calculate(op, a.as.number, b.as.number);
	if (scales && a.kind == FILTER_VALUE_DURATION &&
		b.kind == FILTER_VALUE_NUMBER)
		return scale_duration(op, a.as.micros, b.as.number);
	if (op == FILTER_MUL && b.kind == FILTER_VALUE_DURATION &&
		a.kind == FILTER_VALUE_NUMBER)
		return scale_duration(op, b.as.micros, a.as.number);
	if (is_time(a.kind) || is_time(b.kind))
		return calculate_time(run, op, a, b);
	return filter_value_null();
}

struct filter_value
filter_negate(struct filter_value value)
{
	struct number number = value.as.number;

	if (value.kind == FILTER_VALUE_DURATION && value.as.micros != INT64_MIN)
		return filter_value_duration(-value.as.micros);
	if (value.kind != FILTER_VALUE_NUMBER)
		return filter_value_null();
	if (number.is_integer && number.integer != INT64_MIN)
		return filter_value_number(
			number_from_integer(-number.integer));
	return filter_value_number(number_from_real(-number.real));
}
