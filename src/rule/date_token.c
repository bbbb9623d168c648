#include "rule/date_token.h"

#include "base/calendar.h"

/* Of those that begin alike the longer ones first. */
const struct date_token date_tokens[] = {
	{"YYYY", DATE_TOKEN_YEAR, 4, false, true},
	{"YY", DATE_TOKEN_YEAR, 2, false, true},
	{"Y", DATE_TOKEN_YEAR, 0, false, true},
	{"Qo", DATE_TOKEN_QUARTER, 0, true, false},
	{"Q", DATE_TOKEN_QUARTER, 0, false, true},
	{"MMMM", DATE_TOKEN_MONTH_NAME, 0, false, true},
	{"MMM", DATE_TOKEN_MONTH_NAME, 3, false, true},
	{"MM", DATE_TOKEN_MONTH, 2, false, true},
	{"Mo", DATE_TOKEN_MONTH, 0, true, false},
	{"M", DATE_TOKEN_MONTH, 0, false, true},
	{"DDDD", DATE_TOKEN_DAY_OF_YEAR, 3, false, true},
	{"DDDo", DATE_TOKEN_DAY_OF_YEAR, 0, true, false},
	{"DDD", DATE_TOKEN_DAY_OF_YEAR, 0, false, true},
	{"DD", DATE_TOKEN_DAY, 2, false, true},
	{"Do", DATE_TOKEN_DAY, 0, true, true},
	{"D", DATE_TOKEN_DAY, 0, false, true},
	{"dddd", DATE_TOKEN_WEEKDAY_NAME, 0, false, true},
	{"ddd", DATE_TOKEN_WEEKDAY_NAME, 3, false, true},
	{"dd", DATE_TOKEN_WEEKDAY_NAME, 2, false, false},
	{"do", DATE_TOKEN_WEEKDAY, 0, true, false},
	{"d", DATE_TOKEN_WEEKDAY, 0, false, false},
	{"E", DATE_TOKEN_ISO_WEEKDAY, 0, false, true},
	{"ww", DATE_TOKEN_WEEK, 2, false, true},
	{"wo", DATE_TOKEN_WEEK, 0, true, false},
	{"w", DATE_TOKEN_WEEK, 0, false, true},
	{"WW", DATE_TOKEN_ISO_WEEK, 2, false, true},
	{"Wo", DATE_TOKEN_ISO_WEEK, 0, true, false},
	{"W", DATE_TOKEN_ISO_WEEK, 0, false, true},
	{"gggg", DATE_TOKEN_WEEK_YEAR, 4, false, false},
	{"gg", DATE_TOKEN_WEEK_YEAR, 2, false, false},
	{"GGGG", DATE_TOKEN_ISO_WEEK_YEAR, 4, false, true},
	{"GG", DATE_TOKEN_ISO_WEEK_YEAR, 2, false, true},
	{"HH", DATE_TOKEN_HOUR, 2, false, true},
	{"H", DATE_TOKEN_HOUR, 0, false, true},
	{"hh", DATE_TOKEN_HOUR_12, 2, false, true},
	{"h", DATE_TOKEN_HOUR_12, 0, false, true},
	{"kk", DATE_TOKEN_HOUR_24, 2, false, true},
	{"k", DATE_TOKEN_HOUR_24, 0, false, true},
	{"A", DATE_TOKEN_HALF, 1, false, true},
	{"a", DATE_TOKEN_HALF, 0, false, true},
	{"mm", DATE_TOKEN_MINUTE, 2, false, true},
	{"m", DATE_TOKEN_MINUTE, 0, false, true},
	{"ss", DATE_TOKEN_SECOND, 2, false, true},
	{"s", DATE_TOKEN_SECOND, 0, false, true},
	{"SSSSSSSSS", DATE_TOKEN_FRACTION, 9, false, true},
	{"SSSSSSSS", DATE_TOKEN_FRACTION, 8, false, true},
	{"SSSSSSS", DATE_TOKEN_FRACTION, 7, false, true},
	{"SSSSSS", DATE_TOKEN_FRACTION, 6, false, true},
	{"SSSSS", DATE_TOKEN_FRACTION, 5, false, true},
	{"SSSS", DATE_TOKEN_FRACTION, 4, false, true},
	{"SSS", DATE_TOKEN_FRACTION, 3, false, true},
	{"SS", DATE_TOKEN_FRACTION, 2, false, true},
	{"S", DATE_TOKEN_FRACTION, 1, false, true},
	{"ZZ", DATE_TOKEN_OFFSET, 0, false, true},
	{"Z", DATE_TOKEN_OFFSET, 1, false, true},
	{"X", DATE_TOKEN_SECONDS, 0, false, true},
	{"x", DATE_TOKEN_MILLISECONDS, 0, false, true},
};
const size_t date_token_count = COUNT_OF(date_tokens);

static const struct date_token *
token_at(struct str format)
{
	for (size_t i = 0; i < COUNT_OF(date_tokens); i++) {
		if (str_starts_with(format, str_of(date_tokens[i].text)))
			return &date_tokens[i];
	}
	return NULL;
}

struct date_piece
date_token_next(struct str *format)
{
	struct date_piece piece = {.token = token_at(*format)};
	size_t end;

	if (piece.token) {
		*format = str_skip(*format, strlen(piece.token->text));
		return piece;
	}
	end = format->ptr[0] == '[' ? str_find_char(*format, ']') : SIZE_MAX;
	if (end != SIZE_MAX) {
		piece.literal = str_make(format->ptr + 1, end - 1);
		*format = str_skip(*format, end + 1);
		return piece;
	}
	piece.literal = str_head(*format, 1);
	*format = str_skip(*format, 1);
	return piece;
}

/* ISO: from Monday, week 1 has 4 January; else from Sunday, with 1 January. */
int64_t
date_week_start(struct date_week week, bool is_iso)
{
	int64_t inside = calendar_days(week.year, 1, is_iso ? 4 : 1);
	int weekday = calendar_weekday(inside);
	int behind = is_iso ? (weekday + 6) % 7 : weekday;

	return inside - behind + (week.week - 1) * 7;
}

struct date_week
date_week_of(int64_t day, bool is_iso)
{
	int64_t year = calendar_date_of(day).year + 1;
	int64_t start;

	while ((start = date_week_start((struct date_week){year, 1}, is_iso)) >
		day)
		year--;
	return (struct date_week){year, (int)((day - start) / 7) + 1};
}
