#include "rule/text_unit.h"

#include "rule/filter_text.h"

static size_t
units_at(unsigned char lead)
{
	if ((lead & 0xC0) == 0x80)
		return 0;
	return lead >= 0xF0 ? 2 : 1;
}

size_t
text_unit_count(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += units_at((unsigned char)text.ptr[i]);
	return count;
}

size_t
text_unit_offset(struct str text, size_t unit)
{
	size_t passed = 0;

	for (size_t i = 0; i < text.len; i++) {
		size_t units = units_at((unsigned char)text.ptr[i]);

		if (units && passed + units > unit)
			return i;
		passed += units;
	}
	return text.len;
}

bool
text_unit_is_space(uint32_t c)
{
	return (c >= 9 && c <= 13) || c == ' ' || c == 0xA0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/** The last character; `text` is not empty. */
static size_t
last_len(struct str text)
{
	size_t len = 1;

	while (len < text.len && len < 4 &&
		((unsigned char)text.ptr[text.len - len] & 0xC0) == 0x80)
		len++;
	return len;
}

struct str
text_unit_trim(struct str text)
{
	uint32_t c;

	while (text.len) {
		size_t len = filter_text_decode(text, &c);

		if (!text_unit_is_space(c))
			break;
		text = str_skip(text, len);
	}
	while (text.len) {
		size_t len = last_len(text);

		filter_text_decode(str_skip(text, text.len - len), &c);
		if (!text_unit_is_space(c))
			break;
		text.len -= len;
	}
	return text;
}

/* Blocks of pictures, and single ones among other symbols (emoji-data.txt,
   those with Emoji_Presentation or commonly shown so). */
static const struct {
	uint32_t first, last;
} emoji[] = {
	{0x231A, 0x231B},
	{0x23E9, 0x23F3},
	{0x23F8, 0x23FA},
	{0x25FD, 0x25FE},
	{0x2600, 0x2604},
	{0x260E, 0x260E},
	{0x2611, 0x2611},
	{0x2614, 0x2615},
	{0x2618, 0x2618},
	{0x261D, 0x261D},
	{0x2620, 0x2623},
	{0x2626, 0x262F},
	{0x2638, 0x263A},
	{0x2640, 0x2640},
	{0x2642, 0x2642},
	{0x2648, 0x2653},
	{0x265F, 0x2668},
	{0x267B, 0x267F},
	{0x2692, 0x269C},
	{0x26A0, 0x26FD},
	{0x2702, 0x2702},
	{0x2705, 0x270D},
	{0x270F, 0x270F},
	{0x2712, 0x2712},
	{0x2714, 0x2716},
	{0x271D, 0x271D},
	{0x2721, 0x2721},
	{0x2728, 0x2728},
	{0x2733, 0x2734},
	{0x2744, 0x2747},
	{0x274C, 0x274E},
	{0x2753, 0x2757},
	{0x2763, 0x2764},
	{0x2795, 0x2797},
	{0x27A1, 0x27A1},
	{0x27B0, 0x27BF},
	{0x2934, 0x2935},
	{0x2B05, 0x2B07},
	{0x2B1B, 0x2B1C},
	{0x2B50, 0x2B55},
	{0x3030, 0x3030},
	{0x303D, 0x303D},
	{0x3297, 0x3299},
	{0x1F004, 0x1F004},
	{0x1F0CF, 0x1F0CF},
	{0x1F170, 0x1F171},
	{0x1F17E, 0x1F19A},
	{0x1F1E6, 0x1F251},
	{0x1F300, 0x1F64F},
	{0x1F680, 0x1F6FF},
	{0x1F7E0, 0x1F7EB},
	{0x1F90C, 0x1F9FF},
	{0x1FA70, 0x1FAFF},
};

bool
text_unit_is_emoji(uint32_t c)
{
	for (size_t i = 0; i < COUNT_OF(emoji); i++) {
		if (c >= emoji[i].first && c <= emoji[i].last)
			return true;
	}
	return false;
}

/** Skin colours, variation selectors, the keycap, tags of flags. */
bool
text_unit_is_emoji_part(uint32_t c)
{
	return (c >= 0x1F3FB && c <= 0x1F3FF) || c == 0xFE0E || c == 0xFE0F ||
	       c == 0x20E3 || (c >= 0xE0020 && c <= 0xE007F);
}
