#pragma once
#include "base/arena.h"
#include "base/buf.h"

/*
 * What a hook goes through while the program runs: counts, the last requests
 * and what became of them, its rate limit, and the ids it has seen. All in
 * memory and bounded; shared by the hook's snapshots, counted by references.
 * Any thread.
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
	uint64_t execution; /* HOOK_ACCEPTED */
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

/** It is stored, or was not and may come again. */
void hook_life_settle(struct hook_life *life, const uint8_t id[HOOK_SEEN_LEN],
	bool is_stored);
