#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What becomes of times on disk when the wall clock is set. What waits is
 * written down as a time of the wall clock, the only one that outlives the
 * process; in memory it is waited for by the monotonic one. While the process
 * runs it sees the wall clock jump against the monotonic one, and takes times
 * that were written before as moved along with it. Pure.
 *
 * So a jump neither makes what waits due at once (forward) nor makes it wait
 * longer than was meant (backward). What nobody saw, a jump while the process
 * was not running, is only bounded: nothing waits longer than it was meant to
 * wait in the first place, counted from when it is read.
 *
 * A zeroed one takes both clocks for the same.
 */
enum { DRIFT_JUMPS_MAX = 8 };

/** Less is the clock being kept right, not a jump. Microseconds. */
#define DRIFT_TOLERANCE INT64_C(2000000)

struct drift {
	bool is_started;
	int64_t offset; /* the wall clock less the monotonic one */
	int64_t wall;	/* as last looked at */
	struct drift_jump {
		int64_t before;	  /* the wall clock, had it not been set */
		int64_t by;	  /* forward: above 0 */
	} jumps[DRIFT_JUMPS_MAX]; /* the oldest first */
	size_t count;
};

/**
 * Both clocks as they are now; to be told at least every minute. Returns by
 * how much the wall clock was set since the last look, or 0.
 */
int64_t drift_look(struct drift *drift, int64_t wall, int64_t monotonic);

/** What the present wall clock would have said when `written` was written. */
int64_t drift_wall(const struct drift *drift, int64_t written);

/** The monotonic time at which `due`, written down at `written`, comes. */
int64_t drift_due(const struct drift *drift, int64_t due, int64_t written,
	int64_t monotonic);

/** How long ago `written` was; at least 0. */
int64_t drift_age(const struct drift *drift, int64_t written);
