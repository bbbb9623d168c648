#pragma once
#include "base/clock.h"
#include "rule/filter.h"
#include "store/store.h"

/*
 * Which of the stored events a filter would have matched. Walks over them in
 * bounded steps (BACKTEST_STEP_…), oldest first, so that whoever runs it can
 * stop between two and go on later. One thread at a time; every step blocks on
 * the disk.
 */
enum {
	BACKTEST_HOURS_MAX = 720,
	BACKTEST_SAMPLES_MAX = 100,
	BACKTEST_STEP_EVENTS = 64,
	BACKTEST_STEP_BYTES = 2 * 1024 * 1024,
};
#define BACKTEST_STEP_TIME (20 * MILLISECONDS)

struct backtest {
	/* said by the caller */
	struct store *store;
	const struct filter *filter;
	uint32_t workspace;
	int64_t since;	    /* time of acceptance */
	uint64_t next;	    /* sequence to go on from; 0: look for `since` */
	size_t samples_max; /* up to BACKTEST_SAMPLES_MAX */
	/* found out; zero at the beginning */
	uint64_t last; /* the last event there was at the first step */
	uint64_t scanned;
	uint64_t matched;
	bool is_complete;
	/* Matches by hour, from the one that `since` lies in. */
	uint64_t hours[BACKTEST_HOURS_MAX + 2];
	/* Sequences of the latest matches; number i is at i modulo samples_max
	 */
	uint64_t samples[BACKTEST_SAMPLES_MAX];
	struct arena arena;   /* a step's rows */
	struct arena scratch; /* an event's states */
};

/** One step, until `is_complete`. ERR_IO: the store failed. */
enum err backtest_step(struct backtest *backtest) MUST_USE;
void backtest_release(struct backtest *backtest);

/** When hour `i` of `hours` begins. */
int64_t backtest_hour(const struct backtest *backtest, size_t i);

/** How many samples there are, and one of them, newest first. */
size_t backtest_sample_count(const struct backtest *backtest);
uint64_t backtest_sample(const struct backtest *backtest, size_t i);
