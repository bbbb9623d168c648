#include "base/ascii.h"
#include "base/calendar.h"
#include "rule/date_format.h"
#include "rule/date_token.h"

enum { ABSENT = -1 };

/* What a text said; ABSENT: nothing. */
struct found {
	int64_t year, month, day, day_of_year, quarter;
	int64_t week_year, week, iso_week_year, iso_week, iso_weekday;
	int64_t hour, minute, second, millisecond;
	int half; /* 0: am, 1: pm */
	bool has_offset, has_instant, has_any;
	int64_t offset, instant;
};

struct reader {
	struct str left;
	struct found found;
	bool failed;
};

/* ---- pieces of a text ---- */

static size_t
count_digits(struct str text, size_t max)
{
	size_t count = 0;

	while (count < text.len && count < max &&
		ascii_is_digit(text.ptr[count]))
		count++;
	return count;
}

static int64_t
read_digits(struct reader *r, size_t max)
{
	size_t count = count_digits(r->left, max);
	int64_t number = 0;

	if (count == 0)
		r->failed = true;
	for (size_t i = 0; i < count; i++)
		number = number * 10 + (r->left.ptr[i] - '0');
	r->left = str_skip(r->left, count);
	return number;
}

static bool
take_sign(struct reader *r)
{
	bool is_negative = r->left.len && r->left.ptr[0] == '-';

	if (r->left.len && (is_negative || r->left.ptr[0] == '+'))
		r->left = str_skip(r->left, 1);
	return is_negative;
}

static bool
take_word(struct reader *r, struct str word)
{
	if (!str_equal_nocase(str_head(r->left, word.len), word))
		return false;
	r->left = str_skip(r->left, word.len);
	return true;
}

/** Digits only, and a number within its bounds. */
static void
read_field(struct reader *r, size_t max_digits, int64_t min, int64_t max,
	int64_t *field)
{
	int64_t number = read_digits(r, max_digits);

	if (r->failed || number < min || number > max)
		r->failed = true;
	else
		*field = number;
}

/** Two digits up to 68 are of this century, as POSIX has it. */
static int64_t
full_year(int64_t year, size_t digits)
{
	if (digits != 2)
		return year;
	return year > 68 ? year + 1900 : year + 2000;
}

static void
read_year(struct reader *r, const struct date_token *token, int64_t *field)
{
	bool is_negative = token->width == 0 && take_sign(r);
	size_t count = count_digits(r->left, token->width == 2 ? 2 : 4);

	read_field(r, count, 0, 9999, field);
	*field = full_year(*field, token->width ? count : 4);
	if (is_negative)
		r->failed = true;
}

static void
read_name(struct reader *r, const struct date_token *token, int first, int last)
{
	for (int i = first; i <= last; i++) {
		bool is_month = token->kind == DATE_TOKEN_MONTH_NAME;
		struct str name = str_of(
			is_month ? date_month_name(i) : date_weekday_name(i));

		if (!take_word(r, name) && !take_word(r, str_head(name, 3)))
			continue;
		if (is_month)
			r->found.month = i;
		return;
	}
	r->failed = true;
}

static void
read_ordinal(struct reader *r)
{
	static const char *const endings[] = {"st", "nd", "rd", "th"};

	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		if (take_word(r, str_of(endings[i])))
			return;
	}
}

static void
read_half(struct reader *r)
{
	static const struct {
		const char *word;
		int half;
	} words[] = {{"am", 0}, {"a", 0}, {"pm", 1}, {"p", 1}};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (take_word(r, str_of(words[i].word))) {
			r->found.half = words[i].half;
			return;
		}
	}
	r->failed = true;
}

/** However many digits; the first three count. */
static int64_t
read_thousandths(struct reader *r, size_t max)
{
	size_t count = count_digits(r->left, max);
	int64_t number = 0;

	if (count == 0)
		r->failed = true;
	for (size_t i = 0; i < 3; i++)
		number = number * 10 + (i < count ? r->left.ptr[i] - '0' : 0);
	r->left = str_skip(r->left, count);
	return number;
}

