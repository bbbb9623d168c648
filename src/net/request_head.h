#pragma once
#include "base/str.h"

/*
 * Reads the head of a request of HTTP/1.1 or 1.0 (RFC 9112), for the server
 * only. Pure and bounded. A head is first looked for in the bytes that have
 * come so far, then read as a whole, so that how the bytes were cut into
 * pieces makes no difference.
 *
 * What two readers could understand in two ways is how requests get smuggled
 * past a proxy, so nothing is guessed. 400: a line that does not end in CR LF,
 * a stray CR, a NUL or another control, a blank before a colon, a folded line,
 * a Host that is missing, given twice or no host, a Content-Length that is
 * given twice, no number or beside a Transfer-Encoding. Nothing follows a
 * refusal: the connection is to be closed.
 */
enum {
	REQUEST_HEADERS_MAX = 100,
	REQUEST_METHOD_MAX = 32,
	REQUEST_LINE_MAX = 8192, /* 414 beyond it */
};

struct request_header {
	struct str name;
	struct str value; /* without blanks around it */
};

/** All texts are borrowed from the head's bytes; "/" may be static. */
struct request_head {
	/* Set as far as it could be read, also when it is refused. */
	struct str method;
	struct str path;  /* as sent; "*" for OPTIONS * */
	struct str query; /* without '?' */
	bool is_http_1_0;
	bool can_keep;	   /* the connection, as far as the client says */
	bool is_chunked;   /* the body is */
	bool is_expecting; /* waits for 100 Continue before it sends one */
	uint64_t length;   /* of the body that is not chunked */

	/* When refused: what to answer, and a static sentence. */
	int status;
	struct str reason;

	/* Its own. */
	size_t host_count;
	size_t length_count;
	bool has_coding;
	bool is_coding_unknown;

	size_t header_count;
	struct request_header headers[REQUEST_HEADERS_MAX]; /* last: large */
};

/**
 * How many bytes of empty lines stand before a request (RFC 9112 §2.2); to be
 * passed over, and looking for its end begun anew.
 */
size_t request_head_skip(struct str bytes);

/**
 * The length of the head that begins `bytes`, with the empty line at its end,
 * or 0: more must come. `*scanned`, 0 at first, is where the next look at the
 * same bytes and more goes on.
 */
size_t request_head_find(struct str bytes, size_t *scanned);

/**
 * Whether bytes without the end of a head may become one of at most `max`
 * bytes; otherwise method, status and reason are set.
 */
bool request_head_is_possible(
	struct str bytes, size_t max, struct request_head *head);

/** A whole head. False: refused. */
bool request_head_read(struct str bytes, size_t max, struct request_head *head);
