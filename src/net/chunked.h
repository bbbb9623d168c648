#pragma once
#include "base/str.h"

/*
 * Takes a body in chunks apart (RFC 9112 §7.1), for the HTTP client and the
 * server. Pure; how the bytes are cut into pieces makes no difference.
 * Extensions and trailers are read over.
 *
 *   SIZE ─┬─> DATA ─> DATA_END ─> SIZE
 *         └─(0)─> TRAILERS ─> END
 *
 * A server is strict: every line ends in CR LF and has no other control
 * character. A client takes what servers have been seen to send: blanks after
 * a size, lines that end in LF alone.
 */
enum { CHUNKED_LINE_MAX = 4096 }; /* a size with its extensions */

enum chunked_verdict {
	CHUNKED_MORE,
	CHUNKED_DONE,
	CHUNKED_BROKEN, /* `error` says why */
};

enum chunked_part {
	CHUNKED_SIZE,
	CHUNKED_DATA,
	CHUNKED_DATA_END,
	CHUNKED_TRAILERS,
	CHUNKED_END,
};

/** A zeroed one is ready, but for `is_strict`. */
struct chunked {
	bool is_strict;
	enum chunked_part part;
	size_t overhead; /* bytes of size lines and trailers: bound it */
	const char *error;

	/* Its own. */
	uint64_t left; /* bytes of the chunk; while in SIZE: its size */
	size_t line_len;
	bool has_digit;
	bool is_size_over; /* only blanks may come before the ';' */
	bool is_in_extension;
	bool is_after_cr;
	bool is_line_empty;
};

/**
 * Takes bytes in from `*used` on, and moves it on: to the end of a line, or of
 * a piece of the body, which is in `*ret_data` (otherwise empty). To be called
 * again while there are bytes and it says MORE.
 */
enum chunked_verdict chunked_take(struct chunked *chunked, struct str bytes,
	size_t *used, struct str *ret_data);
