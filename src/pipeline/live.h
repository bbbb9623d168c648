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
struct live;

struct live *live_new(void);
struct live *live_ref(struct live *live);
void live_unref(struct live *live);

struct live_view {
	unsigned concurrency; /* attempts it may have under way now; 0: no
				 worker has it */
	unsigned in_flight;
	size_t queued;		       /* in memory */
	int64_t oldest_due;	       /* of those, wall clock; 0: none */
	uint64_t acknowledged, failed; /* attempts since the start */
};

/** Zeroed for NULL. */
void live_read(const struct live *live, struct live_view *ret);

/** Its worker's, once a turn: all but the attempts. */
void live_show(struct live *live, const struct live_view *now);
/** Its worker's: an attempt. */
void live_count(struct live *live, bool is_acknowledged);
