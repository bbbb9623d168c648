#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static atomic_bool is_seeded;
static _Atomic uint64_t test_state;

/** One step of splitmix64, whose state may be shared by threads. */
static uint64_t
test_next(void)
{
	uint64_t z = atomic_fetch_add(&test_state, 0x9E3779B97F4A7C15u) +
		     0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

void
random_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	if (atomic_load_explicit(&is_seeded, memory_order_relaxed)) {
		for (size_t i = 0; i < len; i++)
			at[i] = (unsigned char)(test_next() >> 32);
		return;
	}
	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		at += got;
		len -= (size_t)got;
	}
}

uint64_t
random_below(uint64_t bound)
{
	uint64_t limit, value;

	assert(bound > 0);
	limit = UINT64_MAX - UINT64_MAX % bound;
	do {
		random_bytes(&value, sizeof(value));
	} while (value >= limit);
	return value % bound;
}

void
random_test_seed(uint64_t seed)
{
	atomic_store(&test_state, seed);
	atomic_store(&is_seeded, true);
}
