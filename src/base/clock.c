#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static atomic_bool is_frozen;
static _Atomic int64_t frozen_now;
static _Atomic int64_t frozen_monotonic;
static _Atomic int64_t shift;

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * SECONDS + (int64_t)ts.tv_nsec / 1000;
}

int64_t
clock_now(void)
{
	if (atomic_load_explicit(&is_frozen, memory_order_relaxed))
		return atomic_load(&frozen_now);
	return read_clock(CLOCK_REALTIME) +
	       atomic_load_explicit(&shift, memory_order_relaxed);
}

int64_t
clock_monotonic(void)
{
	if (atomic_load_explicit(&is_frozen, memory_order_relaxed))
		return atomic_load(&frozen_monotonic);
	return read_clock(CLOCK_MONOTONIC);
}

void
clock_test_set(int64_t now, int64_t monotonic)
{
	atomic_store(&frozen_now, now);
	atomic_store(&frozen_monotonic, monotonic);
	atomic_store(&is_frozen, true);
}

void
clock_test_advance(int64_t microseconds)
{
	atomic_fetch_add(&frozen_now, microseconds);
	atomic_fetch_add(&frozen_monotonic, microseconds);
}

void
clock_test_shift(int64_t microseconds)
{
	atomic_store(&shift, microseconds);
}

void
clock_test_release(void)
{
	atomic_store(&shift, 0);
	atomic_store(&is_frozen, false);
}
