#pragma once
#include "check.h"
#include "flow/connection.h"
#include "flow/outgoing.h"
#include "flow/run.h"

/*
 * What the tests of modules share: a module is called through the real
 * interpreter, as the second one of a scenario whose hook brings a bundle, and
 * told by what its step came to. The host keeps steps in memory; a store with
 * its writer and a way out to loopback are there when they are asked for.
 */
enum { RUN_WORLD_STEPS_MAX = 512, RUN_WORLD_CONNECTIONS_MAX = 8 };

struct run_world {
	struct arena arena;
	struct run_host host;
	struct run_outcome outcome;
	struct execution_row execution;
	struct step_row steps[RUN_WORLD_STEPS_MAX];
	size_t step_count;
	struct connection connections[RUN_WORLD_CONNECTIONS_MAX];
	size_t connection_count;
	struct address_policy policy;
	int64_t run_timeout, step_timeout; /* microseconds; 0: the usual */
};
extern struct run_world run_world;

void run_world_begin(void);
void run_world_end(void);

void run_world_open_store(void);
/** Loopback only, http allowed. */
void run_world_open_way_out(void);

/** A connection that modules can name; `members` is JSON. */
void run_world_connect(const char *id, const char *type, const char *members);

/** Runs a whole blueprint; it must be one without errors. */
void run_world_run(const char *blueprint, const char *bundle);

/** The same once more, after a crash that left the first `steps` steps. */
void run_world_resume(const char *blueprint, size_t steps);

/**
 * One module with these parameters and mapper (JSON objects) and this bundle
 * of the hook (JSON object; {{1.…}} in the mapper). Gives the bundles that
 * came out as compact typed JSON ("[{…},{…}]"), or "DataError: the sentence".
 */
struct str run_world_call(const char *module, const char *parameters,
	const char *mapper, const char *bundle);

#define CHECK_CALL(module_, parameters_, mapper_, bundle_, expected_) \
	CHECK_STR(run_world_call(module_, parameters_, mapper_, bundle_), \
		str_of(expected_))
