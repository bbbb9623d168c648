#include "rule/filter_function.h"

#include <math.h>

#include "base/clock.h"
#include "rule/filter_text.h"

struct filter_run
filter_run_make(struct arena *scratch)
{
	return (struct filter_run){
		.scratch = scratch,
		.steps_left = FILTER_STEPS_MAX,
		.text_left = FILTER_TEXT_BYTES_MAX,
	};
}

bool
filter_run_step(struct filter_run *run, size_t steps)
{
	if (steps >= run->steps_left) {
		run->steps_left = 0;
		return false;
	}
	run->steps_left -= (uint32_t)steps;
	return true;
}

bool
filter_run_text(struct filter_run *run, size_t bytes)
{
	if (bytes > run->text_left) {
		run->steps_left = 0;
		return false;
	}
	run->text_left -= bytes;
	return filter_run_step(run, bytes / 64);
}

/** A function of the table; not every one needs all it is given. */
#define APPLY(name) \
	static struct filter_value apply_##name(struct filter_run *run UNUSED, \
		const struct filter_value *args UNUSED, size_t count UNUSED)

static bool
are_strings(const struct filter_value *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (args[i].kind != FILTER_VALUE_STRING)
			return false;
	}
	return true;
}

static bool
to_integer(struct filter_value value, int64_t *ret)
{
	if (value.kind != FILTER_VALUE_NUMBER || !value.as.number.is_integer)
		return false;
	*ret = value.as.number.integer;
	return true;
}

static struct filter_value
integer(int64_t value)
{
	return filter_value_number(number_from_integer(value));
}

APPLY(contains)
{
	if (!are_strings(args, count))
		return filter_value_null();
	filter_run_step(run, args[0].text.len / 64);
	return filter_value_boolean(
		str_find(args[0].text, args[1].text) != SIZE_MAX);
}

APPLY(startswith)
{
	if (!are_strings(args, count))
		return filter_value_null();
	return filter_value_boolean(
		str_starts_with(args[0].text, args[1].text));
}

APPLY(endswith)
{
	if (!are_strings(args, count))
		return filter_value_null();
	return filter_value_boolean(str_ends_with(args[0].text, args[1].text));
}

APPLY(matches)
{
	if (!are_strings(args, count - 1))
		return filter_value_null();
	return filter_pattern_match(run, args[1].as.pattern, args[0].text);
}

APPLY(tolower)
{
	if (!are_strings(args, count) ||
		!filter_run_text(run, args[0].text.len * 2))
		return filter_value_null();
	return filter_value_string(
		filter_text_lower(args[0].text, run->scratch));
}

APPLY(toupper)
{
	if (!are_strings(args, count) ||
		!filter_run_text(run, args[0].text.len * 2))
		return filter_value_null();
	return filter_value_string(
		filter_text_upper(args[0].text, run->scratch));
}

APPLY(trim)
{
	if (!are_strings(args, count))
		return filter_value_null();
	return filter_value_string(str_trim(args[0].text));
}

APPLY(concat)
{
	size_t len;
	char *bytes;

	if (!are_strings(args, count))
		return filter_value_null();
	len = args[0].text.len + args[1].text.len;
	if (!filter_run_text(run, len))
		return filter_value_null();
	bytes = arena_alloc_raw(run->scratch, len + 1);
	if (args[0].text.len)
		memcpy(bytes, args[0].text.ptr, args[0].text.len);
	if (args[1].text.len)
		memcpy(bytes + args[0].text.len, args[1].text.ptr,
			args[1].text.len);
	return filter_value_string(str_make(bytes, len));
}

APPLY(length)
{
	if (args[0].kind == FILTER_VALUE_JSON &&
		json_kind(args[0].as.json) == JSON_ARRAY)
		return integer((int64_t)json_count(args[0].as.json));
	if (args[0].kind != FILTER_VALUE_STRING)
		return filter_value_null();
	filter_run_step(run, args[0].text.len / 64);
	return integer((int64_t)filter_text_count(args[0].text));
}

