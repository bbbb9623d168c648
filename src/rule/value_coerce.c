#include <math.h>
#include <stdio.h>

#include "base/ascii.h"
#include "rule/date.h"
#include "rule/value.h"

bool
value_is_true(struct value value)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_EMPTY: return false;
	case VALUE_BOOLEAN: return value.as.boolean;
	case VALUE_NUMBER: return value.as.number != 0;
	case VALUE_TEXT: return value.as.text.len > 0;
	case VALUE_DATE:
	case VALUE_BUFFER:
	case VALUE_ARRAY:
	case VALUE_COLLECTION: break;
	}
	return true;
}

bool
value_to_boolean(struct value value)
{
	if (value.kind == VALUE_BOOLEAN)
		return value.as.boolean;
	if (value.kind == VALUE_TEXT)
		return value.as.text.len > 0 &&
		       !str_equal(value.as.text, STR("false"));
	return value.kind != VALUE_EMPTY;
}

/* ---- numbers ---- */

static size_t
digit_run(struct str text, size_t from)
{
	size_t at = from;

	while (at < text.len && ascii_is_digit(text.ptr[at]))
		at++;
	return at - from;
}

/** [+-] digits [. digits] [e [+-] digits], one digit at least. */
static bool
is_number(struct str text)
{
	size_t at = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');
	size_t count = digit_run(text, at);

	at += count;
	if (at < text.len && text.ptr[at] == '.') {
		size_t fraction = digit_run(text, at + 1);

		at += 1 + fraction;
		count += fraction;
	}
	if (count && at < text.len &&
		(text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
		at++;
		if (at < text.len &&
			(text.ptr[at] == '-' || text.ptr[at] == '+'))
			at++;
		count = digit_run(text, at);
		at += count;
	}
	return count > 0 && at == text.len;
}

/** number_read() wants digits before the point and no plus. */
static double
read_number(struct str text)
{
	bool is_negative = text.ptr[0] == '-';
	double value;

	if (is_negative || text.ptr[0] == '+')
		text = str_skip(text, 1);
	if (text.ptr[0] == '.') {
		CLEANUP(buf_release) struct buf with_zero = {0};

		buf_append_char(&with_zero, '0');
		buf_append(&with_zero, text);
		value = number_read(buf_str(&with_zero)).real;
	} else {
		value = number_read(text).real;
	}
	return is_negative ? -value : value;
}

bool
value_to_number(struct value value, double *ret)
{
	struct str text;

	if (value.kind == VALUE_NUMBER) {
		*ret = value.as.number;
		return true;
	}
	if (value.kind != VALUE_TEXT)
		return false;
	text = str_trim(value.as.text);
	if (!is_number(text))
		return false;
	*ret = read_number(text);
	return isfinite(*ret);
}

/* ---- dates and times ---- */

bool
value_to_date(
	struct value value, const struct zone *zone, int64_t *ret_milliseconds)
{
	if (value.kind == VALUE_DATE) {
		*ret_milliseconds = value.as.date;
		return true;
	}
	return value.kind == VALUE_TEXT &&
	       date_read(value.as.text, zone, ret_milliseconds);
}

bool
value_to_time(struct value value, int32_t *ret_seconds)
{
	int32_t parts[3] = {0, 0, 0};
	const int32_t max[3] = {23, 59, 59};
	struct str rest;
	size_t count = 0;

	if (value.kind != VALUE_TEXT)
		return false;
	rest = str_trim(value.as.text);
	for (; rest.ptr != NULL; count++) {
		struct str part = str_split(&rest, ':');
		uint64_t number;

		if (count == 3 || part.len > 2 || str_to_u64(part, &number) ||
			number > (uint64_t)max[count])
			return false;
		parts[count] = (int32_t)number;
	}
	*ret_seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
	return count >= 2;
}

/* ---- the rest ---- */

struct value
value_to_array(struct value value, struct arena *arena)
{
	struct value *item;

	if (value.kind == VALUE_ARRAY)
		return value;
	if (value.kind == VALUE_EMPTY)
		return value_array(NULL, 0);
	item = arena_alloc_raw(arena, sizeof(*item));
	*item = value;
	return value_array(item, 1);
}

enum err
value_to_buffer(struct value value, struct arena *arena, struct value *ret)
{
	struct str text;

	if (value.kind == VALUE_BUFFER) {
		*ret = value;
		return ERR_OK;
	}
	if (value.kind >= VALUE_ARRAY)
		return ERR_INVALID;
	if (value_to_text(value, arena, &text))
		return ERR_INVALID;
	*ret = value_buffer(text, VALUE_UTF8);
	return ERR_OK;
}

/* ---- fields ---- */

struct wanted {
	struct value value;
	const struct zone *zone;
	struct arena *arena;
};

typedef bool coerce_fn(const struct wanted *wanted, struct value *ret);

static bool
coerce_text(const struct wanted *wanted, struct value *ret)
{
	struct str text;

	if (value_to_text(wanted->value, wanted->arena, &text))
		return false;
	*ret = value_text(text);
	return true;
}

static bool
coerce_number(const struct wanted *wanted, struct value *ret)
{
	double number;

	if (!value_to_number(wanted->value, &number))
		return false;
	*ret = value_number(number);
	return true;
}

static bool
coerce_integer(const struct wanted *wanted, struct value *ret)
{
	return coerce_number(wanted, ret) &&
	       ret->as.number == trunc(ret->as.number);
}

static bool
coerce_uinteger(const struct wanted *wanted, struct value *ret)
{
	return coerce_integer(wanted, ret) && ret->as.number >= 0;
}

static bool
coerce_boolean(const struct wanted *wanted, struct value *ret)
{
	*ret = value_boolean(value_to_boolean(wanted->value));
	return true;
}

static bool
coerce_date(const struct wanted *wanted, struct value *ret)
{
	int64_t milliseconds;

	if (!value_to_date(wanted->value, wanted->zone, &milliseconds))
		return false;
	*ret = value_date(milliseconds);
	return true;
}

static bool
coerce_time(const struct wanted *wanted, struct value *ret)
{
	int32_t seconds;
	char text[16];

	if (!value_to_time(wanted->value, &seconds))
		return false;
	snprintf(text, sizeof(text), "%02d:%02d:%02d", seconds / 3600,
		seconds / 60 % 60, seconds % 60);
	*ret = value_text(arena_copy(wanted->arena, str_of(text)));
	return true;
}

static bool
coerce_buffer(const struct wanted *wanted, struct value *ret)
{
	return !value_to_buffer(wanted->value, wanted->arena, ret);
}

static bool
coerce_array(const struct wanted *wanted, struct value *ret)
{
	*ret = value_to_array(wanted->value, wanted->arena);
	return true;
}

static bool
coerce_collection(const struct wanted *wanted, struct value *ret)
{
	*ret = wanted->value;
	return ret->kind == VALUE_COLLECTION;
}

/* Types that are not here take anything: any, select, json, filter, hook:… */
static const struct field_type {
	const char *name;
	const char *expected;
	coerce_fn *coerce;
} field_types[] = {
	{"text", "a text", coerce_text},
	{"email", "a text", coerce_text},
	{"url", "a text", coerce_text},
	{"filename", "a text", coerce_text},
	{"color", "a text", coerce_text},
	{"cert", "a text", coerce_text},
	{"pkey", "a text", coerce_text},
	{"password", "a text", coerce_text},
	{"hidden", "a text", coerce_text},
	{"uuid", "a text", coerce_text},
	{"number", "a number", coerce_number},
	{"integer", "a whole number", coerce_integer},
	{"uinteger", "a whole number that is not negative", coerce_uinteger},
	{"boolean", "a boolean", coerce_boolean},
	{"date", "a date", coerce_date},
	{"timestamp", "a date", coerce_date},
	{"time", "hours:minutes:seconds", coerce_time},
	{"buffer", "bytes", coerce_buffer},
	{"array", "an array", coerce_array},
	{"collection", "a collection", coerce_collection},
};

enum err
value_coerce(struct value value, struct str type, const struct zone *zone,
	struct arena *arena, struct value *ret, struct buf *why)
{
	struct wanted wanted = {value, zone, arena};
	struct value coerced;

	*ret = value;
	if (value.kind == VALUE_EMPTY)
		return ERR_OK;
	for (size_t i = 0; i < COUNT_OF(field_types); i++) {
		if (!str_equal(type, str_of(field_types[i].name)))
			continue;
		if (field_types[i].coerce(&wanted, &coerced)) {
			*ret = coerced;
			return ERR_OK;
		}
		if (why)
			buf_printf(why, "expected %s, found a value of type %s",
				field_types[i].expected,
				value_kind_name(value));
		return ERR_INVALID;
	}
	return ERR_OK;
}
