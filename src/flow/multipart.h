#pragma once
#include "flow/multipart_read.h"

/*
 * Writes multipart/form-data (RFC 7578): forms with files. Parts are bytes;
 * their names and file names are quoted as browsers do (the quote, CR and LF
 * as %22, %0D and %0A).
 */

/** A boundary that nobody has used before; `random`ly made. */
struct str multipart_new_boundary(struct arena *arena);

/** Appends a part; after the last one multipart_end(). */
void multipart_append(struct buf *out, struct str boundary,
	const struct multipart_part *part);
void multipart_end(struct buf *out, struct str boundary);
