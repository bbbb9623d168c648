#include "base/ascii.h"
#include "base/calendar.h"
#include "base/zone.h"
#include "rule/date.h"

struct cursor {
	struct str left;
	bool failed;
};

struct read {
	struct date_fields fields;
	int64_t offset; /* in seconds */
	bool has_offset;
};

static bool
next_is(const struct cursor *c, char wanted)
{
	return c->left.len && c->left.ptr[0] == wanted;
}

static bool
take(struct cursor *c, char wanted)
{
	if (!next_is(c, wanted))
		return false;
	c->left = str_skip(c->left, 1);
	return true;
}

static bool
take_word(struct cursor *c, const char *word)
{
	struct str wanted = str_of(word);

	if (!str_equal_nocase(str_head(c->left, wanted.len), wanted))
		return false;
	c->left = str_skip(c->left, wanted.len);
	return true;
}

static void
skip_blanks(struct cursor *c)
{
	while (take(c, ' '))
		;
}

static size_t
count_digits(const struct cursor *c)
{
	size_t count = 0;

	while (count < c->left.len && ascii_is_digit(c->left.ptr[count]))
		count++;
	return count;
}

/** Between `min` and `max` digits. */
static int
digits(struct cursor *c, size_t min, size_t max)
{
	size_t count = count_digits(c);
	int value = 0;

	if (count < min || count > max) {
		c->failed = true;
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		value = value * 10 + (c->left.ptr[i] - '0');
	c->left = str_skip(c->left, count);
	return value;
}

static void
separator(struct cursor *c, char wanted)
{
	if (!take(c, wanted))
		c->failed = true;
}

/* ---- the date: what comes first tells the form ---- */

static void
read_year_first(struct cursor *c, char divider, struct date_fields *fields)
{
	fields->year = digits(c, 4, 4);
	separator(c, divider);
	fields->month = digits(c, 1, 2);
	separator(c, divider);
	fields->day = digits(c, 1, 2);
}

static void
read_compact(struct cursor *c, struct date_fields *fields)
{
	int all = digits(c, 8, 8);

	fields->year = all / 10000;
	fields->month = all / 100 % 100;
	fields->day = all % 100;
}

static void
read_day_first(struct cursor *c, struct date_fields *fields)
{
	fields->day = digits(c, 1, 2);
	separator(c, '.');
	fields->month = digits(c, 1, 2);
	separator(c, '.');
	fields->year = digits(c, 4, 4);
}

static void
read_month_first(struct cursor *c, struct date_fields *fields)
{
	fields->month = digits(c, 1, 2);
	separator(c, '/');
	fields->day = digits(c, 1, 2);
	separator(c, '/');
	fields->year = digits(c, 4, 4);
}

static void
read_date(struct cursor *c, struct date_fields *fields)
{
	size_t count = count_digits(c);
	char divider = count < c->left.len ? c->left.ptr[count] : '\0';

	if (count == 4 && (divider == '-' || divider == '/'))
		read_year_first(c, divider, fields);
	else if (count == 8)
		read_compact(c, fields);
	else if (divider == '.')
		read_day_first(c, fields);
	else
		read_month_first(c, fields);
	if (c->failed || fields->month < 1 || fields->month > 12 ||
		fields->day < 1 ||
		fields->day > calendar_days_in_month(
				      fields->year, (int)fields->month))
		c->failed = true;
}

/* ---- the time ---- */

/** Thousandths from however many digits. */
static int
read_fraction(struct cursor *c)
{
	size_t count = count_digits(c);
	int value = 0;

	if (count == 0)
		c->failed = true;
	for (size_t i = 0; i < 3; i++)
		value = value * 10 + (i < count ? c->left.ptr[i] - '0' : 0);
	c->left = str_skip(c->left, count);
	return value;
}

/** AM and PM, if one stands there. */
static void
read_half_of_day(struct cursor *c, struct date_fields *fields)
{
	struct cursor at = *c;
	bool is_pm;

	skip_blanks(&at);
	is_pm = take_word(&at, "PM");
	if (!is_pm && !take_word(&at, "AM"))
		return;
	if (fields->hour < 1 || fields->hour > 12)
		c->failed = true;
	fields->hour = fields->hour % 12 + (is_pm ? 12 : 0);
	c->left = at.left;
}

static void
read_time(struct cursor *c, struct date_fields *fields)
{
	fields->hour = digits(c, 1, 2);
	separator(c, ':');
	fields->minute = digits(c, 2, 2);
	if (take(c, ':')) {
		fields->second = digits(c, 2, 2);
		if (take(c, '.') || take(c, ','))
			fields->millisecond = read_fraction(c);
	}
	read_half_of_day(c, fields);
	if (fields->hour > 23 || fields->minute > 59 || fields->second > 60)
		c->failed = true;
}

/** Z, GMT, UTC, +02:00, +0200, +02, GMT+02:00. */
static void
read_offset(struct cursor *c, struct read *read)
{
	bool is_utc = take(c, 'Z') || take(c, 'z') || take_word(c, "GMT") ||
		      take_word(c, "UTC");
	int sign = next_is(c, '-') ? -1 : 1;
	int hours, minutes = 0;

	read->has_offset = true;
	if (!take(c, '+') && !take(c, '-')) {
		c->failed |= !is_utc;
		return;
	}
	if (count_digits(c) == 4) {
		hours = digits(c, 4, 4);
		minutes = hours % 100;
		hours /= 100;
	} else {
		hours = digits(c, 1, 2);
		if (take(c, ':'))
			minutes = digits(c, 2, 2);
	}
	if (hours > 23 || minutes > 59)
		c->failed = true;
	read->offset = sign * (hours * 3600 + minutes * 60);
}

bool
date_read(struct str text, const struct zone *zone, int64_t *ret_milliseconds)
{
	struct cursor c = {str_trim(text), false};
	struct read read = {0};

	read_date(&c, &read.fields);
	if (!c.failed && c.left.len) {
		if (!take(&c, 'T'))
			take(&c, 't');
		skip_blanks(&c);
		if (ascii_is_digit(c.left.len ? c.left.ptr[0] : '\0'))
			read_time(&c, &read.fields);
		skip_blanks(&c);
	}
	if (!c.failed && c.left.len)
		read_offset(&c, &read);
	if (c.failed || c.left.len)
		return false;
	if (read.has_offset)
		return date_join_offset(
			&read.fields, read.offset, ret_milliseconds);
	return date_join(&read.fields, zone, ret_milliseconds);
}
