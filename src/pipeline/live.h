#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How a webhook's deliveries are going, for others than its worker to read at
 * any time: all snapshots of a webhook share one. Its worker writes it; what
 * one reads belongs together only roughly. NULL is harmless.
 */
struct live {
	atomic_uint refs;
	atomic_uint concurrency; /* attempts it may have under way now; 0: no
				    worker has it */
	atomic_uint in_flight;
	_Atomic size_t queued;		       /* in memory */
	_Atomic uint64_t acknowledged, failed; /* attempts since the start */
};

struct live *live_new(void);
struct live *live_ref(struct live *live);
void live_unref(struct live *live);

/** Its worker's: what has changed. */
void live_show(struct live *live, unsigned concurrency, unsigned in_flight,
	size_t queued);
void live_count(struct live *live, bool is_acknowledged);
