#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Lets delivering keep up with publishing while threads are short of
 * processors. What waits beyond a worker's window in memory goes to the disk
 * and is read back, so who runs ahead makes everything slower; when a worker
 * is behind for want of processor time, the writer therefore waits a little
 * after each commit (docs/decisions/pressure.md).
 *
 * A worker is *behind* while
 * - more than `backlog_max` deliveries wait for it and for nothing else
 *   (dispatch_stats.ready), and
 * - it is short of time: lately its loop has slept less than half of the time.
 *   Being preempted is no sleep, nor is reading the disk.
 * Who waits for endpoints sleeps, and is not behind however much waits. One
 * that has slept for PRESSURE_NAP_MAX in one go is not either, and as long as
 * it is behind it sleeps no longer than that without telling.
 *
 *   worker: pressure_tell() ─ once a turn ─> behind? <─ pressure_hold(): writer
 *
 * While nobody is behind that is one load for the writer, and for a worker a
 * few sums of its own. A worker takes the lock only to wake a writer that is
 * held.
 */
struct pressure;

struct pressure_options {
	size_t backlog_max; /* 0: PRESSURE_BACKLOG_MAX */
	int64_t hold_max;   /* microseconds; 0: PRESSURE_HOLD_MAX */
};

enum {
	PRESSURE_BACKLOG_MAX = 4096,
	/* Microseconds. The first bounds what the next commit, and whoever
	   waits for it, may lose by being held. */
	PRESSURE_HOLD_MAX = 5000,
	PRESSURE_NAP_MAX = 5000,
};

/** NULL: the defaults. Never NULL. */
struct pressure *pressure_new(const struct pressure_options *options);

/** After all gauges are released and nobody is held. NULL is harmless. */
void pressure_free(struct pressure *pressure);

/** Any thread: nobody is held any more from now on. NULL is harmless. */
void pressure_end(struct pressure *pressure);

/**
 * Waits while a worker is behind, `hold_max` at most by the real clock, and no
 * longer. Returns the microseconds it waited, at least 1 if it did; NULL: 0.
 */
int64_t pressure_hold(struct pressure *pressure);

/** Any thread: whether a worker is behind. NULL: false. */
bool pressure_is_on(const struct pressure *pressure);

/** Any thread: how many are held at this moment. NULL: 0. */
unsigned pressure_held(const struct pressure *pressure);

/* ---- a worker's side: its own thread only ---- */

/** Embedded in the worker. */
struct pressure_gauge {
	struct pressure *pressure; /* NULL: what is told goes nowhere */
	int64_t told_at;
	int64_t time;  /* told of, lately; what is older counts less */
	int64_t slept; /* of that */
	bool is_behind;
};

/** `now`: the monotonic clock. Borrows `pressure`, which may be NULL. */
void pressure_gauge_init(
	struct pressure_gauge *gauge, struct pressure *pressure, int64_t now);

/** It is not behind any more, whatever it was. Twice is harmless. */
void pressure_gauge_release(struct pressure_gauge *gauge);

/**
 * Once a turn of the worker's loop, before it may sleep: `ready` deliveries
 * wait for it, and of the time since the last call it has slept for
 * `slept` microseconds.
 */
void pressure_tell(
	struct pressure_gauge *gauge, size_t ready, int64_t slept, int64_t now);

/** How long the loop may sleep now that would like to sleep for `time`. */
int64_t pressure_nap(const struct pressure_gauge *gauge, int64_t time);
