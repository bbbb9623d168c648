#pragma once
#include "flow/blueprint.h"
#include "store/flow.h"

/*
 * One execution of a scenario. The interpreter goes through the flow depth
 * first, a bundle at a time, on the calling thread, which may block. Every
 * operation (a module called with a bundle) is a step with an ordinal; its
 * result is stored before the next effect begins, before the hook is answered
 * and before a sleep, and with the end of the run at the latest.
 *
 * A run that was interrupted or failed is run again from the beginning with
 * the steps that are stored: their results are taken instead of calling the
 * module, until the first that has none (or is the one that failed). So
 * loops, aggregators and variables come to where they were by the code that
 * made them first. `now` between two steps is the moment the one before
 * ended, so that filters decide again as they did.
 */
struct cookies; /* flow/cookies.h */
struct run_aside;
struct run_response;
struct writer;

struct run_host {
	void *context;
	/**
	 * Makes the steps durable, together with what else the execution has
	 * come to; waits for the disk. An error ends the run as interrupted.
	 */
	enum err (*save)(void *context, const struct step_row *steps,
		size_t count) MUST_USE;
	/**
	 * Keeps the bundle that a Break handler put aside: an execution of
	 * its own, INCOMPLETE, with this run's steps up to `failed`, tried
	 * again at `due` (0: by a person) `retries` times. Durable.
	 */
	enum err (*put_aside)(void *context, const struct run_aside *aside)
		MUST_USE;
	/** The connection with this id, or NULL. Lives as long as `arena`. */
	const struct connection *(*connection)(
		void *context, struct str id, struct arena *arena);
	/** The hook's answer; only the first of a run counts. */
	void (*respond)(void *context, const struct run_response *response);
	struct outgoing *outgoing;
	struct store *store;   /* for data stores; may be NULL in tests */
	struct writer *writer; /* likewise */
	/** Sleeps until then (clock_monotonic()) or less; false: stop now. */
	bool (*pause)(void *context, int64_t until);
	/** Asked between steps: whether to stop now and be resumed later. */
	bool (*must_stop)(void *context);
};

struct run_aside {
	uint32_t failed; /* ordinal of the step to go on with */
	bool is_retried;
	uint32_t retries;
	int64_t interval; /* microseconds */
	const struct failure *failure;
	/* To be stored with it: this run's that were not saved yet. */
	const struct step_row *steps;
	size_t step_count;
};

struct run_response {
	int status;
	struct str body;
	const struct http_header *headers;
	size_t header_count;
};

struct run_options {
	const struct blueprint *blueprint;
	const struct run_host *host;
	const struct execution_row *execution;
	struct str scenario_name;
	const struct zone *zone; /* the scenario's; NULL: UTC */
	/* Stored steps in the order of their ordinals. */
	const struct step_row *steps;
	size_t step_count;
	/* Goes on with execution->failed_step alone: the bundle that failed,
	   and none that came after it. */
	bool is_aside;
	int64_t timeout;	 /* microseconds of all of it; 0: 40 min */
	int64_t step_timeout;	 /* of one; 0: 40 s */
	uint32_t operations_max; /* 0: 100,000 */
};

struct run_outcome {
	enum execution_state state; /* SUCCESS, WARNING, ERROR, INCOMPLETE;
				       QUEUED: stopped, to be resumed */
	uint32_t operations;
	uint32_t failed_step;	/* 0: none */
	struct failure failure; /* in the arena */
	/* Steps that were not saved yet; to be stored with the outcome. */
	const struct step_row *steps;
	size_t step_count;
};

/**
 * Runs it to its end. What it needs for long is in `arena`, which holds at
 * least the outcome. INCOMPLETE is left to the caller to schedule
 * (failure_is_retried()).
 */
void run_execute(const struct run_options *options, struct arena *arena,
	struct run_outcome *ret);

/* ---- for modules ---- */

/** The store and the writer of the host; NULL where there is none. */
const struct run_host *run_host_of(const struct run *run);
uint32_t run_workspace(const struct run *run);

/** A variable of this run; empty when it was not set. */
struct value run_variable(const struct run *run, struct str name);

/**
 * The cookies of this run. Those of steps that were done before it was
 * interrupted are in it: they stand in their bundles (`cookies`).
 */
struct cookies *run_cookies(struct run *run);
