#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rule/template_function.h"

/* ---- one number ---- */

static struct value
of_number(struct template_run *run, const struct value *args,
	double (*function)(double))
{
	double number;

	if (!template_run_to_number(run, args[0], &number))
		return value_empty();
	return value_number(function(number));
}

/** Halves go up, also below zero: JavaScript's Math.round. */
static double
round_half_up(double number)
{
	double down = floor(number);

	return number - down < 0.5 ? down : down + 1;
}

#define OF_NUMBER(name_, function_) \
	static struct value apply_##name_(struct template_run *run, \
		const struct value *args, size_t count) \
	{ \
		(void)count; \
		return of_number(run, args, function_); \
	}

OF_NUMBER(abs, fabs)
OF_NUMBER(ceil, ceil)
OF_NUMBER(floor, floor)
OF_NUMBER(round, round_half_up)
OF_NUMBER(sqrt, sqrt)
OF_NUMBER(ln, log)

static struct value
apply_trunc(struct template_run *run, const struct value *args, size_t count)
{
	double number, digits = 0, scale, scaled;

	(void)count;
	if (!template_run_to_number(run, args[0], &number))
		return value_empty();
	template_run_to_number(run, args[1], &digits);
	digits = fmax(-300, fmin(300, trunc(digits)));
	scale = pow(10, fabs(digits));
	scaled = digits < 0 ? number / scale : number * scale;
	if (!isfinite(scaled))
		return value_number(number);
	/* 1.15 * 100 is 114.99999999999999. */
	if (fabs(scaled - round(scaled)) < 1e-9 * fabs(scaled))
		scaled = round(scaled);
	scaled = trunc(scaled);
	return value_number(digits < 0 ? scaled * scale : scaled / scale);
}

/* ---- many numbers ---- */

struct numbers {
	double *items;
	size_t count;
};

static void
collect(struct template_run *run, struct value value, struct numbers *numbers)
{
	double number;

	if (template_run_to_number(run, value, &number))
		numbers->items[numbers->count++] = number;
}

/** Those of all arguments and of the arrays among them; no number: skipped. */
static struct numbers
numbers_of(struct template_run *run, const struct value *args, size_t count)
{
	struct numbers numbers = {NULL, 0};
	size_t room = count;

	for (size_t i = 0; i < count; i++) {
		if (args[i].kind == VALUE_ARRAY)
			room += args[i].as.array.count;
	}
	if (!template_run_bytes(run, room * sizeof(double)))
		return numbers;
	numbers.items = arena_alloc_array(run->arena, room, sizeof(double));
	for (size_t i = 0; i < count && !run->err; i++) {
		if (args[i].kind != VALUE_ARRAY) {
			collect(run, args[i], &numbers);
			continue;
		}
		for (size_t j = 0; j < args[i].as.array.count && !run->err; j++)
			collect(run, args[i].as.array.items[j], &numbers);
	}
	return numbers;
}

static double
sum_of(struct numbers numbers)
{
	double sum = 0;

	for (size_t i = 0; i < numbers.count; i++)
		sum += numbers.items[i];
	return sum;
}

static double
product_of(struct numbers numbers)
{
	double product = 1;

	for (size_t i = 0; i < numbers.count; i++)
		product *= numbers.items[i];
	return product;
}

static double
average_of(struct numbers numbers)
{
	return sum_of(numbers) / (double)numbers.count;
}

static double
min_of(struct numbers numbers)
{
	double min = numbers.items[0];

	for (size_t i = 1; i < numbers.count; i++)
		min = fmin(min, numbers.items[i]);
	return min;
}

static double
max_of(struct numbers numbers)
{
	double max = numbers.items[0];

	for (size_t i = 1; i < numbers.count; i++)
		max = fmax(max, numbers.items[i]);
	return max;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
sort_numbers(struct numbers numbers)
{
	if (numbers.count)
		qsort(numbers.items, numbers.count, sizeof(double), ascending);
}

static double
median_of(struct numbers numbers)
{
	size_t middle = numbers.count / 2;

	sort_numbers(numbers);
	if (numbers.count % 2)
		return numbers.items[middle];
	return (numbers.items[middle - 1] + numbers.items[middle]) / 2;
}

static double
deviation_of(struct numbers numbers, double divisor)
{
	double mean = average_of(numbers);
	double squares = 0;

	for (size_t i = 0; i < numbers.count; i++)
		squares +=
			(numbers.items[i] - mean) * (numbers.items[i] - mean);
	return sqrt(squares / divisor);
}

/** Of a sample: of one number it is not defined, which comes out as empty. */
static double
sample_deviation_of(struct numbers numbers)
{
	return deviation_of(numbers, (double)numbers.count - 1);
}

static double
population_deviation_of(struct numbers numbers)
{
	return deviation_of(numbers, (double)numbers.count);
}

/** Nothing to calculate with gives the empty value. */
static struct value
of_numbers(struct template_run *run, const struct value *args, size_t count,
	double (*function)(struct numbers numbers))
{
	struct numbers numbers = numbers_of(run, args, count);

	if (numbers.count == 0 || run->err)
		return value_empty();
	return value_number(function(numbers));
}

#define OF_NUMBERS(name_, function_) \
	static struct value apply_##name_(struct template_run *run, \
		const struct value *args, size_t count) \
	{ \
		return of_numbers(run, args, count, function_); \
	}

