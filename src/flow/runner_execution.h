#pragma once
#include "flow/runner_private.h"

/*
 * One execution while it is under way; private to runner_execution.c, which
 * reads and runs it, and runner_finish.c, which stores what it came to. It
 * belongs to the thread that runs it, then to whoever was given it: one that
 * is over, and that nothing waits for, to the writer until it is stored.
 */
struct execution {
	struct runner *runner;
	struct runner_lane *lane;
	struct runner_thread *thread;
	struct runner_item *item; /* its own; has the trigger of a new one */
	const struct scenario *scenario;
	struct arena arena;
	struct execution_row row;
	char scenario_id[UUID_TEXT_SIZE];
	enum execution_state stored; /* its state on disk */
	enum execution_state was;    /* the same when it was taken up */
	struct step_row *steps;
	size_t step_count;
	bool has_answered;
	struct run_outcome outcome;
	uint32_t errors; /* failures in a row, this one too */
	bool is_too_much;
	bool has_place;		  /* among the INCOMPLETE ones, since now */
	bool is_full;		  /* more are INCOMPLETE than may be */
	uint32_t lane_incomplete; /* when it was looked at last */
	struct writer_item saving;
	struct arena saving_arena; /* of what is on its way to the disk */
};

/** What is stored together. What can conflict stands first. */
struct execution_saving {
	const struct flow_change *first; /* NULL: none */
	const struct step_row *steps;
	size_t count;
	const struct flow_change *last; /* NULL: none */
};

/**
 * Waits for the disk, and for one that refuses until it takes it or the
 * runner stops. ERR_CONFLICT: somebody else has changed the execution.
 */
enum err execution_save(struct execution *execution,
	const struct execution_saving *saving) MUST_USE;

/** Its row with another state, if it is still as we know it. */
struct flow_change execution_change(
	const struct execution *execution, enum execution_state state);

/**
 * Whether one more INCOMPLETE execution is to be kept; then it is counted in
 * its lane. Where there are as many as may be, and nothing may be lost, it is
 * kept, and the scenario is switched off when this execution ends.
 */
bool execution_may_keep(struct execution *execution);

/** When it is tried again: after `wait`, and no sooner than the service asked
 * for. */
int64_t execution_try_after(int64_t wait, const struct failure *failure);

/**
 * It is over, with execution->outcome: stored, counted, answered. Takes the
 * execution. Does not wait for the disk when nothing depends on it.
 */
void execution_finish(struct execution *take_execution);

/** The same for one that the disk has refused before. */
void execution_finish_again(struct execution *take_execution);

/** It is not over, or cannot be run; takes it. */
void execution_leave(struct execution *take_execution);

/** NULL is harmless. */
void execution_free(struct execution *execution);
