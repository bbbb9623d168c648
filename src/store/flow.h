#pragma once
#include "store/store.h"

/*
 * Executions of scenarios and their steps, beside the hub's own tables in the
 * same database. An execution is there from the moment its request is
 * accepted (QUEUED: that is the hook's queue); a step from the moment it
 * ended. Together they are all that is needed to go on after a crash: the
 * steps' stored results are taken, and what has none is run.
 */
enum execution_state {
	EXECUTION_QUEUED,
	EXECUTION_RUNNING, /* at a start: was interrupted, goes on */
	EXECUTION_SUCCESS,
	EXECUTION_WARNING,
	EXECUTION_ERROR,
	EXECUTION_INCOMPLETE, /* failed, kept, tried again at `due` if set */
	EXECUTION_DROPPED,    /* an incomplete one that was given up */
};
/** "QUEUED", … */
const char *execution_state_name(enum execution_state state);

struct execution_row {
	uint64_t sequence; /* made by the program, rising */
	uint32_t workspace;
	struct str scenario;	   /* object id */
	uint64_t scenario_version; /* revision it runs with */
	enum execution_state state;
	struct str cause; /* "hook", "manual", "schedule", "replay" */
	int64_t created;
	int64_t started; /* 0: not yet */
	int64_t ended;	 /* 0: not yet */
	int64_t due;	 /* QUEUED: not before; INCOMPLETE: next try, 0: none */
	uint32_t attempts;
	uint32_t operations;
	uint32_t retries; /* put aside by a handler: tries it gets; else 0 */
	int64_t interval; /* between them, microseconds */
	uint32_t failed_step; /* ordinal from 1; 0: none */
	uint64_t origin;      /* the execution that it repeats, or was put aside
				 by; 0: none */
	struct str error;     /* "DataError: …", or empty */
	struct str trigger;   /* typed JSON of the first bundle */
	/* What went through is not to be shown, whatever has become of the
	   scenario since. */
	bool is_confidential;
};

/** An operation: one call of one module with one bundle. */
struct step_row {
	uint64_t execution;
	uint32_t ordinal; /* from 1, in the order of the run */
	uint32_t module;  /* id in the blueprint */
	int64_t started;
	int64_t ended;
	struct str failure; /* name, or empty */
	struct str message;
	struct str input;  /* typed JSON, cut and masked for showing */
	struct str output; /* typed JSON array of bundles, whole */
	struct str trace;
};

/** A store_change of kind STORE_FLOW. */
struct flow_change {
	enum {
		FLOW_EXECUTION_ADD,
		FLOW_EXECUTION_SET,    /* state, version, started, ended, due,
					  attempts, operations, failed_step,
					  error; conflict: its state is not
					  `expected` */
		FLOW_STEP_SET,	       /* added, or in place of a failed one */
		FLOW_EXECUTION_FORK,   /* adds one with the steps of execution
					  `from` up to its failed_step */
		FLOW_EXECUTION_STRIP,  /* what went through it: trigger, inputs,
					  outputs */
		FLOW_SCHEDULE_MARK,    /* execution.scenario started by its
					  schedule at execution.created */
		FLOW_SCHEDULE_FORGET,  /* that scenario is gone */
		FLOW_EXECUTION_REMOVE, /* and its steps */
	} what;
	struct execution_row execution;
	struct step_row step;
	enum execution_state expected;
	uint64_t from;
};

struct execution_list { /* an array in the arena */
	struct execution_row *rows;
	size_t count;
};
struct step_list {
	struct step_row *rows;
	size_t count;
};

struct execution_query {
	uint32_t workspace;  /* 0: all */
	struct str scenario; /* empty: all */
	bool is_by_state;
	enum execution_state state;
	uint64_t before; /* sequence below this; 0: the newest */
	size_t limit;
};

/** Newest first; without their triggers. */
enum err store_executions(struct store *store,
	const struct execution_query *query, struct arena *arena,
	struct execution_list *ret) MUST_USE;

/** What can run; see store_executions_due(). */
struct execution_due {
	struct str scenario; /* empty: all, INCOMPLETE ones too */
	bool is_running;     /* those RUNNING instead, of all scenarios */
	bool is_incomplete;  /* or only the INCOMPLETE ones that are due */
	bool is_by_hand;     /* or QUEUED ones that a person started */
	bool is_stale;	     /* or those INCOMPLETE since before `now` */
	uint64_t after;	     /* sequences above this */
	int64_t now;
	size_t limit;
};

/**
 * QUEUED or INCOMPLETE with a due time at or before `now` (an INCOMPLETE one
 * without a due time waits for a person), oldest first; without triggers.
 */
enum err store_executions_due(struct store *store,
	const struct execution_due *query, struct arena *arena,
	struct execution_list *ret) MUST_USE;

enum err store_execution(struct store *store, uint64_t sequence,
	struct arena *arena, struct execution_row *ret) MUST_USE;

struct step_query {
	uint64_t execution;
	uint32_t from; /* ordinal */
	size_t limit;
};

/** In order of their ordinals. */
enum err store_steps(struct store *store, const struct step_query *query,
	struct arena *arena, struct step_list *ret) MUST_USE;

/** How many are QUEUED, by index. */
enum err store_executions_queued(
	struct store *store, struct str scenario, uint64_t *ret) MUST_USE;

/** The versions of a scenario, OBJECT_SCENARIO_VERSION. */
struct version_query {
	uint32_t workspace;
	struct str scenario;
	uint64_t below; /* revisions below this */
	bool is_unused; /* that no execution needs which is not over */
	size_t limit;
};
struct version_row {
	uint64_t revision;
	int64_t created;
};
struct version_list {
	struct version_row *rows;
	size_t count;
};
/** Without their blueprints, oldest first. */
enum err store_scenario_versions(struct store *store,
	const struct version_query *query, struct arena *arena,
	struct version_list *ret) MUST_USE;

/** When a scenario started last by its schedule; 0: never. */
enum err store_schedule_mark(
	struct store *store, struct str scenario, int64_t *ret) MUST_USE;

/** The highest sequence in use. */
enum err store_execution_highest(struct store *store, uint64_t *ret) MUST_USE;