static void
read_offset(struct reader *r)
{
	int64_t hours, minutes;
	bool is_negative;

	r->found.has_offset = true;
	if (take_word(r, STR("Z")))
		return;
	if (!r->left.len || !strchr("+-", r->left.ptr[0])) {
		r->failed = true;
		return;
	}
	is_negative = take_sign(r);
	hours = read_digits(r, 2);
	take_word(r, STR(":"));
	minutes = read_digits(r, 2);
	if (hours > 23 || minutes > 59)
		r->failed = true;
	r->found.offset = (hours * 60 + minutes) * 60 * (is_negative ? -1 : 1);
}

/** Seconds with decimals, or milliseconds. */
static void
read_instant(struct reader *r, bool is_seconds)
{
	bool is_negative = take_sign(r);
	int64_t instant = read_digits(r, 15);

	if (is_seconds)
		instant *= 1000;
	if (is_seconds && r->left.len > 1 && r->left.ptr[0] == '.' &&
		ascii_is_digit(r->left.ptr[1])) {
		r->left = str_skip(r->left, 1);
		instant += read_thousandths(r, 20);
	}
	r->found.has_instant = true;
	r->found.instant = is_negative ? -instant : instant;
}

static void
read_token(struct reader *r, const struct date_token *token)
{
	struct found *f = &r->found;

	switch (token->kind) {
	case DATE_TOKEN_YEAR: read_year(r, token, &f->year); break;
	case DATE_TOKEN_ISO_WEEK_YEAR:
		read_year(r, token, &f->iso_week_year);
		break;
	case DATE_TOKEN_QUARTER: read_field(r, 1, 1, 4, &f->quarter); break;
	case DATE_TOKEN_MONTH: read_field(r, 2, 1, 12, &f->month); break;
	case DATE_TOKEN_MONTH_NAME: read_name(r, token, 1, 12); break;
	case DATE_TOKEN_WEEKDAY_NAME: read_name(r, token, 0, 6); break;
	case DATE_TOKEN_DAY: read_field(r, 2, 1, 31, &f->day); break;
	case DATE_TOKEN_DAY_OF_YEAR:
		read_field(r, 3, 1, 366, &f->day_of_year);
		break;
	case DATE_TOKEN_ISO_WEEKDAY:
		read_field(r, 1, 1, 7, &f->iso_weekday);
		break;
	case DATE_TOKEN_WEEK: read_field(r, 2, 1, 53, &f->week); break;
	case DATE_TOKEN_ISO_WEEK: read_field(r, 2, 1, 53, &f->iso_week); break;
	case DATE_TOKEN_HOUR:
	case DATE_TOKEN_HOUR_12: read_field(r, 2, 0, 24, &f->hour); break;
	case DATE_TOKEN_HOUR_24:
		read_field(r, 2, 1, 24, &f->hour);
		f->hour = f->hour == 24 ? 0 : f->hour;
		break;
	case DATE_TOKEN_HALF: read_half(r); break;
	case DATE_TOKEN_MINUTE: read_field(r, 2, 0, 59, &f->minute); break;
	case DATE_TOKEN_SECOND: read_field(r, 2, 0, 59, &f->second); break;
	case DATE_TOKEN_FRACTION:
		f->millisecond = read_thousandths(r, (size_t)token->width);
		break;
	case DATE_TOKEN_OFFSET: read_offset(r); break;
	case DATE_TOKEN_SECONDS: read_instant(r, true); break;
	case DATE_TOKEN_MILLISECONDS: read_instant(r, false); break;
	case DATE_TOKEN_WEEKDAY:
	case DATE_TOKEN_WEEK_YEAR:
	case DATE_TOKEN_LITERAL: r->failed = true; break;
	}
	if (token->is_ordinal)
		read_ordinal(r);
}

/* ---- a text ---- */

static bool
is_word_part(char c)
{
	return ascii_is_digit(c) || ascii_is_letter(c) ||
	       (unsigned char)c >= 0x80;
}

/** Signs before a field; one that belongs to it is left. */
static void
skip_signs(struct reader *r, const struct date_token *token)
{
	bool has_sign = token->kind == DATE_TOKEN_OFFSET ||
			token->kind == DATE_TOKEN_SECONDS ||
			token->kind == DATE_TOKEN_MILLISECONDS;

	while (r->left.len && !is_word_part(r->left.ptr[0])) {
		if (has_sign && strchr("+-", r->left.ptr[0]))
			return;
		r->left = str_skip(r->left, 1);
	}
}

