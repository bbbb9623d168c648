#pragma once
#include "rule/value.h"

/**
 * Appends the value as JSON, compact, or with a line for each member and item
 * when `space` names the indent: "tab", "2", "4". ERR_LIMIT when that is more
 * than `out` may hold.
 */
enum err json_layout_append(
	struct buf *out, struct value value, struct str space) MUST_USE;
