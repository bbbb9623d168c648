#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Random numbers. Bytes come from the operating system and are fit for keys;
 * a test may fix a seed, after which everything drawn is repeatable.
 */

/** Fills `out`. Never fails (aborts when the system has no randomness). */
void random_bytes(void *out, size_t len);

/** Uniform in [0, bound); bound > 0. For jitter, not for keys. */
uint64_t random_below(uint64_t bound);

/** From now on all draws of this process follow from `seed` (tests only). */
void random_test_seed(uint64_t seed);
