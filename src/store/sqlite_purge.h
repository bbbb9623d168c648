#pragma once
#include "store/sqlite_db.h"

/*
 * Removing a webhook takes its rows, which may be millions. The webhook's row
 * goes at once and a row in `purges` stands for the rest: reads look past
 * what it names, and every later commit deletes a bounded part of it.
 *
 * Units on their way while the webhook was removed may still bring rows of
 * it. The numbers removed since the start are kept in memory (eight bytes
 * each), and such rows are dropped as if they had come before the removal.
 * Writer thread only.
 */
struct sqlite_purge {
	uint64_t *removed; /* the first `settled` sorted, the rest as added */
	size_t settled;
	size_t count;
	size_t cap;
	bool has_work; /* there may be rows in `purges` */
	bool is_held;  /* the last commit failed: first one without purging */
};

/** Reads what earlier runs left. */
enum err sqlite_purge_load(struct sqlite_purge *purge, struct sqlite_db *db,
	struct buf *why) MUST_USE;
void sqlite_purge_release(struct sqlite_purge *purge);

/** Notes the removal, within the transaction. ERR_CONFLICT: no such webhook. */
enum err sqlite_purge_add(struct sqlite_purge *purge, struct sqlite_db *db,
	uint64_t webhook, struct buf *why) MUST_USE;

bool sqlite_purge_has(const struct sqlite_purge *purge, uint64_t webhook);

/** Nothing was ever removed: no row need be asked whose it is. */
static inline bool
sqlite_purge_is_empty(const struct sqlite_purge *purge)
{
	return purge->count == 0;
}

/** Deletes a bounded part, within the transaction. */
enum err sqlite_purge_step(struct sqlite_purge *purge, struct sqlite_db *db,
	struct buf *why) MUST_USE;

/** Forgets what was added after `count` was this (a roll-back). */
void sqlite_purge_forget(struct sqlite_purge *purge, size_t count);

/** After a commit went through. */
void sqlite_purge_settle(struct sqlite_purge *purge);