/** A letter or a digit must be there, a sign or a blank may be another. */
static void
read_literal(struct reader *r, struct str literal)
{
	if (str_starts_with(r->left, literal))
		r->left = str_skip(r->left, literal.len);
	else if (r->left.len && literal.len && is_word_part(literal.ptr[0]))
		r->failed = true;
}

static bool
read_all(struct reader *r, struct str format)
{
	while (format.len && !r->failed) {
		struct date_piece piece = date_token_next(&format);

		if (piece.token == NULL) {
			read_literal(r, piece.literal);
			continue;
		}
		skip_signs(r, piece.token);
		if (r->left.len == 0)
			continue;
		read_token(r, piece.token);
		r->found.has_any = true;
	}
	return r->found.has_any && !r->failed;
}

/* ---- from what was found to an instant ---- */

static int64_t
or_else(int64_t value, int64_t fallback)
{
	return value == ABSENT ? fallback : value;
}

/** A day by its week. False when none was named. */
static bool
day_of_week(const struct found *f, int64_t this_year, int64_t *ret)
{
	bool is_iso = f->iso_week != ABSENT || f->iso_week_year != ABSENT;
	struct date_week week;

	if (!is_iso && f->week == ABSENT)
		return false;
	week.year = or_else(f->iso_week_year, or_else(f->year, this_year));
	week.week = (int)or_else(is_iso ? f->iso_week : f->week, 1);
	*ret = date_week_start(week, is_iso);
	if (f->iso_weekday != ABSENT)
		*ret += is_iso ? f->iso_weekday - 1 : f->iso_weekday % 7;
	return true;
}

static bool
set_date(const struct found *f, const struct date_fields *today,
	struct date_fields *ret)
{
	bool names_month = f->month != ABSENT || f->quarter != ABSENT;
	int64_t day;

	ret->year = or_else(f->year, today->year);
	ret->month = 1;
	ret->day = 1;
	if (f->day_of_year != ABSENT) {
		ret->day = f->day_of_year;
		return f->day_of_year < 366 || calendar_is_leap_year(ret->year);
	}
	if (day_of_week(f, today->year, &day)) {
		ret->year = 1970;
		ret->day = day + 1;
		return true;
	}
	if (f->quarter != ABSENT)
		ret->month = f->quarter * 3 - 2;
	if (f->month != ABSENT)
		ret->month = f->month;
	else if (f->year == ABSENT && !names_month)
		ret->month = today->month;
	if (f->day != ABSENT)
		ret->day = f->day;
	else if (f->year == ABSENT && !names_month)
		ret->day = today->day;
	return ret->day <= calendar_days_in_month(ret->year, (int)ret->month);
}

static bool
set_time(const struct found *f, struct date_fields *ret)
{
	ret->hour = or_else(f->hour, 0);
	ret->minute = or_else(f->minute, 0);
	ret->second = or_else(f->second, 0);
	ret->millisecond = or_else(f->millisecond, 0);
	if (f->half != ABSENT && ret->hour <= 12)
		ret->hour = ret->hour % 12 + f->half * 12;
	/* 24:00 is the end of the day. */
	return ret->hour < 24 ||
	       (ret->minute == 0 && ret->second == 0 && ret->millisecond == 0);
}

bool
date_parse(struct str text, struct str format, const struct zone *zone,
	int64_t now, int64_t *ret_milliseconds)
{
	const struct found nothing = {ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,
		ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,
		ABSENT, ABSENT, false, false, false, 0, 0};
	struct reader r = {.left = text, .found = nothing};
	struct date_fields today = date_split(now, zone);
	struct date_fields fields = {0};

	if (!read_all(&r, format))
		return false;
	if (r.found.has_instant) {
		*ret_milliseconds = r.found.instant;
		return r.found.instant >= DATE_MIN &&
		       r.found.instant <= DATE_MAX;
	}
	if (!set_date(&r.found, &today, &fields) ||
		!set_time(&r.found, &fields))
		return false;
	if (r.found.has_offset)
		return date_join_offset(
			&fields, r.found.offset, ret_milliseconds);
	return date_join(&fields, zone, ret_milliseconds);
}
