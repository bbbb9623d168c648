#include "rule/cloudevents_grammar.h"

#include "base/ascii.h"
#include "base/encode.h"

bool
cloudevents_is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c))
			return false;
	}
	return name.len > 0;
}

/** The code point at the front of well-formed UTF-8, which is taken off. */
static unsigned
next_code_point(struct str *text)
{
	unsigned char lead = (unsigned char)text->ptr[0];
	unsigned code = lead < 0x80   ? lead
			: lead < 0xE0 ? lead & 31u
			: lead < 0xF0 ? lead & 15u
				      : lead & 7u;
	size_t len = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)text->ptr[i] & 63u);
	*text = str_skip(*text, len);
	return code;
}

bool
cloudevents_is_clean(struct str text)
{
	if (!str_is_utf8(text))
		return false;
	while (text.len > 0) {
		unsigned code = next_code_point(&text);

		if (code < 0x20 || (code >= 0x7F && code <= 0x9F) ||
			(code >= 0xFDD0 && code <= 0xFDEF) ||
			(code & 0xFFFE) == 0xFFFE)
			return false;
	}
	return true;
}

/** Only characters that RFC 3986 lets stand in an URI, escapes whole. */
static bool
is_uri_text(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c <= 0x20 || c >= 0x7F || strchr("\"<>\\^`{|}", c))
			return false;
		if (c == '%' && (text.len - i < 3 ||
					ascii_hex_value(text.ptr[i + 1]) < 0 ||
					ascii_hex_value(text.ptr[i + 2]) < 0))
			return false;
	}
	return true;
}

static bool
has_scheme(struct str text)
{
	size_t colon = str_find_char(text, ':');

	if (colon == SIZE_MAX || colon == 0 || !ascii_is_letter(text.ptr[0]))
		return false;
	for (size_t i = 1; i < colon; i++) {
		char c = text.ptr[i];

		if (!ascii_is_letter(c) && !ascii_is_digit(c) &&
			!strchr("+-.", c))
			return false;
	}
	return true;
}

bool
cloudevents_is_uri(struct str text)
{
	return is_uri_text(text) && has_scheme(text);
}

bool
cloudevents_is_uri_reference(struct str text)
{
	size_t colon = str_find_char(text, ':');
	size_t slash = str_find_char(text, '/');
	size_t query = str_find_char(text, '?');
	size_t fragment = str_find_char(text, '#');

	if (!is_uri_text(text))
		return false;
	return has_scheme(text) || colon == SIZE_MAX || slash < colon ||
	       query < colon || fragment < colon;
}

bool
cloudevents_is_media_type(struct str text)
{
	struct str rest = str_trim(str_split(&text, ';'));
	struct str type = str_split(&rest, '/');

	return str_is_token(type) && str_is_token(rest);
}

bool
cloudevents_is_json_type(struct str text)
{
	struct str subtype = str_trim(str_split(&text, ';'));
	size_t slash = str_find_char(subtype, '/');

	subtype = str_skip(subtype, slash == SIZE_MAX ? 0 : slash + 1);
	return str_equal_nocase(subtype, STR("json")) ||
	       (subtype.len > 5 &&
		       str_equal_nocase(str_skip(subtype, subtype.len - 5),
			       STR("+json")));
}

static unsigned
read_hex4(struct str at)
{
	uint8_t bytes[2] = {0, 0};

	if (encode_hex_read(str_head(at, 4), bytes, 2))
		return 0;
	return (unsigned)bytes[0] << 8 | bytes[1];
}

bool
cloudevents_has_lone_surrogate(struct json string)
{
	struct str left = json_raw_string(string);

	while (left.len > 0) {
		unsigned code = 0;

		if (left.ptr[0] != '\\') {
			left = str_skip(left, 1);
			continue;
		}
		if (left.len > 1 && left.ptr[1] == 'u')
			code = read_hex4(str_skip(left, 2));
		left = str_skip(left, code ? 6 : 2);
		if (code < 0xD800 || code > 0xDFFF)
			continue;
		if (code > 0xDBFF || !str_starts_with(left, STR("\\u")))
			return true;
		code = read_hex4(str_skip(left, 2));
		if (code < 0xDC00 || code > 0xDFFF)
			return true;
		left = str_skip(left, 6);
	}
	return false;
}
