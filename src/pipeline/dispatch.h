#pragma once
#include "base/heap.h"
#include "base/mailbox.h"
#include "base/map.h"
#include "base/numbers.h"
#include "pipeline/live.h"
#include "pipeline/payload.h"
#include "pipeline/webhooks.h"
#include "rule/drift.h"

/*
 * Which delivery is attempted next. No I/O and no clock: one worker owns it,
 * tells it what happened and asks what to do. `now` is the monotonic clock;
 * what is due by the wall clock is brought over when it comes in (rule/drift).
 *
 * Every webhook has a lane. A lane keeps at most `window` deliveries in
 * memory; whatever does not fit stays on disk, where it is committed already,
 * and is read back when there is room (dispatch_refill). First tries and
 * retries have separate queues and separate slots, so a first try never waits
 * behind a retry; lanes take turns, so a busy one does not hold up others.
 *
 * A delivery is known here from the moment it is taken in until its outcome
 * is on disk: while it is, the same row read from the disk again is
 * recognised and dropped.
 *
 * Deliveries of one resource (struct delivery) are in flight one at a time, in
 * order of sequence; the others wait on disk. One that was in progress when an
 * earlier one was made to wait again (by a user) is finished first.
 *
 * A webhook that batches gets several deliveries in one request: as many as
 * wait, up to `batch_max`, once there are so many or the oldest has waited for
 * `batch_window`. A batch takes one slot and one turn of the rate. Retries
 * that are due at the same time go together again. Everything else of a
 * delivery is its own, on disk and here.
 *
 *   offered ─> queued ─> taken ─> attempted ─> settled ─> gone, or queued
 *                └── turned away: on disk, read back later
 */
struct dispatch;
struct lane;
struct outlet;
struct strand;

/* Attempts of one delivery: their numbers have to fit into ids. */
enum { DELIVERY_ATTEMPTS_MAX = 64 };

struct delivery {
	uint64_t sequence;
	uint64_t event;
	uint64_t webhook;
	uint32_t workspace;
	uint32_t attempts; /* made so far */
	uint32_t spent;	   /* of them before its schedule began anew */
	int64_t since;	   /* its schedule runs */
	uint64_t resource; /* resource_key; 0: it is in no order */
	int64_t created;   /* wall clock, as the next two */
	int64_t due;
	int64_t written;	 /* when `due` was decided */
	struct payload *payload; /* may be NULL: read it from the store */
	/* the dispatch's own */
	struct numbers_node by_sequence;
	struct lane *lane;
	struct strand *strand;	 /* NULL: in none */
	struct delivery *next;	 /* in its queue; when given out: the next one
				    of its batch */
	struct heap_node by_due; /* monotonic */
	bool is_retry;
	bool is_late;	 /* under way, and nothing has come back for long */
	bool holds_slot; /* of a batch the first one does */
	bool is_offered_again; /* a user wants it once more, meanwhile */
	bool is_stuck; /* its outcome cannot be written: said by the worker;
			  what is behind it waits for the next start */
};

struct delivery *delivery_new(
	const struct delivery_row *row, struct payload *payload);
void delivery_free(struct delivery *delivery);

/** Asks for its memory, which is used soon. NULL is harmless. */
static inline void
delivery_expect(const struct delivery *delivery)
{
	if (delivery)
		fetch_ahead(delivery, sizeof(*delivery));
}

/* Of a window so many are sure as long as the total is not reached. */
enum { DISPATCH_WINDOW_SURE = 1000 };

struct dispatch_options {
	/* First tries in memory, each lane; beyond DISPATCH_WINDOW_SURE no more
	   than half of what the total leaves free. Retries wait long: of them
	   no more than DISPATCH_WINDOW_SURE. */
	size_t window;
	size_t window_total;	    /* over all lanes, but for a few that each
				       one may always have; 0: no limit */
	unsigned concurrency;	    /* first tries in flight, each lane: the
				       cap of its pace */
	unsigned concurrency_total; /* attempts in flight, of lanes whose
				       endpoints come back in time … */
	unsigned slow_total; /* … of the others, when one starts; 0: half */
	unsigned in_flight_max; /* … of all; 0: concurrency_total * 4 */
	size_t unsettled_max; /* attempted, but their outcome not on disk yet */
	size_t batch_max;     /* deliveries; 0: 1 */
	int64_t batch_window; /* microseconds */
};

struct dispatch *dispatch_new(const struct dispatch_options *options);
void dispatch_free(struct dispatch *dispatch);

/**
 * Both clocks as they are now: at every turn of the worker's loop, and before
 * an outcome is decided. Returns by how much the wall clock has been set.
 */
int64_t dispatch_look(
	struct dispatch *dispatch, int64_t wall, int64_t monotonic);
/** The monotonic clock as last looked at. */
int64_t dispatch_now(const struct dispatch *dispatch);
const struct drift *dispatch_drift(const struct dispatch *dispatch);

/**
 * The webhook's lane from now on works with this snapshot. `is_fresh`: its
 * health counts anew; otherwise the lane's own counters stay. A lane whose
 * webhook neither sends nor waits drops its queues: those rows are SKIPPED on
 * disk. `has_backlog`: there may be waiting rows on disk (after a start); so
 * there may when a lane opens again.
 */
