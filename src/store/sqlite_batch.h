#pragma once
#include "store/sqlite_attempts.h"

/*
 * What a transaction is to write, gathered so that many rows cost one
 * statement: events with ids of our own, deliveries and attempts, none of
 * which can conflict with anything; and each webhook's counters of health, of
 * which the last stand for all before. Writer thread only.
 *
 * Whoever reads or changes such rows otherwise flushes before; so does who
 * makes a savepoint, as its roll-back must not take rows of others.
 */
enum {
	SQLITE_BATCH_ROWS = SQLITE_ATTEMPTS_MAX,
	SQLITE_BATCH_HEALTHS = 32,
	SQLITE_BATCH_BLOCKS = 32,
};

struct sqlite_batch {
	struct sqlite_db *db;
	struct sqlite_feeds *feeds;
	struct sqlite_attempts *attempts;
	struct buf *why; /* may be NULL */
	struct sqlite_batch_rows {
		const struct store_change *changes[SQLITE_BATCH_ROWS];
		size_t count;
	} rows[SQLITE_FEED_TABLES];
	struct str webhooks[SQLITE_BATCH_ROWS]; /* that the events name */
	uint64_t lowest_delivery;		/* of those gathered */
	struct sqlite_batch_health {
		uint64_t webhook;
		struct health health;
	} healths[SQLITE_BATCH_HEALTHS];
	size_t health_count;
	/* Stretches of events that hold a type (type_blocks). */
	struct sqlite_batch_block {
		struct str type;
		uint64_t number;
	} blocks[SQLITE_BATCH_BLOCKS];
	size_t block_count;
};

/**
 * STORE_DELIVERY_ADD, STORE_ATTEMPT_ADD or STORE_HEALTH_SET; what it points to
 * stays until the next flush.
 */
enum err sqlite_batch_add(
	struct sqlite_batch *batch, const struct store_change *change) MUST_USE;

/** STORE_EVENT_ADD of an own id, and the webhooks that its row names. */
enum err sqlite_batch_add_event(struct sqlite_batch *batch,
	const struct store_change *change, struct str webhooks) MUST_USE;

/** For an event that is added otherwise: its type is found by its block. */
enum err sqlite_batch_add_type(
	struct sqlite_batch *batch, const struct event_row *event) MUST_USE;

/** Writes all that was gathered. */
enum err sqlite_batch_flush(struct sqlite_batch *batch) MUST_USE;

/** Forgets what was gathered since the last flush (a roll-back). */
void sqlite_batch_forget(struct sqlite_batch *batch);

/** Whether this delivery is among what was gathered. */
bool sqlite_batch_has_delivery(
	const struct sqlite_batch *batch, uint64_t sequence);
