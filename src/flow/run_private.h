#pragma once
#include "flow/run.h"

/*
 * The interpreter's own: its state, and what its files do for each other.
 *
 *   run.c          begin and end
 *   run_flow.c     flows: the order in which bundles go
 *   run_step.c     one operation: input, call, journal
 *   run_control.c  the modules that are the engine's own
 *   run_error.c    handlers and directives
 */

/** What to do after a bundle has gone through (a part of) a flow. */
enum run_next {
	RUN_ON,	     /* with the next bundle */
	RUN_STOP,    /* the run is over; run->outcome says how */
	RUN_HANDLED, /* a directive: back to the failed module's handling */
};

/** Collects for an aggregator while its feeder's bundles go through. */
struct run_collector {
	struct run_collector *outer;
	const struct blueprint_module *aggregator;
	struct blueprint_flow flow; /* where the aggregator stands */
	size_t at;		    /* its index there */
	struct arena arena;	    /* of the items */
	struct value_builder items; /* {key, value} of each */
};

/** Where a branch of an if-else goes on: the merge behind it. */
struct run_join {
	struct run_join *outer;
	const struct blueprint_route *branch;
	size_t number; /* of the branch among those that merge */
	struct blueprint_flow flow;
	size_t at; /* of the merge */
};

/** A failed module whose handler is running. */
struct run_handling {
	struct run_handling *outer;
	const struct blueprint_module *directive; /* that ended it, or NULL */
	struct arena arena;
	struct value input; /* of the directive */
	uint32_t failed;    /* ordinal of the step, or 0 */
	const struct failure *failure;
};

struct run_variable {
	struct run_variable *next;
	struct str name;
	struct value value;
};

struct run {
	const struct run_options *options;
	struct arena *arena;
	struct template_scope scope;
	int64_t began; /* clock_now() */
	int64_t deadline;
	struct value *bundles; /* by index in blueprint->modules */
	struct run_collector *collectors;
	struct run_join *join;
	struct run_handling *handling;
	struct run_variable *variables;
	struct value scenario_variables;
	struct cookies *cookies; /* NULL: none were asked for */
	uint32_t ordinal;	 /* of the last step begun */
	uint32_t failed; /* the step that is being handled; 0: a filter */
	uint32_t operations;
	size_t replayed;  /* stored steps taken so far */
	bool has_resumed; /* the step that failed has been run again */
	bool has_warning;
	/* Steps done and not saved. */
	struct arena pending_arena;
	struct step_row *pending;
	size_t pending_count;
	size_t pending_cap;
	struct run_outcome *outcome;
};

/* ---- run.c ---- */

/** The place of a module's bundle. */
struct value *run_bundle(
	struct run *run, const struct blueprint_module *module);

/** Ends the run. */
enum run_next run_end(struct run *run, enum execution_state state,
	const struct failure *failure);

/** Saves what is pending; RUN_STOP when the disk refuses. */
enum run_next run_flush(struct run *run);

/** The pending steps are on disk. */
void run_forget_pending(struct run *run);

/** Time, operations, a stop of the process: RUN_STOP when one is over. */
enum run_next run_check_limits(struct run *run);

/* ---- run_flow.c ---- */

/** The modules from `at` on, with the bundles that are set. */
enum run_next run_flow(struct run *run, struct blueprint_flow flow, size_t at);

/**
 * Goes on behind the module at `at` with these bundles of it, one after the
 * other.
 */
enum run_next run_emit(struct run *run, struct blueprint_flow flow, size_t at,
	const struct module_result *result);

/* ---- run_step.c ---- */

/**
 * One operation: takes the stored result, or evaluates the input, calls the
 * module and notes the result. The result is in `arena`.
 */
enum failure_kind run_step(struct run *run,
	const struct blueprint_module *module, struct arena *arena,
	struct module_result *result, struct failure *failure);

/** Evaluates a mapper: DataError when it fails. */
enum failure_kind run_input(struct run *run,
	const struct blueprint_module *module, struct arena *arena,
	struct value *ret, struct failure *failure);

/** The failure that a problem of a template is. */
enum failure_kind run_problem(enum err err,
	const struct template_problem *problems, struct arena *arena,
	struct failure *failure);

/**
 * The stored row of the step that begins now (run->ordinal is already its),
 * or NULL.
 */
const struct step_row *run_stored(
	struct run *run, const struct blueprint_module *module);

/** Room for a step that is done and not saved. */
struct step_row *run_add_pending(struct run *run);

/* ---- run_control.c ---- */

/** What a control module does as a step; NULL for those that are no step. */
typedef enum failure_kind run_control_function(struct run *run,
	const struct module_call *call, struct module_result *result,
	struct failure *failure);
run_control_function *run_control_find(const struct module_kind *kind);

/** What follows from a result, stored or new: variables are set. */
void run_control_apply(struct run *run, const struct blueprint_module *module,
	const struct module_result *result);

/* ---- run_aggregate.c ---- */

/** Adds the present bundle to a collector. */
enum failure_kind run_collect(struct run *run, struct run_collector *collector,
	struct arena *arena, struct failure *failure);

/** What a collector comes to. */
void run_aggregate(struct run *run, struct run_collector *collector,
	struct arena *arena, struct module_result *result);

/* ---- run_error.c ---- */

/**
 * A module failed: its handler, or the scenario's settings, decide. `flow`
 * and `at` are where it stands, for Resume. run->failed is its step.
 */
enum run_next run_failed(struct run *run, struct blueprint_flow flow, size_t at,
	const struct failure *failure);

/** A directive ends the handling that is under way. */
enum run_next run_directive(
	struct run *run, struct blueprint_flow flow, size_t at);
