#pragma once
#include "base/buf.h"

/*
 * Lengths of time as people write them: a whole number with s, m, h or d
 * ("30s", "36h"). Pure. In the program they are microseconds.
 */

/** ERR_INVALID when it is none; ERR_LIMIT when it is over `max`. */
enum err duration_read(struct str text, int64_t max, int64_t *ret) MUST_USE;

/** Appends it in the largest of s, m and h that it is a whole number of. */
void duration_append(struct buf *out, int64_t microseconds);