APPLY(indexof)
{
	size_t at;

	if (!are_strings(args, count))
		return filter_value_null();
	filter_run_step(run, args[0].text.len / 64);
	at = str_find(args[0].text, args[1].text);
	if (at == SIZE_MAX)
		return integer(-1);
	return integer((int64_t)filter_text_count(str_head(args[0].text, at)));
}

APPLY(substring)
{
	int64_t start, len = INT64_MAX;
	struct str text = args[0].text;

	if (!are_strings(args, 1) || !to_integer(args[1], &start) ||
		(count == 3 && !to_integer(args[2], &len)))
		return filter_value_null();
	filter_run_step(run, text.len / 128);
	if (start > 0)
		text = str_skip(text, filter_text_offset(text, (size_t)start));
	if (len < 0)
		len = 0;
	return filter_value_string(
		str_head(text, filter_text_offset(text, (size_t)len)));
}

static struct filter_value
two_digits(struct str text, size_t at)
{
	return integer((text.ptr[at] - '0') * 10 + text.ptr[at + 1] - '0');
}

APPLY(year)
{
	struct filter_value instant;

	if (!filter_value_to_instant(args[0], &instant))
		return filter_value_null();
	return integer(two_digits(instant.text, 0).as.number.integer * 100 +
		       two_digits(instant.text, 2).as.number.integer);
}

APPLY(month)
{
	struct filter_value instant;

	if (!filter_value_to_instant(args[0], &instant))
		return filter_value_null();
	return two_digits(instant.text, 5);
}

APPLY(day)
{
	struct filter_value instant;

	if (!filter_value_to_instant(args[0], &instant))
		return filter_value_null();
	return two_digits(instant.text, 8);
}

APPLY(hour)
{
	struct filter_value time;

	if (!filter_value_to_time(args[0], &time))
		return filter_value_null();
	return integer(time.as.micros / HOURS);
}

APPLY(minute)
{
	struct filter_value time;

	if (!filter_value_to_time(args[0], &time))
		return filter_value_null();
	return integer(time.as.micros / MINUTES % 60);
}

APPLY(second)
{
	struct filter_value time;

	if (!filter_value_to_time(args[0], &time))
		return filter_value_null();
	return integer(time.as.micros / SECONDS % 60);
}

APPLY(fractionalseconds)
{
	struct filter_value time;

	if (!filter_value_to_time(args[0], &time))
		return filter_value_null();
	return filter_value_number(
		number_from_real((double)(time.as.micros % SECONDS) / 1e6));
}

APPLY(totaloffsetminutes)
{
	struct filter_value instant;
	struct str zone;
	int64_t minutes;

	if (!filter_value_to_instant(args[0], &instant) ||
		instant.kind != FILTER_VALUE_TIMESTAMP)
		return filter_value_null();
	zone = str_skip(instant.text, instant.text.len - 6);
	if (zone.ptr[0] != '+' && zone.ptr[0] != '-')
		return integer(0);
	minutes = two_digits(zone, 1).as.number.integer * 60 +
		  two_digits(zone, 4).as.number.integer;
	return integer(zone.ptr[0] == '-' ? -minutes : minutes);
}

APPLY(totalseconds)
{
	struct filter_value duration;

	if (!filter_value_to_duration(args[0], &duration))
		return filter_value_null();
	if (duration.as.micros % SECONDS == 0)
		return integer(duration.as.micros / SECONDS);
	return filter_value_number(
		number_from_real((double)duration.as.micros / 1e6));
}

APPLY(date)
{
	struct filter_value date;

	if (!filter_value_to_instant(args[0], &date))
		return filter_value_null();
	date.kind = FILTER_VALUE_DATE;
	date.text = str_head(date.text, 10);
	if (timestamp_parse_date(date.text, &date.as.instant))
		return filter_value_null();
	return date;
}

