#pragma once
#include "base/buf.h"
#include "net/chunked.h"
#include "net/request_head.h"

/*
 * Reads the body of a request as its head frames it (RFC 9112 §6.3), for the
 * server only. Pure and bounded: more than `max` bytes are refused as soon as
 * they have come, or, where a length says so, before.
 */
enum {
	REQUEST_OVERHEAD_MAX = 64 * 1024
}; /* around chunks, beside 8 bytes for
      each of the body */

enum request_body_verdict {
	REQUEST_BODY_MORE,
	REQUEST_BODY_DONE,
	REQUEST_BODY_TOO_LARGE,
	REQUEST_BODY_BROKEN, /* its chunks are */
};

struct request_body {
	bool is_chunked;
	uint64_t left; /* when it has a length */
	uint64_t seen;
	size_t max;
	struct chunked chunked;
};

/** DONE when there is none, TOO_LARGE when its length says so. */
enum request_body_verdict request_body_begin(
	struct request_body *body, const struct request_head *head, size_t max);

/**
 * Takes bytes in; `*ret_used` is how many belong to the body: all of them
 * unless it says DONE. They are appended to `out`; NULL: thrown away.
 */
enum request_body_verdict request_body_take(struct request_body *body,
	struct str bytes, struct buf *out, size_t *ret_used);

/** How many bytes of the body must still come at least; 0: not known. */
uint64_t request_body_left(const struct request_body *body);
