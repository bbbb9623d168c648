#include "flow/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { TICK_MILLISECONDS = 100, POLL_MILLISECONDS = 5 };

/** Streams, in the order of their descriptors. */
enum { INPUT, OUTPUT, ERRORS, STREAMS };

struct running {
	const struct program *program;
	pid_t pid;
	int ours[STREAMS]; /* -1: closed */
	struct str input;  /* not written yet */
	struct buf streams[STREAMS];
	int64_t end;
	enum program_how how;
};

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- starting ---- */

/**
 * Its input is a socket: writing to a program that does not read must not
 * raise SIGPIPE here. All are close-on-exec, for other threads start programs
 * as well.
 */
static bool
open_streams(struct running *running, int theirs[STREAMS])
{
	bool is_open = true;

	for (int i = 0; i < STREAMS; i++) {
		int pair[2] = {-1, -1};

		if (is_open && i == INPUT)
			is_open =
				socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
					0, pair) == 0;
		else if (is_open)
			is_open = pipe2(pair, O_CLOEXEC) == 0;
		running->ours[i] = pair[0];
		theirs[i] = pair[1];
		if (pair[0] >= 0)
			fcntl(pair[0], F_SETFL, O_NONBLOCK);
	}
	return is_open;
}

static int
spawn(struct running *running, const int theirs[STREAMS])
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char language[] = "LANG=C.UTF-8";
	char *const environment[] = {path, language, NULL};
	const struct program *program = running->program;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	for (int i = 0; i < STREAMS; i++)
		posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
	posix_spawn_file_actions_addchdir_np(&actions, program->directory);
	posix_spawn_file_actions_addclosefrom_np(&actions, STREAMS);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
						      POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	code = posix_spawn(&running->pid, program->argv[0], &actions,
		&attributes, (char *const *)(uintptr_t)program->argv,
		environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

/* ---- going on ---- */

static void
feed(struct running *running)
{
	ssize_t done = send(running->ours[INPUT], running->input.ptr,
		running->input.len, MSG_NOSIGNAL);

	if (done > 0)
		running->input = str_skip(running->input, (size_t)done);
	if ((done < 0 && errno != EAGAIN) || running->input.len == 0)
		close_one(&running->ours[INPUT]);
}

static void
drain(struct running *running, int stream)
{
	char bytes[8192];
	ssize_t done = read(running->ours[stream], bytes, sizeof(bytes));

	if (done == 0 || (done < 0 && errno != EAGAIN))
		close_one(&running->ours[stream]);
	else if (done > 0 && buf_append(&running->streams[stream],
				     str_make(bytes, (size_t)done)))
		running->how = PROGRAM_TOO_MUCH;
}

/** Until both streams are closed, or it must end. */
static void
serve(struct running *running)
{
	const struct program *program = running->program;

	while (running->how == PROGRAM_ENDED &&
		(running->ours[OUTPUT] >= 0 || running->ours[ERRORS] >= 0)) {
		struct pollfd fds[STREAMS] = {
			{.fd = running->ours[INPUT], .events = POLLOUT},
			{.fd = running->ours[OUTPUT], .events = POLLIN},
			{.fd = running->ours[ERRORS], .events = POLLIN}};
		int64_t left = running->end - clock_monotonic();

		if (left <= 0) {
			running->how = PROGRAM_TIMED_OUT;
			return;
		}
		if (program->must_stop &&
			program->must_stop(program->context)) {
			running->how = PROGRAM_STOPPED;
			return;
		}
		left = left / MILLISECONDS + 1;
		if (poll(fds, STREAMS,
			    left < TICK_MILLISECONDS ? (int)left
						     : TICK_MILLISECONDS) <= 0)
			continue;
		if (fds[INPUT].revents)
			feed(running);
		if (fds[OUTPUT].revents)
			drain(running, OUTPUT);
		if (fds[ERRORS].revents)
			drain(running, ERRORS);
	}
}

/**
 * It has closed its streams; it may go on for a while all the same. Its id
 * stays its own until it is waited for at last.
 */
static void
wait_for_end(struct running *running)
{
	const struct program *program = running->program;

	while (running->how == PROGRAM_ENDED) {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)running->pid, &info,
			    WEXITED | WNOHANG | WNOWAIT) == 0 &&
			info.si_pid == running->pid)
			return;
		if (clock_monotonic() >= running->end)
			running->how = PROGRAM_TIMED_OUT;
		else if (program->must_stop &&
			 program->must_stop(program->context))
			running->how = PROGRAM_STOPPED;
		else
			poll(NULL, 0, POLL_MILLISECONDS);
	}
}

static void
finish(struct running *running, struct program_end *ret)
{
	int status = 0;

	wait_for_end(running);
	/* What it has started and left behind goes as well. */
	kill(-running->pid, SIGKILL);
	while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
		;
	ret->how = running->how;
	if (running->how != PROGRAM_ENDED)
		return;
	if (WIFSIGNALED(status)) {
		ret->how = PROGRAM_KILLED;
		ret->code = WTERMSIG(status);
	} else {
		ret->code = WEXITSTATUS(status);
	}
}

void
program_run(const struct program *program, struct arena *arena,
	struct program_end *ret)
{
	struct running running = {.program = program,
		.input = program->input,
		.end = clock_monotonic() + program->timeout,
		.streams = {[OUTPUT] = buf_make(program->output_max),
			[ERRORS] = buf_make(program->output_max)}};
	int theirs[STREAMS];
	int code = EMFILE;

	*ret = (struct program_end){.how = PROGRAM_UNKNOWN};
	if (open_streams(&running, theirs))
		code = spawn(&running, theirs);
	for (int i = 0; i < STREAMS; i++)
		close_one(&theirs[i]);
	if (code == 0) {
		if (running.input.len == 0)
			close_one(&running.ours[INPUT]);
		serve(&running);
		finish(&running, ret);
	} else {
		ret->said = arena_copy(arena, str_of(strerror(code)));
	}
	for (int i = 0; i < STREAMS; i++)
		close_one(&running.ours[i]);
	ret->output = arena_copy(arena, buf_str(&running.streams[OUTPUT]));
	ret->errors = arena_copy(arena, buf_str(&running.streams[ERRORS]));
	buf_release(&running.streams[OUTPUT]);
	buf_release(&running.streams[ERRORS]);
}
