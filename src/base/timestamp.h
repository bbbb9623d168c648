#pragma once
#include "base/buf.h"

/*
 * RFC 3339 date-times as text. A parsed one is an exact instant: whole
 * seconds since 1970-01-01T00:00:00Z (negative before) and the digits of the
 * fraction, however many there are.
 */
struct timestamp {
	int64_t seconds;
	struct str
		fraction; /* digits after the point, borrowed; may be empty */
};

/** Room for what timestamp_format writes, with its NUL. */
enum { TIMESTAMP_TEXT_SIZE = 72 };

/**
 * Reads all of `text` as an RFC 3339 §5.6 date-time (`T` and `Z` in either
 * case, any offset, any number of fraction digits, a leap second :60 counts
 * as the next second). ERR_INVALID when it is not one, or the date does not
 * exist.
 */
enum err timestamp_parse(struct str text, struct timestamp *ret) MUST_USE;

/** Reads `YYYY-MM-DD` as midnight UTC. */
enum err timestamp_parse_date(struct str text, struct timestamp *ret) MUST_USE;

/** Reads a date-time into microseconds since 1970, further digits cut. */
enum err timestamp_parse_microseconds(struct str text, int64_t *ret) MUST_USE;

/** Earlier <0, same instant 0, later >0 (1.5 and 1.500 are the same). */
int timestamp_compare(struct timestamp a, struct timestamp b);

/** `2024-04-16T15:22:58.205785Z`, always six digits. Returns `text`. */
const char *timestamp_format(
	int64_t microseconds, char text[TIMESTAMP_TEXT_SIZE]);

/** Appends what timestamp_format writes. */
void timestamp_append(struct buf *out, int64_t microseconds);

/** Reads an HTTP-date (RFC 9110 §5.6.7, all three forms) as seconds. */
enum err timestamp_parse_http(struct str text, int64_t *ret_seconds) MUST_USE;
