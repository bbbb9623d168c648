#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * How often it is told that deliveries to a webhook were given up: at once,
 * then at most once in DEAD_TALLY_PAUSE, with the number since the time
 * before. An endpoint that is down must not fill the store with that news.
 * One thread at a time.
 */
struct dead_tally;

#define DEAD_TALLY_PAUSE (1 * MINUTES)

struct dead_tally *dead_tally_new(void);
/** NULL is harmless. */
void dead_tally_free(struct dead_tally *tally);

/** One more at `now` (monotonic): how many are to be told now, or 0. */
uint64_t dead_tally_add(
	struct dead_tally *tally, uint64_t webhook, int64_t now);

/** The webhook is gone. */
void dead_tally_forget(struct dead_tally *tally, uint64_t webhook);
