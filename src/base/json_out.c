#include "base/json_out.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"

struct json_out
json_out_make(struct buf *buf)
{
	return (struct json_out){.buf = buf};
}

static void
begin_value(struct json_out *out, const char *key)
{
	size_t key_len = key ? strlen(key) : 0;
	size_t len = out->needs_comma + (key ? key_len + 3 : 0);
	char *at = buf_reserve(out->buf, len);

	if (at == NULL)
		return;
	out->buf->len += len;
	if (out->needs_comma)
		*at++ = ',';
	out->needs_comma = true;
	if (key) {
		*at++ = '"';
		memcpy(at, key, key_len);
		memcpy(at + key_len, "\":", 2);
	}
}

static void
open_container(struct json_out *out, const char *key, char opener, char closer)
{
	assert(out->depth < JSON_OUT_DEPTH_MAX);
	begin_value(out, key);
	buf_append_char(out->buf, opener);
	out->closers[out->depth++] = closer;
	out->needs_comma = false;
}

void
json_out_object(struct json_out *out, const char *key)
{
	open_container(out, key, '{', '}');
}

void
json_out_array(struct json_out *out, const char *key)
{
	open_container(out, key, '[', ']');
}

void
json_out_end(struct json_out *out)
{
	assert(out->depth > 0);
	buf_append_char(out->buf, out->closers[--out->depth]);
	out->needs_comma = true;
}

static size_t
plain_run(struct str s)
{
	size_t len = 0;

	while (len < s.len && (unsigned char)s.ptr[len] >= 0x20 &&
		s.ptr[len] != '"' && s.ptr[len] != '\\')
		len++;
	return len;
}

static void
append_escaped(struct buf *buf, struct str value)
{
	while (value.len > 0) {
		size_t run = plain_run(value);
		char c;

		buf_append(buf, str_head(value, run));
		value = str_skip(value, run);
		if (value.len == 0)
			break;
		c = value.ptr[0];
		value = str_skip(value, 1);
		switch (c) {
		case '"': buf_append(buf, STR("\\\"")); break;
		case '\\': buf_append(buf, STR("\\\\")); break;
		case '\n': buf_append(buf, STR("\\n")); break;
		case '\r': buf_append(buf, STR("\\r")); break;
		case '\t': buf_append(buf, STR("\\t")); break;
		default: buf_printf(buf, "\\u%04x", (unsigned char)c); break;
		}
	}
}

/** Longest well-formed head of `s`. */
static size_t
utf8_run(struct str s)
{
	size_t len = 0;

	while (len < s.len) {
		size_t step = 1;

		while (step <= 4 && len + step <= s.len &&
			!str_is_utf8(str_make(s.ptr + len, step)))
			step++;
		if (step > 4 || len + step > s.len)
			break;
		len += step;
	}
	return len;
}

/**
 * Whether it may stand between quotes as it is. To the end and without
 * branches, so that the compiler takes many bytes at once.
 */
static bool
is_plain(struct str value)
{
	const unsigned char *bytes = (const unsigned char *)value.ptr;
	unsigned char other = 0;

	for (size_t i = 0; i < value.len; i++)
		other |=
			(unsigned char)((bytes[i] < 0x20) | (bytes[i] >= 0x80) |
					(bytes[i] == '"') | (bytes[i] == '\\'));
	return other == 0;
}

static void
append_plain(struct buf *buf, struct str value)
{
	char *at = buf_reserve(buf, value.len + 2);

	if (at == NULL)
		return;
	at[0] = '"';
	if (value.len)
		memcpy(at + 1, value.ptr, value.len);
	at[value.len + 1] = '"';
	buf->len += value.len + 2;
}

void
json_out_quote(struct buf *buf, struct str value)
{
	if (is_plain(value)) {
		append_plain(buf, value);
		return;
	}
	buf_append_char(buf, '"');
	if (str_is_utf8(value)) {
		append_escaped(buf, value);
	} else {
		while (value.len > 0) {
			size_t run = utf8_run(value);

			append_escaped(buf, str_head(value, run));
			value = str_skip(value, run);
			if (value.len > 0)
				buf_append(buf, STR("\xEF\xBF\xBD"));
			value = str_skip(value, 1);
		}
	}
	buf_append_char(buf, '"');
}

void
json_out_string(struct json_out *out, const char *key, struct str value)
{
	begin_value(out, key);
	json_out_quote(out->buf, value);
}

void
json_out_text(struct json_out *out, const char *key, const char *value)
{
	json_out_string(out, key, str_of(value));
}

void
json_out_integer(struct json_out *out, const char *key, int64_t value)
{
	begin_value(out, key);
	buf_printf(out->buf, "%lld", (long long)value);
}

/** In as few digits as read back as the same. */
static void
append_real(struct buf *buf, double value)
{
	char text[32];

	for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_append(buf, str_of(text));
}

void
json_out_real(struct json_out *out, const char *key, double value)
{
	begin_value(out, key);
	if (isfinite(value))
		append_real(out->buf, value);
	else
		buf_append(out->buf, STR("null"));
}

void
json_out_boolean(struct json_out *out, const char *key, bool value)
{
	begin_value(out, key);
	buf_append(out->buf, value ? STR("true") : STR("false"));
}

void
json_out_null(struct json_out *out, const char *key)
{
	begin_value(out, key);
	buf_append(out->buf, STR("null"));
}

void
json_out_uuid(struct json_out *out, const char *key, struct uuid value)
{
	char text[UUID_TEXT_SIZE];

	json_out_text(out, key, uuid_format(value, text));
}

void
json_out_time(struct json_out *out, const char *key, int64_t value)
{
	begin_value(out, key);
	buf_append_char(out->buf, '"');
	timestamp_append(out->buf, value);
	buf_append_char(out->buf, '"');
}

void
json_out_raw(struct json_out *out, const char *key, struct str json)
{
	begin_value(out, key);
	buf_append(out->buf, json);
}

void
json_out_key(struct json_out *out, struct str key)
{
	begin_value(out, NULL);
	json_out_quote(out->buf, key);
	buf_append_char(out->buf, ':');
	out->needs_comma = false;
}
