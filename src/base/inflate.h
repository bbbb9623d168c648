#pragma once
#include <stdbool.h>

#include "base/buf.h"

/*
 * What was compressed for the way (RFC 9110 §8.4.1): gzip, and deflate with or
 * without the frame of zlib. Pure.
 */

/** Whether it can be read, by what Content-Encoding calls it. */
bool inflate_knows(struct str encoding);

/**
 * Appends the bytes to `out`, whose limit bounds them. ERR_INVALID when it is
 * broken or ends too early, ERR_LIMIT when they are too many. Gzip may have
 * several members (RFC 1952 §2.2); what else is behind the end is left.
 */
enum err inflate_append(struct buf *out, struct str compressed) MUST_USE;
