#include "rule/date.h"

#include "base/ascii.h"
#include "base/calendar.h"
#include "base/zone.h"

#define DAY_MS INT64_C(86400000)

static const char *const weekday_names[] = {"Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"January", "February", "March",
	"April", "May", "June", "July", "August", "September", "October",
	"November", "December"};

const char *
date_weekday_name(int weekday)
{
	return weekday_names[weekday];
}

const char *
date_month_name(int month)
{
	return month_names[month - 1];
}

static int
index_of(struct str name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++) {
		if (str_equal_nocase(name, str_of(names[i])))
			return i;
	}
	return -1;
}

int
date_weekday_of(struct str name)
{
	return index_of(name, weekday_names, (int)COUNT_OF(weekday_names));
}

int
date_month_of(struct str name)
{
	int index = index_of(name, month_names, (int)COUNT_OF(month_names));

	return index < 0 ? -1 : index + 1;
}

struct date_fields
date_split(int64_t milliseconds, const struct zone *zone)
{
	int32_t offset =
		zone_offset(zone, calendar_floor_div(milliseconds, 1000));
	int64_t local = milliseconds + offset * INT64_C(1000);
	int64_t days = calendar_floor_div(local, DAY_MS);
	int64_t left = local - days * DAY_MS;
	struct calendar_date date = calendar_date_of(days);

	return (struct date_fields){
		.year = date.year,
		.month = date.month,
		.day = date.day,
		.hour = left / 3600000,
		.minute = left / 60000 % 60,
		.second = left / 1000 % 60,
		.millisecond = left % 1000,
		.weekday = calendar_weekday(days),
		.day_of_year = (int)(days - calendar_days(date.year, 1, 1)) + 1,
		.offset = offset,
	};
}

/** No field may be so far off that the sum of all could overflow. */
static bool
is_sane(const struct date_fields *fields)
{
	const int64_t values[] = {fields->year, fields->month, fields->day,
		fields->hour, fields->minute, fields->second,
		fields->millisecond};
	const int64_t max = INT64_C(1000000000000000);

	for (size_t i = 0; i < COUNT_OF(values); i++) {
		if (values[i] < -max || values[i] > max)
			return false;
	}
	return fields->year > -100000 && fields->year < 100000 &&
	       fields->month > -1000000 && fields->month < 1000000 &&
	       fields->day > -10000000 && fields->day < 10000000 &&
	       fields->hour > -max / 10000 && fields->hour < max / 10000;
}

/** Local milliseconds since 1970, months and everything else carried. */
static bool
local_milliseconds(const struct date_fields *fields, int64_t *ret)
{
	int64_t month = fields->month - 1;
	int64_t year, days;

	if (!is_sane(fields))
		return false;
	year = fields->year + calendar_floor_div(month, 12);
	month = calendar_floor_mod(month, 12);
	days = calendar_days(year, (int)month + 1, fields->day);
	*ret = days * DAY_MS + fields->hour * 3600000 + fields->minute * 60000 +
	       fields->second * 1000 + fields->millisecond;
	return true;
}

static bool
within_range(int64_t milliseconds, int64_t *ret)
{
	if (milliseconds < DATE_MIN || milliseconds > DATE_MAX)
		return false;
	*ret = milliseconds;
	return true;
}

bool
date_join(const struct date_fields *fields, const struct zone *zone,
	int64_t *ret_milliseconds)
{
	int64_t local, seconds;

	if (!local_milliseconds(fields, &local))
		return false;
	seconds = zone_to_utc(zone, calendar_floor_div(local, 1000));
	return within_range(seconds * 1000 + calendar_floor_mod(local, 1000),
		ret_milliseconds);
}

bool
date_join_offset(const struct date_fields *fields, int64_t offset,
	int64_t *ret_milliseconds)
{
	int64_t local;

	return local_milliseconds(fields, &local) &&
	       within_range(local - offset * 1000, ret_milliseconds);
}

void
date_add_months(struct date_fields *fields, int64_t months)
{
	int64_t month = fields->month - 1 + months;
	int last;

	fields->year += calendar_floor_div(month, 12);
	fields->month = calendar_floor_mod(month, 12) + 1;
	last = calendar_days_in_month(fields->year, (int)fields->month);
	if (fields->day > last)
		fields->day = last;
}
