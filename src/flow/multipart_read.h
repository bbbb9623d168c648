#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * Reads multipart/form-data (RFC 7578 over RFC 2046 §5.1). Bounded and pure:
 * parts point into the body; only their names may be copies.
 */
struct multipart_part {
	struct str name;
	struct str filename; /* with is_file */
	struct str mime;     /* empty: none was given */
	struct str data;
	bool is_file; /* it has a file name, be it empty */
};

enum {
	MULTIPART_PARTS_MAX = 1000,
	MULTIPART_BOUNDARY_MAX = 70,
	MULTIPART_HEAD_MAX = 8192, /* bytes of a part's header lines */
};

struct multipart_list {
	const struct multipart_part *parts;
	size_t count;
};

/** The boundary that a Content-Type names; ERR_INVALID when it names none. */
enum err multipart_boundary(
	struct str content_type, struct arena *arena, struct str *ret) MUST_USE;

/**
 * Reads all parts. ERR_INVALID with `why` when the body is not in this form or
 * does not end as it should, ERR_LIMIT beyond the maxima above.
 */
enum err multipart_read(struct str body, struct str boundary,
	struct arena *arena, struct multipart_list *ret, struct buf *why)
	MUST_USE;
