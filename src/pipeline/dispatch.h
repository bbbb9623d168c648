#pragma once
#include "base/heap.h"
#include "base/mailbox.h"
#include "base/map.h"
#include "pipeline/payload.h"
#include "pipeline/webhooks.h"

/*
 * Which delivery is attempted next. No I/O and no clock: one worker owns it,
 * tells it what happened and asks what to do.
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
 *   offered ─> queued ─> taken ─> attempted ─> settled ─> gone, or queued
 *                └── turned away: on disk, read back later
 */
struct dispatch;
struct lane;

/* Attempts of one delivery: their numbers have to fit into ids. */
enum { DELIVERY_ATTEMPTS_MAX = 64 };

struct delivery {
	struct message message; /* in the worker's mailbox */
	uint64_t sequence;
	uint64_t event;
	uint64_t webhook;
	uint32_t workspace;
	uint32_t attempts; /* made so far */
	uint32_t spent;	   /* of them before its schedule began anew */
	int64_t since;	   /* its schedule runs */
	int64_t created;
	int64_t due;
	struct payload *payload; /* may be NULL: read it from the store */
	/* the dispatch's own */
	struct lane *lane;
	struct delivery *next;
	struct heap_node by_due;
	bool is_retry;
};

struct delivery *delivery_new(
	const struct delivery_row *row, struct payload *payload);
void delivery_free(struct delivery *delivery);

struct dispatch_options {
	size_t window;		    /* deliveries in memory, each lane */
	unsigned concurrency;	    /* first tries in flight, each lane */
	unsigned concurrency_total; /* all attempts in flight */
	size_t unsettled_max; /* attempted, but their outcome not on disk yet */
};

struct dispatch *dispatch_new(const struct dispatch_options *options);
void dispatch_free(struct dispatch *dispatch);

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
	DISPATCH_ON_DISK,     /* no room now; freed here */
	DISPATCH_KNOWN,	      /* it is here already; freed here */
	DISPATCH_NOT_SENDING, /* its webhook is not sending; the caller's */
	DISPATCH_NO_WEBHOOK,  /* deleted meanwhile; the caller's */
};

/** A committed delivery comes in. Takes it unless the answer says otherwise. */
enum dispatch_answer dispatch_offer(
	struct dispatch *dispatch, struct delivery *take_delivery);

/** The next one to attempt now, or NULL; it occupies a slot from here on. */
struct delivery *dispatch_take(struct dispatch *dispatch, int64_t now);

/** The attempt is over: its slot is free, its outcome still on the way. */
void dispatch_attempted(struct dispatch *dispatch, struct delivery *delivery);

/**
 * Its outcome is on disk. `is_again`: it is to be retried at delivery->due;
 * otherwise it is freed.
 */
void dispatch_settle(
	struct dispatch *dispatch, struct delivery *delivery, bool is_again);

/** When dispatch_take may have something next; INT64_MAX: not by itself. */
int64_t dispatch_next_time(const struct dispatch *dispatch);

/** What to read from the disk. */
struct dispatch_refill {
	uint64_t webhook;
	bool is_retry;
	uint64_t after; /* first tries: sequences above this */
	size_t limit;
};

/** Some lane with room and rows on disk; false: none. */
bool dispatch_wants_refill(
	struct dispatch *dispatch, int64_t now, struct dispatch_refill *ret);

/** Whether dispatch_wants_refill may have something to say. */
bool dispatch_is_hungry(const struct dispatch *dispatch);

/** What was read for it. */
void dispatch_refill(struct dispatch *dispatch,
	const struct dispatch_refill *refill, const struct delivery_list *rows,
	int64_t now);

/** The lane's own view of its webhook. */
const struct webhook *lane_webhook(const struct lane *lane);
struct health *lane_health(struct lane *lane);
/** After its health was moved. */
void dispatch_health_moved(struct dispatch *dispatch, struct lane *lane);
struct lane *dispatch_find(struct dispatch *dispatch, uint64_t webhook);

struct dispatch_stats {
	size_t queued;
	size_t in_flight;
	size_t unsettled;
};
void dispatch_stats(
	const struct dispatch *dispatch, struct dispatch_stats *ret);
