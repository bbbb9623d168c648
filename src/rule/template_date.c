#include <math.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/zone.h"
#include "rule/date.h"
#include "rule/date_format.h"
#include "rule/template_date.h"
#include "rule/template_function.h"

#define SECOND_MS INT64_C(1000)
#define DAY_MS INT64_C(86400000)

/* ---- arguments ---- */

bool
template_date_whole(struct template_run *run, struct value value, int64_t *ret)
{
	double number;

	if (!template_run_to_number(run, value, &number) || fabs(number) > 1e15)
		return false;
	*ret = (int64_t)round(number);
	return true;
}

/** The zone an argument names; one that is none is as if left out. */
static const struct zone *
zone_of(struct template_run *run, struct value name)
{
	struct str text;

	if (value_is_blank(name) || !template_run_to_text(run, name, &text))
		return run->scope->zone;
	text = str_trim(text);
	if (zone_exists(text))
		return zone_find(text);
	template_run_warn(run,
		"'%.*s' is no known time zone; the scenario's is used",
		STR_ARG(str_head(text, ZONE_NAME_MAX)));
	return run->scope->zone;
}

bool
template_date_fields(
	struct template_run *run, struct value value, struct date_fields *ret)
{
	int64_t date;

	if (!template_run_to_date(run, value, &date))
		return false;
	*ret = date_split(date, run->scope->zone);
	return true;
}

struct value
template_date_from(struct template_run *run, const struct date_fields *fields)
{
	int64_t date;

	if (!date_join(fields, run->scope->zone, &date))
		return value_empty();
	return value_date(date);
}

/* ---- as text and back ---- */

static struct value
apply_format(struct template_run *run, const struct value *args, size_t count)
{
	CLEANUP(buf_release) struct buf out = template_run_buf(run);
	struct str format;
	int64_t date;

	(void)count;
	if (!template_run_to_date(run, args[0], &date) ||
		!template_run_to_text(run, args[1], &format))
		return value_empty();
	date_format(&out, date, zone_of(run, args[2]), format);
	return template_run_text(run, &out);
}

static struct value
apply_parse(struct template_run *run, const struct value *args, size_t count)
{
	const struct zone *zone = zone_of(run, args[2]);
	struct str text, format;
	int64_t date;
	bool is_read;

	(void)count;
	if (value_is_blank(args[0]) || args[0].kind == VALUE_DATE)
		return args[0].kind == VALUE_DATE ? args[0] : value_empty();
	if (!template_run_to_text(run, args[0], &text) ||
		!template_run_to_text(run, args[1], &format))
		return value_empty();
	if (format.len)
		is_read =
			date_parse(text, format, zone, run->scope->now, &date);
	else
		is_read = date_read(text, zone, &date);
	if (is_read)
		return value_date(date);
	return template_run_fail(run, "'%.*s' is no date%s%.*s",
		STR_ARG(str_head(text, 80)), format.len ? " in the form " : "",
		STR_ARG(str_head(format, 80)));
}

/* ---- adding ---- */

/** Hours and below are elapsed time. */
static struct value
add_elapsed(struct template_run *run, const struct value *args, int64_t unit)
{
	int64_t date;
	double number;

	if (!template_run_to_date(run, args[0], &date) ||
		!template_run_to_number(run, args[1], &number) ||
		fabs(number * (double)unit) > 1e15)
		return value_empty();
	return value_date(date + (int64_t)round(number * (double)unit));
}

static struct value
apply_add_seconds(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return add_elapsed(run, args, SECOND_MS);
}

static struct value
apply_add_minutes(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return add_elapsed(run, args, 60 * SECOND_MS);
}

static struct value
apply_add_hours(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return add_elapsed(run, args, 3600 * SECOND_MS);
}

