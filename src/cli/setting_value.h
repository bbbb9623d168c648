#pragma once
#include "base/buf.h"

/*
 * The kinds of values that settings and options take, as text and back. Pure.
 * On ERR_INVALID `why` says what was expected, without the place: whoever
 * knows whether it was a flag or a line in a file puts that in front.
 */

/** A whole number within [minimum, maximum]. */
enum err setting_value_integer(struct str text, int64_t minimum,
	int64_t maximum, int64_t *ret, struct buf *why) MUST_USE;

/** Bytes: a whole number with B, KiB, MiB, GiB, or alone. */
enum err setting_value_size(struct str text, int64_t minimum, int64_t maximum,
	int64_t *ret, struct buf *why) MUST_USE;

/** Microseconds: a whole number with us, ms, s, m, h or d; "0" alone. */
enum err setting_value_duration(struct str text, int64_t minimum,
	int64_t maximum, int64_t *ret, struct buf *why) MUST_USE;

/** true/false, yes/no, on/off, 1/0, in any case. */
enum err setting_value_boolean(struct str text, bool *ret, struct buf *why)
	MUST_USE;

/** The place of a word in `choices` ("error warning info"). */
enum err setting_value_choice(struct str text, const char *choices,
	unsigned *ret, struct buf *why) MUST_USE;

/** Appends the shortest exact spelling that reads back as the same. */
void setting_value_print_size(struct buf *out, int64_t bytes);
void setting_value_print_duration(struct buf *out, int64_t microseconds);

/** Appends the word at `index` of `choices`. */
void setting_value_print_choice(
	struct buf *out, const char *choices, unsigned index);
