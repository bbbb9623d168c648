#pragma once
#include "base/json_out.h"
#include "base/uuid.h"
#include "store/object.h"

/*
 * A replay: sending a webhook again what it missed, a job with progress. It is
 * an object in the store (OBJECT_REPLAY, owner: the webhook's id), written
 * anew with each step in the same unit as the deliveries that the step makes.
 *
 *              last step          user
 *   RUNNING ───────────> DONE   ───────> CANCELLED (from RUNNING)
 *      └───────────────> FAILED
 *        its webhook is gone
 */
enum replay_which {
	REPLAY_FAILED,	/* DEAD deliveries */
	REPLAY_SKIPPED, /* SKIPPED deliveries */
	REPLAY_ALL, /* every event that the webhook's filter is true for now,
		       delivered, never tried or not */
};

enum replay_state {
	REPLAY_RUNNING,
	REPLAY_ENDED_DONE,
	REPLAY_ENDED_CANCELLED,
	REPLAY_ENDED_FAILED,
};

enum {
	REPLAY_RATE_MAX = 60000,       /* deliveries a minute */
	REPLAY_FILTER_MAX = 16 * 1024, /* bytes */
};

/** What is to be sent again. */
struct replay_spec {
	enum replay_which which;
	int64_t from, to;  /* from <= accepted < to; `to` 0: until now */
	struct str filter; /* of those; empty: all */
	unsigned rate;	   /* deliveries a minute; 0: no limit */
};

struct replay_job {
	struct uuid id;
	uint32_t workspace;
	struct uuid webhook;
	uint64_t revision; /* of the object */
	struct replay_spec spec;
	enum replay_state state;
	struct str reason; /* of an end that is not plain, or empty */
	struct str key_id; /* of whoever asked for it */
	int64_t created, updated;
	int64_t ended; /* 0: not yet */
	/* Where it stands: sequences of deliveries, or of events with ALL. */
	uint64_t next, last;
	/* What it has looked at, and may still have to. */
	uint64_t total;
	uint64_t sent;	 /* deliveries made to wait */
	uint64_t passed; /* not asked for, or needing nothing */
	uint64_t gone;	 /* not kept any more */
};

/** "failed", "skipped", "all". */
const char *replay_which_name(enum replay_which which);
enum err replay_which_parse(struct str text, enum replay_which *ret) MUST_USE;
/** "RUNNING", "DONE", "CANCELLED", "FAILED". */
const char *replay_state_name(enum replay_state state);

/** Ends it at `now`, if it runs; false when it has ended already. */
bool replay_job_end(struct replay_job *job, enum replay_state state,
	struct str reason, int64_t now);

/** What is left to be looked at; an upper bound. */
uint64_t replay_job_left(const struct replay_job *job);

/** The object of the job as it is; its texts are in `arena`. */
void replay_job_to_row(const struct replay_job *job, struct arena *arena,
	struct object_row *ret);
/** ERR_INVALID when it is none. Texts are in `arena`, or the row's. */
enum err replay_job_from_row(const struct object_row *row, struct arena *arena,
	struct replay_job *ret) MUST_USE;
