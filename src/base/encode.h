#pragma once
#include "base/arena.h"
#include "base/buf.h"

/* Bytes as text and back: hexadecimal, Base64 (RFC 4648), percent-encoding. */

/** Appends lower-case hex. */
void encode_hex(struct buf *out, struct str bytes);

/** Exactly 2 × `count` hex digits into `out`; else ERR_INVALID. */
enum err encode_hex_read(struct str text, uint8_t *out, size_t count) MUST_USE;

/** Appends Base64, standard alphabet, padded (RFC 4648 §4). */
void encode_base64(struct buf *out, struct str bytes);

/** Appends Base64, URL alphabet, no padding (RFC 4648 §5). */
void encode_base64_url(struct buf *out, struct str bytes);

/** Reads either alphabet, padded or not, no blanks. Appends to `out`. */
enum err encode_base64_read(struct str text, struct buf *out) MUST_USE;

/** Appends with all but RFC 3986 unreserved characters as %XX. */
void encode_percent(struct buf *out, struct str bytes);

/**
 * Undoes percent-encoding once; `+` stays unless `plus_is_space`. A broken
 * escape or an escaped NUL is ERR_INVALID. The result is in `arena`, or is
 * `text` itself when there was nothing to undo.
 */
enum err encode_percent_read(struct str text, bool plus_is_space,
	struct arena *arena, struct str *ret) MUST_USE;
