#pragma once
#include "rule/retry.h"

/*
 * How many attempts one webhook may have under way: as many as it answers
 * well, between 1 and its cap. Pure, and without a clock.
 *
 *   answered with 2xx, fast    more: doubles a round until where it was cut
 *                              the last time, from there on one a round
 *   answered with 2xx, slowly  stays
 *   429, 503, timed out        half; what began before the last cut says
 *                              nothing new
 *   anything else              stays
 *
 * Fast is up to PACE_SLOWER times as long as its answers take at best, or
 * PACE_FAST; so an endpoint that only queues what it is sent gets no more.
 * It grows only while it is made use of.
 */
enum {
	PACE_START = 16,
	PACE_SLOWER = 4,
};
#define PACE_FAST INT64_C(50000)

struct pace {
	unsigned cap;
	unsigned limit;	    /* how many, now */
	unsigned threshold; /* from here on it grows slowly */
	unsigned progress;  /* towards the next one, then */
	int64_t best;	    /* microseconds; follows slowly upward */
	int64_t cut_at;
};

/** A zeroed one begins at PACE_START, or its cap. */
void pace_set_cap(struct pace *pace, unsigned cap);

struct pace_outcome {
	enum http_failure failure;
	int status;
	int64_t started;
	int64_t ended;
	unsigned in_flight; /* of this webhook, this one among them */
};

void pace_move(struct pace *pace, const struct pace_outcome *outcome);

/** Whether it has fewer than it began with: its endpoint wants no more. */
bool pace_is_cut(const struct pace *pace);
