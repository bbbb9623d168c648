#pragma once
#include "base/buf.h"

/*
 * One process a data folder: an flock(2) on its file `lock`, which also holds
 * the owner's process id for people to read. The kernel lets go of it however
 * the process ends.
 */

/** ERR_BUSY names the owner's process id if it is known; ERR_IO. */
enum err sqlite_lock_take(const char *directory, int *ret_fd, struct buf *why)
	MUST_USE;

/** -1 is harmless. */
void sqlite_lock_release(int fd);
