#pragma once
#include "store/sqlite_db.h"

/* The database's pages: counting them, and giving free ones back. Writer
 * thread only. */
struct retain_step; /* store/retain.h */

/**
 * Moves some pages from the file's end to its holes, if they are many; then
 * it says so in has_shrunk and is_shrinking. Within the transaction.
 */
enum err sqlite_space_shrink(struct sqlite_db *db, struct retain_step *step,
	struct buf *why) MUST_USE;

/** Bytes of pages of the database that hold something. */
enum err sqlite_space_used(struct sqlite_db *db, uint64_t *ret, struct buf *why)
	MUST_USE;

/**
 * Databases of version 1 were made without the means to give space back. A
 * small one is written anew with them; a large one stays as it is, since that
 * takes as much space again (docs/schema.md says how to do it by hand).
 */
void sqlite_space_prepare(struct sqlite_db *db);
