#pragma once
#include "base/buf.h"
#include "net/chunked.h"

/*
 * Reads one response of HTTP/1.1 or 1.0 (RFC 9112) out of bytes that come
 * piece by piece, for the wire engine only. Pure and bounded; how the bytes
 * are cut into pieces makes no difference.
 *
 *   HEAD ─┬─> HEAD (1xx: passed over)
 *         ├─> LENGTH ────────────────────────────────────────┐
 *         ├─> UNTIL_CLOSE ───────────────────────────────────┤
 *         ├─> CHUNKED ───────────────────────────────────────┤
 *         └─(no body)────────────────────────────────────────┴─> DONE
 *
 * Where the framing is in doubt the response is broken, or counts and its
 * connection is not used again: lengths that differ or are no numbers, a name
 * with a blank before its colon, a length beside a transfer coding.
 */
enum {
	WIRE_HEAD_MAX = 64 * 1024,	/* of one head, interim ones too */
	WIRE_INTERIM_MAX = 16,		/* 1xx responses before the final one */
	WIRE_READ_ON_MAX = 1024 * 1024, /* of a body nobody keeps; and of what
					   is around chunks, over the body */
};

enum wire_verdict {
	WIRE_MORE,	/* all is well so far */
	WIRE_DONE,	/* the response is whole */
	WIRE_ENOUGH,	/* its body is longer than anybody wants: it counts */
	WIRE_BROKEN,	/* not a response; `error` says why */
	WIRE_TOO_LARGE, /* its head is */
};

enum wire_part {
	WIRE_HEAD,
	WIRE_LENGTH,
	WIRE_UNTIL_CLOSE,
	WIRE_CHUNKED,
	WIRE_ALL,
};

struct wire_response {
	/* What was found. */
	int status;
	struct buf head; /* status line to blank line, of the final response */
	struct buf body; /* at most body_max bytes */
	size_t body_seen;
	bool can_keep;	   /* the connection, as far as the peer says */
	int64_t keep_time; /* microseconds it keeps it when idle; 0: unknown */
	const char *error; /* static sentence when broken */

	/* Its own. */
	enum wire_part part;
	bool has_no_body;  /* it answers a HEAD */
	size_t body_max;   /* bytes kept */
	size_t line_start; /* in `head` */
	unsigned interim_count;
	bool is_http_1_0;
	bool has_length;
	bool has_coding; /* a Transfer-Encoding */
	bool is_chunked; /* the last coding is */
	bool is_framing; /* the line before was one of framing */
	uint64_t left;	 /* bytes of the body that has a length */
	struct chunked chunked;
};

/** Gets ready for a response; memory of the last one is used again. */
void wire_response_begin(
	struct wire_response *response, bool is_to_head, size_t body_max);
void wire_response_release(struct wire_response *response);

/**
 * Takes bytes in. `*ret_used` is how many belong to this response: all of
 * them unless the verdict is WIRE_DONE.
 */
enum wire_verdict wire_response_take(
	struct wire_response *response, struct str bytes, size_t *ret_used);

/** The peer has ended the connection in order: DONE or BROKEN. */
enum wire_verdict wire_response_end(struct wire_response *response);

/** Whether any byte of it has come. */
bool wire_response_is_begun(const struct wire_response *response);
