#pragma once
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/heap.h"
#include "base/map.h"
#include "flow/runner.h"

/*
 * Private to runner.c (start and stop), runner_thread.c (threads),
 * runner_lane.c (queues), runner_front.c (what they count, and which are the
 * longest), runner_begin.c (what starts an execution), runner_once.c ("run
 * once"), runner_execution.c and runner_finish.c (one execution, and what it
 * came to) and runner_clock.c (what begins by itself).
 */
struct execution; /* runner_execution.h */

/** An execution in a queue. */
struct runner_item {
	struct runner_item *next;
	uint64_t sequence;
	bool is_retry;	 /* of one that is INCOMPLETE */
	bool is_begun;	 /* it has had its turn before */
	bool is_by_hand; /* a person started it */
	/* It has run, and the disk refused what it came to. */
	struct execution *unfinished;
	/* What is stored need not be read again, and there are no steps. */
	bool is_new;
	bool is_awaited; /* somebody waits for its answer */
	bool is_confidential;
	uint64_t scenario_version;
	uint64_t origin;
	int64_t created;
	const char *cause; /* static */
	size_t bytes;	   /* of the trigger */
	char trigger[];
};

/** The queue of a scenario. Under runner->lock. */
struct runner_lane {
	struct uuid scenario;
	uint32_t workspace;
	struct runner_item *first, **last;
	size_t count; /* in memory */
	/* These three are changed by runner_lane_count() alone. */
	uint64_t queued; /* QUEUED in all */
	uint32_t running;
	uint32_t incomplete; /* executions INCOMPLETE */
	uint64_t queued_by_hand;
	uint32_t parallel_max;
	bool has_more; /* in the store, above `highest` */
	bool is_loading;
	uint64_t highest; /* sequence put into memory so far */
	bool is_held;	  /* a scheduled hook: until its time */
	bool is_released; /* its time has come: until nothing waits */
	bool is_off;	  /* the scenario is not enabled */
	bool is_gone;	  /* it is removed for good: what waits ends */
	/* Run once: who waits; whether one may go although it is held or off;
	   whether a request is to be accepted for that. */
	struct runner_once *once;
	bool may_run_one;
	bool expects_one;
	bool has_accepted_one; /* and it has not begun yet */
	uint32_t errors;       /* in a row */
	int64_t last_start;    /* by the schedule; clock_now() */
	int64_t next_start;    /* INT64_MAX: none */
	/* The revision that was run last, when it is not the present one. */
	const struct scenario *former;
	struct runner_lane *next;   /* in runner->lanes */
	struct heap_node by_weight; /* in runner->front */
};

/** Somebody waits for the answer of a run. */
struct runner_waiter {
	struct runner_waiter *next;
	uint64_t sequence;
	int64_t deadline; /* monotonic */
	struct runner_reply *reply;
};

/** Runs one execution after the other. */
struct runner_thread {
	struct runner *runner;
	struct outgoing *outgoing; /* NULL: it has not come that far */
	sem_t saved; /* what it waits for is on disk, or refused */
	pthread_t id;
};

struct runner {
	struct runner_options options;
	pthread_mutex_t lock;
	pthread_cond_t work;	/* `wakes` has grown, or the runner stops */
	pthread_cond_t clock;	/* for the clock's thread */
	struct map by_scenario; /* id → lane */
	struct runner_lane *lanes;
	struct heap front; /* lanes that have something, the most first */
	struct runner_waiter *waiters;
	pthread_mutex_t ordering; /* of sequences as they are submitted */
	uint64_t sequence;	  /* the last one given */
	size_t items, bytes;	  /* in memory */
	size_t storing;		  /* at the writer: told when it is done */
	size_t finishing;	  /* of these, executions that are over */
	struct map retrying;	  /* sequences of INCOMPLETE ones at work */
	int64_t next_giving_up;	  /* the clock's; clock_monotonic() */
	atomic_bool is_stopping;
	/* Threads are started as there is work for them, and stay. */
	struct runner_thread *threads; /* room for options.threads */
	unsigned thread_count;
	unsigned idle;	/* asleep, or on the way to it */
	unsigned wakes; /* of these, woken and not awake yet */
	pthread_t clock_thread;
	struct runner_stats stats;
};

/* ---- runner_lane.c; all under the lock ---- */

/** The lane of a scenario, made if need be. */
struct runner_lane *runner_lane(
	struct runner *runner, const struct scenario *scenario);
/** The same if there is one. */
struct runner_lane *runner_lane_find(
	struct runner *runner, const struct uuid *scenario);

/** What follows from the scenario as it is now. */
void runner_lane_settle(
	struct runner_lane *lane, const struct scenario *scenario);

/**
 * Puts an execution into its lane's queue: what has begun or failed before
 * all others, what a person started before the queue.
 */
void runner_put(struct runner *runner, struct runner_lane *lane,
	struct runner_item *take_item);
/** One that is to be read from the store; with room for so many bytes of a
 * trigger. */
struct runner_item *runner_item_new(uint64_t sequence, size_t trigger);

/** The lane whose turn it is, which goes behind the others; or NULL. */
struct runner_lane *runner_lane_next(struct runner *runner);

/** Its first item, which counts as running. */
struct runner_item *runner_lane_take(
	struct runner *runner, struct runner_lane *lane);

/** Reads more of its queue. Gives the lock back meanwhile. */
void runner_lane_load(struct runner *runner, struct runner_lane *lane);

/** Its queue may go on: wakes as many threads as there is work for. */
void runner_lane_wake(struct runner *runner, const struct runner_lane *lane);

/** Whether a person started it: "manual", "replay". */
bool runner_is_by_hand(struct str cause);

/** Frees all. */
void runner_lanes_free(struct runner *runner);

/* ---- runner_front.c; all under the lock ---- */

/** Changes what a lane has, and its place in the front; none of it gets less
 * than nothing. */
struct runner_difference {
	int64_t queued, incomplete, running;
};
void runner_lane_count(struct runner *runner, struct runner_lane *lane,
	struct runner_difference change);

/** Its scenario is gone for good: it leaves the front, and what waits ends. */
void runner_lane_end(struct runner *runner, struct runner_lane *lane);

/* ---- runner_once.c ---- */

/**
 * Under the lock: an item of the queue begins. Who waits for that, or NULL; to
 * be told without the lock.
 */
struct runner_once *runner_once_take(
	struct runner_lane *lane, const struct runner_item *item);

/** Those whose deadline has passed, or all, are told. */
void runner_once_end(struct runner *runner, bool all);

/** Under the lock: what was to be the one was not stored. */
void runner_once_give_back(struct runner_lane *lane);

/* ---- runner_thread.c ---- */

/** Under the lock: something may be run; a thread that sleeps looks, or one
 * more is started. */
void runner_wake(struct runner *runner);

/** Under the lock, which it gives back meanwhile: a second at most, less
 * when the runner stops. */
void runner_wait(struct runner *runner, int64_t time);

/** What is under way gets until `end` (clock_monotonic()); no thread is left
 * when it returns, and nothing of ours at the writer. */
void runner_end_threads(struct runner *runner, int64_t end);

/* ---- others ---- */

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

/** Runs it and sees to it that what it came to is stored. */
void runner_execute(struct runner_thread *thread, struct runner_lane *lane,
	struct runner_item *take_item);

/** The clock's thread. */
void *runner_clock_run(void *context);
