#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "flow/scenarios.h"

/*
 * Private to scenarios.c (what there is, and reading it) and
 * scenarios_change.c.
 */

/** A snapshot as it is counted; what it points to is in its arena. */
struct scenario_counted {
	struct scenario scenario;
	struct arena arena;
	atomic_size_t refs;
};

struct scenarios {
	struct scenarios_options options;
	pthread_mutex_t changing; /* one change at a time, disk included */
	pthread_mutex_t lock;	  /* of the map */
	struct map map;		  /* by the id's bytes; a reference each */
	/* Of those in the map; scenarios_swap() alone changes it. */
	atomic_size_t switched_off;
};

/** With one reference. */
struct scenario_counted *scenarios_new_counted(void);

struct str scenarios_key(const struct uuid *id);

/** What follows from the blueprint. */
void scenarios_settle(struct scenario *scenario);

/**
 * All that is put in place or taken out is so here. Takes over a reference
 * (NULL: it is gone), and gives back the former one (NULL: it is new).
 */
const struct scenario *scenarios_swap(struct scenarios *scenarios,
	struct uuid id, const struct scenario *take_scenario);
