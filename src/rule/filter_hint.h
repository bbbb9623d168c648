#pragma once
#include "rule/filter_lex.h"

#include "base/buf.h"

/*
 * Words for people whose filter does not parse: what was found, and what they
 * probably meant.
 */

/** Appends "found 'x'" or "found the end of the filter". */
void filter_hint_describe(const struct filter_token *token, struct buf *out);

/** Appends "; write 'eq'" when the cause of a failure is a known one. */
void filter_hint(const struct filter_token *token, struct buf *out);
