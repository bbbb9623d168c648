#pragma once
#include "base/buf.h"

/**
 * Appends a pattern of ECMA-262 as one of PCRE2 that means the same. Internal
 * to rule/regex. ERR_INVALID with the reason in `why` for what is no pattern
 * of JavaScript but would be one of PCRE2; ERR_LIMIT when `out` is full.
 */
enum err regex_translate(struct str pattern, struct buf *out, struct buf *why)
	MUST_USE;
