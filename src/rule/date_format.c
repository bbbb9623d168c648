#include "rule/date_format.h"

#include "base/calendar.h"
#include "rule/date_token.h"

struct moment {
	int64_t milliseconds;
	struct date_fields fields;
	int64_t day; /* since 1970, local */
};

static const char *
ordinal_ending(int64_t number)
{
	static const char *const endings[] = {"th", "st", "nd", "rd"};

	if (number % 100 >= 11 && number % 100 <= 13)
		return "th";
	return number % 10 <= 3 ? endings[number % 10] : "th";
}

static void
append_number(struct buf *out, const struct date_token *token, int64_t number)
{
	buf_printf(out, "%0*lld%s", token->width, (long long)number,
		token->is_ordinal ? ordinal_ending(number) : "");
}

/** A year as it is, with four digits, or its last two. */
static void
append_year(struct buf *out, const struct date_token *token, int64_t year)
{
	if (token->width == 2)
		buf_printf(out, "%02lld",
			(long long)calendar_floor_mod(year, 100));
	else
		buf_printf(out, "%0*lld", token->width, (long long)year);
}

static void
append_name(struct buf *out, const struct date_token *token, const char *name)
{
	struct str text = str_of(name);

	if (token->width)
		text = str_head(text, (size_t)token->width);
	buf_append(out, text);
}

static void
append_fraction(
	struct buf *out, const struct date_token *token, int64_t milliseconds)
{
	char digits[] = "000000000";

	digits[0] = (char)('0' + milliseconds / 100);
	digits[1] = (char)('0' + milliseconds / 10 % 10);
	digits[2] = (char)('0' + milliseconds % 10);
	buf_append(out, str_make(digits, (size_t)token->width));
}

static void
append_offset(struct buf *out, const struct date_token *token, int32_t offset)
{
	int minutes = (offset < 0 ? -offset : offset) / 60;

	buf_printf(out, "%c%02d%s%02d", offset < 0 ? '-' : '+', minutes / 60,
		token->width ? ":" : "", minutes % 60);
}

static void
append_half(struct buf *out, const struct date_token *token, int64_t hour)
{
	if (token->width)
		buf_append(out, hour < 12 ? STR("AM") : STR("PM"));
	else
		buf_append(out, hour < 12 ? STR("am") : STR("pm"));
}

/** The tokens that are one number. */
static int64_t
number_of(enum date_token_kind kind, const struct moment *m)
{
	const struct date_fields *f = &m->fields;

	switch ((int)kind) {
	case DATE_TOKEN_QUARTER: return (f->month - 1) / 3 + 1;
	case DATE_TOKEN_MONTH: return f->month;
	case DATE_TOKEN_DAY: return f->day;
	case DATE_TOKEN_DAY_OF_YEAR: return f->day_of_year;
	case DATE_TOKEN_WEEKDAY: return f->weekday;
	case DATE_TOKEN_ISO_WEEKDAY: return f->weekday ? f->weekday : 7;
	case DATE_TOKEN_WEEK: return date_week_of(m->day, false).week;
	case DATE_TOKEN_ISO_WEEK: return date_week_of(m->day, true).week;
	case DATE_TOKEN_HOUR: return f->hour;
	case DATE_TOKEN_HOUR_12: return f->hour % 12 ? f->hour % 12 : 12;
	case DATE_TOKEN_HOUR_24: return f->hour ? f->hour : 24;
	case DATE_TOKEN_MINUTE: return f->minute;
	case DATE_TOKEN_SECOND: return f->second;
	case DATE_TOKEN_SECONDS:
		return calendar_floor_div(m->milliseconds, 1000);
	default: return m->milliseconds;
	}
}

static void
append_token(
	struct buf *out, const struct date_token *token, const struct moment *m)
{
	const struct date_fields *f = &m->fields;

	switch ((int)token->kind) {
	case DATE_TOKEN_YEAR: append_year(out, token, f->year); return;
	case DATE_TOKEN_WEEK_YEAR:
		append_year(out, token, date_week_of(m->day, false).year);
		return;
	case DATE_TOKEN_ISO_WEEK_YEAR:
		append_year(out, token, date_week_of(m->day, true).year);
		return;
	case DATE_TOKEN_MONTH_NAME:
		append_name(out, token, date_month_name((int)f->month));
		return;
	case DATE_TOKEN_WEEKDAY_NAME:
		append_name(out, token, date_weekday_name(f->weekday));
		return;
	case DATE_TOKEN_HALF: append_half(out, token, f->hour); return;
	case DATE_TOKEN_FRACTION:
		append_fraction(out, token, f->millisecond);
		return;
	case DATE_TOKEN_OFFSET: append_offset(out, token, f->offset); return;
	default: append_number(out, token, number_of(token->kind, m)); return;
	}
}

void
date_format(struct buf *out, int64_t milliseconds, const struct zone *zone,
	struct str format)
{
	struct moment m = {
		.milliseconds = milliseconds,
		.fields = date_split(milliseconds, zone),
	};

	m.day = calendar_days(m.fields.year, (int)m.fields.month, m.fields.day);
	while (format.len && !buf_is_overflown(out)) {
		struct date_piece piece = date_token_next(&format);

		if (piece.token)
			append_token(out, piece.token, &m);
		else
			buf_append(out, piece.literal);
	}
}

const char *
date_format_token(size_t index, bool *ret_is_parsed)
{
	if (index >= date_token_count)
		return NULL;
	*ret_is_parsed = date_tokens[index].is_parsed;
	return date_tokens[index].text;
}
