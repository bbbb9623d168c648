#pragma once
#include "base/arena.h"

/*
 * Writes an answer of HTTP/1.1 (RFC 9112 §4) for the server: head and body in
 * one piece, so that they leave by one send. Any thread.
 */
struct http_answer_header {
	struct http_answer_header *next;
	struct str name;
	struct str value;
};

struct http_answer {
	int status;
	const char *content_type; /* may be NULL; only said of a body */
	struct str body;
	const struct http_answer_header *headers;
	bool is_to_head;  /* the body is only told of */
	bool is_last;	  /* the connection is closed after it */
	bool is_kept_1_0; /* it is kept, which HTTP/1.0 must be told */
};

/**
 * In `arena`. 204 and 304 have no body. A header that cannot stand in one line
 * is left out.
 */
struct str http_answer_write(
	const struct http_answer *answer, struct arena *arena);

/** "Not Found"; of a status nobody knows: "Status". Never NULL. */
const char *http_answer_reason(int status);
