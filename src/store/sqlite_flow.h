#pragma once
#include "store/flow.h"
#include "store/sqlite_db.h"

/** Whether it may find something else than it expects: ERR_CONFLICT. */
bool sqlite_flow_can_conflict(const struct flow_change *change);

/** Applies one change within the writer's transaction. ERR_CONFLICT as
 * store/flow.h says. */
enum err sqlite_flow_apply(struct sqlite_db *db,
	const struct flow_change *change, struct buf *why) MUST_USE;
