#pragma once
#include "pipeline/dispatch.h"

/*
 * What the dispatch's tests share: a disk of deliveries, as the store would
 * have it after each commit, and attempts under way, in the order taken.
 */
enum { FAKE_ROWS_MAX = 4000, FAKE_IN_FLIGHT_MAX = 4096 };

struct fake_row {
	struct delivery_row row;
	unsigned attempted;
	bool is_in_flight;
};

extern struct fake_row fake_disk[FAKE_ROWS_MAX + 1]; /* by sequence, from 1 */
extern size_t fake_disk_count;
extern struct delivery *fake_in_flight[FAKE_IN_FLIGHT_MAX];
extern size_t fake_in_flight_count;

/** A webhook with one reference. */
struct webhook *fake_webhook(uint64_t number, enum webhook_status status);
struct dispatch *fake_dispatch(size_t window, unsigned concurrency);
/** The webhook is of this status from now on. */
void fake_status(
	struct dispatch *dispatch, uint64_t number, enum webhook_status status);
enum dispatch_answer fake_answer(struct dispatch *dispatch, uint64_t sequence,
	uint64_t webhook, uint32_t attempts, int64_t due);
/** Offers one that must be queued. */
void fake_offer(struct dispatch *dispatch, uint64_t sequence, uint64_t webhook,
	uint32_t attempts, int64_t due);
/** Offers a retry of webhook 1 that is on the disk. */
void fake_offer_retry(struct dispatch *dispatch, uint64_t sequence,
	int64_t written, int64_t due);
/** The sequence of what is given out next, or 0; it stays in flight. */
uint64_t fake_take(struct dispatch *dispatch, int64_t now);
/** The one taken first comes to its end. */
void fake_finish_first(struct dispatch *dispatch);
/** What the store would answer; kept until the next call. */
void fake_read_rows(
	const struct dispatch_refill *want, struct delivery_list *ret);
/** One refill from the disk, if one is wanted. */
void fake_read_back(struct dispatch *dispatch);
/** Ends what is in flight, and the dispatch. */
void fake_end(struct dispatch *dispatch);
