#pragma once
#include "store/retain.h"
#include "store/sqlite_db.h"

/*
 * The writer's half of retention, and giving free space back. Writer thread
 * only, within the transaction.
 */

/** Does the step, and gives back a bounded number of free pages. */
enum err sqlite_retain_step(struct sqlite_db *db, struct retain_step *step,
	struct buf *why) MUST_USE;

/** Pages of the database that hold something. */
enum err sqlite_retain_used(
	struct sqlite_db *db, uint64_t *ret, struct buf *why) MUST_USE;

/**
 * Databases of version 1 were made without the means to give space back. A
 * small one is written anew with them; a large one stays as it is, since that
 * takes as much space again (docs/schema.md says how to do it by hand).
 */
void sqlite_retain_prepare(struct sqlite_db *db);
