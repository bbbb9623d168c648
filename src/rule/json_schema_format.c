/* Types and formats of strings. */
#include <math.h>

#include "base/timestamp.h"
#include "base/uuid.h"
#include "rule/cloudevents_grammar.h"
#include "rule/json_schema_node.h"

static const struct {
	struct str name;
	const char *phrase;
} types[SCHEMA_TYPES] = {
	{STR_INIT("null"), "null"},
	{STR_INIT("boolean"), "true or false"},
	{STR_INIT("integer"), "a whole number"},
	{STR_INIT("number"), "a number"},
	{STR_INIT("string"), "a string"},
	{STR_INIT("array"), "an array"},
	{STR_INIT("object"), "an object"},
};

unsigned
schema_type_parse(struct json name)
{
	for (unsigned i = 0; i < SCHEMA_TYPES; i++) {
		if (json_string_equal(name, types[i].name))
			return 1u << i;
	}
	return 0;
}

void
schema_type_print(unsigned bits, struct buf *out)
{
	const char *separator = "";

	for (unsigned i = 0; i < SCHEMA_TYPES; i++) {
		unsigned rest = bits >> (i + 1);

		if (!(bits >> i & 1))
			continue;
		buf_printf(out, "%s%s", separator, types[i].phrase);
		separator = rest & (rest - 1) ? ", " : " or ";
	}
}

unsigned
schema_types_of(struct json value)
{
	switch (json_kind(value)) {
	case JSON_MISSING:
	case JSON_NULL: return SCHEMA_NULL;
	case JSON_FALSE:
	case JSON_TRUE: return SCHEMA_BOOLEAN;
	case JSON_STRING: return SCHEMA_STRING;
	case JSON_ARRAY: return SCHEMA_ARRAY;
	case JSON_OBJECT: return SCHEMA_OBJECT;
	case JSON_NUMBER: break;
	}
	/* 1.0 is a whole number; so is 1e300. */
	return json_number(value).is_integer ||
			       fabs(json_number(value).real) >= 0x1p53
		       ? SCHEMA_NUMBER | SCHEMA_INTEGER
		       : SCHEMA_NUMBER;
}

/* ---- formats ---- */

static bool
is_date_time(struct str text)
{
	struct timestamp unused;

	return timestamp_parse(text, &unused) == ERR_OK;
}

static bool
is_date(struct str text)
{
	struct timestamp unused;

	return timestamp_parse_date(text, &unused) == ERR_OK;
}

/** RFC 3339 full-time: what follows the T of a date-time. */
static bool
is_time(struct str text)
{
	char whole[80];

	if (text.len > 60)
		return false;
	memcpy(whole, "2000-01-01T", 11);
	memcpy(whole + 11, text.len ? text.ptr : "", text.len);
	return is_date_time(str_make(whole, 11 + text.len));
}

static bool
is_uuid(struct str text)
{
	struct uuid unused;

	return uuid_parse(text, &unused) == ERR_OK;
}

/** An e-mail address as people have them: one @, and no blanks. */
static bool
is_email(struct str text)
{
	size_t at = str_find_char(text, '@');

	if (at == SIZE_MAX || at == 0 || at + 1 == text.len || text.len > 320)
		return false;
	return str_find_char(str_skip(text, at + 1), '@') == SIZE_MAX &&
	       str_find_char(text, ' ') == SIZE_MAX && !str_has_control(text);
}

static bool
is_label(struct str label)
{
	if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' ||
		label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			!(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

/** RFC 1123 §2.1. */
static bool
is_hostname(struct str text)
{
	if (text.len == 0 || text.len > 253)
		return false;
	while (text.ptr != NULL) {
		if (!is_label(str_split(&text, '.')))
			return false;
	}
	return true;
}

static bool
is_ipv4(struct str text)
{
	int parts = 0;

	while (text.ptr != NULL) {
		struct str part = str_split(&text, '.');
		uint64_t value;

		if (++parts > 4 || part.len > 3 || str_to_u64(part, &value) ||
			value > 255 || (part.len > 1 && part.ptr[0] == '0'))
			return false;
	}
	return parts == 4;
}

static bool
is_hex_group(struct str group)
{
	if (group.len == 0 || group.len > 4)
		return false;
	for (size_t i = 0; i < group.len; i++) {
		if (!memchr("0123456789abcdefABCDEF", group.ptr[i], 22))
			return false;
	}
	return true;
}

/** Groups of one side of "::" (or of all); SIZE_MAX when one is none. */
static size_t
count_groups(struct str text, bool may_end_in_ipv4)
{
	size_t count = 0;

	if (text.len == 0)
		return 0;
	while (text.ptr != NULL) {
		struct str group = str_split(&text, ':');

		if (text.ptr == NULL && may_end_in_ipv4 && is_ipv4(group))
			return count + 2;
		if (!is_hex_group(group) || ++count > 8)
			return SIZE_MAX;
	}
	return count;
}

/** RFC 4291 §2.2. */
static bool
is_ipv6(struct str text)
{
	size_t gap = str_find(text, STR("::"));
	size_t before, behind;

	if (gap == SIZE_MAX)
		return count_groups(text, true) == 8;
	before = count_groups(str_head(text, gap), false);
	behind = count_groups(str_skip(text, gap + 2), true);
	return before <= 8 && behind <= 8 && before + behind <= 7;
}

static const struct schema_format formats[] = {
	{"date-time", is_date_time, "an RFC 3339 time"},
	{"date", is_date, "a date like 2026-03-01"},
	{"time", is_time, "an RFC 3339 time of day with its zone"},
	{"uuid", is_uuid, "a UUID"},
	{"uri", cloudevents_is_uri, "a URI"},
	{"uri-reference", cloudevents_is_uri_reference, "a URI reference"},
	{"email", is_email, "an e-mail address"},
	{"hostname", is_hostname, "a host's name"},
	{"ipv4", is_ipv4, "an IPv4 address"},
	{"ipv6", is_ipv6, "an IPv6 address"},
};

const struct schema_format *
schema_format_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		if (str_equal(name, str_of(formats[i].name)))
			return &formats[i];
	}
	return NULL;
}
