#pragma once
#include "base/arena.h"
#include "pipeline/replay_job.h"
#include "pipeline/webhooks.h"

/*
 * Finds what a replay sends again, in bounded steps, oldest first. It only
 * reads: a preview counts what it finds, a job writes it. One thread; each
 * step blocks on the disk for a moment.
 */
enum { REPLAY_STEP_MAX = 64, REPLAY_STEP_BYTES = 1 << 20 };

struct replay_walk {
	/* said by the caller; borrowed */
	struct store *store;
	const struct webhook *webhook;
	const struct replay_spec *spec;
	const struct filter *filter; /* of spec->filter, or NULL */
	bool is_counting;	     /* what is found is not going to be sent */
	/* Goes on with each step; past `last` it is complete. */
	uint64_t next, last;
	struct arena scratch;
};

/** Where it begins and ends, and how much there is to look at at most. */
enum err replay_walk_begin(struct replay_walk *walk, uint64_t *ret_total)
	MUST_USE;

/** What a step found. */
struct replay_found {
	/* As they are; those that are to be made have no sequence yet. */
	struct delivery_row rows[REPLAY_STEP_MAX];
	size_t count;
	uint64_t passed;
	uint64_t gone;
	uint64_t looked;
};

/** Finds `max` at most (1 to REPLAY_STEP_MAX), of as many as that. ERR_IO. */
enum err replay_walk_step(struct replay_walk *walk, size_t max,
	struct arena *arena, struct replay_found *ret) MUST_USE;

bool replay_walk_is_complete(const struct replay_walk *walk);
void replay_walk_release(struct replay_walk *walk);
