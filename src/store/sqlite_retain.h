#pragma once
#include "store/retain.h"
#include "store/sqlite_db.h"

/*
 * The writer's half of retention. Writer thread only, within the transaction.
 */

/** Does the step, and gives back a bounded number of free pages. */
enum err sqlite_retain_step(struct sqlite_db *db, struct retain_step *step,
	struct buf *why) MUST_USE;
