#include "store/sqlite_log_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite_spread.h"

enum {
	/* SQLite's own files take no more than 128 KiB less one byte at once.
	 */
	GATHERED_MAX = 126 << 10,
	/* Of a long commit, so much is sent to the disk while the rest is made:
	   smaller portions cost processor time. */
	PORTION = 504 << 10,
	PAGE = 4096, /* of the system */
};

struct log_file {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
	char *bytes;	    /* gathered, to be written at `start` */
	int used;
	sqlite3_int64 start;
	int fd;		    /* of the file, beside SQLite's own; or -1 */
	sqlite3_int64 sent; /* from here on nothing was, since the last sync */
};

static sqlite3_vfs *real_vfs;
static const char *name;

static struct log_file *
log_of(sqlite3_file *file)
{
	return (struct log_file *)(void *)file;
}

static sqlite3_file *
real(sqlite3_file *file)
{
	return log_of(file)->real;
}

/* Only begins it: the sync that follows waits, and tells what failed. */
static void
send_portion(struct log_file *log, sqlite3_int64 end)
{
	end -= end % PAGE; /* the rest of it is still to come */
	if (log->sent > log->start)
		log->sent = log->start; /* the first since a sync */
	if (log->fd < 0 || end - log->sent < PORTION)
		return;
	(void)!sync_file_range(
		log->fd, log->sent, end - log->sent, SYNC_FILE_RANGE_WRITE);
	log->sent = end;
}

/* When it fails the transaction is rolled back: nothing is kept for later. */
static int
write_gathered(struct log_file *log)
{
	int used = log->used;
	int code;

	log->used = 0;
	if (used == 0)
		return SQLITE_OK;
	code = log->real->pMethods->xWrite(
		log->real, log->bytes, used, log->start);
	if (code == SQLITE_OK)
		send_portion(log, log->start + used);
	return code;
}

static int
log_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	int code = SQLITE_OK;

	if (at != log->start + log->used || len > GATHERED_MAX - log->used)
		code = write_gathered(log);
	if (code != SQLITE_OK)
		return code;
	if (len > GATHERED_MAX)
		return log->real->pMethods->xWrite(log->real, bytes, len, at);
	if (log->used == 0)
		log->start = at;
	memcpy(log->bytes + log->used, bytes, (size_t)len);
	log->used += len;
	return SQLITE_OK;
}

static int
log_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
	int code = write_gathered(log_of(file));

	if (code != SQLITE_OK)
		return code;
	return real(file)->pMethods->xRead(real(file), out, len, at);
}

static int
log_sync(sqlite3_file *file, int flags)
{
	int code = write_gathered(log_of(file));

	if (code != SQLITE_OK)
		return code;
	log_of(file)->sent = INT64_MAX;
	return real(file)->pMethods->xSync(real(file), flags);
}

static int
log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = write_gathered(log_of(file));

	if (code != SQLITE_OK)
		return code;
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int
log_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	int code = write_gathered(log_of(file));

	if (code != SQLITE_OK)
		return code;
	return real(file)->pMethods->xFileSize(real(file), ret);
}

/* What is gathered still belongs to a transaction that was not committed. */
static int
log_close(sqlite3_file *file)
{
	mem_free(log_of(file)->bytes);
	if (log_of(file)->fd >= 0)
		close(log_of(file)->fd);
	return real(file)->pMethods->xClose(real(file));
}

static int
log_control(sqlite3_file *file, int what, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), what, arg);
}

static int
log_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int
log_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int
log_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int
log_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int
log_check_lock(sqlite3_file *file, int *ret)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), ret);
}

/* Shared memory and mapping belong to the database's file, not to the log. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_check_lock,
	.xFileControl = log_control,
	.xSectorSize = log_sector,
	.xDeviceCharacteristics = log_device,
};

static int
open_file(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file,
	int flags, int *ret_flags)
{
	struct log_file *log = log_of(file);
	int code;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_WAL)) {
		code = real_vfs->xOpen(real_vfs, path, file, flags, ret_flags);
		if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB))
			file->pMethods = sqlite_spread_methods(file->pMethods);
		return code;
	}
	*log = (struct log_file){.real = (sqlite3_file *)(void *)(log + 1),
		.fd = -1,
		.sent = INT64_MAX};
	code = real_vfs->xOpen(real_vfs, path, log->real, flags, ret_flags);
	if (code != SQLITE_OK)
		return code;
	log->base.pMethods = &methods;
	log->bytes = mem_alloc(GATHERED_MAX);
	/* SQLite locks other files, so closing this one takes no lock. */
	log->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return SQLITE_OK;
}

static void
make(void)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	if (real_vfs == NULL)
		return;
	vfs = *real_vfs;
	vfs.zName = "grapnel";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct log_file) + real_vfs->szOsFile;
	vfs.xOpen = open_file;
	if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
		name = vfs.zName;
}

const char *
sqlite_log_file_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make);
	return name;
}
