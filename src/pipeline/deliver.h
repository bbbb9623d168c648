#pragma once
#include "base/histogram.h"
#include "pipeline/dispatch.h"
#include "pipeline/writer.h"

/*
 * The way out: worker threads, each with its own event loop, HTTP client and
 * dispatch. A webhook belongs to one worker, so its queue, its slots and its
 * connections have one owner and need no locks; everything reaches a worker
 * as a message.
 *
 * An attempt's outcome goes to the writer; until it is on disk the delivery
 * counts as unsettled, and a crash repeats it.
 */
struct deliver;

/** What all requests share on their ways out; borrowed for life. */
struct deliver_ways {
	const struct http_proxy *proxy; /* NULL: none */
	const struct str *no_proxy;
	size_t no_proxy_count;
	struct resolver_options resolver;
	int64_t first_byte_timeout; /* 0: none */
	enum http_ring ring;
};

struct deliver_options {
	struct store *store;
	struct writer *writer;
	struct pressure *pressure; /* is told who is behind; may be NULL */
	struct webhooks *webhooks; /* for telling of what was given up */
	const struct address_policy *policy; /* borrowed */
	const char *ca_file;
	const char *user_agent;
	struct deliver_ways ways;
	struct allow_lists *allow_lists;  /* NULL: there are none */
	struct http_local *local;	  /* NULL: no hooks to deliver to */
	struct str origin;		  /* WebHook-Request-Origin; borrowed */
	unsigned workers;		  /* 0: one a processor */
	struct dispatch_options dispatch; /* the totals over all workers */
	size_t connections_max;
	int64_t connect_timeout;
	int64_t delivery_timeout;
	int64_t handshake_timeout;
	size_t response_kept; /* bytes of a response's body in the log */
	struct retry_policy retry;
	struct retry_policy retry_greenlake; /* of webhooks by its rules */
	struct retry_policy challenge; /* pauses before GreenLake's handshake
					  is tried again; `window` unused */
	int64_t heartbeat;     /* how often rates are asked for; 0: never */
	struct str source;     /* CloudEvents source of the hub; borrowed */
	struct str public_url; /* where endpoints reach the hub; may be empty */
	const struct seal_key *callback_key;
	int64_t callback_timeout; /* how long a callback is waited for */
	void *context;
	/* Worker's thread; must not block. */
	void (*handshake_ended)(void *context, uint64_t webhook,
		uint64_t handshake, const struct handshake_outcome *outcome);
	void (*health_moved)(void *context, uint64_t webhook,
		const struct health_report *report);
	void (*rate_told)(void *context, uint64_t webhook,
		unsigned allowed_rate, bool is_unlimited);
};

struct deliver *deliver_start(const struct deliver_options *options);

/**
 * Starts no more attempts, waits up to `timeout` for those in flight, and
 * ends the workers. The writer must still be running, and be stopped before
 * deliver_free().
 */
void deliver_stop(struct deliver *deliver, int64_t timeout);
void deliver_free(struct deliver *deliver);

/* From any thread. */

/** A committed delivery. */
void deliver_offer(struct deliver *deliver, const struct delivery_row *row,
	struct payload *payload);

/**
 * Deliveries of a webhook that wait for their next attempt get it now,
 * together if it batches. Those that are not in memory keep their time.
 */
void deliver_hasten(struct deliver *deliver, uint64_t webhook,
	const uint64_t *deliveries, size_t count);

void deliver_set_webhook(struct deliver *deliver, const struct webhook *webhook,
	bool is_fresh, bool has_backlog);
void deliver_remove_webhook(
	struct deliver *deliver, const struct webhook *webhook);

/** Makes the handshake that the snapshot's revision asks for. */
void deliver_handshake(struct deliver *deliver, const struct webhook *webhook);

/** What handshake_ended, health_moved or rate_told said. */
struct deliver_report {
	enum {
		DELIVER_HANDSHAKE,
		DELIVER_HEALTH,
		DELIVER_RATE, /* `outcome` has the rate */
	} what;
	uint64_t webhook;
	uint64_t handshake;
	struct handshake_outcome outcome;
	struct health_report health;
};

/** It could not be stored: the worker says it again, a second later. */
void deliver_report_again(
	struct deliver *deliver, const struct deliver_report *report);

/**
 * One delivery's payload to another destination, for debugging: signed by the
 * webhook, without its own headers and credential, which are not for others.
 * It counts for nothing; the attempt is kept beside the delivery's own.
 */
struct deliver_errand {
	/* said by the caller; live until `done` */
	const struct webhook *webhook; /* a reference; the worker drops it */
	struct delivery_row delivery;
	struct str destination;
	/* The attempt, on disk if `is_kept`. Worker's thread; must not block;
	   the errand may be gone when it returns. */
	void (*done)(struct deliver_errand *errand,
		const struct attempt_row *attempt, bool is_kept);
	/* the deliverers' own */
	struct message message;
	atomic_uint *running;
};

enum { DELIVER_ERRANDS_MAX = 4 };

/**
 * Starts it; ends in `done`. ERR_LIMIT when DELIVER_ERRANDS_MAX are on their
 * way: nothing was started, the reference is the caller's still.
 */
enum err deliver_run_errand(
	struct deliver *deliver, struct deliver_errand *errand) MUST_USE;

struct deliver_stats {
	uint64_t acknowledged;
	uint64_t failed;
	uint64_t dead;
	size_t queued;
	size_t in_flight;
	size_t slow_in_flight; /* of those: to endpoints that hang */
	size_t unsettled;
};
void deliver_stats(const struct deliver *deliver, struct deliver_stats *ret);

/** What is measured of every attempt. */
enum deliver_latency {
	LATENCY_DELIVERED, /* from accepting the event; of those acknowledged */
	/* phases, if the attempt went through them */
	LATENCY_NAME,
	LATENCY_CONNECT,
	LATENCY_TLS,
	LATENCY_FIRST_BYTE, /* from having a connection */
	LATENCY_TOTAL,
	LATENCY_COUNT
};

/** Over all workers, since the start. */
void deliver_latencies(const struct deliver *deliver,
	struct histogram_view ret[LATENCY_COUNT]);

/**
 * The webhooks of all workers that are furthest behind, in order, at most
 * DISPATCH_FRONT_MAX; returns how many. Costs the same however many webhooks
 * there are.
 */
size_t deliver_front(
	const struct deliver *deliver, struct dispatch_behind *ret);

/** When the first of all that wait in memory is due (wall clock); 0: none
 * waits there. Costs the same however many webhooks there are. */
int64_t deliver_oldest_due(const struct deliver *deliver);
