#pragma once
#include <pthread.h>

#include "net/http_client.h"
#include "pipeline/alarm.h"
#include "pipeline/credentials.h"
#include "pipeline/deliver.h"
#include "pipeline/parcel.h"
#include "pipeline/pressure.h"
#include "pipeline/shelf.h"

/*
 * One worker of the deliverers (private to them: deliver.c runs the loop,
 * worker.c is what it looks at and reads, worker_mail.c how deliveries come to
 * it, attempt.c and handshake.c are what it does).
 */

/** What a message in a worker's mailbox is. */
enum mail_kind {
	MAIL_DELIVERY,	/* struct delivery_mail */
	MAIL_PARCEL,	/* struct parcel */
	MAIL_WEBHOOK,	/* struct webhook_mail */
	MAIL_REMOVED,	/* struct webhook_mail */
	MAIL_HANDSHAKE, /* struct webhook_mail */
	MAIL_SETTLED,	/* struct attempt: its outcome was committed, or not */
	MAIL_REPORT,	/* struct report_mail: to be said again */
	MAIL_ERRAND,	/* struct deliver_errand */
	MAIL_HASTEN,	/* struct hasten_mail */
};

struct delivery_mail {
	struct message message;
	struct delivery_row row;
	struct payload *payload; /* a reference, or NULL */
};

struct hasten_mail {
	struct message message;
	size_t count;
	uint64_t deliveries[]; /* sequences */
};

struct report_mail {
	struct message message;
	struct deliver_report report;
	struct report_mail *next;
};

struct webhook_mail {
	struct message message;
	const struct webhook *webhook; /* a reference */
	bool is_fresh;
	bool has_backlog;
};

struct attempt;
struct dead_tally; /* pipeline/dead_tally.h */

struct worker {
	pthread_t thread;
	unsigned number; /* from 0 */
	const struct deliver_options *options;
	struct mailbox *mailbox;
	struct dispatch *dispatch;
	struct http_client *client;
	struct credentials *credentials;
	struct shelf shelf;
	int64_t now;	   /* wall clock, as last looked at … */
	bool has_looked;   /* … since it last slept */
	bool has_outcomes; /* submitted; the writer is yet to be woken */
	struct pressure_gauge gauge;
	int64_t slept; /* in the turn before, microseconds */
	struct dead_tally *dead_tally;
	struct heap alarms;
	struct map heartbeats;	     /* webhook's number → struct heartbeat */
	struct attempt *unwritten;   /* outcomes to be submitted again */
	int64_t write_again_at;	     /* monotonic */
	int64_t refill_at;	     /* monotonic */
	struct report_mail *reports; /* that could not be stored */
	struct report_mail *last_report;
	int64_t report_again_at; /* monotonic */
	atomic_bool is_stopping;
	_Atomic int64_t stop_at; /* monotonic */
	_Atomic uint64_t acknowledged;
	_Atomic uint64_t failed;
	_Atomic uint64_t dead;
	/* Of the one thread that gathers, the writer's: posted at its end. */
	struct parcel *parcel;
	struct parcel *_Atomic spare_parcel; /* an empty one */
	/* for others to read */
	struct histogram latencies[LATENCY_COUNT];
	_Atomic size_t queued, in_flight, slow_in_flight, unsettled;
};

/** Looks at both clocks; returns the wall clock's time. */
int64_t worker_look(struct worker *worker);

/**
 * The same unless it was done since the worker last slept: what has come in
 * meanwhile came at one time.
 */
int64_t worker_look_once(struct worker *worker);

/** Notes how long an attempt took, and its delivery if it is the last. */
void worker_measure(struct worker *worker, const struct http_result *result,
	const struct delivery *delivery, bool is_acknowledged);

/** Reads deliveries back that did not fit into memory, some lanes at a time. */
void worker_refill(struct worker *worker);

/** How long the loop may sleep, in microseconds. */
int64_t worker_sleep_time(const struct worker *worker);

/**
 * What others may read of the dispatch, as it is now; whether the worker is
 * behind, by that and by what it slept, goes to the writer.
 */
void worker_publish_stats(struct worker *worker);

/* ---- worker_mail.c ---- */

/** Any thread: a committed delivery, alone or with others of its commit. */
void worker_offer(struct worker *worker, const struct delivery_row *row,
	struct payload *payload);
/** MAIL_DELIVERY and MAIL_PARCEL came. */
void worker_take_one(struct worker *worker, struct delivery_mail *mail);
void worker_take_parcel(struct worker *worker, struct parcel *parcel);
/** MAIL_DELIVERY came too late. */
void worker_refuse_one(struct delivery_mail *mail);

/** Outcomes of a turn go to the writer as one. */
static inline void
worker_wake_writer(struct worker *worker)
{
	if (worker->has_outcomes)
		writer_wake(worker->options->writer);
	worker->has_outcomes = false;
}
