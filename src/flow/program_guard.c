#include "flow/program_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT = PROGRAM_GUARD_STREAMS, CHILDREN_TEXT = 4096 };

/* ---- in the guard: system calls only ---- */

/** One after the other the ids that the text holds. */
static pid_t
next_id(const char **text)
{
	pid_t id = 0;

	while (**text == ' ')
		(*text)++;
	for (; **text >= '0' && **text <= '9'; (*text)++)
		id = id * 10 + (**text - '0');
	return id;
}

/** False when it cannot be told who they are. */
static bool
kill_children(void)
{
	char text[CHILDREN_TEXT + 1];
	const char *rest = text;
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, CHILDREN_TEXT) : -1;
	pid_t id;

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return false;
	/* One that was cut is found whole the next time. */
	while (len == CHILDREN_TEXT && len > 0 && text[len - 1] != ' ')
		len--;
	text[len] = '\0';
	while ((id = next_id(&rest)))
		kill(id, SIGKILL);
	return true;
}

/** Until there is nobody left: who is killed hands his own to us. */
static void
kill_all(void)
{
	while (kill_children()) {
		if (waitpid(-1, NULL, 0) < 0 && errno != EINTR)
			return;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/** Waits for the others who have ended; whether the program has. */
static bool
has_ended(pid_t program)
{
	for (;;) {
		siginfo_t info;

		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ||
			info.si_pid == 0)
			return false;
		if (info.si_pid == program)
			return true;
		waitpid(info.si_pid, NULL, 0);
	}
}

static int
attend(pid_t program)
{
	sigset_t awaited;
	int status = 0;
	int signal = 0;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	while (!has_ended(program) && signal != SIGTERM)
		signal = sigwaitinfo(&awaited, NULL);
	/* It has not been waited for: the group's number is still its own. */
	kill(-program, SIGKILL);
	while (waitpid(program, &status, 0) < 0 && errno == EINTR)
		;
	kill_all();
	return status;
}

/** The streams to their places, the report behind them, and nothing else. */
static bool
arrange(const struct program_guard *guard)
{
	int moved[REPORT + 1];

	for (int i = 0; i <= REPORT; i++) {
		int fd = i < REPORT ? guard->streams[i] : guard->report;

		moved[i] = fcntl(fd, F_DUPFD, REPORT + 1);
		if (moved[i] < 0)
			return false;
	}
	for (int i = 0; i <= REPORT; i++) {
		if (dup2(moved[i], i) < 0)
			return false;
	}
	return close_range(REPORT + 1, ~0U, 0) == 0;
}

struct plan {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
};

_Noreturn static void
run_guard(const struct program_guard *guard, const struct plan *plan,
	pid_t parent)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
	static char language[] = "LANG=C.UTF-8";
	char *const environment[] = {path, language, NULL};
	struct program_guard_report report = {0};
	pid_t program;

	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (!arrange(guard))
		_exit(1);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) ||
		prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		_exit(1);
	report.code = posix_spawn(&program, guard->argv[0], &plan->actions,
		&plan->attributes, (char *const *)(uintptr_t)guard->argv,
		environment);
	for (int i = 0; i < REPORT; i++)
		close(i);
	if (report.code == 0)
		report.status = attend(program);
	(void)!write(REPORT, &report, sizeof(report));
	_exit(0);
}

/* ---- outside ---- */

static void
plan_init(struct plan *plan, const char *directory)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&plan->actions);
	posix_spawnattr_init(&plan->attributes);
	posix_spawn_file_actions_addchdir_np(&plan->actions, directory);
	posix_spawn_file_actions_addclosefrom_np(
		&plan->actions, PROGRAM_GUARD_STREAMS);
	posix_spawnattr_setpgroup(&plan->attributes, 0);
	posix_spawnattr_setsigmask(&plan->attributes, &none);
	posix_spawnattr_setsigdefault(&plan->attributes, &all);
	posix_spawnattr_setflags(&plan->attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
			POSIX_SPAWN_SETSIGDEF);
}

pid_t
program_guard_start(const struct program_guard *guard)
{
	struct plan plan;
	sigset_t all, before;
	pid_t parent = getpid();
	pid_t pid;

	plan_init(&plan, guard->directory);
	/* A SIGTERM that comes at once must find the guard ready for it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		run_guard(guard, &plan, parent);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	posix_spawnattr_destroy(&plan.attributes);
	posix_spawn_file_actions_destroy(&plan.actions);
	return pid;
}
