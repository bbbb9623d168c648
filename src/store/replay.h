#pragma once
#include "store/store.h"

/*
 * Reads for sending again what was skipped, given up or delivered
 * (pipeline/replay.h). Any thread; each is one bounded walk over an index and
 * may block on the disk for a moment.
 */

/** The latest deliveries to a webhook that were skipped. */
struct replay_skipped {
	uint64_t count;
	int64_t first_created; /* of the earliest of them */
	bool is_more;	       /* `max` was reached */
};

/** Those that became SKIPPED at `since` or later; `max` are looked at. */
enum err store_replay_skipped(struct store *store, uint64_t webhook,
	int64_t since, size_t max, struct replay_skipped *ret) MUST_USE;

/** A stretch of a webhook's deliveries that are DEAD or SKIPPED. */
struct replay_query {
	uint64_t webhook;
	enum delivery_state state;
	uint64_t after; /* sequences above this … */
	uint64_t last;	/* … and up to this */
};

/** In order of sequence, the lowest first. */
enum err store_replay_ended(struct store *store,
	const struct replay_query *query, size_t limit, struct arena *arena,
	struct delivery_list *ret) MUST_USE;
enum err store_replay_count(struct store *store,
	const struct replay_query *query, uint64_t *ret) MUST_USE;

/** The latest delivery of an event to a webhook; ERR_NOT_FOUND. */
enum err store_delivery_to(struct store *store, uint64_t event,
	uint64_t webhook, struct arena *arena, struct delivery_row *ret)
	MUST_USE;

/** The first event there is; ERR_NOT_FOUND when there is none. */
enum err store_replay_first(struct store *store, uint64_t *ret_sequence,
	int64_t *ret_accepted) MUST_USE;

/**
 * The stretch of sequences that holds all rows of a time (from <= t < to; `to`
 * 0: no end), and few others: whoever walks it looks at each row's own time.
 */
struct replay_range {
	uint64_t first;
	uint64_t last; /* below `first` when there is none */
};
enum err store_replay_deliveries(struct store *store, int64_t from, int64_t to,
	struct replay_range *ret) MUST_USE;
enum err store_replay_events(struct store *store, int64_t from, int64_t to,
	struct replay_range *ret) MUST_USE;
