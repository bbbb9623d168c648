#include <stdlib.h>

#include "base/calendar.h"
#include "rule/template_date.h"
#include "rule/template_function.h"

/* The functions on dates that only Fusion has: mostly parts of dates. */

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

/** Hours of a day that count, from Monday to Friday. */
struct shift {
	int64_t start, end; /* milliseconds since midnight */
};

static const struct shift all_day = {0, DAY_MS};
static const struct shift office_hours = {9 * HOUR_MS, 17 * HOUR_MS};

/** Milliseconds that count, from some Monday to a local time. */
static bool
counted_until(struct template_run *run, struct value value,
	const struct shift *shift, int64_t *ret)
{
	int64_t each = shift->end - shift->start;
	struct date_fields f;
	int64_t day, weekday, time;

	if (!template_date_fields(run, value, &f))
		return false;
	/* 1970 began on a Thursday. */
	day = calendar_days(f.year, (int)f.month, f.day) + 3;
	weekday = calendar_floor_mod(day, 7);
	time = f.hour * HOUR_MS + f.minute * 60000 + f.second * 1000 +
	       f.millisecond;
	if (time > shift->end)
		time = shift->end;
	time = time > shift->start ? time - shift->start : 0;
	*ret = calendar_floor_div(day, 7) * 5 * each +
	       (weekday < 5 ? weekday * each + time : 5 * each);
	return true;
}

/** What counts from `from` to `to`, in units of so many milliseconds. */
static struct value
counted(struct template_run *run, struct value from, struct value to,
	const struct shift *shift, int64_t unit)
{
	int64_t start, end;

	if (!counted_until(run, from, shift, &start) ||
		!counted_until(run, to, shift, &end))
		return value_empty();
	return value_number((double)(end - start) / (double)unit);
}

static struct value
apply_week_day_difference(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return counted(run, args[1], args[0], &all_day, DAY_MS);
}

static struct value
apply_work_minutes(
	struct template_run *run, const struct value *args, size_t count)
{
	(void)count;
	return counted(run, args[0], args[1], &office_hours, 60000);
}

/** Today included, up to Friday or the last of the month. */
static struct value
apply_days_in_split_week(
	struct template_run *run, const struct value *args, size_t count)
{
	struct date_fields f;
	int64_t in_week, in_month;

	(void)count;
	if (!template_date_fields(run, args[0], &f))
		return value_empty();
	in_week = f.weekday == 0 || f.weekday == 6 ? 0 : 6 - f.weekday;
	in_month = calendar_days_in_month(f.year, (int)f.month) - f.day + 1;
	return value_number((double)(in_week < in_month ? in_week : in_month));
}

static struct value
apply_add_week_days(
	struct template_run *run, const struct value *args, size_t count)
{
	struct date_fields fields;
	int64_t left, weekday, step;

	(void)count;
	if (!template_date_fields(run, args[0], &fields) ||
		!template_date_whole(run, args[1], &left) ||
		llabs(left) > 1000000)
		return value_empty();
	step = left < 0 ? -1 : 1;
	weekday = fields.weekday;
	fields.day += left / 5 * 7;
	for (left = llabs(left % 5); left > 0;) {
		fields.day += step;
		weekday = calendar_floor_mod(weekday + step, 7);
		left -= weekday != 0 && weekday != 6;
	}
	return template_date_from(run, &fields);
}

/* ---- parts ---- */

enum part {
	PART_DAY,
	PART_WEEKDAY,
	PART_DAYS_IN_MONTH,
	PART_DAYS_IN_YEAR,
	PART_HOUR,
	PART_MINUTE,
	PART_SECOND,
	PART_MONTH,
	PART_YEAR,
};

static int64_t
part_of(const struct date_fields *fields, enum part part)
{
	switch (part) {
	case PART_DAY: return fields->day;
	case PART_WEEKDAY: return fields->weekday + 1;
	case PART_DAYS_IN_MONTH:
		return calendar_days_in_month(fields->year, (int)fields->month);
	case PART_DAYS_IN_YEAR:
		return calendar_is_leap_year(fields->year) ? 366 : 365;
	case PART_HOUR: return fields->hour;
	case PART_MINUTE: return fields->minute;
	case PART_SECOND: return fields->second;
	case PART_MONTH: return fields->month;
	case PART_YEAR: return fields->year;
	}
	return 0;
}

#define PART(name_, part_) \
	static struct value apply_##name_(struct template_run *run, \
		const struct value *args, size_t count) \
	{ \
		struct date_fields fields; \
\
		(void)count; \
		if (!template_date_fields(run, args[0], &fields)) \
			return value_empty(); \
		return value_number((double)part_of(&fields, part_)); \
	}

PART(day_of_month, PART_DAY)
PART(day_of_week, PART_WEEKDAY)
PART(days_in_month, PART_DAYS_IN_MONTH)
PART(days_in_year, PART_DAYS_IN_YEAR)
PART(hour, PART_HOUR)
PART(minute, PART_MINUTE)
PART(second, PART_SECOND)
PART(month, PART_MONTH)
PART(year, PART_YEAR)

