#pragma once
#include <stdatomic.h>
#include <stdint.h>

/*
 * How long things took: counts by fixed bounds, from a millisecond to an hour.
 * One thread adds, any reads.
 * A zeroed one is empty.
 */
enum { HISTOGRAM_BOUNDS = 16 };

/** Upper bounds in microseconds, rising; what is above the last has no bound.
 */
extern const int64_t histogram_bounds[HISTOGRAM_BOUNDS];

struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1];
	_Atomic uint64_t sum; /* microseconds */
};

/** Below 0 counts as 0. */
void histogram_add(struct histogram *histogram, int64_t microseconds);

struct histogram_view {
	uint64_t counts[HISTOGRAM_BOUNDS + 1];
	uint64_t sum;
};

/** Adds it to the view. */
void histogram_read(
	const struct histogram *histogram, struct histogram_view *view);
