#include "flow/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "flow/program_guard.h"

enum { TICK_MILLISECONDS = 100 };

/** Streams, in the order of their descriptors. */
enum { INPUT, OUTPUT, ERRORS, STREAMS };

struct running {
	const struct program *program;
	pid_t guard;
	int report;
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
 * raise SIGPIPE here. All are close-on-exec, and the guards of programs that
 * other threads start close them.
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

/** 0, or the errno of what failed. */
static int
start_guard(struct running *running)
{
	struct program_guard guard = {.argv = running->program->argv,
		.directory = running->program->directory};
	int reports[2] = {-1, -1};
	int code = 0;

	if (!open_streams(running, guard.streams) || pipe2(reports, O_CLOEXEC))
		code = EMFILE;
	guard.report = reports[1];
	running->report = reports[0];
	if (!code)
		running->guard = program_guard_start(&guard);
	if (!code && running->guard < 0)
		code = errno;
	for (int i = 0; i < STREAMS; i++)
		close_one(&guard.streams[i]);
	close_one(&reports[1]);
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
 * It has closed its streams; it may go on for a while all the same. False when
 * it was asked to end.
 */
static bool
wait_for_report(struct running *running)
{
	const struct program *program = running->program;
	struct pollfd report = {.fd = running->report, .events = POLLIN};

	while (running->how == PROGRAM_ENDED) {
		if (poll(&report, 1, TICK_MILLISECONDS) > 0)
			return true;
		if (clock_monotonic() >= running->end)
			running->how = PROGRAM_TIMED_OUT;
		else if (program->must_stop &&
			 program->must_stop(program->context))
			running->how = PROGRAM_STOPPED;
	}
	return false;
}

static void
tell(const struct running *running, const struct program_guard_report *report,
	struct arena *arena, struct program_end *ret)
{
	ret->how = running->how;
	if (report->code) {
		ret->how = PROGRAM_UNKNOWN;
		ret->said = arena_copy(arena, str_of(strerror(report->code)));
	} else if (running->how != PROGRAM_ENDED) {
		return;
	} else if (WIFSIGNALED(report->status)) {
		ret->how = PROGRAM_KILLED;
		ret->code = WTERMSIG(report->status);
	} else {
		ret->code = WEXITSTATUS(report->status);
	}
}

static void
finish(struct running *running, struct arena *arena, struct program_end *ret)
{
	struct program_guard_report report = {.code = EAGAIN};

	/* What the program has started and left behind goes as well. */
	if (!wait_for_report(running))
		kill(running->guard, SIGTERM);
	if (read(running->report, &report, sizeof(report)) != sizeof(report))
		report.code = EAGAIN; /* the guard itself was killed */
	while (waitpid(running->guard, NULL, 0) < 0 && errno == EINTR)
		;
	tell(running, &report, arena, ret);
}

void
program_run(const struct program *program, struct arena *arena,
	struct program_end *ret)
{
	struct running running = {.program = program,
		.report = -1,
		.input = program->input,
		.end = clock_monotonic() + program->timeout,
		.streams = {[OUTPUT] = buf_make(program->output_max),
			[ERRORS] = buf_make(program->output_max)}};
	int code = start_guard(&running);

	*ret = (struct program_end){.how = PROGRAM_UNKNOWN};
	if (code == 0) {
		if (running.input.len == 0)
			close_one(&running.ours[INPUT]);
		serve(&running);
		finish(&running, arena, ret);
	} else {
		ret->said = arena_copy(arena, str_of(strerror(code)));
	}
	close_one(&running.report);
	for (int i = 0; i < STREAMS; i++)
		close_one(&running.ours[i]);
	ret->output = arena_copy(arena, buf_str(&running.streams[OUTPUT]));
	ret->errors = arena_copy(arena, buf_str(&running.streams[ERRORS]));
	buf_release(&running.streams[OUTPUT]);
	buf_release(&running.streams[ERRORS]);
}
