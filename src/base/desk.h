#pragma once
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

/*
 * A few threads that do what may block (waiting for a commit, reading the
 * disk, hashing a password), so that event-loop threads need not. Jobs are
 * embedded in the caller's own struct and run in the order they were posted,
 * as many at a time as there are threads.
 */
struct desk;

struct desk_job {
	struct desk_job *next;
	/* On one of the desk's threads. The job may be posted again, or be gone
	   when it returns. */
	void (*run)(struct desk_job *job);
};

/** `threads` 0: 2. `queue_max` 0: 1024 jobs waiting. Never NULL. */
struct desk *desk_start(unsigned threads, size_t queue_max);

/**
 * Runs what is waiting, then ends the threads. No job may be posted
 * meanwhile by other threads than the desk's own. NULL is harmless.
 */
void desk_stop(struct desk *desk);

/** Any thread. ERR_LIMIT when too many are waiting: nothing was posted. */
enum err desk_post(struct desk *desk, struct desk_job *job) MUST_USE;

/** Jobs posted and not begun. */
size_t desk_waiting(struct desk *desk);