void dispatch_set_webhook(struct dispatch *dispatch,
	const struct webhook *webhook, bool is_fresh, bool has_backlog);
void dispatch_remove_webhook(struct dispatch *dispatch, uint64_t number);

enum dispatch_answer {
	DISPATCH_QUEUED,
	DISPATCH_ON_DISK,     /* no room now, or not its turn */
	DISPATCH_KNOWN,	      /* it is here already */
	DISPATCH_NOT_SENDING, /* its webhook is not sending */
	DISPATCH_NO_WEBHOOK,  /* deleted meanwhile */
};

/**
 * A committed delivery comes in. The reference to its payload (or NULL) is
 * taken when it is queued, and otherwise the caller's still.
 */
enum dispatch_answer dispatch_offer(struct dispatch *dispatch,
	const struct delivery_row *row, struct payload *payload);

/**
 * The next one to attempt now, or NULL; it occupies a slot from here on. With
 * `next` begins the list of those that go in the same request.
 */
struct delivery *dispatch_take(struct dispatch *dispatch, int64_t now);

/**
 * What the attempt has come to, said before dispatch_attempted. Of a batch
 * both are said of each.
 */
void dispatch_outcome(struct dispatch *dispatch, struct delivery *delivery,
	enum http_failure failure, int status);

/** The attempt is over: its slot is free, its outcome still on the way. */
void dispatch_attempted(struct dispatch *dispatch, struct delivery *delivery);

/**
 * Its outcome is on disk. `is_again`: it is to be retried at delivery->due;
 * otherwise it is freed.
 */
void dispatch_settle(
	struct dispatch *dispatch, struct delivery *delivery, bool is_again);

/** A retry that waits in memory is due now; `now` by the wall clock. */
void dispatch_hasten(struct dispatch *dispatch, uint64_t sequence, int64_t now);

/** When dispatch_take may have something next; INT64_MAX: not by itself. */
int64_t dispatch_next_time(const struct dispatch *dispatch);

/** What to read from the disk. */
struct dispatch_refill {
	uint64_t webhook;
	bool is_retry;
	uint64_t after;		  /* first tries: sequences above this */
	struct retry_place place; /* retries: behind this */
	uint64_t resource;	  /* not 0: neither, the earliest of this */
	size_t limit;
};

/** Some lane with room and rows on disk; false: none. */
bool dispatch_wants_refill(
	struct dispatch *dispatch, struct dispatch_refill *ret);

/** Whether dispatch_wants_refill may have something to say. */
bool dispatch_is_hungry(const struct dispatch *dispatch);

/** What was read for it. */
void dispatch_refill(struct dispatch *dispatch,
	const struct dispatch_refill *refill, const struct delivery_list *rows);

/** The lane's own view of its webhook. */
const struct webhook *lane_webhook(const struct lane *lane);
/** The same for an attempt, which gives it back (pipeline/outlet.h). */
struct outlet *lane_take_outlet(struct lane *lane);
struct health *lane_health(struct lane *lane);
/** After its health was moved. */
void dispatch_health_moved(struct dispatch *dispatch, struct lane *lane);
struct lane *dispatch_find(struct dispatch *dispatch, uint64_t webhook);

struct dispatch_stats {
	size_t queued;
	size_t in_flight;
	size_t slow_in_flight; /* of those: to endpoints that hang */
	size_t unsettled;
	/* First tries that wait for the worker rather than for anything else:
	   of webhooks that are sent to, have no rate and no batch to fill,
	   whose endpoints have not asked for fewer, and whose attempts take no
	   longer than may be the worker's own doing (what is under way in all
	   and does not hang, or as many as its webhook allows, at 5,000
	   attempts a second); as of the last dispatch_settle_front. */
	size_t ready;
};
void dispatch_stats(
	const struct dispatch *dispatch, struct dispatch_stats *ret);

/* ---- the webhooks that are furthest behind ---- */

/* How many are known at a time: what is told of them stays bounded. */
enum { DISPATCH_FRONT_MAX = 20 };

/**
 * One of them. The lower its rank the further it is behind: first those with
 * something waiting in memory, by when the oldest was or is due; then those
 * with attempts under way, the more the further; then those that had any.
 */
struct dispatch_behind {
	struct uuid webhook;
	int64_t rank;
	struct live_view live;
};

/**
 * The worker's, once a turn: shows what has changed since the last call
 * (pipeline/live.h), and brings it to its place. Returns how many webhooks it
 * looked at: those that changed.
 */
size_t dispatch_settle_front(struct dispatch *dispatch);

/**
 * Those furthest behind as of the last dispatch_settle_front join the `count`
 * in the list, which is in order; of more than DISPATCH_FRONT_MAX the others
 * drop out. Returns how many there are then. What it costs does not depend on
 * the number of webhooks. From any thread while the dispatch lives; waits for
 * no more than another one's call or a settling.
 */
size_t dispatch_front(
	struct dispatch *dispatch, struct dispatch_behind *list, size_t count);
