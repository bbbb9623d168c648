#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rule/date.h"
#include "rule/filter_text.h"
#include "rule/value.h"

/* ---- numbers: as ECMA-262 §6.1.6.1.20 spells them ---- */

/** The fewest digits that read back as `number`, and the point's place. */
struct spelled {
	char digits[24];
	int count;
	int point; /* digits before the decimal point; may be <= 0 */
};

static struct spelled
spell(double number)
{
	struct spelled spelled = {.count = 0};
	char text[40];
	const char *at;
	int precision = 0;

	do
		snprintf(text, sizeof(text), "%.*e", precision, number);
	while (strtod(text, NULL) != number && ++precision < 17);
	for (at = text; *at != 'e'; at++) {
		if (*at != '.')
			spelled.digits[spelled.count++] = *at;
	}
	spelled.point = (int)strtol(at + 1, NULL, 10) + 1;
	while (spelled.count > 1 && spelled.digits[spelled.count - 1] == '0')
		spelled.count--;
	return spelled;
}

static void
append_zeros(struct buf *out, int count)
{
	while (count-- > 0)
		buf_append_char(out, '0');
}

static void
append_exponent(struct buf *out, const struct spelled *spelled)
{
	int exponent = spelled->point - 1;

	buf_append_char(out, spelled->digits[0]);
	if (spelled->count > 1) {
		buf_append_char(out, '.');
		buf_append(out, str_make(spelled->digits + 1,
					(size_t)spelled->count - 1));
	}
	buf_printf(out, "e%c%d", exponent < 0 ? '-' : '+', abs(exponent));
}

static void
append_spelled(struct buf *out, const struct spelled *spelled)
{
	struct str digits = str_make(spelled->digits, (size_t)spelled->count);

	if (spelled->point > 21 || spelled->point < -5) {
		append_exponent(out, spelled);
	} else if (spelled->point <= 0) {
		buf_append(out, STR("0."));
		append_zeros(out, -spelled->point);
		buf_append(out, digits);
	} else if (spelled->point >= spelled->count) {
		buf_append(out, digits);
		append_zeros(out, spelled->point - spelled->count);
	} else {
		buf_append(out, str_head(digits, (size_t)spelled->point));
		buf_append_char(out, '.');
		buf_append(out, str_skip(digits, (size_t)spelled->point));
	}
}

void
value_append_number(struct buf *out, double number)
{
	struct spelled spelled;

	if (number == 0) {
		buf_append_char(out, '0');
		return;
	}
	if (fabs(number) < 1e15 && number == trunc(number)) {
		buf_printf(out, "%lld", (long long)number);
		return;
	}
	if (number < 0)
		buf_append_char(out, '-');
	spelled = spell(fabs(number));
	append_spelled(out, &spelled);
}

/* ---- text ---- */

static void
append_latin1(struct buf *out, struct str bytes)
{
	char encoded[4];

	for (size_t i = 0; i < bytes.len; i++) {
		uint32_t c = (unsigned char)bytes.ptr[i];

		buf_append(
			out, str_make(encoded, filter_text_encode(c, encoded)));
	}
}

static enum err
append_buffer(struct buf *out, struct value value)
{
	CLEANUP(arena_release) struct arena arena = {0};

	switch ((enum value_encoding)value.charset) {
	case VALUE_BINARY: return ERR_INVALID;
	case VALUE_LATIN1: append_latin1(out, value.as.text); break;
	case VALUE_UTF8:
		value = value_from_text(value.as.text, &arena);
		buf_append(out, value.as.text);
		break;
	}
	return ERR_OK;
}

static enum err
append_items(struct buf *out, struct value value)
{
	size_t start = out->len;

	for (size_t i = 0; i < value.as.array.count; i++) {
		enum err err;

		if (i)
			buf_append(out, STR(", "));
		err = value_append_text(out, value.as.array.items[i]);
		if (err == ERR_INVALID)
			buf_truncate(out, start);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err
value_append_text(struct buf *out, struct value value)
{
	enum err err = ERR_OK;

	switch ((enum value_kind)value.kind) {
	case VALUE_EMPTY: break;
	case VALUE_BOOLEAN:
		buf_append(out, value.as.boolean ? STR("true") : STR("false"));
		break;
	case VALUE_NUMBER: value_append_number(out, value.as.number); break;
	case VALUE_TEXT: buf_append(out, value.as.text); break;
	case VALUE_DATE: value_append_date(out, value.as.date); break;
	case VALUE_BUFFER: err = append_buffer(out, value); break;
	case VALUE_ARRAY: err = append_items(out, value); break;
	case VALUE_COLLECTION:
		value_append_json(out, value, VALUE_JSON_PLAIN);
		break;
	}
	if (err)
		return err;
	return buf_is_overflown(out) ? ERR_LIMIT : ERR_OK;
}

enum err
value_to_text(struct value value, struct arena *arena, struct str *ret)
{
	CLEANUP(buf_release) struct buf text = {0};
	enum err err;

	if (value.kind == VALUE_TEXT) {
		*ret = value.as.text;
		return ERR_OK;
	}
	err = value_append_text(&text, value);
	if (!err)
		*ret = arena_copy(arena, buf_str(&text));
	return err;
}

/* ---- dates ---- */

void
value_append_date(struct buf *out, int64_t milliseconds)
{
	struct date_fields f = date_split(milliseconds, NULL);

	buf_printf(out, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ",
		(long long)f.year, (long long)f.month, (long long)f.day,
		(long long)f.hour, (long long)f.minute, (long long)f.second,
		(long long)f.millisecond);
}
