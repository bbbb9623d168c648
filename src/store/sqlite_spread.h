#pragma once
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Moving the log into the database writes thousands of pages in a burst. The
 * kernel keeps them until the file is synced; then all of them are before the
 * disk at once, and a commit that syncs its log meanwhile waits behind them,
 * for 20 ms and more. So a thread can have what it writes sent to the disk
 * bit by bit, each portion when the one before has arrived: a sync of another
 * file is then behind one portion at most.
 *
 * This promises nothing about what is on disk: the sync does, which follows
 * as before and has little left to do.
 */
enum { SQLITE_SPREAD_BYTES = 256 << 10 };

struct sqlite_spread {
	int fd;		   /* of the database's file, open as long as it is */
	size_t pending;	   /* bytes written since the last portion */
	uint64_t portions; /* sent so far */
};

/**
 * From now on the writes of the calling thread to databases are spread, until
 * it passes NULL; `spread` stays its own. Others' are not.
 */
void sqlite_spread_use(struct sqlite_spread *spread);

/**
 * The methods of a database's file with this below: `real`, with a write of
 * ours. All files must have the same `real`; another one is returned as it is.
 */
const sqlite3_io_methods *sqlite_spread_methods(const sqlite3_io_methods *real);
