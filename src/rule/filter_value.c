#include "rule/filter_value.h"

#include "base/clock.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool
filter_value_is_guid(struct str text)
{
	if (text.len != 36)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_hyphen ? text.ptr[i] != '-' : !is_hex(text.ptr[i]))
			return false;
	}
	return true;
}

static size_t
skip_digits(struct str text, size_t at)
{
	while (at < text.len && is_digit(text.ptr[at]))
		at++;
	return at;
}

static bool
is_one_of(struct str text, size_t at, const char *chars)
{
	return at < text.len && strchr(chars, text.ptr[at]) && text.ptr[at];
}

/** [+-]digits[.digits][e[+-]digits], all of the text. */
static bool
is_number(struct str text)
{
	size_t at = is_one_of(text, 0, "+-") ? 1 : 0;
	size_t start = at;

	at = skip_digits(text, at);
	if (at == start)
		return false;
	if (is_one_of(text, at, ".")) {
		start = at + 1;
		at = skip_digits(text, start);
		if (at == start)
			return false;
	}
	if (is_one_of(text, at, "eE")) {
		at += is_one_of(text, at + 1, "+-") ? 2 : 1;
		start = at;
		at = skip_digits(text, at);
		if (at == start)
			return false;
	}
	return at == text.len;
}

static bool
has_digits(struct str text, size_t at, size_t count)
{
	return at + count <= text.len && skip_digits(text, at) >= at + count;
}

/** dddd-dd-dd at the front, whatever the digits say. */
static bool
looks_like_date(struct str text)
{
	return has_digits(text, 0, 4) && is_one_of(text, 4, "-") &&
	       has_digits(text, 5, 2) && is_one_of(text, 7, "-") &&
	       has_digits(text, 8, 2);
}

/** A leading plus and leading zeros, which JSON does not have, go. */
static struct number
read_number(struct str text, struct arena *arena)
{
	bool is_negative = text.ptr[0] == '-';
	struct str digits = text;

	if (is_one_of(digits, 0, "+-"))
		digits = str_skip(digits, 1);
	while (digits.len > 1 && digits.ptr[0] == '0' &&
		is_digit(digits.ptr[1]))
		digits = str_skip(digits, 1);
	if (is_negative)
		digits = arena_printf(arena, "-%.*s", STR_ARG(digits));
	return number_read(digits);
}

static const char *
read_timestamp(struct str text, struct arena *arena, struct filter_value *ret)
{
	/* OData lets the seconds be left out; the rest of the program does
	   not. */
	if (text.len > 16 && is_one_of(text, 16, "Zz+-"))
		text = arena_printf(arena, "%.16s:00%.*s", text.ptr,
			(int)(text.len - 16), text.ptr + 16);
	ret->kind = FILTER_VALUE_TIMESTAMP;
	ret->text = text;
	if (timestamp_parse(text, &ret->as.instant))
		return "an RFC 3339 time that exists, with a zone, such as "
		       "2024-06-01T10:20:30Z";
	return NULL;
}

const char *
filter_value_read(
	struct str text, struct arena *arena, struct filter_value *ret)
{
	*ret = (struct filter_value){.text = text};
	if (is_number(text)) {
		*ret = filter_value_number(read_number(text, arena));
		return NULL;
	}
	if (filter_value_is_guid(text)) {
		ret->kind = FILTER_VALUE_GUID;
		return NULL;
	}
	if (looks_like_date(text) && is_one_of(text, 10, "Tt"))
		return read_timestamp(text, arena, ret);
	if (looks_like_date(text) && text.len == 10) {
		ret->kind = FILTER_VALUE_DATE;
		return timestamp_parse_date(text, &ret->as.instant)
			       ? "a date that exists, such as 2024-06-01"
			       : NULL;
	}
	if (has_digits(text, 0, 2) && is_one_of(text, 2, ":"))
		return filter_value_read_time(text, ret)
			       ? NULL
			       : "a time of day, such as 10:20:30";
	return "a number, date, time or GUID (text stands in single quotes)";
}

/** Reads digits into *ret; false when there are none or too many. */
static bool
take_digits(struct str *text, int64_t *ret)
{
	size_t count = skip_digits(*text, 0);

	if (count == 0 || count > 12)
		return false;
	if (str_to_i64(str_head(*text, count), ret))
		return false;
	*text = str_skip(*text, count);
	return true;
}

/** The fraction ".123" as microseconds; further digits are cut. */
static bool
take_fraction(struct str *text, int64_t *ret_micros)
{
	int64_t unit = 100000;
	size_t count;

	*ret_micros = 0;
	if (!is_one_of(*text, 0, "."))
		return true;
	*text = str_skip(*text, 1);
	count = skip_digits(*text, 0);
	for (size_t i = 0; i < count; i++, unit /= 10)
		*ret_micros += (text->ptr[i] - '0') * unit;
	*text = str_skip(*text, count);
	return count > 0;
}

