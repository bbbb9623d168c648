#pragma once
#include "base/arena.h"

/*
 * Runs a program: by argv, never by a shell, in a process group of its own,
 * with PATH and LANG for an environment, and with nothing open but its three
 * streams. When it ends, its time is up, or it writes too much, all that it has
 * started is killed with it, in whatever group or session that is
 * (flow/program_guard.h). Blocks; any thread.
 */
struct program {
	const char *const
		*argv; /* ends with NULL; argv[0] is an absolute path */
	const char *directory;
	struct str input;  /* its standard input */
	int64_t timeout;   /* microseconds */
	size_t output_max; /* bytes of either stream */
	/* Asked about ten times a second, true kills it; may be NULL. */
	bool (*must_stop)(void *context);
	void *context;
};

enum program_how {
	PROGRAM_ENDED,	/* with `code` */
	PROGRAM_KILLED, /* by signal `code` */
	PROGRAM_TIMED_OUT,
	PROGRAM_TOO_MUCH,
	PROGRAM_STOPPED,
	PROGRAM_UNKNOWN, /* not started: `said` */
};

struct program_end {
	enum program_how how;
	int code;
	struct str output, errors; /* in the arena */
	struct str said;
};

void program_run(const struct program *program, struct arena *arena,
	struct program_end *ret);
