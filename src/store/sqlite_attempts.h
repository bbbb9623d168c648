#pragma once
#include "store/sqlite_feed.h"

/*
 * Where an attempt's row lies. A delivery's first attempt has a `place` made
 * of the delivery's sequence (SQLITE_PLACES_EACH times that) and needs no entry
 * in an index to be found. Since outcomes come nearly in the order of
 * deliveries such rows are appended. So are all others, apart from their
 * deliveries' places, behind whatever was the last one: attempts after the
 * first, and first ones that come late, whose page is full and cold. These are
 * in the index attempts_apart.
 *
 * Acknowledged first attempts of one webhook's deliveries within a stretch of
 * 128 sequences share a row of attempt_packs (attempt_pack.h) when four or more
 * are written together: under load nearly all of them. That a first attempt is
 * not in two tables is held by its delivery, which counts it in the same unit
 * and goes on from there (STORE_DELIVERY_SET, STORE_DELIVERY_TRIED).
 *
 * Which stretches of 128 deliveries hold a tried one of a webhook is in the
 * table tried_blocks; what was written there last is known here, so that a
 * stretch is mostly written once. Writer thread only.
 */
enum {
	SQLITE_ATTEMPTS_MAX = 128, /* written at once */
	/* So many deliveries behind the last place a first attempt is at its
	   own yet: in pages that are at hand, for less than an entry costs. */
	SQLITE_ATTEMPTS_WINDOW = 128,
	SQLITE_ATTEMPTS_KNOWN = 1024,
	/* From so many on they share a row. */
	SQLITE_ATTEMPTS_PACKED = 4,
};

struct sqlite_attempts {
	int64_t highest; /* no place in use is above */
	/* Rows of older versions may lie at any place up to here. */
	int64_t floor;
	/* By webhook: a block that is known to be in tried_blocks. */
	struct sqlite_attempts_known {
		uint64_t webhook;
		uint64_t block;
	} known[SQLITE_ATTEMPTS_KNOWN];
};

/** At the start, when the feeds are loaded. */
void sqlite_attempts_init(
	struct sqlite_attempts *attempts, const struct sqlite_feeds *feeds);

/**
 * Writes STORE_ATTEMPT_ADDs, at most SQLITE_ATTEMPTS_MAX of them, none for
 * debugging, within a transaction.
 */
enum err sqlite_attempts_write(struct sqlite_attempts *attempts,
	struct sqlite_db *db, struct sqlite_feeds *feeds,
	const struct store_change *const *changes, size_t count,
	struct buf *why) MUST_USE;

/** A place apart, behind the last one. */
int64_t sqlite_attempts_apart(struct sqlite_attempts *attempts);

/** Something was rolled back, or entries of tried_blocks were removed. */
void sqlite_attempts_forget(struct sqlite_attempts *attempts);