/** Days and above keep what the clock shows. */
static struct value
apply_add_days(struct template_run *run, const struct value *args, size_t count)
{
	struct date_fields fields;
	int64_t days;

	(void)count;
	if (!template_date_fields(run, args[0], &fields) ||
		!template_date_whole(run, args[1], &days) ||
		llabs(days) > 10000000)
		return value_empty();
	fields.day += days;
	return template_date_from(run, &fields);
}

static struct value
add_months(struct template_run *run, const struct value *args, int64_t each)
{
	struct date_fields fields;
	int64_t number;

	if (!template_date_fields(run, args[0], &fields) ||
		!template_date_whole(run, args[1], &number) ||
		llabs(number) > 1000000)
		return value_empty();
	date_add_months(&fields, number * each);
	return template_date_from(run, &fields);
}

static struct value
apply_add_months(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return add_months(run, args, 1);
}

static struct value
apply_add_years(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return add_months(run, args, 12);
}

/* ---- setting ---- */

enum field { SECOND, MINUTE, HOUR, DAY };

static struct value
set_field(struct template_run *run, const struct value *args, enum field field)
{
	struct date_fields fields;
	int64_t number;

	if (!template_date_fields(run, args[0], &fields) ||
		!template_date_whole(run, args[1], &number))
		return value_empty();
	switch (field) {
	case SECOND: fields.second = number; break;
	case MINUTE: fields.minute = number; break;
	case HOUR: fields.hour = number; break;
	case DAY: fields.day = number; break;
	}
	return template_date_from(run, &fields);
}

static struct value
apply_set_second(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return set_field(run, args, SECOND);
}

static struct value
apply_set_minute(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return set_field(run, args, MINUTE);
}

static struct value
apply_set_hour(struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return set_field(run, args, HOUR);
}

static struct value
apply_set_date(struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return set_field(run, args, DAY);
}

/** A number, or an English name by its place in the list that has it. */
static bool
to_named(struct template_run *run, struct value value,
	int (*number_of)(struct str name), int64_t *ret)
{
	struct str name;
	int number;

	if (template_date_whole(run, value, ret))
		return true;
	if (!template_run_to_text(run, value, &name))
		return false;
	number = number_of(str_trim(name));
	*ret = number;
	return number >= 0;
}

/** Sunday is 1. */
static int
weekday_number(struct str name)
{
	int weekday = date_weekday_of(name);

	return weekday < 0 ? -1 : weekday + 1;
}

static struct value
apply_set_day(struct template_run *run, const struct value *args, size_t count)
{
	struct date_fields fields;
	int64_t number;

	(void)count;
	if (!template_date_fields(run, args[0], &fields) ||
		!to_named(run, args[1], weekday_number, &number) ||
		llabs(number) > 10000000)
		return value_empty();
	fields.day += number - 1 - fields.weekday;
	return template_date_from(run, &fields);
}

static struct value
apply_set_month(
	struct template_run *run, const struct value *args, size_t count)
{
	struct date_fields fields;
	int64_t number;

	(void)count;
	if (!template_date_fields(run, args[0], &fields) ||
		!to_named(run, args[1], date_month_of, &number) ||
		llabs(number) > 1000000)
		return value_empty();
	date_add_months(&fields, number - fields.month);
	return template_date_from(run, &fields);
}

static struct value
apply_set_year(struct template_run *run, const struct value *args, size_t count)
{
	struct date_fields fields;
	int64_t number;

	(void)count;
	if (!template_date_fields(run, args[0], &fields) ||
		!template_date_whole(run, args[1], &number) ||
		llabs(number) > 100000)
		return value_empty();
	date_add_months(&fields, (number - fields.year) * 12);
	return template_date_from(run, &fields);
}

/* ---- differences ---- */

/** Whole months from b to a, cut towards zero. */
static int64_t
months_between(struct template_run *run, int64_t a, int64_t b)
{
	struct date_fields from = date_split(b, run->scope->zone);
	struct date_fields to = date_split(a, run->scope->zone);
	int64_t months = (to.year - from.year) * 12 + to.month - from.month;
	int64_t reached = b;

	date_add_months(&from, months);
	if (!date_join(&from, run->scope->zone, &reached))
		return months;
	if (months > 0 && reached > a)
		months--;
	if (months < 0 && reached < a)
		months++;
	return months;
}

