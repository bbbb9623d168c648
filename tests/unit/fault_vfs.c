#include "fault_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>

#include "check.h"

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
	bool is_log;
};

static sqlite3_vfs *real_vfs;

/* The disk is written by a thread of the store's user. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	bool is_armed;
	bool lasts;
	bool has_struck;
	enum fault_kind kind;
	int left;
	bool log_reads_fail;
	int log_reads;
} fault;

void
fault_arm(enum fault_kind kind, int at, bool lasts)
{
	pthread_mutex_lock(&lock);
	fault.is_armed = true;
	fault.lasts = lasts;
	fault.has_struck = false;
	fault.kind = kind;
	fault.left = at;
	pthread_mutex_unlock(&lock);
}

void
fault_disarm(void)
{
	pthread_mutex_lock(&lock);
	fault.is_armed = false;
	pthread_mutex_unlock(&lock);
}

bool
fault_has_struck(void)
{
	bool has_struck;

	pthread_mutex_lock(&lock);
	has_struck = fault.has_struck;
	pthread_mutex_unlock(&lock);
	return has_struck;
}

void
fault_log_reads_fail(bool fail)
{
	pthread_mutex_lock(&lock);
	fault.log_reads_fail = fail;
	pthread_mutex_unlock(&lock);
}

int
fault_log_reads(void)
{
	int reads;

	pthread_mutex_lock(&lock);
	reads = fault.log_reads;
	pthread_mutex_unlock(&lock);
	return reads;
}

static bool
log_read_fails(void)
{
	bool fails;

	pthread_mutex_lock(&lock);
	fault.log_reads++;
	fails = fault.log_reads_fail;
	pthread_mutex_unlock(&lock);
	if (fails)
		errno = EIO;
	return fails;
}

static bool
strikes_locked(void)
{
	if (!fault.is_armed)
		return false;
	if (fault.left > 0) {
		fault.left--;
		return false;
	}
	fault.has_struck = true;
	fault.is_armed = fault.lasts;
	return true;
}

/** Counts an operation; whether this one fails, and in which way. */
static bool
strikes(enum fault_kind *ret_kind)
{
	bool does;

	pthread_mutex_lock(&lock);
	does = strikes_locked();
	*ret_kind = fault.kind;
	pthread_mutex_unlock(&lock);
	if (does)
		errno = *ret_kind == FAULT_IO ? EIO : ENOSPC;
	return does;
}

static sqlite3_file *
real(sqlite3_file *file)
{
	return ((struct fault_file *)(void *)file)->real;
}

static int
pass_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int
fail_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
	if (((struct fault_file *)(void *)file)->is_log && log_read_fails())
		return SQLITE_IOERR_READ;
	return real(file)->pMethods->xRead(real(file), out, len, at);
}

static int
fail_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	const sqlite3_io_methods *methods = real(file)->pMethods;
	enum fault_kind kind;

	if (!strikes(&kind))
		return methods->xWrite(real(file), bytes, len, at);
	if (kind == FAULT_IO)
		return SQLITE_IOERR_WRITE;
	if (kind == FAULT_SHORT)
		methods->xWrite(real(file), bytes, len / 2, at);
	errno = ENOSPC;
	return SQLITE_FULL;
}

static int
fail_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	enum fault_kind kind;

	if (strikes(&kind))
		return SQLITE_IOERR_TRUNCATE;
	return real(file)->pMethods->xTruncate(real(file), size);
}

/** Not passed on: no test here takes the power away, and disks are slow. */
static int
fail_sync(sqlite3_file *file, int flags)
{
	enum fault_kind kind;

	(void)file;
	(void)flags;
	if (!strikes(&kind))
		return SQLITE_OK;
	return kind == FAULT_IO ? SQLITE_IOERR_FSYNC : SQLITE_FULL;
}

static int
pass_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	return real(file)->pMethods->xFileSize(real(file), ret);
}

static int
pass_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int
pass_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int
pass_check_lock(sqlite3_file *file, int *ret)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), ret);
}

static int
pass_control(sqlite3_file *file, int what, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), what, arg);
}

static int
pass_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int
pass_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int
pass_shm_map(
	sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	return real(file)->pMethods->xShmMap(
		real(file), page, size, extend, ret);
}

static int
pass_shm_lock(sqlite3_file *file, int at, int count, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), at, count, flags);
}

static void
pass_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int
pass_shm_unmap(sqlite3_file *file, int deletes)
{
	return real(file)->pMethods->xShmUnmap(real(file), deletes);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = pass_close,
	.xRead = fail_read,
	.xWrite = fail_write,
	.xTruncate = fail_truncate,
	.xSync = fail_sync,
	.xFileSize = pass_size,
	.xLock = pass_lock,
	.xUnlock = pass_unlock,
	.xCheckReservedLock = pass_check_lock,
	.xFileControl = pass_control,
	.xSectorSize = pass_sector,
	.xDeviceCharacteristics = pass_device,
	.xShmMap = pass_shm_map,
	.xShmLock = pass_shm_lock,
	.xShmBarrier = pass_shm_barrier,
	.xShmUnmap = pass_shm_unmap,
};

static int
open_file(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file,
	int flags, int *ret_flags)
{
	struct fault_file *self = (struct fault_file *)(void *)file;
	int code;

	(void)vfs;
	self->real = (sqlite3_file *)(void *)(self + 1);
	self->is_log = (flags & SQLITE_OPEN_WAL) != 0;
	code = real_vfs->xOpen(real_vfs, path, self->real, flags, ret_flags);
	self->base.pMethods = self->real->pMethods ? &methods : NULL;
	return code;
}

void
fault_install(void)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "fault";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
	vfs.xOpen = open_file;
	CHECK_INT(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}
