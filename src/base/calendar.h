#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * The proleptic Gregorian calendar, as days since 1970-01-01. Years are
 * astronomical: 0 is 1 BC. Works for all years within ±10^9.
 */
struct calendar_date {
	int64_t year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

/** `month` is within 1 to 12; a day out of the month counts on. */
int64_t calendar_days(int64_t year, int month, int64_t day);

struct calendar_date calendar_date_of(int64_t days);

/** 0 is Sunday. */
int calendar_weekday(int64_t days);

bool calendar_is_leap_year(int64_t year);
int calendar_days_in_month(int64_t year, int month);

/** Rounds down, also below zero; and what is left then. */
static inline int64_t
calendar_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

static inline int64_t
calendar_floor_mod(int64_t a, int64_t b)
{
	return a - calendar_floor_div(a, b) * b;
}