OF_NUMBERS(average, average_of)
OF_NUMBERS(min, min_of)
OF_NUMBERS(max, max_of)
OF_NUMBERS(median, median_of)
OF_NUMBERS(stdev_s, sample_deviation_of)
OF_NUMBERS(stdev_p, population_deviation_of)
OF_NUMBERS(product, product_of)

/** The sum of nothing is 0. */
static struct value
apply_sum(struct template_run *run, const struct value *args, size_t count)
{
	return value_number(sum_of(numbers_of(run, args, count)));
}

static struct value
sorted(struct template_run *run, const struct value *args, size_t count,
	bool is_descending)
{
	struct value_builder builder = value_builder_make(run->arena);
	struct numbers numbers = numbers_of(run, args, count);

	sort_numbers(numbers);
	for (size_t i = 0; i < numbers.count && !run->err; i++) {
		size_t at = is_descending ? numbers.count - 1 - i : i;

		template_run_add(
			run, &builder, value_number(numbers.items[at]));
	}
	return template_run_array(run, &builder);
}

static struct value
apply_sort_asc(struct template_run *run, const struct value *args, size_t count)
{
	return sorted(run, args, count, false);
}

static struct value
apply_sort_desc(
	struct template_run *run, const struct value *args, size_t count)
{
	return sorted(run, args, count, true);
}

/* ---- two numbers ---- */

static bool
two_numbers(struct template_run *run, const struct value *args, double ret[2])
{
	return template_run_to_number(run, args[0], &ret[0]) &&
	       template_run_to_number(run, args[1], &ret[1]);
}

static struct value
apply_div(struct template_run *run, const struct value *args, size_t count)
{
	double n[2];

	(void)count;
	return two_numbers(run, args, n) ? value_number(n[0] / n[1])
					 : value_empty();
}

static struct value
apply_sub(struct template_run *run, const struct value *args, size_t count)
{
	double n[2];

	(void)count;
	return two_numbers(run, args, n) ? value_number(n[0] - n[1])
					 : value_empty();
}

static struct value
apply_power(struct template_run *run, const struct value *args, size_t count)
{
	double n[2];

	(void)count;
	return two_numbers(run, args, n) ? value_number(pow(n[0], n[1]))
					 : value_empty();
}

static struct value
apply_log(struct template_run *run, const struct value *args, size_t count)
{
	double number, base = 10;

	(void)count;
	if (!template_run_to_number(run, args[0], &number))
		return value_empty();
	template_run_to_number(run, args[1], &base);
	return value_number(
		base == 10 ? log10(number) : log(number) / log(base));
}

/* ---- numbers and texts ---- */

static struct value
apply_number(struct template_run *run, const struct value *args, size_t count)
{
	double number;

	(void)count;
	if (!template_run_to_number(run, args[0], &number))
		return value_empty();
	return value_number(number);
}

/** `fallback` stands for an argument that is left out; "" is as given. */
static struct str
text_or(struct template_run *run, struct value value, struct str fallback)
{
	struct str text;

	if (value_is_empty(value) || !template_run_to_text(run, value, &text))
		return fallback;
	return text;
}

/** Blanks and the separator that is not the decimal one do not count. */
static struct value
apply_parse_number(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf plain = {0};
	struct str text, point;
	double number;

	(void)count;
	if (args[0].kind == VALUE_NUMBER)
		return args[0];
	if (value_is_blank(args[0]) ||
		!template_run_to_text(run, args[0], &text))
		return value_empty();
	point = text_or(run, args[1], STR("."));
	while (text.len) {
		bool is_comma = text.ptr[0] == ',' || text.ptr[0] == '.';

		if (point.len && str_starts_with(text, point)) {
			buf_append_char(&plain, '.');
			text = str_skip(text, point.len);
			continue;
		}
		if (str_starts_with(text, STR("\xC2\xA0")))
			text = str_skip(text, 1);
		else if (!is_comma && !strchr(" \t\r\n", text.ptr[0]))
			buf_append_char(&plain, text.ptr[0]);
		text = str_skip(text, 1);
	}
	if (!template_run_to_number(run, value_text(buf_str(&plain)), &number))
		return template_run_warn(
			run, "this is not a number; the result is empty");
	return value_number(number);
}

enum { DECIMALS_MAX = 20, NUMBER_ROOM = 480, EXACT_DIGITS = 60 };

/**
 * The decimal digits with halves away from zero, where printf rounds them to
 * the even digit. The text has one more digit in front, '0' unless rounding
 * carried.
 */
