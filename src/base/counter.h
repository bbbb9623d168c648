#pragma once
#include <stdatomic.h>
#include <stdint.h>

/*
 * A counter that one thread alone changes and any may read. What several
 * change takes atomic_fetch_add, for which the processor waits until all that
 * was written before has left it.
 */
static inline void
counter_add(_Atomic uint64_t *counter, uint64_t count)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + count, memory_order_relaxed);
}
