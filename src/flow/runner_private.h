#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "flow/runner.h"

/*
 * Private to runner.c (queues and threads), runner_execution.c (one
 * execution) and runner_clock.c (what begins by itself).
 */

/** An execution in a queue. */
struct runner_item {
	struct runner_item *next;
	uint64_t sequence;
	bool is_new;	/* there are no steps yet */
	bool is_retry;	/* of one that is INCOMPLETE */
	size_t bytes;	/* of the trigger */
	char trigger[]; /* when is_new */
};

/** The queue of a scenario. Under runner->lock. */
struct runner_lane {
	struct uuid scenario;
	uint32_t workspace;
	struct runner_item *first, **last;
	size_t count;	 /* in memory */
	uint64_t queued; /* QUEUED in all */
	uint32_t running;
	uint32_t parallel_max;
	bool has_more; /* in the store, above `highest` */
	bool is_loading;
	uint64_t highest; /* sequence put into memory so far */
	bool is_held;	  /* a scheduled hook: until its time */
	bool expects_one;
	uint32_t incomplete;	  /* executions INCOMPLETE */
	uint32_t errors;	  /* in a row */
	int64_t last_start;	  /* by the schedule; clock_now() */
	int64_t next_start;	  /* INT64_MAX: none */
	struct runner_lane *next; /* in runner->lanes */
};

/** Somebody waits for the answer of a run. */
struct runner_waiter {
	struct runner_waiter *next;
	uint64_t sequence;
	int64_t deadline; /* monotonic */
	struct runner_reply *reply;
};

struct runner {
	struct runner_options options;
	pthread_mutex_t lock;
	pthread_cond_t work;	/* something may be run */
	pthread_cond_t clock;	/* for the clock's thread */
	struct map by_scenario; /* id → lane */
	struct runner_lane *lanes;
	struct runner_waiter *waiters;
	pthread_mutex_t ordering; /* of sequences as they are submitted */
	uint64_t sequence;	  /* the last one given */
	size_t items, bytes;	  /* in memory */
	size_t storing;		  /* at the writer: on_stored() is to come */
	struct map retrying;	  /* sequences of INCOMPLETE ones at work */
	atomic_bool is_stopping;
	struct outgoing **ways; /* one a thread */
	pthread_t *threads;
	unsigned thread_count;
	pthread_t clock_thread;
	int64_t next_giving_up; /* the clock's; clock_monotonic() */
	struct runner_stats stats;
};

/** Under the lock: the lane of a scenario, made if need be. */
struct runner_lane *runner_lane(
	struct runner *runner, const struct scenario *scenario);

/** Under the lock: puts an execution into its lane's queue. */
void runner_put(struct runner *runner, struct runner_lane *lane,
	struct runner_item *take_item);
/** The same for one that failed: it goes before the others. */
void runner_put_retry(struct runner *runner, struct runner_lane *lane,
	struct runner_item *take_item);
struct runner_item *runner_item_new(
	uint64_t sequence, bool is_new, struct str trigger);

/** Answers whoever waits for this execution, if anybody does (still). */
void runner_answer(struct runner *runner, uint64_t sequence,
	const struct run_response *response);

/** The same with what a hook says when its scenario says nothing. */
void runner_answer_usual(
	struct runner *runner, uint64_t sequence, bool has_failed);

/** A sequence of its own for an execution. */
uint64_t runner_sequence(struct runner *runner);

/** One of a scenario's executions has become INCOMPLETE (1) or is not any
 * more (-1). */
void runner_count_incomplete(
	struct runner *runner, struct str scenario, int change);

/** Runs it and stores what it came to. On a runner's thread. */
void runner_execute(struct runner *runner, struct runner_lane *lane,
	const struct runner_item *item, struct outgoing *outgoing);

/** Under the lock, which it gives back meanwhile: a second at most, less
 * when the runner stops. */
void runner_wait(struct runner *runner, int64_t time);

/** The clock's thread. */
void *runner_clock_run(void *context);