static const struct unit {
	const char *name; /* an s may follow */
	int64_t milliseconds;
	int64_t months;
} units[] = {
	{"millisecond", 1, 0},
	{"second", SECOND_MS, 0},
	{"minute", 60 * SECOND_MS, 0},
	{"hour", 3600 * SECOND_MS, 0},
	{"day", DAY_MS, 0},
	{"week", 7 * DAY_MS, 0},
	{"month", 0, 1},
	{"quarter", 0, 3},
	{"year", 0, 12},
};

static const struct unit *
unit_of(struct template_run *run, struct value value)
{
	struct str name;

	if (value_is_blank(value))
		return &units[0];
	if (!template_run_to_text(run, value, &name))
		return NULL;
	if (str_ends_with(name, STR("s")))
		name.len--;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (str_equal_nocase(name, str_of(units[i].name)))
			return &units[i];
	}
	return NULL;
}

static struct value
apply_difference(
	struct template_run *run, const struct value *args, size_t count)
{
	const struct unit *unit = unit_of(run, args[2]);
	int64_t a, b;

	(void)count;
	if (unit == NULL || !template_run_to_date(run, args[0], &a) ||
		!template_run_to_date(run, args[1], &b))
		return value_empty();
	if (unit->months)
		return value_number(
			(double)(months_between(run, a, b) / unit->months));
	return value_number((double)((a - b) / unit->milliseconds));
}

#define ADD(name_, summary_, apply_) \
	{ \
		.name = (name_), .signature = "(date; number)", \
		.summary = (summary_), .args_min = 2, .args_max = 2, \
		.apply = (apply_) \
	}

static const struct template_function rows[] = {
	{.name = "formatDate",
		.signature = "(date; format; [time zone])",
		.summary = "as a text, by the tokens below",
		.args_min = 2,
		.args_max = 3,
		.apply = apply_format},
	{.name = "parseDate",
		.signature = "(text; [format]; [time zone])",
		.summary = "the date; without a format any of the usual forms",
		.args_min = 1,
		.args_max = 3,
		.apply = apply_parse},
	ADD("addSeconds", "so many seconds later", apply_add_seconds),
	ADD("addMinutes", "so many minutes later", apply_add_minutes),
	ADD("addHours", "so many hours later", apply_add_hours),
	ADD("addDays", "so many days later, at the same time of day",
		apply_add_days),
	ADD("addMonths", "so many months later, at the month's end if need be",
		apply_add_months),
	ADD("addYears", "so many years later", apply_add_years),
	ADD("setSecond", "with this second; what is above 59 carries over",
		apply_set_second),
	ADD("setMinute", "with this minute", apply_set_minute),
	ADD("setHour", "with this hour", apply_set_hour),
	{.name = "setDay",
		.signature = "(date; number or name)",
		.summary = "on this day of its week, Sunday is 1",
		.args_min = 2,
		.args_max = 2,
		.apply = apply_set_day},
	ADD("setDate", "on this day of its month", apply_set_date),
	{.name = "setMonth",
		.signature = "(date; number or name)",
		.summary = "in this month",
		.args_min = 2,
		.args_max = 2,
		.apply = apply_set_month},
	ADD("setYear", "in this year", apply_set_year),
	{.name = "dateDifference",
		.signature = "(a; b; [unit])",
		.summary = "a - b in milliseconds, or in whole seconds, "
			   "minutes, hours, days, weeks, months, quarters, "
			   "years",
		.args_min = 2,
		.args_max = 3,
		.apply = apply_difference},
};

const struct template_group template_date_functions = {
	"Date", rows, COUNT_OF(rows)};
