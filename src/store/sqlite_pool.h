#pragma once
#include "store/sqlite_db.h"

/*
 * The reading connections, handed out one thread at a time. In WAL mode they
 * see the last commit and neither wait for the writer nor hold it up; what
 * can block is the disk, and a pool with nothing left. Who holds one must not
 * take a second.
 */
struct sqlite_pool;

enum err sqlite_pool_open(const char *path, unsigned count,
	struct sqlite_pool **ret, struct buf *why) MUST_USE;
/** All have been given back. NULL is harmless. */
void sqlite_pool_close(struct sqlite_pool *pool);

struct sqlite_db *sqlite_pool_take(struct sqlite_pool *pool);
/** Its statements are reset. */
void sqlite_pool_give(struct sqlite_pool *pool, struct sqlite_db *db);