static struct value
apply_is_weekend(
	struct template_run *run, const struct value *args, size_t count)
{
	struct date_fields fields;

	(void)count;
	if (!template_date_fields(run, args[0], &fields))
		return value_empty();
	return value_boolean(fields.weekday == 0 || fields.weekday == 6);
}

/** The first millisecond of a month, counted from that of the date. */
static bool
month_start(struct template_run *run, struct value value, int64_t months,
	int64_t *ret)
{
	struct date_fields fields;

	if (!template_date_fields(run, value, &fields))
		return false;
	fields = (struct date_fields){
		.year = fields.year, .month = fields.month + months, .day = 1};
	return date_join(&fields, run->scope->zone, ret);
}

static struct value
apply_start_of_month(
	struct template_run *run, const struct value *args, size_t count)
{
	int64_t date;

	(void)count;
	return month_start(run, args[0], 0, &date) ? value_date(date)
						   : value_empty();
}

static struct value
apply_end_of_month(
	struct template_run *run, const struct value *args, size_t count)
{
	int64_t date;

	(void)count;
	return month_start(run, args[0], 1, &date) ? value_date(date - 1)
						   : value_empty();
}

/** The latest (sign 1) or earliest (-1) of all dates. */
static struct value
extreme(struct template_run *run, const struct value *args, size_t count,
	int sign)
{
	struct value found = value_empty();

	for (size_t i = 0; i < count && !run->err; i++) {
		struct value items = template_run_to_array(run, args[i]);

		for (size_t j = 0; j < items.as.array.count; j++) {
			int64_t date;

			if (!template_run_to_date(
				    run, items.as.array.items[j], &date))
				continue;
			if (value_is_empty(found) ||
				(date > found.as.date) -
						(date < found.as.date) ==
					sign)
				found = value_date(date);
		}
	}
	return found;
}

static struct value
apply_max(struct template_run *run, const struct value *args, size_t count)
{
	return extreme(run, args, count, 1);
}

static struct value
apply_min(struct template_run *run, const struct value *args, size_t count)
{
	return extreme(run, args, count, -1);
}

#define OF_DATE(name_, summary_, apply_) \
	{ \
		.name = (name_), .signature = "(date)", .summary = (summary_), \
		.is_fusion = true, .args_min = 1, .args_max = 1, \
		.apply = (apply_) \
	}

static const struct template_function rows[] = {
	{.name = "addWeekDays",
		.signature = "(date; number)",
		.summary = "so many days later without Saturdays and Sundays",
		.is_fusion = true,
		.args_min = 2,
		.args_max = 2,
		.apply = apply_add_week_days},
	{.name = "weekDayDiff",
		.signature = "(a; b)",
		.summary = "the days from b to a, parts of days included, "
			   "without Saturdays and Sundays",
		.is_fusion = true,
		.args_min = 2,
		.args_max = 2,
		.apply = apply_week_day_difference},
	{.name = "workMinutesDiff",
		.signature = "(a; b)",
		.summary = "the minutes from a to b on Mondays to Fridays from "
			   "9 to 17 o'clock",
		.is_fusion = true,
		.args_min = 2,
		.args_max = 2,
		.apply = apply_work_minutes},
	OF_DATE("daysInSplitWeek",
		"the week days left, today included, up to the end of the "
		"week or the month",
		apply_days_in_split_week),
	OF_DATE("dayOfMonth", "1 to 31", apply_day_of_month),
	OF_DATE("dayOfWeek", "1 (Sunday) to 7", apply_day_of_week),
	OF_DATE("daysInMonth", "28 to 31", apply_days_in_month),
	OF_DATE("daysInYear", "365 or 366", apply_days_in_year),
	{.name = "dateMax",
		.signature = "(date; …)",
		.summary = "the latest",
		.is_fusion = true,
		.args_min = 1,
		.args_max = TEMPLATE_MANY,
		.arrays = UINT32_MAX,
		.apply = apply_max},
	{.name = "dateMin",
		.signature = "(date; …)",
		.summary = "the earliest",
		.is_fusion = true,
		.args_min = 1,
		.args_max = TEMPLATE_MANY,
		.arrays = UINT32_MAX,
		.apply = apply_min},
	OF_DATE("startOfMonth", "when its month begins", apply_start_of_month),
	OF_DATE("endOfMonth", "the last millisecond of its month",
		apply_end_of_month),
	OF_DATE("hour", "0 to 23", apply_hour),
	OF_DATE("minute", "0 to 59", apply_minute),
	OF_DATE("second", "0 to 59", apply_second),
	OF_DATE("month", "1 to 12", apply_month),
	OF_DATE("year", "the year", apply_year),
	OF_DATE("isWeekend", "whether it is a Saturday or Sunday",
		apply_is_weekend),
};

const struct template_group template_date_part_functions = {
	"Date, from Fusion", rows, COUNT_OF(rows)};
