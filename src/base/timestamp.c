#include "base/timestamp.h"

#include <time.h>

#include "base/ascii.h"
#include "base/calendar.h"
#include "base/clock.h"

struct cursor {
	struct str left;
	bool failed;
};

static int
digits(struct cursor *c, size_t count)
{
	int value = 0;

	if (c->left.len < count) {
		c->failed = true;
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		char d = c->left.ptr[i];

		if (d < '0' || d > '9') {
			c->failed = true;
			return 0;
		}
		value = value * 10 + (d - '0');
	}
	c->left = str_skip(c->left, count);
	return value;
}

static char
letter(struct cursor *c, const char *allowed)
{
	char got;

	if (c->left.len == 0 || c->left.ptr[0] == '\0' ||
		strchr(allowed, c->left.ptr[0]) == NULL) {
		c->failed = true;
		return 0;
	}
	got = c->left.ptr[0];
	c->left = str_skip(c->left, 1);
	return got;
}

static int64_t
read_date(struct cursor *c)
{
	int year = digits(c, 4);
	int month, day;

	letter(c, "-");
	month = digits(c, 2);
	letter(c, "-");
	day = digits(c, 2);
	if (c->failed || month < 1 || month > 12 || day < 1 ||
		day > calendar_days_in_month(year, month)) {
		c->failed = true;
		return 0;
	}
	return calendar_days(year, month, day);
}

static int64_t
read_time(struct cursor *c, struct str *ret_fraction)
{
	int hour = digits(c, 2);
	int minute, second;
	size_t count = 0;

	letter(c, ":");
	minute = digits(c, 2);
	letter(c, ":");
	second = digits(c, 2);
	if (c->failed || hour > 23 || minute > 59 || second > 60) {
		c->failed = true;
		return 0;
	}
	*ret_fraction = (struct str){NULL, 0};
	if (c->left.len && c->left.ptr[0] == '.') {
		c->left = str_skip(c->left, 1);
		while (count < c->left.len &&
			ascii_is_digit(c->left.ptr[count]))
			count++;
		if (count == 0)
			c->failed = true;
		*ret_fraction = str_head(c->left, count);
		c->left = str_skip(c->left, count);
	}
	return hour * 3600 + minute * 60 + second;
}

static int64_t
read_offset(struct cursor *c)
{
	char sign = letter(c, "Zz+-");
	int hour, minute;

	if (c->failed || sign == 'Z' || sign == 'z')
		return 0;
	hour = digits(c, 2);
	letter(c, ":");
	minute = digits(c, 2);
	if (hour > 23 || minute > 59)
		c->failed = true;
	return (sign == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
}

enum err
timestamp_parse(struct str text, struct timestamp *ret)
{
	struct cursor c = {text, false};
	struct str fraction = {NULL, 0};
	int64_t day = read_date(&c);
	int64_t time, offset;

	letter(&c, "Tt");
	time = read_time(&c, &fraction);
	offset = read_offset(&c);
	if (c.failed || c.left.len != 0)
		return ERR_INVALID;
	ret->seconds = day * 86400 + time - offset;
	ret->fraction = fraction;
	return ERR_OK;
}

enum err
timestamp_parse_date(struct str text, struct timestamp *ret)
{
	struct cursor c = {text, false};
	int64_t day = read_date(&c);

	if (c.failed || c.left.len != 0)
		return ERR_INVALID;
	*ret = (struct timestamp){.seconds = day * 86400};
	return ERR_OK;
}

enum err
timestamp_parse_microseconds(struct str text, int64_t *ret)
{
	struct timestamp t;
	int64_t micro = 0;

	if (timestamp_parse(text, &t))
		return ERR_INVALID;
	for (size_t i = 0; i < 6; i++) {
		micro *= 10;
		if (i < t.fraction.len)
			micro += t.fraction.ptr[i] - '0';
	}
	*ret = t.seconds * SECONDS + micro;
	return ERR_OK;
}

static struct str
without_trailing_zeros(struct str digits)
{
	while (digits.len && digits.ptr[digits.len - 1] == '0')
		digits.len--;
	return digits;
}

int
timestamp_compare(struct timestamp a, struct timestamp b)
{
	if (a.seconds != b.seconds)
		return a.seconds < b.seconds ? -1 : 1;
	return str_compare(without_trailing_zeros(a.fraction),
		without_trailing_zeros(b.fraction));
}

const char *
timestamp_format(int64_t microseconds, char text[TIMESTAMP_TEXT_SIZE])
{
	/* Of the least number the rounded down times SECONDS is no int64_t. */
	int64_t micro = microseconds % SECONDS;
	int64_t seconds = microseconds / SECONDS - (micro < 0);
	int64_t of_day = calendar_floor_mod(seconds, 86400);
	struct calendar_date date =
		calendar_date_of(calendar_floor_div(seconds, 86400));
	const struct {
		char behind;
		unsigned digits;
		int64_t value;
	} parts[] = {
		{'-', 4, calendar_floor_mod(date.year, 10000)},
		{'-', 2, date.month},
		{'T', 2, date.day},
		{':', 2, of_day / 3600},
		{':', 2, of_day / 60 % 60},
		{'.', 2, of_day % 60},
		{'Z', 6, micro < 0 ? micro + SECONDS : micro},
	};
	char *at = text;

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		int64_t rest = parts[i].value;

		for (unsigned digit = parts[i].digits; digit-- > 0; rest /= 10)
			at[digit] = (char)('0' + rest % 10);
		at += parts[i].digits;
		*at++ = parts[i].behind;
	}
	*at = '\0';
	return text;
}

