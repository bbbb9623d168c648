#pragma once
#include "base/str.h"

struct zone;

/*
 * Instants as calendars show them. An instant is milliseconds since 1970;
 * its fields are those of the proleptic Gregorian calendar in a time zone
 * (NULL: UTC).
 */
#define DATE_MIN INT64_C(-62167219200000) /* 0000-01-01 */
#define DATE_MAX INT64_C(253402300799999) /* 9999-12-31 */

struct date_fields {
	int64_t year;
	int64_t month; /* 1 to 12 */
	int64_t day;   /* 1 to 31 */
	int64_t hour;
	int64_t minute;
	int64_t second;
	int64_t millisecond;
	int weekday;	 /* 0 is Sunday; not read by date_join() */
	int day_of_year; /* 1 to 366; not read */
	int32_t offset;	 /* seconds east of UTC; not read */
};

/** `milliseconds` is within DATE_MIN and DATE_MAX. */
struct date_fields date_split(int64_t milliseconds, const struct zone *zone);

/**
 * The instant of local fields, which carry over: month 13 is January of the
 * next year, hour -6 is the day before. In the hour that a clock change
 * leaves out, the clock has gone on already; in the hour that it repeats, the
 * first time is meant. False outside the years that dates have.
 */
bool date_join(const struct date_fields *fields, const struct zone *zone,
	int64_t *ret_milliseconds) MUST_USE;

/** The same for local time with an offset of its own, in seconds. */
bool date_join_offset(const struct date_fields *fields, int64_t offset,
	int64_t *ret_milliseconds) MUST_USE;

/** Adds months and lets the day end with the month (31 -> 30, 29, 28). */
void date_add_months(struct date_fields *fields, int64_t months);

/**
 * Reads a date as people and programs write it; local time of `zone` unless
 * it says its offset:
 *   2016-06-20[T17:26[:44[.356]]][Z]   ISO 8601; also with blanks
 *   2016/06/20 17:26:44+02:00, 2016/06/20 5:26 PM
 *   06/20/2016 … month first, 20.6.2016 … day first
 *   … GMT+02:00, +0200, +02
 */
bool date_read(struct str text, const struct zone *zone,
	int64_t *ret_milliseconds) MUST_USE;

/** The English names, "Sunday" is 0, "January" is 1; -1: none, any case. */
int date_weekday_of(struct str name);
int date_month_of(struct str name);
const char *date_weekday_name(int weekday);
const char *date_month_name(int month);
