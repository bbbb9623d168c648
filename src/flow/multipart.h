#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * multipart/form-data (RFC 7578): forms with files, read and written. Parts
 * are bytes; their names and file names are quoted as browsers do (the quote,
 * CR and LF as %22, %0D and %0A).
 */
enum {
	MULTIPART_PARTS_MAX = 1000,
	MULTIPART_HEAD_MAX = 16 << 10, /* bytes of one part's headers */
	MULTIPART_BOUNDARY_MAX = 70,   /* RFC 2046 §5.1.1 */
};

struct multipart_part {
	struct str name;
	struct str filename; /* with is_file */
	struct str type;     /* content type, or empty */
	struct str data;
	bool is_file;
};

struct multipart {
	const struct multipart_part *parts;
	size_t count;
};

/** The boundary that a Content-Type names; ERR_INVALID when it has none. */
enum err multipart_boundary(
	struct str content_type, struct arena *arena, struct str *ret) MUST_USE;

/**
 * All parts in their order; `data` points into `body`. ERR_INVALID, with a
 * sentence that numbers the part, when it is no such form; ERR_LIMIT beyond
 * the limits above.
 */
enum err multipart_read(struct str body, struct str boundary,
	struct arena *arena, struct multipart *ret, struct buf *why) MUST_USE;

/** A boundary that nobody has used before; `random`ly made. */
struct str multipart_new_boundary(struct arena *arena);

/** Appends a part; after the last one multipart_end(). */
void multipart_append(struct buf *out, struct str boundary,
	const struct multipart_part *part);
void multipart_end(struct buf *out, struct str boundary);
