#include "base/zone_rule.h"

#include "base/ascii.h"
#include "base/calendar.h"

enum { DAY = 86400 };

struct cursor {
	struct str left;
	bool failed;
};

static bool
take(struct cursor *c, char wanted)
{
	if (c->left.len == 0 || c->left.ptr[0] != wanted)
		return false;
	c->left = str_skip(c->left, 1);
	return true;
}

static int
number(struct cursor *c, int min, int max)
{
	int value = 0;
	size_t count = 0;

	while (count < 3 && count < c->left.len &&
		ascii_is_digit(c->left.ptr[count]))
		value = value * 10 + (c->left.ptr[count++] - '0');
	c->left = str_skip(c->left, count);
	if (count == 0 || value < min || value > max)
		c->failed = true;
	return c->failed ? min : value;
}

/** A name of letters, or of anything between angle brackets. */
static void
name(struct cursor *c)
{
	size_t len = 0;

	if (take(c, '<')) {
		len = str_find_char(c->left, '>');
		if (len == SIZE_MAX)
			c->failed = true;
		else
			c->left = str_skip(c->left, len + 1);
		return;
	}
	while (len < c->left.len && ascii_is_letter(c->left.ptr[len]))
		len++;
	if (len == 0)
		c->failed = true;
	c->left = str_skip(c->left, len);
}

/** [+-]hh[:mm[:ss]] in seconds. */
static int32_t
duration(struct cursor *c, int hours_max)
{
	int sign = 1;
	int32_t seconds;

	if (take(c, '-'))
		sign = -1;
	else
		take(c, '+');
	seconds = number(c, 0, hours_max) * 3600;
	if (take(c, ':'))
		seconds += number(c, 0, 59) * 60;
	if (take(c, ':'))
		seconds += number(c, 0, 59);
	return sign * seconds;
}

static struct zone_change
change(struct cursor *c)
{
	struct zone_change change = {.time = 2 * 3600, .month = 1};

	if (!take(c, ','))
		c->failed = true;
	if (take(c, 'M')) {
		change.kind = ZONE_DAY_OF_WEEK;
		change.month = number(c, 1, 12);
		c->failed |= !take(c, '.');
		change.week = number(c, 1, 5);
		c->failed |= !take(c, '.');
		change.day = number(c, 0, 6);
	} else if (take(c, 'J')) {
		change.kind = ZONE_DAY_JULIAN;
		change.day = number(c, 1, 365);
	} else {
		change.kind = ZONE_DAY_OF_YEAR;
		change.day = number(c, 0, 365);
	}
	if (take(c, '/'))
		change.time = duration(c, 167);
	return change;
}

enum err
zone_rule_parse(struct str text, struct zone_rule *ret)
{
	struct cursor c = {text, false};
	struct zone_rule rule = {0};

	name(&c);
	rule.standard = -duration(&c, 24);
	if (c.left.len) {
		rule.has_summer = true;
		name(&c);
		rule.summer = rule.standard + 3600;
		if (c.left.len && c.left.ptr[0] != ',')
			rule.summer = -duration(&c, 24);
		rule.start = change(&c);
		rule.end = change(&c);
	}
	if (c.failed || c.left.len)
		return ERR_INVALID;
	*ret = rule;
	return ERR_OK;
}

/** The local second (since 1970) at which the change is in this year. */
static int64_t
change_in(const struct zone_change *change, int64_t year)
{
	int64_t day = calendar_days(year, 1, 1);

	switch (change->kind) {
	case ZONE_DAY_OF_YEAR: day += change->day; break;
	case ZONE_DAY_JULIAN:
		day += change->day - 1;
		if (calendar_is_leap_year(year) && change->day > 59)
			day++;
		break;
	case ZONE_DAY_OF_WEEK:
		day = calendar_days(year, change->month, 1);
		day += (change->day - calendar_weekday(day) + 7) % 7;
		day += (change->week - 1) * 7;
		if (day >= calendar_days(year, change->month, 1) +
				   calendar_days_in_month(year, change->month))
			day -= 7;
		break;
	}
	return day * DAY + change->time;
}

int32_t
zone_rule_offset(const struct zone_rule *rule, int64_t seconds)
{
	int64_t year, start, end;
	bool is_summer;

	if (!rule->has_summer)
		return rule->standard;
	year = calendar_date_of(
		calendar_floor_div(seconds + rule->standard, DAY))
		       .year;
	start = change_in(&rule->start, year) - rule->standard;
	end = change_in(&rule->end, year) - rule->summer;
	if (start < end)
		is_summer = seconds >= start && seconds < end;
	else
		is_summer = seconds >= start || seconds < end;
	return is_summer ? rule->summer : rule->standard;
}
