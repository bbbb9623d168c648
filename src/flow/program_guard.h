#pragma once
#include <sys/types.h>

/*
 * A process between us and a program, that sees to it that nothing of the
 * program is left behind: whatever it has started is handed to the guard when
 * its own parent ends (PR_SET_CHILD_SUBREAPER), wherever it has put itself
 * (setsid, double forks). When the program ends, the guard is asked to
 * (SIGTERM), or we die, all of that is killed. It is a fork of ours that makes
 * system calls only.
 */
enum { PROGRAM_GUARD_STREAMS = 3 };

struct program_guard {
	const char *const *argv; /* ends with NULL */
	const char *directory;
	/* What the program's standard streams are. */
	int streams[PROGRAM_GUARD_STREAMS];
	int report; /* where the guard writes its report, close-on-exec */
};

struct program_guard_report {
	int code;   /* errno of what could not be started; 0: it was */
	int status; /* as waitpid() has it */
};

/** The guard's id, or -1 with errno. Blocks until it is forked. */
pid_t program_guard_start(const struct program_guard *guard);
