#pragma once
#include "rule/value.h"

/**
 * The separator that the fields `delimiter` (comma, semicolon, tab, other, or
 * the character itself) and `otherDelimiter` name; a comma when they name
 * none. '\0' when what they name cannot be one.
 */
char csv_format_separator(struct value fields, struct arena *arena);

/**
 * The rows as a text, each the values of a collection; with `has_header` the
 * names of the first one's members stand above, and the others' values follow
 * them. ERR_INVALID with a sentence for what has no text, ERR_LIMIT when it is
 * too long.
 */
enum err csv_format_write(struct value rows, char separator, bool has_header,
	struct buf *out, struct buf *why) MUST_USE;
