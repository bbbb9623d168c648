#pragma once
#include "base/seal.h"
#include "flow/run.h"
#include "flow/scenarios.h"
#include "net/http_client.h"

/*
 * Executions under way. What starts one is stored (QUEUED) before anybody is
 * answered; a few threads take executions in their order, run them, and store
 * what they came to. A bounded number is held in memory, the rest is read
 * from the store; so is, at a start, all that was not over.
 *
 * A scenario that is sequential runs one at a time, and not while one of its
 * executions is INCOMPLETE. While a scenario is off its queue waits; what a
 * person starts, and what has begun, goes on. Such ones go before the queue.
 * Of a scenario that is removed all that waits ends: as failed, it is gone.
 */
struct runner;
struct ingest;	    /* pipeline/ingest.h */
struct allow_lists; /* pipeline/allow_lists.h */

struct runner_options {
	struct store *store; /* borrowed, as all here */
	struct writer *writer;
	struct scenarios *scenarios;
	const struct seal_key *key;	 /* of connections */
	struct http_client_options http; /* the way out */
	unsigned threads;		 /* 0: 16 */
	size_t queue_max;      /* QUEUED ones of a scenario; 0: 10,000 */
	size_t bytes_max;      /* of bundles held in memory; 0: 16 MiB */
	int64_t run_timeout;   /* 0: 40 min */
	int64_t reply_timeout; /* 0: 180 s */
	/* INCOMPLETE ones whose last try is so long ago are given up; 0:
	   never. */
	int64_t incomplete_age;
	uint32_t incomplete_max;	 /* kept of a scenario; 0: 1000 */
	struct ingest *ingest;		 /* what is told of; NULL: nothing */
	struct allow_lists *allow_lists; /* NULL: there are none */
	int64_t step_timeout;		 /* 0: 40 s */
};

struct runner *runner_start(const struct runner_options *options);
/**
 * Steps under way get `timeout` microseconds to end; what is not over goes on
 * at the next start. Whoever waits is answered, and nothing begins any more.
 * NULL is harmless, as in runner_free().
 */
void runner_stop(struct runner *runner, int64_t timeout);
/** Once nobody calls any more. */
void runner_free(struct runner *runner);

/**
 * Whoever waits for what a run answers. Called once: with the scenario's
 * response, or what the hook says instead ("Accepted", "Scenario failed to
 * complete."). On any thread; must not block.
 */
struct runner_reply {
	void (*respond)(struct runner_reply *reply,
		const struct run_response *response);
};

enum { RUNNER_ALSO_MAX = 8 };

struct runner_order {
	const struct scenario *scenario;
	struct str trigger; /* typed JSON of the first bundle; copied */
	const char *cause;  /* static: "hook", "manual", "schedule", "replay" */
	uint64_t revision;  /* of the scenario to run with; 0: the present */
	uint64_t origin;    /* the execution that it repeats; 0: none */
	bool is_confidential; /* as that one is, whatever the scenario says */
	struct runner_reply *reply; /* or NULL */
	bool is_expected;	    /* runner_take_expected() said so */
	/* Stored with it; borrowed until `stored`. None may conflict. */
	const struct store_change *also;
	size_t also_count; /* RUNNER_ALSO_MAX at most */
	void *context;
	/**
	 * On the writer's thread: it is on disk (ERR_OK, with its sequence)
	 * or was not accepted.
	 */
	void (*stored)(void *context, enum err err, uint64_t execution);
};

/**
 * Any thread; does not block. ERR_LIMIT: the scenario's queue is full;
 * ERR_BUSY: the writer's is, or the runner has stopped; then `stored` is not
 * called.
 */
enum err runner_begin(struct runner *runner, const struct runner_order *order)
	MUST_USE;

/**
 * "Run once": who waits for the next execution that a hook starts. Of a
 * scenario that is off, or waits for its time, the oldest one in its queue is
 * let go, or else one request is accepted.
 */
struct runner_once {
	int64_t deadline; /* clock_monotonic() */
	/**
	 * Called once, on any thread; must not block. It has begun; 0: none
	 * has by the deadline, or the runner stops.
	 */
	void (*came)(struct runner_once *once, uint64_t execution);
};

/** Any thread. ERR_CONFLICT: somebody waits already; ERR_BUSY: it stops. */
enum err runner_once(struct runner *runner, const struct scenario *scenario,
	struct runner_once *once) MUST_USE;

/** Whether a request to a scenario that is off is to be accepted; then it is
 * the last one. */
bool runner_take_expected(struct runner *runner, struct uuid scenario);

/**
 * As scenarios_options.changed says: a scenario is new, has changed, or
 * (`scenario` is NULL) is gone.
 */
void runner_note_change(struct runner *runner, const struct scenario *former,
	const struct scenario *scenario);

/** Blocks on the disk. ERR_CONFLICT: it is not INCOMPLETE (any more). */
enum err runner_retry(struct runner *runner, uint64_t execution) MUST_USE;
enum err runner_drop(struct runner *runner, uint64_t execution) MUST_USE;

/** The queue of one scenario. */
struct runner_queue {
	uint64_t waiting, max;
	uint32_t running, incomplete;
};
void runner_queue(
	struct runner *runner, struct uuid scenario, struct runner_queue *ret);

/* ---- the scenarios that most waits for ---- */

/* How many are known at a time: what is told of them stays bounded. */
enum { RUNNER_FRONT_MAX = 20 };

struct runner_behind {
	struct uuid scenario;
	struct runner_queue queue;
};

/**
 * Those with the most executions waiting, incomplete and running, the most
 * first; returns how many. Who has none, or is gone, is not among them. They
 * are kept in order as executions come and go, so of those that have any
 * 2 * RUNNER_FRONT_MAX + 1 are looked at, and of the others none. Any thread.
 */
size_t runner_front(
	struct runner *runner, struct runner_behind ret[RUNNER_FRONT_MAX]);

/** All scenarios' in sum; costs the same however many there are. */
struct runner_stats {
	uint64_t started, succeeded, warned, failed, incomplete, operations;
	size_t running, waiting;
};
void runner_stats(struct runner *runner, struct runner_stats *ret);
