#pragma once
#include "rule/regex.h"

/**
 * Appends `text` with the first match of `regex`, or all of them, replaced by
 * `with`, where $1 to $99, $&, $`, $' and $$ mean what they do in JavaScript.
 * `*steps` is the budget of the search and of the replacing. ERR_INVALID, with
 * a sentence, when `with` refers to a group by name; ERR_LIMIT when the budget
 * is used up (then it is 0) or `out` is full.
 */
enum err regex_replace(const struct regex *regex, struct str text,
	struct str with, bool is_global, size_t *steps, struct buf *out,
	struct buf *why) MUST_USE;
