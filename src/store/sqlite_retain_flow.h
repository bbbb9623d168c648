#pragma once
#include "store/retain.h"
#include "store/sqlite_db.h"

/* The part of retention that is about executions; for sqlite_retain.c. */

/** As store_retain_find(), which has set what is in `ret` before. */
enum err sqlite_retain_flow_find(struct store *store,
	struct retain_place *place, struct retain_step *ret, bool *ret_is_done)
	MUST_USE;

/** The writer's half, within the transaction. */
enum err sqlite_retain_flow_remove(struct sqlite_db *db,
	struct retain_step *step, struct buf *why) MUST_USE;
