#pragma once
#include "store/object.h"
#include "store/sqlite_db.h"

/** Applies one change within the writer's transaction. ERR_CONFLICT as
 * store/object.h says. */
enum err sqlite_object_apply(struct sqlite_db *db,
	const struct object_change *change, struct buf *why) MUST_USE;
