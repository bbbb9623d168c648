#pragma once
#include "base/str.h"

/*
 * A token bucket that holds one second's worth of tokens, at least one. Pure:
 * the caller says what time it is, in microseconds. In any span of time T at
 * most one bucket and what T brings is taken.
 *
 * Kept as one number, the time at which the bucket is full again, so there is
 * nothing to tick. A zeroed one has no limit.
 */
struct rate {
	int64_t interval; /* a token comes in so much time; 0: no limit */
	int64_t depth;	  /* the time that a full bucket took to fill */
	int64_t full_at;
};

/** Sets the limit, 0 for none; what has been taken stays taken. */
void rate_set(struct rate *rate, unsigned per_minute);

/** When the next token may be taken, if not before; 0: whenever. */
int64_t rate_due(const struct rate *rate);

/** Takes one, whether it is due or not. */
void rate_take(struct rate *rate, int64_t now);

/**
 * The value of WebHook-Allowed-Rate (CloudEvents, HTTP 1.1 Web Hooks §4): a
 * whole number of requests a minute above 0, of which `max` at most is taken,
 * or * for no limit, which is 0 here. ERR_INVALID.
 */
enum err rate_read(struct str text, unsigned max, unsigned *ret) MUST_USE;
