#include "store/sqlite_spread.h"

#include <fcntl.h>
#include <pthread.h>

static _Thread_local struct sqlite_spread *in_use;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const sqlite3_io_methods *below;
static sqlite3_io_methods methods;

void
sqlite_spread_use(struct sqlite_spread *spread)
{
	in_use = spread;
}

/*
 * An error of the disk that is told here is told again to the file that
 * SQLite syncs: the kernel keeps it for each open file apart.
 */
static void
send_portion(struct sqlite_spread *spread)
{
	spread->pending = 0;
	spread->portions++;
	(void)!sync_file_range(spread->fd, 0, 0,
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
}

static int
write_spread(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	int code = below->xWrite(file, bytes, len, at);

	if (in_use == NULL || code != SQLITE_OK)
		return code;
	in_use->pending += (size_t)len;
	if (in_use->pending >= SQLITE_SPREAD_BYTES)
		send_portion(in_use);
	return code;
}

const sqlite3_io_methods *
sqlite_spread_methods(const sqlite3_io_methods *real)
{
	const sqlite3_io_methods *ret = real;

	pthread_mutex_lock(&lock);
	if (below == NULL) {
		methods = *real;
		methods.xWrite = write_spread;
		below = real;
	}
	if (below == real)
		ret = &methods;
	pthread_mutex_unlock(&lock);
	return ret;
}