void
timestamp_append(struct buf *out, int64_t microseconds)
{
	char text[TIMESTAMP_TEXT_SIZE];

	buf_append(out, str_of(timestamp_format(microseconds, text)));
}

/** The index of the name that `left` begins with, which is taken off. */
static int
name(struct cursor *c, const char *const *names, int count, size_t len)
{
	for (int i = 0; i < count; i++) {
		struct str full = str_of(names[i]);
		struct str wanted = len ? str_head(full, len) : full;

		if (str_starts_with(c->left, wanted)) {
			c->left = str_skip(c->left, wanted.len);
			return i;
		}
	}
	c->failed = true;
	return 0;
}

static void
literal(struct cursor *c, struct str expected)
{
	if (!str_starts_with(c->left, expected))
		c->failed = true;
	else
		c->left = str_skip(c->left, expected.len);
}

/** RFC 9110 §5.6.7: over 50 years ahead means the past century. */
static int
full_year(int two_digits)
{
	struct tm tm;
	time_t now = (time_t)(clock_now() / SECONDS);
	int this_year, year;

	gmtime_r(&now, &tm);
	this_year = tm.tm_year + 1900;
	year = this_year - this_year % 100 + two_digits;
	return year > this_year + 50 ? year - 100 : year;
}

static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/*
 * The three forms as patterns: w Sun, W Sunday, d 2DIGIT day, _ day padded
 * with a blank, M month, Y 4DIGIT year, y 2DIGIT year, T hh:mm:ss, Z GMT;
 * all else stands for itself.
 */
static const char *const http_forms[] = {
	"w, d M Y T Z", /* IMF-fixdate */
	"W, d-M-y T Z", /* RFC 850 */
	"w M _ T Y",	/* asctime */
};

struct http_date {
	int year, month, day;
	int64_t time;
};

static void
read_http_part(struct cursor *c, char part, struct http_date *date)
{
	struct str fraction = {NULL, 0};

	switch (part) {
	case 'w': name(c, days, COUNT_OF(days), 3); break;
	case 'W': name(c, days, COUNT_OF(days), 0); break;
	case 'M': date->month = name(c, months, COUNT_OF(months), 0) + 1; break;
	case 'd': date->day = digits(c, 2); break;
	case '_':
		if (str_starts_with(c->left, STR(" "))) {
			literal(c, STR(" "));
			date->day = digits(c, 1);
		} else {
			date->day = digits(c, 2);
		}
		break;
	case 'Y': date->year = digits(c, 4); break;
	case 'y': date->year = full_year(digits(c, 2)); break;
	case 'T':
		date->time = read_time(c, &fraction);
		c->failed |= fraction.len > 0;
		break;
	case 'Z': literal(c, STR("GMT")); break;
	default: literal(c, str_make(&part, 1)); break;
	}
}

enum err
timestamp_parse_http(struct str text, int64_t *ret_seconds)
{
	for (size_t i = 0; i < COUNT_OF(http_forms); i++) {
		struct cursor c = {text, false};
		struct http_date date = {0};

		for (const char *at = http_forms[i]; *at && !c.failed; at++)
			read_http_part(&c, *at, &date);
		if (c.failed || c.left.len > 0 || date.day < 1 ||
			date.day >
				calendar_days_in_month(date.year, date.month))
			continue;
		*ret_seconds =
			calendar_days(date.year, date.month, date.day) * 86400 +
			date.time;
		return ERR_OK;
	}
	return ERR_INVALID;
}