bool
filter_value_read_time(struct str text, struct filter_value *ret)
{
	int64_t hour, minute, second = 0, micros = 0;
	struct str rest = text;

	if (!has_digits(text, 0, 2) || !is_one_of(text, 2, ":") ||
		!has_digits(text, 3, 2))
		return false;
	hour = (text.ptr[0] - '0') * 10 + text.ptr[1] - '0';
	minute = (text.ptr[3] - '0') * 10 + text.ptr[4] - '0';
	rest = str_skip(text, 5);
	if (is_one_of(rest, 0, ":")) {
		if (!has_digits(rest, 1, 2))
			return false;
		second = (rest.ptr[1] - '0') * 10 + rest.ptr[2] - '0';
		rest = str_skip(rest, 3);
		if (!take_fraction(&rest, &micros))
			return false;
	}
	if (rest.len || hour > 23 || minute > 59 || second > 59)
		return false;
	*ret = (struct filter_value){.kind = FILTER_VALUE_TIME, .text = text};
	ret->as.micros =
		((hour * 60 + minute) * 60 + second) * SECONDS + micros;
	return true;
}

static const struct {
	char letter;
	int64_t micros;
} duration_units[] = {
	{'D', 24 * HOURS},
	{'H', HOURS},
	{'M', MINUTES},
	{'S', SECONDS},
};

/** One "nX" whose unit is at `*unit` or behind it; only S has a fraction. */
static bool
take_duration_part(struct str *rest, size_t *unit, int64_t *total)
{
	int64_t value, micros, part;

	if (!take_digits(rest, &value) || !take_fraction(rest, &micros))
		return false;
	while (*unit < COUNT_OF(duration_units) &&
		!(rest->len && rest->ptr[0] == duration_units[*unit].letter))
		++*unit;
	if (*unit == COUNT_OF(duration_units) ||
		(micros && *unit + 1 < COUNT_OF(duration_units)))
		return false;
	*rest = str_skip(*rest, 1);
	if (__builtin_mul_overflow(
		    value, duration_units[*unit].micros, &part) ||
		__builtin_add_overflow(part, micros, &part) ||
		__builtin_add_overflow(*total, part, total))
		return false;
	++*unit;
	return true;
}

bool
filter_value_read_duration(struct str text, struct filter_value *ret)
{
	struct str rest = text;
	bool is_negative = is_one_of(rest, 0, "-");
	int64_t total = 0;
	size_t unit = 0;

	if (is_one_of(rest, 0, "+-"))
		rest = str_skip(rest, 1);
	if (!is_one_of(rest, 0, "P") || rest.len == 1)
		return false;
	rest = str_skip(rest, 1);
	if (!is_one_of(rest, 0, "T")) {
		if (!take_duration_part(&rest, &unit, &total) || unit != 1)
			return false;
	}
	if (rest.len) {
		if (!is_one_of(rest, 0, "T") || rest.len == 1)
			return false;
		rest = str_skip(rest, 1);
		unit = 1;
	}
	while (rest.len) {
		if (!take_duration_part(&rest, &unit, &total))
			return false;
	}
	*ret = filter_value_duration(is_negative ? -total : total);
	ret->text = text;
	return true;
}

bool
filter_value_to_instant(struct filter_value value, struct filter_value *ret)
{
	*ret = value;
	if (value.kind == FILTER_VALUE_TIMESTAMP ||
		value.kind == FILTER_VALUE_DATE)
		return true;
	if (value.kind != FILTER_VALUE_STRING)
		return false;
	ret->kind = FILTER_VALUE_TIMESTAMP;
	if (!timestamp_parse(value.text, &ret->as.instant))
		return true;
	ret->kind = FILTER_VALUE_DATE;
	return !timestamp_parse_date(value.text, &ret->as.instant);
}

bool
filter_value_to_time(struct filter_value value, struct filter_value *ret)
{
	struct filter_value instant;

	*ret = value;
	if (value.kind == FILTER_VALUE_TIME)
		return true;
	if (value.kind == FILTER_VALUE_STRING &&
		filter_value_read_time(value.text, ret))
		return true;
	if (!filter_value_to_instant(value, &instant) ||
		instant.kind != FILTER_VALUE_TIMESTAMP)
		return false;
	value.text = str_skip(instant.text, 11);
	value.text.len = 8;
	if (instant.as.instant.fraction.len)
		value.text.len += 1 + instant.as.instant.fraction.len;
	return filter_value_read_time(value.text, ret);
}

bool
filter_value_to_duration(struct filter_value value, struct filter_value *ret)
{
	*ret = value;
	if (value.kind == FILTER_VALUE_DURATION)
		return true;
	return value.kind == FILTER_VALUE_STRING &&
	       filter_value_read_duration(value.text, ret);
}

struct filter_value
filter_value_from_json(struct json json, struct arena *scratch)
{
	switch (json_kind(json)) {
	case JSON_FALSE: return filter_value_boolean(false);
	case JSON_TRUE: return filter_value_boolean(true);
	case JSON_NUMBER: return filter_value_number(json_number(json));
	case JSON_STRING:
		return filter_value_string(json_string(json, scratch));
	case JSON_ARRAY:
	case JSON_OBJECT:
		return (struct filter_value){
			.kind = FILTER_VALUE_JSON, .as.json = json};
	case JSON_MISSING:
	case JSON_NULL: break;
	}
	return filter_value_null();
}
