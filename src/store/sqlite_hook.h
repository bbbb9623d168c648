#pragma once
#include "store/hook.h"
#include "store/sqlite_db.h"

/** Applies one change within the transaction. Writer thread only. */
enum err sqlite_hook_apply(struct sqlite_db *db,
	const struct hook_change *change, struct buf *why) MUST_USE;