APPLY(time)
{
	struct filter_value time;

	if (!filter_value_to_time(args[0], &time))
		return filter_value_null();
	return time;
}

APPLY(now)
{
	if (run->now == 0)
		run->now = clock_now();
	return filter_timestamp(run, run->now);
}

static struct filter_value
timestamp_constant(struct str text)
{
	struct filter_value value = filter_value_string(text);

	return filter_value_to_instant(value, &value) ? value
						      : filter_value_null();
}

APPLY(mindatetime)
{
	return timestamp_constant(STR("0001-01-01T00:00:00Z"));
}

APPLY(maxdatetime)
{
	return timestamp_constant(STR("9999-12-31T23:59:59.999999Z"));
}

static struct filter_value
map_number(struct filter_value value, double (*map)(double))
{
	if (value.kind != FILTER_VALUE_NUMBER || value.as.number.is_integer)
		return value.kind == FILTER_VALUE_NUMBER ? value
							 : filter_value_null();
	return filter_value_number(number_from_real(map(value.as.number.real)));
}

APPLY(round)
{
	return map_number(args[0], round);
}

APPLY(floor)
{
	return map_number(args[0], floor);
}

APPLY(ceiling)
{
	return map_number(args[0], ceil);
}

static const struct filter_function functions[] = {
	{"ceiling", "ceiling(number)", 1, 1, apply_ceiling, true},
	{"concat", "concat(text, text)", 2, 2, apply_concat, false},
	{"contains", "contains(text, part)", 2, 2, apply_contains, false},
	{"date", "date(time)", 1, 1, apply_date, false},
	{"day", "day(time)", 1, 1, apply_day, true},
	{"endswith", "endswith(text, end)", 2, 2, apply_endswith, false},
	{"floor", "floor(number)", 1, 1, apply_floor, true},
	{"fractionalseconds", "fractionalseconds(time)", 1, 1,
		apply_fractionalseconds, true},
	{"hour", "hour(time)", 1, 1, apply_hour, true},
	{"indexof", "indexof(text, part)", 2, 2, apply_indexof, false},
	{"length", "length(text)", 1, 1, apply_length, true},
	{"matchesPattern", "matchesPattern(text, 'pattern')", 2, 2,
		apply_matches, false},
	{"maxdatetime", "maxdatetime()", 0, 0, apply_maxdatetime, false},
	{"mindatetime", "mindatetime()", 0, 0, apply_mindatetime, false},
	{"minute", "minute(time)", 1, 1, apply_minute, true},
	{"month", "month(time)", 1, 1, apply_month, true},
	{"now", "now()", 0, 0, apply_now, false},
	{"round", "round(number)", 1, 1, apply_round, true},
	{"second", "second(time)", 1, 1, apply_second, true},
	{"startswith", "startswith(text, start)", 2, 2, apply_startswith,
		false},
	{"substring", "substring(text, start[, length])", 2, 3, apply_substring,
		false},
	{"time", "time(time)", 1, 1, apply_time, false},
	{"tolower", "tolower(text)", 1, 1, apply_tolower, true},
	{"totaloffsetminutes", "totaloffsetminutes(time)", 1, 1,
		apply_totaloffsetminutes, true},
	{"totalseconds", "totalseconds(duration)", 1, 1, apply_totalseconds,
		true},
	{"toupper", "toupper(text)", 1, 1, apply_toupper, true},
	{"trim", "trim(text)", 1, 1, apply_trim, true},
	{"year", "year(time)", 1, 1, apply_year, true},
};

const struct filter_function *
filter_function_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(functions); i++) {
		if (str_equal_nocase(name, str_of(functions[i].name)))
			return &functions[i];
	}
	return NULL;
}

size_t
filter_function_index(const struct filter_function *function)
{
	return (size_t)(function - functions);
}

const struct filter_function *
filter_function_at(size_t index)
{
	return &functions[index];
}

bool
filter_function_is_pattern(const struct filter_function *function)
{
	return function->apply == apply_matches;
}
