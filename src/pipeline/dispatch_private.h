#pragma once
#include <pthread.h>

#include "base/mem.h"
#include "pipeline/dispatch.h"
#include "rule/pace.h"
#include "rule/rate.h"

/*
 * Private to the dispatch: dispatch.c (in and out), dispatch_lane.c (a lane's
 * queues and its turn), dispatch_disk.c (what did not fit into memory),
 * dispatch_order.c (one resource's deliveries, one after the other),
 * dispatch_batch.c (several deliveries in one request),
 * dispatch_slots.c (who may have how many attempts under way),
 * dispatch_front.c (who is furthest behind).
 */

struct queue {
	struct delivery *first;
	struct delivery **last;
	size_t count;
};

/** A resource of which a delivery is in memory, or to be looked for. */
struct strand {
	struct numbers_node by_resource;
	struct delivery *head; /* NULL: the next is on disk */
	bool has_more;	       /* others may be on disk */
	struct strand *next_wanted;
};

/* There may be very many, so what is small stands together. */
struct lane {
	struct numbers_node by_number; /* of its webhook */
	const struct webhook *webhook;
	struct outlet *outlet; /* while attempts are made with the snapshot */
	struct health health;
	bool is_removed;
	bool is_strict; /* first tries and retries count together */
	bool is_slow;	/* its endpoint does not come back in time */
	bool is_in_turn;
	bool is_hungry;		  /* in the list of those */
	bool is_touched;	  /* in the list of those */
	bool has_first_on_disk;	  /* what is on disk and not in memory, … */
	bool has_retries_on_disk; /* … see below */
	struct pace pace;
	int64_t briefest; /* microseconds; as pace.best, but of all attempts */
	int64_t back_at;  /* when something last came back */
	size_t batch;	  /* deliveries in a request, at most */
	struct rate rate;

	struct queue first_tries;
	struct heap retries; /* by due */
	unsigned first_in_flight;
	unsigned retries_in_flight;
	unsigned late;	 /* of those: under way for longer than is patience */
	unsigned timely; /* that came back in time, in a row */
	size_t known;	 /* deliveries of this lane anywhere in memory */
	size_t ready;	 /* its part of dispatch_stats.ready */

	struct numbers strands;
	struct strand *wanted; /* those whose next is to be looked for */
	struct strand **wanted_last;
	size_t wanted_count;

	uint64_t disk_after; /* all first ones on disk have a higher sequence */
	struct retry_place retries_after; /* those are behind this … */
	int64_t retries_at;	  /* … and none is due before; monotonic */
	struct lane *next_hungry; /* in the list of those that want a refill */

	/* Its place in the turn, while it may have something to send. */
	struct lane *newer, *older;
	struct heap_node by_due; /* waiting for a retry, or for its rate */

	struct heap_node by_rank; /* the front's */
	struct lane *next_touched;
};

/*
 * Who is furthest behind, kept in order so that it can be told without
 * looking at all lanes. Others than the worker read it, so `lock` guards the
 * heap, what its nodes lead to, and the lanes' `webhook` (which the worker
 * itself reads without). It is taken once a turn, not once a delivery:
 * what changes is noted in a list of the worker's own meanwhile.
 */
struct front {
	pthread_mutex_t lock;
	struct heap lanes;    /* that have, or have had, something; by rank */
	struct lane *touched; /* worker's: changed since the last settling */
};

struct dispatch {
	struct dispatch_options options;
	struct drift drift;
	int64_t now;	      /* as last looked at */
	struct numbers lanes; /* by number of their webhook */
	struct numbers known; /* deliveries in memory, by sequence */
	uint64_t newest;      /* none of them has, or had, a higher one */
	struct turn {
		struct lane *first, *last;
	} turns[2]; /* of fast and of slow lanes */
	bool is_slows_turn;
	struct heap patience; /* attempts by when their lane turns slow */
	struct heap timers;  /* lanes by when they may have something to send */
	struct lane *hungry; /* in the order in which they are served */
	struct lane **hungry_last;
	size_t in_flight;
	size_t slow_in_flight; /* of slow lanes */
	size_t unsettled;
	size_t ready;		/* see dispatch_stats */
	struct delivery *spare; /* to be used again */
	size_t spare_count;
	struct front front;
};

/* Of those that are gone so many are kept for the next ones. */
enum { DISPATCH_SPARE_MAX = MEM_HAS_SANITIZER ? 0 : 1024 };

/** It has left all lanes. */
void dispatch_drop(struct dispatch *dispatch, struct delivery *delivery);

