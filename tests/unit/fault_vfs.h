#pragma once
#include <stdbool.h>

/*
 * A disk that fails when told to: a layer over SQLite's own access to files,
 * which becomes the default for all databases opened afterwards. It counts
 * what changes the disk (write, sync, truncate) and fails one of them, or all
 * from one on. Of reading, that of a write-ahead log can be made to fail, too;
 * locks and shared memory are passed through.
 */
enum fault_kind {
	FAULT_NO_SPACE, /* ENOSPC, nothing written */
	FAULT_SHORT,	/* ENOSPC after half of the bytes */
	FAULT_IO,	/* EIO */
	FAULT_KINDS,
};

/** Once a process, before the first database is opened. */
void fault_install(void);

/** The operation number `at` from now (0: the next) fails. */
void fault_arm(enum fault_kind kind, int at, bool lasts);
void fault_disarm(void);

/** Reading a write-ahead log fails from now on (EIO), or no longer. */
void fault_log_reads_fail(bool fail);

/** How often a write-ahead log was read since the start. */
int fault_log_reads(void);

/** Whether a fault has struck since it was armed. */
bool fault_has_struck(void);
