#pragma once
#include "pipeline/dispatch.h"
#include "rule/rate.h"

/*
 * Private to the dispatch: dispatch.c (in and out), dispatch_lane.c (a lane's
 * queues and its turn), dispatch_disk.c (what did not fit into memory).
 */

struct queue {
	struct delivery *first;
	struct delivery **last;
	size_t count;
};

struct lane {
	uint64_t number;
	const struct webhook *webhook;
	struct health health;
	bool is_removed;
	unsigned concurrency; /* the webhook's own, or the dispatch's */
	bool is_strict;	      /* it counts first tries and retries together */
	size_t batch;	      /* deliveries in a request, at most */
	struct rate rate;

	struct queue first_tries;
	struct heap retries; /* by due */
	unsigned first_in_flight;
	unsigned retries_in_flight;
	size_t known; /* deliveries of this lane anywhere in memory */

	/* What is on disk and not in memory. */
	bool has_first_on_disk;
	uint64_t disk_after; /* all of those have a higher sequence */
	bool has_retries_on_disk;
	int64_t rescan_at;
	struct lane *next_hungry; /* in the list of those that want a refill */
	bool is_hungry;

	/* Its place in the turn, while it may have something to send. */
	struct lane *newer, *older;
	bool is_in_turn;
	struct heap_node by_due; /* waiting for a retry, or for its rate */
};

struct dispatch {
	struct dispatch_options options;
	struct map lanes; /* number → lane */
	struct map known; /* sequence → delivery */
	struct lane *turn_first, *turn_last;
	struct heap timers; /* lanes by when they may have something to send */
	struct lane *hungry;
	size_t in_flight;
	size_t unsettled;
};

/** The key of a number in the maps; it points to its argument. */
static inline struct str
dispatch_key(const uint64_t *number)
{
	return str_make((const char *)number, sizeof(*number));
}

/* ---- dispatch_lane.c ---- */

/** Puts the lane where its queues say it belongs: turn, timer, neither. */
void lane_reconsider(struct dispatch *dispatch, struct lane *lane);
void lane_join_turn(struct dispatch *dispatch, struct lane *lane);
void lane_leave_turn(struct dispatch *dispatch, struct lane *lane);

/** From here on the delivery is the lane's, and recognised. */
void lane_know(struct dispatch *dispatch, struct lane *lane,
	struct delivery *delivery);
/** Frees it, and its lane if that was waiting for it to be gone. */
void lane_forget(struct dispatch *dispatch, struct delivery *delivery);

void lane_enqueue(struct lane *lane, struct delivery *delivery);
struct delivery *lane_take_first(struct lane *lane);
/** NULL: none. */
struct delivery *lane_earliest_retry(const struct lane *lane);

/** Whether its webhook sends, or waits for its handshake. */
bool lane_is_open(const struct lane *lane);

/** Whether one more of the kind may be in flight beside the present ones. */
bool lane_has_first_slot(
	const struct dispatch *dispatch, const struct lane *lane);
bool lane_has_retry_slot(
	const struct dispatch *dispatch, const struct lane *lane);

/* ---- dispatch_batch.c ---- */

/**
 * When the first tries in the queue may go; INT64_MIN: now, INT64_MAX: there
 * are none.
 */
int64_t lane_first_due(
	const struct dispatch *dispatch, const struct lane *lane);
/** Takes those out of the queues that go with `first`. */
void lane_fill_batch(struct dispatch *dispatch, struct lane *lane,
	struct delivery *first, int64_t now);

/* ---- dispatch_disk.c ---- */

/** How many more a queue of `used` may take. */
size_t disk_room(const struct dispatch *dispatch, size_t used);
/** The lane may want rows read back. */
void disk_note_hungry(struct dispatch *dispatch, struct lane *lane);
/** There may be rows of any age on disk. */
void disk_expect_backlog(struct lane *lane);
/** The lane is going away. */
void disk_forget_lane(struct dispatch *dispatch, struct lane *lane);
/** There was no room for it. */
void disk_leave(struct dispatch *dispatch, struct lane *lane,
	const struct delivery *delivery);
