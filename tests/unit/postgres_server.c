#include "postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"

enum { ARGUMENTS_MAX = 32, DEADLINE_SECONDS = 60 };

/** The newest version's folder of programs; false: there is none. */
static bool
find_programs(char *path, size_t size)
{
	glob_t found;
	bool is_found =
		glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;

	if (is_found) {
		const char *last = found.gl_pathv[found.gl_pathc - 1];

		snprintf(path, size, "%.*s",
			(int)(strlen(last) - strlen("/initdb")), last);
		globfree(&found);
	}
	return is_found;
}

/** Who it runs as when we are root. */
static const struct passwd *
somebody(void)
{
	const struct passwd *user = getpwnam("postgres");

	return user ? user : getpwnam("nobody");
}

static void
become_somebody(void)
{
	const struct passwd *user = geteuid() == 0 ? somebody() : NULL;

	if (user && (setgid(user->pw_gid) || setuid(user->pw_uid)))
		_exit(126);
}

static pid_t
start(const char *const *arguments)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		become_somebody();
		/* Should the test fail. */
		prctl(PR_SET_PDEATHSIG, SIGQUIT);
		execv(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	return pid;
}

static void
give_away(const char *path, mode_t mode)
{
	const struct passwd *user = geteuid() == 0 ? somebody() : NULL;

	CHECK_INT(chmod(path, mode), 0);
	if (user)
		CHECK_INT(chown(path, user->pw_uid, user->pw_gid), 0);
}

static uint16_t
free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(fd, (struct sockaddr *)&address, len), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/** The server says so itself, on the last line of its lock file. */
static bool
is_ready(const char *data)
{
	char path[320], text[512];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/postmaster.pid", data);
	file = fopen(path, "re");
	if (!file)
		return false;
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	return str_find(str_make(text, len), STR("ready")) != SIZE_MAX;
}

/** A file that only the server may read. */
static void
write_private(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	CHECK(file != NULL);
	CHECK(fputs(text, file) >= 0);
	CHECK_INT(fclose(file), 0);
	give_away(path, 0600);
}

static void
make_cluster(const char *programs, const char *data)
{
	char program[300];
	const char *const arguments[] = {program, "-D", data, "-U", "grapnel",
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", NULL};
	int status = -1;
	pid_t pid;

	snprintf(program, sizeof(program), "%s/initdb", programs);
	pid = start(arguments);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

bool
postgres_server_start(struct postgres_server *server, const char *certificate,
	const char *key)
{
	char programs[256], program[300], data[300], port[16];
	char certificate_path[320], key_path[320];
	const char *arguments[ARGUMENTS_MAX] = {program, "-D", data, "-k",
		server->folder, "-h", "127.0.0.1", "-p", port, "-F", "-c",
		"max_connections=10", "-c", "shared_buffers=1MB"};
	size_t count = 14;
	int64_t end;

	if (!find_programs(programs, sizeof(programs))) {
		printf("  SKIP: no PostgreSQL server is installed\n");
		return false;
	}
	snprintf(
		server->folder, sizeof(server->folder), "%s", check_temp_dir());
	give_away(server->folder, 0700);
	snprintf(program, sizeof(program), "%s/postgres", programs);
	snprintf(data, sizeof(data), "%s/data", server->folder);
	make_cluster(programs, data);
	server->port = free_port();
	snprintf(port, sizeof(port), "%d", server->port);
	if (certificate) {
		snprintf(certificate_path, sizeof(certificate_path),
			"ssl_cert_file=%s/server.pem", server->folder);
		snprintf(key_path, sizeof(key_path),
			"ssl_key_file=%s/server.key", server->folder);
		write_private(strchr(certificate_path, '/'), certificate);
		write_private(strchr(key_path, '/'), key);
		arguments[count++] = "-c";
		arguments[count++] = "ssl=on";
		arguments[count++] = "-c";
		arguments[count++] = certificate_path;
		arguments[count++] = "-c";
		arguments[count++] = key_path;
	}
	server->pid = start(arguments);
	end = clock_monotonic() + DEADLINE_SECONDS * SECONDS;
	while (!is_ready(data)) {
		CHECK_INT(waitpid(server->pid, NULL, WNOHANG), 0);
		CHECK(clock_monotonic() < end);
		usleep(10000); /* there is nothing to be told by */
	}
	return true;
}

void
postgres_server_stop(struct postgres_server *server)
{
	/* At once: what it has is not needed any more. */
	kill(server->pid, SIGQUIT);
	CHECK_INT(waitpid(server->pid, NULL, 0), server->pid);
}
