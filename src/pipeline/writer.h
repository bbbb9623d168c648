#pragma once
#include "base/histogram.h"
#include "base/mailbox.h"
#include "store/store.h"

/*
 * One thread through which everything durable goes. It gathers all that is
 * waiting into one transaction, syncs, then tells all who wait. Under load
 * batches grow by themselves.
 */
struct writer;
struct pressure; /* pipeline/pressure.h */

struct writer_item {
	struct message message; /* in the writer's mailbox */
	struct store_unit unit; /* its changes live until `done` */
	size_t bytes;		/* the writer's own: what it keeps in memory */
	/* Called on the writer's thread when the unit is on disk or refused
	   (unit.result); must not block. Items are told in the order they were
	   submitted. A mailbox that is posted to is woken once, after all items
	   of the commit were told. */
	void (*done)(struct writer_item *item);
	/* Called shortly before done(), on the same thread: asks for the memory
	   that it will touch (__builtin_prefetch). NULL: there is little. */
	void (*soon)(struct writer_item *item);
};

struct writer_options {
	struct store *store;
	size_t queue_max; /* items waiting; 0: 65536 */
	size_t bytes_max; /* what they keep in memory; 0: 64 MiB */
	size_t batch_max; /* items in one transaction; 0: 1024 */
	/* After each commit the writer waits as this says, while deliveries do
	   not keep up; borrowed until writer_stop(), which ends it. NULL: it
	   never does. */
	struct pressure *pressure;
};

struct writer *writer_start(const struct writer_options *options);
/** Writes what is waiting, then ends. */
void writer_stop(struct writer *writer);

/**
 * Any thread. ERR_LIMIT when the queue is full, by items or by bytes: nothing
 * was submitted. An item that is larger than all of it is taken when nothing
 * else waits.
 * Outcomes of attempts pass `is_urgent`: they are never refused, since the
 * number in flight bounds them.
 */
enum err writer_submit(struct writer *writer, struct writer_item *item,
	bool is_urgent) MUST_USE;

/**
 * The same for urgent items that come many at once: the writer is not woken
 * for them before writer_wake().
 */
void writer_submit_quietly(struct writer *writer, struct writer_item *item);
void writer_wake(struct writer *writer);

/** Submits and waits. Returns the unit's result. Not for the loops. */
enum err writer_commit(struct writer *writer,
	const struct store_change *changes, size_t count) MUST_USE;

/** The same for a unit; also which of its changes conflicted. */
enum err writer_commit_unit(struct writer *writer, struct store_unit *unit)
	MUST_USE;

/** Whether the last transaction went through, and counters for /metrics. */
struct writer_stats {
	bool is_healthy;
	uint64_t commits;
	uint64_t units;
	uint64_t failures;
	size_t queued;
	size_t queued_bytes;
	int64_t last_commit_time;	    /* microseconds the last one took */
	struct histogram_view commit_times; /* of those that went through */
	uint64_t holds;			    /* waits of options.pressure */
	uint64_t held_time;		    /* microseconds of them, in all */
};
void writer_stats(const struct writer *writer, struct writer_stats *ret);
