#pragma once
#include "flow/runner_private.h"

/* Private to runner_execution.c and runner_end.c: one execution under way. */

/** What an execution needs while it is under way. */
struct runner_execution {
	struct runner *runner;
	struct runner_lane *lane;
	const struct scenario *scenario;
	struct outgoing *outgoing;
	struct arena arena;
	struct execution_row row;
	enum execution_state stored; /* its state on disk */
	enum execution_state was;    /* the same when it was taken up */
	struct step_row *steps;
	size_t step_count;
	bool has_answered;
	bool is_too_much; /* failures in a row */
	bool has_place;	  /* among the INCOMPLETE ones, since now */
	bool is_full;	  /* more are incomplete than may be */
	uint32_t errors;
	uint32_t lane_incomplete; /* when it was looked at last */
};

/**
 * Stores the steps, and before them `change` (NULL: none), which may conflict.
 * Blocks on the disk.
 */
enum err runner_commit(struct runner_execution *execution,
	const struct step_row *steps, size_t count,
	const struct flow_change *change) MUST_USE;

/** The change of its row to another state. */
struct flow_change runner_change_state(
	const struct runner_execution *execution, enum execution_state state);

/** When it is tried again: no sooner than the service asked for. */
int64_t runner_try_after(int64_t wait, const struct failure *failure);

/**
 * Whether one more INCOMPLETE execution is to be kept; then it is counted in
 * its lane. Where there are as many
 * as may be, and nothing may be lost, it is, and the scenario is switched off
 * when this execution ends.
 */
bool runner_may_keep(struct runner_execution *execution);

/** It has ended: what it came to is stored, counted and told. */
void runner_finish(
	struct runner_execution *execution, const struct run_outcome *outcome);
