#pragma once
#include "store/store.h"

/*
 * Keeping the store bounded: removing what is old, in steps. A step is found
 * by a reader (store_retain_find), so that walking over what has to stay
 * costs the writer nothing, and done by the writer as the change STORE_RETAIN,
 * which looks again at each row and removes a bounded number of them.
 *
 * Never removed are
 *   - deliveries that are WAITING, and events that have such;
 *   - events that are the last state of a resource;
 *   - events whose body is the old state of an event that is not old too. An
 *     old event that must stay, being a last state, is parted from its
 *     `previous` (set to 0), unless it is a Deleted one with deliveries, which
 *     send that body;
 *   - the highest event and the highest delivery, which the counters go on
 *     from.
 * An event that is removed takes its deliveries and attempts with it.
 *
 * Of the executions of scenarios (store/flow.h) those go that are over, with
 * their steps: what is QUEUED, RUNNING or INCOMPLETE stays, and so does the
 * newest of each scenario. Of a scenario that is gone all go but the highest
 * of the store, which the counter goes on from. One with many steps goes in
 * several steps of a pass.
 */

/** What is older (accepted, or updated) goes; INT64_MIN: nothing does. */
struct retain_limits {
	int64_t events_before;
	int64_t deliveries_before;
	int64_t executions_before;
	uint64_t executions_max; /* kept of a scenario; 0: any number */
};

/** How far a pass over the store has come; zeroed at its start. */
struct retain_place {
	uint64_t event;
	uint64_t behind; /* the first event that made a step is_behind */
	uint64_t delivery;
	uint64_t execution;
	/* Where it is in going over the scenarios for executions_max. */
	char scenario[48];
	uint64_t scenario_execution;
	bool is_done; /* nothing old is left to look at */
};

enum {
	RETAIN_EVENTS_MAX = 256,
	RETAIN_DELIVERIES_MAX = 256,
	RETAIN_EXECUTIONS_MAX = 256,
};

struct retain_event {
	uint64_t sequence;
	uint64_t successor; /* that names it as `previous`, or 0 */
};

/** A step: made by store_retain_find, done by STORE_RETAIN. */
struct retain_step {
	struct retain_limits limits;
	struct retain_event events[RETAIN_EVENTS_MAX];
	size_t event_count;
	uint64_t deliveries[RETAIN_DELIVERIES_MAX];
	size_t delivery_count;
	uint64_t executions[RETAIN_EXECUTIONS_MAX];
	size_t execution_count;
	/* Set by the commit. */
	uint64_t removed_events;
	uint64_t removed_deliveries;
	uint64_t removed_executions;
	bool is_unfinished; /* it was more than one step may remove */
	/* Set by store_retain_find: old events were not looked at, as what is
	   known of their resources has to be written first. The step is to be
	   done, empty or not, and makes that begin. */
	bool is_behind;
	bool has_shrunk;   /* space was given back */
	bool is_shrinking; /* more is left to be given back */
};

/**
 * The next step of a pass, and `place` moved on. Old rows that have to stay
 * are looked over, a bounded number a call; so a step may be empty without
 * `place->is_done`. Any thread.
 */
enum err store_retain_find(struct store *store,
	const struct retain_limits *limits, struct retain_place *place,
	struct retain_step *ret) MUST_USE;

/** How full the store is. Any thread, never blocks. */
struct store_room {
	uint64_t used; /* bytes of pages that hold something; up to a mebibyte
			  more have been added, unless it is near the limit */
	uint64_t max;  /* store_options.bytes_max */
};
void store_room(const struct store *store, struct store_room *ret);
