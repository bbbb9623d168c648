#pragma once
#include "pipeline/writer.h"
#include "store/retain.h"

/*
 * Keeps the store bounded: a thread that goes over it in passes, finds what is
 * older than it should be and lets the writer remove it in steps, with a pause
 * after each so that publishing hardly notices.
 *
 * When the store is fuller than nine tenths of its size limit, the oldest go
 * before their time, until it is emptier than seventeen twentieths.
 */
struct retention;

struct retention_options {
	struct store *store;
	struct writer *writer;
	int64_t events_age;	 /* microseconds; 0: kept for ever */
	int64_t deliveries_age;	 /* the same */
	int64_t executions_age;	 /* of scenarios; the same */
	uint64_t executions_max; /* kept of a scenario; 0: any number */
};

struct retention *retention_start(const struct retention_options *options);
/** Ends it before the writer is stopped. NULL is harmless. */
void retention_stop(struct retention *retention);

/** For /metrics. Any thread; zeroed for NULL. */
struct retention_stats {
	uint64_t removed_events; /* since the start */
	uint64_t removed_deliveries;
	uint64_t removed_executions;
	bool is_making_room; /* things go before their time */
};
void retention_stats(
	const struct retention *retention, struct retention_stats *ret);
