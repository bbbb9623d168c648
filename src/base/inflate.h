#pragma once
#include "base/buf.h"

/*
 * What was compressed for the way (RFC 9110 §8.4.1): gzip, and deflate with or
 * without the frame of zlib. Pure.
 */

/**
 * Appends the bytes to `out`, whose limit bounds them. ERR_INVALID when it is
 * broken or ends too early, ERR_LIMIT when they are too many.
 */
enum err inflate_append(struct buf *out, struct str compressed) MUST_USE;
