#include "base/json_out.h"
#include "cli/output.h"

/* How wide texts are, and how they are cut and laid out. */

struct range {
	uint32_t first, last;
};

/* Drawn over the character before them. */
static const struct range marks[] = {
	{0x0300, 0x036F},
	{0x0483, 0x0489},
	{0x0591, 0x05BD},
	{0x0610, 0x061A},
	{0x064B, 0x065F},
	{0x0E34, 0x0E3A},
	{0x0E47, 0x0E4E},
	{0x1AB0, 0x1AFF},
	{0x1DC0, 0x1DFF},
	{0x200B, 0x200F},
	{0x202A, 0x202E},
	{0x2060, 0x2064},
	{0x20D0, 0x20FF},
	{0xFE00, 0xFE0F},
	{0xFE20, 0xFE2F},
	{0xFEFF, 0xFEFF},
	{0xE0100, 0xE01EF},
};

/* Two columns wide in terminals (East Asian Wide and emoji). */
static const struct range wides[] = {
	{0x1100, 0x115F},
	{0x231A, 0x231B},
	{0x23E9, 0x23EC},
	{0x25FD, 0x25FE},
	{0x2614, 0x2615},
	{0x26A1, 0x26A1},
	{0x2705, 0x2705},
	{0x274C, 0x274C},
	{0x2E80, 0x303E},
	{0x3041, 0x33FF},
	{0x3400, 0x4DBF},
	{0x4E00, 0x9FFF},
	{0xA000, 0xA4CF},
	{0xAC00, 0xD7A3},
	{0xF900, 0xFAFF},
	{0xFE30, 0xFE6F},
	{0xFF00, 0xFF60},
	{0xFFE0, 0xFFE6},
	{0x1F300, 0x1F64F},
	{0x1F680, 0x1F6FF},
	{0x1F900, 0x1F9FF},
	{0x20000, 0x3FFFD},
};

/* Characters that turn the direction of writing, so that a text shows as
 * another than it is; written as '?' like control characters. */
static const struct range turns[] = {
	{0x202A, 0x202E},
	{0x2066, 0x2069},
	{0x200E, 0x200F},
};

static bool
is_in(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

static size_t
width_of(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (is_in(c, marks, COUNT_OF(marks)))
		return 0;
	return is_in(c, wides, COUNT_OF(wides)) ? 2 : 1;
}

/** The character at `at` and its bytes; a broken one is one byte, U+FFFD. */
static uint32_t
decode(struct str text, size_t at, size_t *ret_len)
{
	unsigned char first = (unsigned char)text.ptr[at];
	size_t len = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	uint32_t c = len == 1 ? first : first & (0x7FU >> len);

	*ret_len = 1;
	if (len == 1)
		return first;
	if (at + len > text.len || !str_is_utf8(str_make(text.ptr + at, len)))
		return 0xFFFD;
	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)text.ptr[at + i] & 0x3FU);
	*ret_len = len;
	return c;
}

size_t
output_columns(struct str text)
{
	size_t columns = 0;
	size_t len;

	for (size_t at = 0; at < text.len; at += len)
		columns += width_of(decode(text, at, &len));
	return columns;
}

static bool
is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 ||
	       c == 0x2029 || is_in(c, turns, COUNT_OF(turns));
}

void
output_append_safe(struct buf *out, struct str text, size_t columns)
{
	bool is_cut = columns != 0 && output_columns(text) > columns;
	size_t room = is_cut ? columns - 1 : SIZE_MAX;
	size_t used = 0;
	size_t len;

	for (size_t at = 0; at < text.len; at += len) {
		uint32_t c = decode(text, at, &len);
		size_t width = width_of(c);

		if (used + width > room)
			break;
		used += width;
		if (is_harmful(c))
			buf_append_char(out, '?');
		else if (c == 0xFFFD)
			buf_append(out, STR("\xEF\xBF\xBD"));
		else
			buf_append(out, str_make(text.ptr + at, len));
	}
	if (is_cut)
		buf_append(out, STR("\xE2\x80\xA6"));
}

static void
indent(struct buf *out, const char *margin, size_t depth)
{
	buf_append_char(out, '\n');
	buf_printf(out, "%s%*s", margin, (int)(2 * depth), "");
}

/** Walks with a stack of its own: depth comes from outside. */
void
output_append_json(struct buf *out, struct json value, const char *margin)
{
	struct json_walk stack[64];
	size_t depth = 0;
	bool is_first = true;

	for (;;) {
		enum json_kind kind = json_kind(value);
		bool is_container = kind == JSON_ARRAY || kind == JSON_OBJECT;

		if (is_container && json_count(value) > 0 &&
			depth < COUNT_OF(stack)) {
			buf_append_char(out, kind == JSON_OBJECT ? '{' : '[');
			stack[depth++] = json_walk(value);
			is_first = true;
		} else {
			output_append_safe(out, json_raw(value), 0);
		}
		while (depth > 0 && !json_walk_next(&stack[depth - 1])) {
			depth--;
			indent(out, margin, depth);
			buf_append_char(
				out, stack[depth].is_object ? '}' : ']');
			is_first = false;
		}
		if (depth == 0)
			return;
		if (!is_first)
			buf_append_char(out, ',');
		is_first = false;
		indent(out, margin, depth);
		value = stack[depth - 1].value;
		if (stack[depth - 1].is_object) {
			output_append_safe(
				out, json_raw(stack[depth - 1].key), 0);
			buf_append(out, STR(": "));
		}
	}
}