static void
spell_rounded(double number, int decimals, char text[NUMBER_ROOM])
{
	char *at;

	text[0] = '0';
	snprintf(text + 1, NUMBER_ROOM - 1, "%.*f", decimals + EXACT_DIGITS,
		fabs(number));
	at = strchr(text, '.');
	at += decimals + 1;
	if (*at < '5') {
		*at = '\0';
		return;
	}
	*at-- = '\0';
	for (; *at == '9' || *at == '.'; at--) {
		if (*at == '9')
			*at = '0';
	}
	++*at;
}

static void
append_grouped(struct buf *out, struct str digits, struct str separator)
{
	for (size_t i = 0; i < digits.len; i++) {
		if (i && (digits.len - i) % 3 == 0)
			buf_append(out, separator);
		buf_append_char(out, digits.ptr[i]);
	}
}

static bool
is_all_zeros(const char *text)
{
	return text[strspn(text, "0.")] == '\0';
}

static struct value
apply_format_number(
	struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	double number, decimals = 0;
	char text[NUMBER_ROOM];
	struct str fraction, whole;

	(void)count;
	if (!template_run_to_number(run, args[0], &number))
		return value_empty();
	template_run_to_number(run, args[1], &decimals);
	decimals = fmax(0, fmin(DECIMALS_MAX, trunc(decimals)));
	spell_rounded(number, (int)decimals, text);
	if (number < 0 && !is_all_zeros(text))
		buf_append_char(&out, '-');
	fraction = str_of(text);
	whole = str_split(&fraction, '.');
	while (whole.len > 1 && whole.ptr[0] == '0')
		whole = str_skip(whole, 1);
	append_grouped(&out, whole, text_or(run, args[3], STR(".")));
	if (decimals > 0) {
		buf_append(&out, text_or(run, args[2], STR(",")));
		buf_append(&out, fraction);
	}
	return template_run_text(run, &out);
}

#define ONE(name_, summary_, apply_, fusion_) \
	{ \
		.name = (name_), .signature = "(number)", \
		.summary = (summary_), .is_fusion = (fusion_), .args_min = 1, \
		.args_max = 1, .apply = (apply_) \
	}
#define TWO(name_, summary_, apply_) \
	{ \
		.name = (name_), .signature = "(a; b)", .summary = (summary_), \
		.is_fusion = true, .args_min = 2, .args_max = 2, \
		.apply = (apply_) \
	}
#define MANY(name_, summary_, apply_, fusion_) \
	{ \
		.name = (name_), .signature = "(array or number; …)", \
		.summary = (summary_), .is_fusion = (fusion_), .args_min = 1, \
		.args_max = TEMPLATE_MANY, .arrays = UINT32_MAX, \
		.apply = (apply_) \
	}

static const struct template_function rows[] = {
	ONE("abs", "without its sign", apply_abs, false),
	ONE("ceil", "the next whole number above", apply_ceil, false),
	ONE("floor", "the next whole number below", apply_floor, false),
	ONE("round", "the nearest whole number; halves go up", apply_round,
		false),
	{.name = "trunc",
		.signature = "(number; [digits])",
		.summary = "cut after so many digits, or at the point",
		.args_min = 1,
		.args_max = 2,
		.apply = apply_trunc},
	MANY("sum", "the sum; what is no number does not count", apply_sum,
		false),
	MANY("average", "the mean", apply_average, false),
	MANY("min", "the least", apply_min, false),
	MANY("max", "the greatest", apply_max, false),
	MANY("median", "the one in the middle", apply_median, false),
	MANY("stdevS", "the standard deviation of a sample", apply_stdev_s,
		false),
	MANY("stdevP", "the standard deviation of all", apply_stdev_p, false),
	{.name = "parseNumber",
		.signature = "(text; [decimal separator])",
		.summary = "the number; blanks and the other separator do not "
			   "count",
		.args_min = 1,
		.args_max = 2,
		.apply = apply_parse_number},
	{.name = "formatNumber",
		.signature = "(number; decimals; [decimal separator]; "
			     "[thousands separator])",
		.summary = "as a text; the separators are \",\" and \".\" "
			   "unless given",
		.args_min = 1,
		.args_max = 4,
		.apply = apply_format_number},
	TWO("div", "a / b", apply_div),
	ONE("ln", "the natural logarithm", apply_ln, true),
	{.name = "log",
		.signature = "(number; [base])",
		.summary = "the logarithm, to base 10 unless given",
		.is_fusion = true,
		.args_min = 1,
		.args_max = 2,
		.apply = apply_log},
	{.name = "number",
		.signature = "(text)",
		.summary = "the number that the text is",
		.is_fusion = true,
		.args_min = 1,
		.args_max = 1,
		.apply = apply_number},
	TWO("power", "a to the power of b", apply_power),
	MANY("prod", "the product", apply_product, true),
	ONE("sqrt", "the square root", apply_sqrt, true),
	TWO("sub", "a - b", apply_sub),
	MANY("sortAscNum", "an array, the least first", apply_sort_asc, true),
	MANY("sortDescNum", "an array, the greatest first", apply_sort_desc,
		true),
};

const struct template_group template_math_functions = {
	"Math", rows, COUNT_OF(rows)};
