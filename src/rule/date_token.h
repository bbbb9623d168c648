#pragma once
#include "rule/date.h"

/*
 * The tokens of date formats, and formats cut into pieces. Internal to
 * rule/date_format and rule/date_parse.
 */
enum date_token_kind {
	DATE_TOKEN_LITERAL,
	DATE_TOKEN_YEAR,	  /* YYYY YY Y */
	DATE_TOKEN_QUARTER,	  /* Q Qo */
	DATE_TOKEN_MONTH,	  /* M MM Mo */
	DATE_TOKEN_MONTH_NAME,	  /* MMM MMMM */
	DATE_TOKEN_DAY,		  /* D DD Do */
	DATE_TOKEN_DAY_OF_YEAR,	  /* DDD DDDD DDDo */
	DATE_TOKEN_WEEKDAY,	  /* d do */
	DATE_TOKEN_WEEKDAY_NAME,  /* dd ddd dddd */
	DATE_TOKEN_ISO_WEEKDAY,	  /* E */
	DATE_TOKEN_WEEK,	  /* w ww wo */
	DATE_TOKEN_ISO_WEEK,	  /* W WW Wo */
	DATE_TOKEN_WEEK_YEAR,	  /* gg gggg */
	DATE_TOKEN_ISO_WEEK_YEAR, /* GG GGGG */
	DATE_TOKEN_HOUR,	  /* H HH */
	DATE_TOKEN_HOUR_12,	  /* h hh */
	DATE_TOKEN_HOUR_24,	  /* k kk */
	DATE_TOKEN_HALF,	  /* a A */
	DATE_TOKEN_MINUTE,	  /* m mm */
	DATE_TOKEN_SECOND,	  /* s ss */
	DATE_TOKEN_FRACTION,	  /* S … SSSSSSSSS */
	DATE_TOKEN_OFFSET,	  /* Z ZZ */
	DATE_TOKEN_SECONDS,	  /* X */
	DATE_TOKEN_MILLISECONDS,  /* x */
};

struct date_token {
	const char *text;
	enum date_token_kind kind;
	int width;	 /* digits, letters; 0: as many as it has */
	bool is_ordinal; /* 1st, 2nd */
	bool is_parsed;
};

extern const struct date_token date_tokens[];
extern const size_t date_token_count;

struct date_piece {
	const struct date_token *token; /* NULL: literal */
	struct str literal;
};

/** Takes the next piece off the front of a format that is not empty. */
struct date_piece date_token_next(struct str *format);

/** A week of a year: Sunday to Saturday with 1 January, or ISO 8601's. */
struct date_week {
	int64_t year;
	int week;
};

/** Of a day since 1970. */
struct date_week date_week_of(int64_t day, bool is_iso);

/** The first day (since 1970) of a week. */
int64_t date_week_start(struct date_week week, bool is_iso);