/** The delivery in memory, or NULL. */
static inline struct delivery *
dispatch_known(const struct dispatch *dispatch, uint64_t sequence)
{
	struct numbers_node *node = numbers_get(&dispatch->known, sequence);

	return node ? CONTAINER_OF(node, struct delivery, by_sequence) : NULL;
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

void lane_enqueue(struct dispatch *dispatch, struct lane *lane,
	struct delivery *delivery);
/** When it is due by the monotonic clock. */
int64_t dispatch_due(
	const struct dispatch *dispatch, const struct delivery *delivery);
struct delivery *lane_take_first(struct lane *lane);
/** NULL: none. */
struct delivery *lane_earliest_retry(const struct lane *lane);

/** Whether its webhook sends, or waits for its handshake. */
bool lane_is_open(const struct lane *lane);

/** Its state, for others than the worker to read (pipeline/live.h). */
void lane_show(const struct lane *lane);

/* ---- dispatch_batch.c ---- */

/**
 * When the first tries in the queue may go; INT64_MIN: now, INT64_MAX: there
 * are none.
 */
int64_t lane_first_due(
	const struct dispatch *dispatch, const struct lane *lane);
/** Takes those out of the queues that go with `first`. */
void lane_fill_batch(
	struct dispatch *dispatch, struct lane *lane, struct delivery *first);

/* ---- dispatch_slots.c ---- */

/** Whether one more of the kind may be in flight beside the present ones. */
bool lane_has_first_slot(
	const struct dispatch *dispatch, const struct lane *lane);
bool lane_has_retry_slot(
	const struct dispatch *dispatch, const struct lane *lane);

/** How many more attempts slow lanes, or the others, may start. */
size_t slots_left(const struct dispatch *dispatch, bool is_slow);
/** An attempt begins, or is over. */
void slots_take(struct dispatch *dispatch, struct lane *lane,
	struct delivery *delivery);
void slots_give_back(struct dispatch *dispatch, struct lane *lane,
	struct delivery *delivery);
/** Lanes that have lost patience's time turn slow. */
void slots_look(struct dispatch *dispatch);

/* ---- dispatch_order.c ---- */

enum order_place {
	ORDER_FREE,    /* it may be taken in */
	ORDER_BEHIND,  /* its strand will look for it on disk */
	ORDER_UNKNOWN, /* the disk must be asked whether others are before it */
};

/** Of one that comes in fresh. */
enum order_place order_place(
	struct lane *lane, const struct delivery *delivery);
/** Whether a row just read may be taken in; if not, it will be found. */
bool order_admits_row(struct lane *lane, const struct delivery_row *row);
/** It was taken in. `has_more`: there may be others on disk. */
void order_begin(struct lane *lane, struct delivery *delivery, bool has_more);
/** It has come to its end: the next of its resource is wanted. */
void order_pass_on(struct dispatch *dispatch, struct lane *lane,
	struct delivery *delivery);
/** It leaves memory and still waits on disk. */
void order_leave(struct lane *lane, struct delivery *delivery);

/** The resource whose next is wanted; 0: none. */
uint64_t order_wants(const struct lane *lane);
/** What was read for it: the two earliest. */
void order_found(struct dispatch *dispatch, struct lane *lane,
	const struct delivery_list *rows);
/** The lane closes: forgets what is not led by one in flight. */
void order_drop(struct lane *lane);

/* ---- dispatch_disk.c ---- */

/** How many more first tries a queue of `used` may take. */
size_t disk_first_room(const struct dispatch *dispatch, size_t used);
/**
 * Whether a retry due at `at` belongs into memory: it is due before all those
 * that were left on disk, and there is room; if need be what is due later
 * makes room.
 */
bool disk_admits_retry(
	struct dispatch *dispatch, struct lane *lane, int64_t at);
/** The lane may want rows read back. */
void disk_note_hungry(struct dispatch *dispatch, struct lane *lane);
/** There may be rows of any age on disk. */
void disk_expect_backlog(struct dispatch *dispatch, struct lane *lane);
/** The lane is going away. */
void disk_forget_lane(struct dispatch *dispatch, struct lane *lane);
/** There was no room for it. */
void disk_leave(struct dispatch *dispatch, struct lane *lane,
	const struct delivery *delivery);

/* ---- dispatch_front.c ---- */

void front_init(struct front *front);
void front_release(struct front *front);
/** What the lane shows of itself has changed. Cheap. */
void front_touch(struct front *front, struct lane *lane);
/** The lane is about to be freed. */
void front_forget(struct dispatch *dispatch, struct lane *lane);
/** The lane works with this snapshot; returns the former one, or NULL. */
const struct webhook *front_set_webhook(
	struct front *front, struct lane *lane, const struct webhook *webhook);
