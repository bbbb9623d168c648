#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * What a hook goes through: counts, the last requests and what became of them,
 * its rate limit, and the ids it has seen. All in memory and bounded; shared by
 * the hook's snapshots, counted by references. Counts and ids outlive the
 * program (flow/hook_memory.h). Any thread.
 */
struct hook_life;

enum hook_event {
	HOOK_ACCEPTED,	/* stored */
	HOOK_CHALLENGE, /* answered without the scenario */
	HOOK_DUPLICATE, /* seen before: answered as if accepted */
	HOOK_REFUSED,	/* with the reason; never processed */
	HOOK_EVENTS
};

/** "accepted", "challenge", … */
const char *hook_event_name(enum hook_event event);

/** Why a request was refused. */
enum hook_refusal {
	HOOK_REFUSED_NO_HOOK,
	HOOK_REFUSED_NO_LISTENER,
	HOOK_REFUSED_RATE,
	HOOK_REFUSED_ADDRESS,
	HOOK_REFUSED_SIZE,
	HOOK_REFUSED_CREDENTIALS,
	HOOK_REFUSED_SIGNATURE,
	HOOK_REFUSED_BODY,
	HOOK_REFUSED_STRUCTURE,
	HOOK_REFUSED_IN_FLIGHT,
	HOOK_REFUSED_QUEUE,
	HOOK_REFUSED_BUSY,
	HOOK_REFUSED_DISK,
	HOOK_REFUSALS
};

/** "noListener", "rate", … */
const char *hook_refusal_name(enum hook_refusal refusal);

enum {
	HOOK_LOG_MAX = 50,
	HOOK_REASON_MAX = 160,	/* bytes kept */
	HOOK_SEEN_MAX = 10000,	/* ids remembered */
	HOOK_SEEN_LEN = 16,	/* bytes of an id's digest */
	HOOK_RATE_MAX = 100000, /* requests in a window */
};

struct hook_note {
	enum hook_event event;
	int64_t at; /* wall clock */
	int status;
	enum hook_refusal refusal; /* HOOK_REFUSED */
	uint64_t execution;	   /* HOOK_ACCEPTED */
	char method[16];
	char peer[48];
	char reason[HOOK_REASON_MAX];
};

struct hook_life *hook_life_new(void);
struct hook_life *hook_life_ref(struct hook_life *life);
/** NULL is harmless. */
void hook_life_unref(struct hook_life *life);

/** Counts it and keeps it among the last ones. */
void hook_life_note(struct hook_life *life, const struct hook_note *note);

struct hook_report {
	uint64_t counts[HOOK_EVENTS];
	uint64_t refused[HOOK_REFUSALS];
	int64_t last[HOOK_EVENTS];     /* wall clock; 0: never */
	const struct hook_note *notes; /* the newest first */
	size_t note_count;
};
void hook_life_report(
	struct hook_life *life, struct arena *arena, struct hook_report *ret);

/**
 * Whether one more request fits: `max` in a sliding window (0: any number).
 * `now` is clock_monotonic(). Those that do not fit do not count.
 */
bool hook_life_admit(
	struct hook_life *life, uint32_t max, int64_t window, int64_t now);

/** How long after that it is worth asking again. */
int64_t hook_life_pause(int64_t window);

enum hook_claim {
	HOOK_CLAIM_NEW,	  /* now ours: hook_life_settle() must follow */
	HOOK_CLAIM_TAKEN, /* somebody else's, not settled yet */
	HOOK_CLAIM_SEEN,
};

/** Within the window an id is given to one request only. */
enum hook_claim hook_life_claim(struct hook_life *life,
	const uint8_t id[HOOK_SEEN_LEN], int64_t window, int64_t now);

/** When the oldest id that is remembered was given; `now` when none is. */
int64_t hook_life_oldest(struct hook_life *life, int64_t now);

/** An id that was given before the start; the oldest comes first. */
void hook_life_restore_seen(
	struct hook_life *life, const uint8_t id[HOOK_SEEN_LEN], int64_t at);

/** It is stored, or was not and may come again. */
void hook_life_settle(struct hook_life *life, const uint8_t id[HOOK_SEEN_LEN],
	bool is_stored);

/* ---- counts beyond a restart ---- */

/** A count by the name it is stored under. */
struct hook_tally {
	const char *name;
	uint64_t count;
	int64_t last; /* wall clock */
};
/* All but HOOK_ACCEPTED, which is stored with each request, and
   HOOK_REFUSED, which is their sum. */
enum { HOOK_TALLIES = HOOK_EVENTS - 2 + HOOK_REFUSALS };

/** Counts on from what was stored; names that are not known are passed over. */
void hook_life_restore(
	struct hook_life *life, struct str name, uint64_t count, int64_t last);

/**
 * Those that changed since they were taken last; none before `interval` has
 * passed since.
 */
size_t hook_life_take(struct hook_life *life, int64_t now, int64_t interval,
	struct hook_tally tallies[HOOK_TALLIES]);
