#pragma once
#include "base/arena.h"

/*
 * Text as filters count it: in code points of well-formed UTF-8. On bytes
 * that are no UTF-8 the answers are of no use, but nothing is read outside.
 */

/** The first code point; returns its bytes (at least 1). `text` not empty. */
size_t filter_text_decode(struct str text, uint32_t *ret);

/** Appends a code point to bytes with room for four; returns their number. */
size_t filter_text_encode(uint32_t c, char *out);

size_t filter_text_count(struct str text);

/** The byte offset of the code point with this index, at most the length. */
size_t filter_text_offset(struct str text, size_t index);

/** Every letter mapped to its simple lower or upper case (Unicode). */
struct str filter_text_lower(struct str text, struct arena *arena);
struct str filter_text_upper(struct str text, struct arena *arena);
