#pragma once
#include "base/str.h"

/*
 * Text as scenarios count it: in UTF-16 units, as JavaScript does, where
 * characters beyond U+FFFF are two. `text` is UTF-8; on anything else the
 * answers are of no use, but nothing is read outside.
 */

size_t text_unit_count(struct str text);

/**
 * The byte where a unit begins; of the second unit of a character that of the
 * character. At most the length.
 */
size_t text_unit_offset(struct str text, size_t unit);

/** White space of JavaScript: ASCII's, no-break and Unicode's blanks, BOM. */
bool text_unit_is_space(uint32_t c);

/** Without white space at both ends. */
struct str text_unit_trim(struct str text);

/** Whether it is shown as a picture, or joins or colours one. */
bool text_unit_is_emoji(uint32_t c);
bool text_unit_is_emoji_part(uint32_t c);
