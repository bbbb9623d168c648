#pragma once
#include <stdint.h>

/*
 * All times in the program are int64_t microseconds. `clock_now` is the wall
 * clock (since 1970-01-01 UTC), for what people and peers read; it may jump.
 * `clock_monotonic` never goes back, for everything that waits or measures.
 * Tests replace both.
 */
#define MICROSECONDS INT64_C(1)
#define MILLISECONDS INT64_C(1000)
#define SECONDS INT64_C(1000000)
#define MINUTES (60 * SECONDS)
#define HOURS (60 * MINUTES)

int64_t clock_now(void);
int64_t clock_monotonic(void);

/**
 * From now on both clocks stand still at these values (tests only; not for
 * use while other threads run). clock_test_advance moves both on.
 */
void clock_test_set(int64_t now, int64_t monotonic);
void clock_test_advance(int64_t microseconds);
/** From now on the wall clock is ahead by so much; any thread, any time. */
void clock_test_shift(int64_t microseconds);
/** Back to the real clocks. */
void clock_test_release(void);
